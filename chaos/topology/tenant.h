// A pod as one of those who share a node: whoever takes the node's power or network takes it from
// all of them.
//
//   auto tenant = topology::parseTenant(podJson);
//   if (!tenant.ofNode && tenant.app != "shop") { ... }   // somebody else's
//
// Thread safety: plain values, pure functions.
#pragma once

#include <string>

#include "base/json_fwd.h"

namespace chaos::topology {

// A pod that the kubelet started from a file, as the API server shows it.
inline constexpr const char* kMirrorAnnotation = "kubernetes.io/config.mirror";

struct Tenant {
    std::string namespace_;
    std::string name;
    std::string app;     // the ScalableApp that it is of
    std::string runUid;  // the ChaosRun that it is of: a probe, a load step
    bool ended = false;
    bool ofNode = false;        // one on every node, with nothing to lose but the node
    bool controlPlane = false;  // the cluster itself stands on it

    std::string str() const { return namespace_ + "/" + name; }
};

Tenant parseTenant(const base::Json& pod);

}  // namespace chaos::topology
