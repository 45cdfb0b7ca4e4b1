#include "chaos/predict/predict.h"

#include <algorithm>

#include "chaos/faults/pod_kill.h"

namespace chaos::predict {
namespace {

using std::to_string;

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

std::optional<Refusal> unsupported(const api::ChaosExperimentSpec& spec) {
    if (spec.target.tier != "Web") {
        return Refusal{"TierNotSupported", "spec.target.tier " + quoted(spec.target.tier) +
                                               " cannot be a target yet: use Web"};
    }
    if (spec.fault.type != "PodKill") {
        return Refusal{"FaultNotSupported", "spec.fault.type " + quoted(spec.fault.type) +
                                                " cannot be applied yet: use PodKill"};
    }
    return std::nullopt;
}

std::optional<Refusal> tooThin(const api::ChaosExperimentSpec& spec) {
    auto before = spec.load.requestsPerSecond * spec.steadyState.holdSeconds;
    if (before >= kMinimumRequests) {
        return std::nullopt;
    }
    return Refusal{"TooLittleTraffic",
                   "spec.load.requestsPerSecond " + to_string(spec.load.requestsPerSecond) +
                       " over spec.steadyState.holdSeconds " +
                       to_string(spec.steadyState.holdSeconds) + " makes " + to_string(before) +
                       " requests before the fault: at least " + to_string(kMinimumRequests) +
                       " are needed, raise either"};
}

std::optional<Refusal> overCap(const api::ChaosExperimentSpec& spec, int64_t pods) {
    auto count = spec.target.count;
    if (count > spec.safety.maxTargets) {
        return Refusal{"BlastRadius", "spec.target.count " + to_string(count) +
                                          " is over spec.safety.maxTargets " +
                                          to_string(spec.safety.maxTargets)};
    }
    if (count * 100 > spec.safety.maxTargetsPercent * pods) {
        auto percent = (count * 100 + pods - 1) / pods;
        return Refusal{"BlastRadius", to_string(count) + " of " + to_string(pods) + " pods is " +
                                          to_string(percent) +
                                          " %, over spec.safety.maxTargetsPercent " +
                                          to_string(spec.safety.maxTargetsPercent) +
                                          ": raise it or run more replicas"};
    }
    return std::nullopt;
}

std::string consequence(const run::Prediction& prediction, bool expectOutage) {
    std::string numbers = "web " + to_string(prediction.readyBefore) + " -> " +
                          to_string(prediction.readyAfter) + " ready, minimum " +
                          to_string(prediction.minimum);
    if (prediction.readyAfter >= prediction.minimum) {
        return numbers + ": the service goes on";
    }
    if (prediction.readyAfter <= 0) {
        numbers += ": an outage until a pod is back";
    } else {
        numbers += ": below what it needs";
    }
    return numbers + (expectOutage ? ", as spec.safety.expectOutage allows" : "");
}

}  // namespace

std::optional<Refusal> permission(const api::ChaosExperimentSpec& spec,
                                  const std::optional<topology::App>& app) {
    if (!app) {
        return Refusal{"AppNotFound",
                       "spec.app " + quoted(spec.app) + ": no such ScalableApp in this namespace"};
    }
    if (app->deleting) {
        return Refusal{"AppDeleted", "ScalableApp " + quoted(spec.app) + " is being deleted"};
    }
    if (!app->optedIn) {
        return Refusal{"NotAllowed", "ScalableApp " + quoted(spec.app) +
                                         " has not opted in: label it " + topology::kOptInLabel +
                                         ": " + topology::kOptInValue};
    }
    return std::nullopt;
}

std::optional<Refusal> feasibility(const api::ChaosExperimentSpec& spec) {
    if (auto refusal = unsupported(spec)) {
        return refusal;
    }
    const auto& expected = spec.expectations;
    if (!expected.webErrorPercent && !expected.redundancyRestoredSeconds) {
        return Refusal{"NothingExpected",
                       "spec.expectations asks for nothing, so nothing could be proved: set "
                       "webErrorPercent or redundancyRestoredSeconds"};
    }
    // Steady state, the same again after the recovery, and time for the probe to start and to be
    // read.
    auto needed = 2 * spec.steadyState.holdSeconds + 30;
    if (spec.safety.abortAfterSeconds < needed) {
        return Refusal{"AbortTooEarly",
                       "spec.safety.abortAfterSeconds " + to_string(spec.safety.abortAfterSeconds) +
                           " leaves no time for the run: at least " + to_string(needed)};
    }
    return tooThin(spec);
}

Outcome podKill(const api::ChaosExperimentSpec& spec, const topology::App& app,
                const std::vector<topology::Pod>& pods, std::optional<int64_t> budget,
                uint64_t seed) {
    Outcome out;
    auto candidates = faults::candidates(pods, spec.target.zone, spec.target.role);
    auto ready = topology::readyCount(pods);
    out.prediction.readyBefore = ready;
    out.prediction.readyAfter = ready;
    out.prediction.minimum = topology::capacityFloor(app, budget);
    if (static_cast<int64_t>(candidates.size()) < spec.target.count) {
        std::string where = spec.target.zone.empty() ? "" : " in zone " + quoted(spec.target.zone);
        out.prediction.message = "web has " + to_string(candidates.size()) +
                                 " pods to choose from" + where + ", spec.target.count asks for " +
                                 to_string(spec.target.count);
        out.refusal = Refusal{"NoTarget", out.prediction.message};
        return out;
    }
    auto alive = static_cast<int64_t>(faults::candidates(pods, "", "").size());
    if (auto refusal = overCap(spec, alive)) {
        out.prediction.message = refusal->message;
        out.refusal = std::move(refusal);
        return out;
    }
    out.targets = faults::choose(candidates, static_cast<size_t>(spec.target.count), seed);
    for (const auto& target : out.targets) {
        out.prediction.targets.push_back(target.name);
        out.prediction.readyAfter -= std::any_of(
            pods.begin(), pods.end(),
            [&](const topology::Pod& pod) { return pod.uid == target.uid && pod.serving(); });
    }
    out.prediction.message = consequence(out.prediction, spec.safety.expectOutage);
    if (out.prediction.readyAfter < out.prediction.minimum && !spec.safety.expectOutage) {
        out.refusal = Refusal{"BelowMinimum", out.prediction.message +
                                                  "; run more replicas, or say so with "
                                                  "spec.safety.expectOutage: true"};
    }
    return out;
}

}  // namespace chaos::predict
