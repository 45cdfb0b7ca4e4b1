// Which chaos run puts an app to the test right now: what the condition ChaosRunning tells of. The
// operator only reads: the chaos process needs no right on the status of anybody's app, and what is
// told ends with the run, whoever is left to write.
//
//   observed.chaos = chaosOn(observer.chaosRuns(key), now);
//
// Runs carry api::kChaosLabel until they are over, so that no cache holds those of the past.
// Thread safety: pure.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "plan/plan.h"

namespace reconcile {

// Those that only wait or predict touch nothing, and are none.
std::optional<plan::ChaosRun> chaosOn(const std::vector<kube::ObjectPtr>& runs, base::WallTime now);

}  // namespace reconcile
