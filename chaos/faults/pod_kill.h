// PodKill: delete pods of a tier and know for certain that they died of it.
//
//   auto targets = faults::choose(faults::candidates(pods, "", ""), 1, seed);
//   ... the run writes them down as its intent ...
//   faults::Look look = faults::look(evidence, pods, intentAt, now);
//   if (look == faults::Look::Apply) { delete with the UID as precondition }
//
// Graceful by default: the pod's own termination grace. Never with grace 0: that would take the
// object away before the kubelet knows whether the process is dead, and a recovery timed from there
// is fiction. PodKill leaves nothing to revert.
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/run/status.h"
#include "chaos/topology/topology.h"

namespace chaos::faults {

// Pods that may be chosen: not ended, not being deleted, of that zone and role where one is named;
// in the order of their names, so that a seed means the same pods however the list arrived.
std::vector<topology::Pod> candidates(std::vector<topology::Pod> pods, const std::string& zone,
                                      const std::string& role);

std::vector<run::Target> choose(const std::vector<topology::Pod>& candidates, size_t count,
                                uint64_t seed);

enum class Look { Apply, Wait };

// Brings one target's evidence up to what is seen now and says whether the delete is still to be
// sent. `pods` is a list taken after the intent became durable. A target that is gone without this
// run having seen its own delete counts as Missed: somebody else may have taken it.
Look look(run::Evidence& evidence, const std::vector<topology::Pod>& pods, base::WallTime intentAt,
          base::WallTime now);

}  // namespace chaos::faults
