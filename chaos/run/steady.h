// Is the application in its steady state, and has it been so long enough to disturb it?
//
//   SteadyLook look = run::steadyState(spec, status, seen);
//   look.well      // as far as the application itself goes, now
//   look.problem   // what is missing for the fault, empty when the hold time is complete
//
// Thread safety: pure.
#pragma once

#include <string>

#include "chaos/run/seen.h"

namespace chaos::run {

struct SteadyLook {
    // Ready, enough pods where spec.steadyState.minimumReady asks for them, and nothing unseen:
    // otherwise the steady state begins anew.
    bool well = false;
    std::string reason;  // CamelCase of what is missing
    std::string problem;
};

SteadyLook steadyState(const api::ChaosExperimentSpec& spec, const Status& status,
                       const Seen& seen);

}  // namespace chaos::run
