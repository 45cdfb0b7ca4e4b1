// The status of an app from the states of its tiers: conditions, root cause, events.
//
// The contract, so that kubectl wait, helm --wait, Argo CD and Flux agree:
//   Ready        True: the app is as the spec asks for. During a rollout it is False, although the
//   old
//                pods may serve. Its message carries the deepest cause, as soon as one is known.
//   <Tier>Ready  True: the tier serves with at least the capacity asked for, whatever is under way.
//   Reconciling  True while something is left to do and may still succeed; else absent. Its
//   transition
//                time is the beginning of the present step.
//   Stalled      True when only help from outside can go on: at once for a cause that no retry of
//   the
//                platform heals (a missing Secret, a quota), else after `progressDeadlineSeconds`.
//                Never together with Reconciling; absent otherwise.
//   Paused       True while the operator only observes; else absent. What is not as the spec asks
//                for then stays so: Ready is False for it, whatever serves, and neither Reconciling
//                (nothing is under way) nor Stalled (nothing is wrong) is there.
//   ChaosRunning True while a chaos run puts the app to the test; else absent.
// Thread safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/clock.h"
#include "base/json.h"
#include "plan/tier.h"

namespace plan {

struct TierReport {
    const Tier* tier = nullptr;
    TierState state;
};

struct Verdict {
    base::Json status;
    std::vector<EventIntent> events;
    std::optional<std::chrono::milliseconds> lookAgain;
};

// The reason of what has no pods, as it was asked for.
inline constexpr const char* kScaledToZero = "ScaledToZero";
// The reason of what waits for the operator to go on, and the condition that says that it does not.
inline constexpr const char* kPaused = "Paused";

// `undone`: what the operator would do and does not, because it only observes; empty: nothing.
Verdict judge(const api::ScalableApp& app, const std::vector<TierReport>& reports,
              const std::string& undone, base::WallTime now,
              const std::optional<ChaosRun>& chaos = {});

}  // namespace plan
