// The kinds of the simulated cluster: parents ask for children, one controller makes them.
#pragma once

#include <string>

#include "kube/resource.h"

namespace simulation {

inline const kube::ResourceType kParents{"sim.dev", "v1", "parents", "Parent", true};
inline const kube::ResourceType kChildren{"sim.dev", "v1", "children", "Child", true};
inline const kube::ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const std::string kNamespace = "ns";

}  // namespace simulation
