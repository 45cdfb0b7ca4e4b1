#include "reconcile/circuits.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/json.h"
#include "plan/children.h"
#include "plan/haproxy.h"
#include "plan/load_balancer.h"
#include "plan/root_cause.h"
#include "reconcile/ask.h"

namespace reconcile {
namespace {

constexpr std::chrono::milliseconds kTimeout{1000};
// Longer than a node or a network has a bad moment.
constexpr std::chrono::seconds kSilentAfter{30};
constexpr const char* kMetric = "scalableapp_circuit_state ";

std::optional<plan::CircuitState> stateIn(const std::string& text) {
    size_t at = text.find(kMetric);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    switch (text.c_str()[at + std::char_traits<char>::length(kMetric)]) {
        case '0':
            return plan::CircuitState::Closed;
        case '1':
            return plan::CircuitState::HalfOpen;
        case '2':
            return plan::CircuitState::Open;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::vector<CircuitTarget> circuitTargets(const api::ScalableApp& app,
                                          const std::vector<base::Json>& children) {
    std::vector<CircuitTarget> out;
    if (!app.resilience.circuitBreaker) {
        return out;
    }
    for (const auto& child : children) {
        auto address = base::stringAt(child, "/status/podIP");
        bool balancer = base::stringAt(child, "/kind") == "Pod" &&
                        plan::tierOf(child) == plan::kBalancerTier && plan::isReadyPod(child);
        if (balancer && address) {
            out.push_back({.pod = base::stringAt(child, "/metadata/name").value_or(""),
                           .address = *address,
                           .port = static_cast<uint16_t>(plan::kBalancerAdminPort)});
        }
    }
    return out;
}

std::vector<plan::Circuit> askCircuits(const std::vector<CircuitTarget>& targets,
                                       const std::stop_token& stop) {
    std::vector<Question> questions;
    for (const auto& target : targets) {
        questions.push_back({.address = target.address, .port = target.port, .path = "/circuit"});
    }
    auto answers = askAll(questions, kTimeout, stop);
    std::vector<plan::Circuit> out;
    for (size_t i = 0; i < targets.size(); ++i) {
        auto state = answers[i] ? stateIn(answers[i]->body) : std::nullopt;
        if (state) {
            out.push_back({.pod = targets[i].pod, .state = *state});
        }
    }
    return out;
}

size_t SilenceBook::record(const kube::ObjectKey& app, const std::vector<CircuitTarget>& targets,
                           const std::vector<plan::Circuit>& answers, base::WallTime now) {
    std::lock_guard lock(mutex_);
    auto before = std::exchange(silent_[app], {});
    auto& since = silent_[app];
    for (const auto& target : targets) {
        auto known = before.find(target.pod);
        since[target.pod] = known == before.end() ? now : known->second;
    }
    for (const auto& answer : answers) {
        since.erase(answer.pod);
    }
    return static_cast<size_t>(std::count_if(since.begin(), since.end(), [&](const auto& one) {
        return now - one.second >= kSilentAfter;
    }));
}

void SilenceBook::forget(const kube::ObjectKey& app) {
    std::lock_guard lock(mutex_);
    silent_.erase(app);
}

}  // namespace reconcile
