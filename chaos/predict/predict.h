// What a fault would do, said before it is done, or why it must not be done.
//
//   auto outcome = predict::podKill(spec, app, pods, budget, seed);
//   if (outcome.refusal) { ... }            // nothing may be touched; it says what to change
//   outcome.prediction.message;             // "web 6 -> 5 ready, minimum 3: ..."
//   outcome.targets;                        // who the seed picks
//
// The same function decides at the pre-flight and again just before the fault, on what is seen
// then.
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/chaos.h"
#include "chaos/run/status.h"
#include "chaos/topology/topology.h"

namespace chaos::predict {

// A CamelCase word that is API, and a line for people that names the field and the remedy.
struct Refusal {
    std::string reason;
    std::string message;
};

struct Outcome {
    run::Prediction prediction;
    std::vector<run::Target> targets;
    std::optional<Refusal> refusal;
};

// Whether the application may be touched at all. `app` is empty when no such ScalableApp exists.
std::optional<Refusal> permission(const api::ChaosExperimentSpec& spec,
                                  const std::optional<topology::App>& app);

// What the spec itself cannot deliver, whatever the cluster looks like: expectations that ask
// nothing, traffic too thin to prove anything, faults and tiers that cannot be applied.
std::optional<Refusal> feasibility(const api::ChaosExperimentSpec& spec);

// `pods`: the tier's pods, any order. `budget`: desiredHealthy of the tier's disruption budget.
Outcome podKill(const api::ChaosExperimentSpec& spec, const topology::App& app,
                const std::vector<topology::Pod>& pods, std::optional<int64_t> budget,
                uint64_t seed);

// Fewer requests than this before the fault prove nothing.
inline constexpr int64_t kMinimumRequests = 50;

}  // namespace chaos::predict
