// How a run knows for certain that a pod died of it.
//
//   faults::Look look = faults::look(evidence, pods, intentAt, now);
//   if (look == faults::Look::Apply) { delete or evict it, with the UID as precondition }
//
// t0 of every recovery time is the observed death, not the request: a pod that is given its grace
// goes on serving for a while.
// Thread safety: pure.
#pragma once

#include <vector>

#include "chaos/run/status.h"
#include "chaos/topology/topology.h"

namespace chaos::faults {

enum class Look { Apply, Wait };

// Brings one target's evidence up to what is seen now and says whether it is still to be hit.
// `pods` is a list taken after the intent became durable. A target that is gone without this run
// having seen its own delete counts as Missed: somebody else may have taken it.
// Its target among them; null: it is not there.
const topology::Pod* podOf(const run::Evidence& evidence, const std::vector<topology::Pod>& pods);

Look look(run::Evidence& evidence, const std::vector<topology::Pod>& pods, base::WallTime intentAt,
          base::WallTime now);

}  // namespace chaos::faults
