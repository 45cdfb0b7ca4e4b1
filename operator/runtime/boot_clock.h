// A steady clock that goes on while the machine is suspended.
//
//   runtime::LeaderElector elector(client, options, runtime::bootClock(), metrics);
//
// std::chrono::steady_clock stands still then: a holder that wakes up would count on a lease that
// ran out, and was taken over, while it slept.
// Thread safety: from any thread.
#pragma once

#include "base/clock.h"

namespace runtime {

// steady() counts from another zero than base::systemClock(): do not mix the two.
const base::Clock& bootClock();

}  // namespace runtime
