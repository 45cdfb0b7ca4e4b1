// What the runs of a ChaosSchedule prove together, as far as they are kept.
//
//   report::addHistory(schedule, runs, status);   // status.statistics, accepted, regression
//
// Resilient runs and others are kept for different times, and shares of what happens to be left
// would be wrong: only runs count that ended since the last one that may have been removed. What
// people accept is what there was at a time (annotation scalableapp.dev/accept); runs that ended
// later are compared with it. Thread safety: pure.
#pragma once

#include <vector>

#include "base/json.h"

namespace chaos::report {

// Those of `runs` (any order) that are over and of whose time every run is still there, when the
// last `resilient` and the last `others` are kept.
std::vector<base::Json> complete(const std::vector<base::Json>& runs, int64_t resilient,
                                 int64_t others);

// `schedule` and `runs` as the API server gave them.
void addHistory(const base::Json& schedule, const std::vector<base::Json>& runs,
                base::Json& status);

}  // namespace chaos::report
