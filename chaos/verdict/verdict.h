// From what was measured to a word one can defend.
//
// First the gates. Where one does not hold, nothing was proved and the verdict is Inconclusive:
//   the fault was there: every target observed dead after this run's own delete, every effect seen
//     in force (Fault::unproved);
//   at least 50 requests before the fault, and at least 80 % of the rate asked for;
//   the probe alive, and every second of the three phases present;
//   the clocks of the controller, of the probe and of a load step's pod together, at the beginning
//     and at the end;
//   at least one expectation.
// Then the expectations, each with its number:
//   webErrorPercent: failed requests of all that were sent while the fault lasted (from the fault
//     until the tier was whole and every target dead) and, separately, after it;
//   maxReadOutageSeconds: the longest time between two good answers;
//   redundancyRestoredSeconds: from the first delete until as many pods as before serve again, none
//     of them a target. Not from the death: capacity is gone from the delete on. Of a fault that
//     lasts: from its end.
//   autoscaling: see run/scaling.h.
// And the word:
//   Resilient: every expectation holds and the tier is whole.
//   Degraded: the tier is whole at the end and visitors are served as expected again, but it was
//     whole too late, or errors during the fault exceeded the limit by at most one point.
//   Inconclusive: an expectation holds by one bound of its number and not by the other, because the
//     controller did not watch when it happened (run/sight.h), and none is broken for certain.
//   Failed: anything else. The tier never became whole, errors exceeded the limit by more, or they
//     did not go away after the fault.
// Reasons are made from the assertions themselves: there is no claim without a number behind it.
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/chaos.h"
#include "chaos/run/status.h"

namespace chaos::verdict {

struct Judgement {
    run::Verdict verdict = run::Verdict::Inconclusive;
    std::string reason;  // CamelCase
    std::vector<std::string> reasons;
};

// `status` carries measurements and evidence; `unproved`: what the fault itself finds missing.
Judgement judge(const api::ChaosExperimentSpec& spec, const run::Status& status,
                const std::string& unproved);

// Why a verdict would prove nothing.
struct Gate {
    std::string reason;  // CamelCase
    std::string message;
};
// Of the traffic before the fault: whether there was enough of it.
std::optional<Gate> trafficGate(const api::ChaosExperimentSpec& spec,
                                const run::PhaseMeasure& before);

bool asksAnything(const api::ChaosExperimentSpec& spec);

// Excess over webErrorPercent, in percentage points, up to which a run is Degraded and not Failed.
inline constexpr double kDegradedExcess = 1.0;
// Share of the asked rate that must have been sent.
inline constexpr double kMinimumRateShare = 0.8;

}  // namespace chaos::verdict
