#include "plan/load_balancer_state.h"

#include <algorithm>

#include "api/condition.h"
#include "plan/children.h"
#include "plan/entry.h"
#include "plan/haproxy.h"
#include "plan/load_balancer.h"
#include "plan/rollout.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using namespace std::chrono_literals;

constexpr const char* kCircuitCondition = "CircuitOpen";
// A breaker changes by itself and no watch tells of it.
constexpr auto kAskAgain = 5s;

std::string balancers(size_t count, size_t all) {
    return std::to_string(count) + " of " + std::to_string(all) +
           (all == 1 ? " load balancer" : " load balancers");
}

std::string silenceOf(size_t silent, size_t all) {
    return balancers(silent, all) + (silent == 1 ? " does" : " do") +
           " not answer the operator on port " + std::to_string(kBalancerAdminPort) +
           ": a NetworkPolicy has to let the operator's pods get there";
}

ExtraCondition circuitCondition(const ScalableApp& app, const std::vector<Circuit>& circuits,
                                size_t silent) {
    auto in = [&](CircuitState state) {
        return static_cast<size_t>(
            std::count_if(circuits.begin(), circuits.end(),
                          [&](const Circuit& circuit) { return circuit.state == state; }));
    };
    size_t open = in(CircuitState::Open);
    size_t halfOpen = in(CircuitState::HalfOpen);
    ExtraCondition out{
        .type = kCircuitCondition, .value = open + halfOpen > 0, .reason = "", .message = ""};
    if (open > 0) {
        out.reason = "Open";
        out.message = balancers(open, circuits.size()) + " answer in the web tier's place: " +
                      std::to_string(app.resilience.circuitBreaker->errorRatePercent) +
                      " % or more of its answers were errors; see what its pods log";
    } else if (halfOpen > 0) {
        out.reason = "HalfOpen";
        out.message =
            balancers(halfOpen, circuits.size()) + " try the web tier with a few requests";
    } else if (silent > 0) {
        out.unknown = true;
        out.reason = "BalancersSilent";
        out.message = "not known: " + silenceOf(silent, circuits.size() + silent);
    } else {
        out.reason = "Closed";
        out.message = "requests go to the web tier";
    }
    return out;
}

std::optional<ExtraCondition> circuit(const ScalableApp& app, const Observed& observed) {
    if (!app.resilience.circuitBreaker) {
        return std::nullopt;
    }
    if (!observed.circuits.empty() || observed.silentBalancers > 0) {
        return circuitCondition(app, observed.circuits, observed.silentBalancers);
    }
    // Nobody could be asked: what was known stands.
    const auto* before = api::findCondition(app.conditions, kCircuitCondition);
    if (before == nullptr) {
        return std::nullopt;
    }
    return ExtraCondition{.type = kCircuitCondition,
                          .value = before->status == api::kTrue,
                          .reason = before->reason,
                          .message = before->message,
                          .unknown = before->status == api::kUnknown};
}

void tellOfCircuit(const ScalableApp& app, const ExtraCondition& now, TierState& out) {
    const auto* before = api::findCondition(app.conditions, kCircuitCondition);
    bool was = before != nullptr && before->status == api::kTrue;
    if (was != now.value && !now.unknown) {
        out.events.push_back({.warning = now.value,
                              .reason = now.value ? "CircuitOpened" : "CircuitClosed",
                              .action = "Balance",
                              .note = std::string(kBalancerTier) + ": " + now.message});
    }
}

}  // namespace

TierState balancerState(const ScalableApp& app, const Observed& observed) {
    auto children = childrenOf(observed, kBalancerTier);
    auto workload = workloadOf(balancerName(app), children);
    int64_t wanted = app.loadBalancer.replicas;
    int64_t ready = countAt(workload.deployment, "/status/readyReplicas");
    int64_t available = countAt(workload.deployment, "/status/availableReplicas");
    bool isEntry = innerEntryOf(app, observed) == kBalancerTier;

    TierState out;
    out.serving = available >= wanted && isEntry;
    out.progress = countOf(ready, wanted);
    out.doing = unfinished(workload, wanted, available, wanted);
    if (out.doing.empty() && !isEntry) {
        out.doing = "SwitchingOver";
    }
    out.cause = rootCause(workload);
    out.settled = out.doing.empty();
    out.summary = {{"replicas", countAt(workload.deployment, "/status/replicas")},
                   {"ready", ready},
                   {"summary", std::to_string(ready) + "/" + std::to_string(wanted)},
                   {"entry", isEntry ? "LoadBalancer" : "Web"}};
    out.singlePoints = sharedPlaces(kBalancerTier, readyPodsOf(children));
    if (auto state = circuit(app, observed)) {
        tellOfCircuit(app, *state, out);
        out.conditions.push_back(std::move(*state));
    }
    if (app.resilience.circuitBreaker) {
        out.lookAgain = kAskAgain;
    }
    return out;
}

// Only where there is a tier of its own.
std::optional<Hop> balancerHop(const HopEvidence& seen) {
    if (base::at(seen.app, "/status/loadBalancer") == nullptr) {
        return std::nullopt;
    }
    bool entry = base::stringAt(seen.app, "/status/loadBalancer/entry") == "LoadBalancer";
    auto ready = base::intAt(seen.app, "/status/loadBalancer/ready").value_or(0);
    Hop hop{
        .name = "load balancer",
        .detail = base::stringAt(seen.app, "/status/loadBalancer/summary").value_or("0") +
                  " ready, " +
                  base::stringAt(seen.app, "/spec/loadBalancer/algorithm").value_or("RoundRobin") +
                  (entry ? "" : ", requests go past it"),
        .works = ready > 0 && entry};
    const auto* circuit = api::findCondition(seen.conditions, kCircuitCondition);
    if (circuit != nullptr) {
        bool open = circuit->status == api::kTrue;
        const char* shut = circuit->status == api::kUnknown ? "not known" : "closed";
        hop.detail += std::string(", circuit breaker ") + (open ? "open" : shut);
        hop.works = hop.works && !open;
        hop.condition = open ? kCircuitCondition : hop.condition;
    }
    return hop;
}

}  // namespace plan
