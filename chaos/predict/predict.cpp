#include "chaos/predict/predict.h"

#include <algorithm>
#include <array>

#include "chaos/faults/plan.h"
#include "chaos/verdict/verdict.h"

namespace chaos::predict {
namespace {

using faults::quoted;
using std::to_string;

// Nobody's application belongs here, and everybody's depends on what does.
constexpr std::array kProtected{"kube-system", "kube-public", "kube-node-lease"};

std::optional<Refusal> unsupported(const run::Run& run, const run::Site& site) {
    const auto& spec = run.spec;
    if (topology::tierNamed(spec.target.tier) == nullptr) {
        std::string names;
        for (const auto& tier : topology::tiers()) {
            names += (names.empty() ? "" : ", ") + std::string(tier.name);
        }
        return Refusal{"TierNotSupported", "spec.target.tier " + quoted(spec.target.tier) +
                                               " cannot be a target: use " + names};
    }
    const auto* fault = faultOf(run);
    if (fault == nullptr) {
        std::string names;
        for (const auto* one : faults::all()) {
            names += (names.empty() ? "" : ", ") + std::string(one->type());
        }
        return Refusal{"FaultNotSupported", "spec.fault.type " + quoted(spec.fault.type) +
                                                " cannot be applied: use one of " + names};
    }
    return fault->refuses(spec, site);
}

// The autoscaler's stopwatch begins with the load of a LoadStep, and ends with it.
std::optional<Refusal> untimed(const api::ChaosExperimentSpec& spec) {
    const auto& scaling = spec.expectations.autoscaling;
    for (const auto& [field, limit] :
         {std::pair("reactWithinSeconds", scaling.reactWithinSeconds),
          std::pair("settleWithinSeconds", scaling.settleWithinSeconds)}) {
        auto name = std::string("spec.expectations.autoscaling.") + field;
        if (limit && spec.fault.type != "LoadStep") {
            return Refusal{"Contradiction", name +
                                                " counts from the load that LoadStep adds, and "
                                                "spec.fault.type is " +
                                                spec.fault.type + ": leave it out"};
        }
        if (limit && *limit > spec.fault.lasts()) {
            return Refusal{"Contradiction",
                           name + " " + to_string(*limit) +
                               " is longer than the load lasts (spec.fault.durationSeconds " +
                               to_string(spec.fault.lasts()) + "): raise that, or lower it"};
        }
    }
    return std::nullopt;
}

std::optional<Refusal> contradiction(const api::ChaosExperimentSpec& spec) {
    if (!verdict::asksAnything(spec)) {
        return Refusal{"NothingExpected",
                       "spec.expectations asks for nothing, so nothing could be proved: set "
                       "webErrorPercent, maxReadOutageSeconds, redundancyRestoredSeconds or "
                       "autoscaling"};
    }
    const auto& scaling = spec.expectations.autoscaling;
    if (scaling.scaling == "Forbidden" &&
        (scaling.reactWithinSeconds || scaling.settleWithinSeconds)) {
        return Refusal{"Contradiction",
                       "spec.expectations.autoscaling.scaling Forbidden contradicts "
                       "reactWithinSeconds and settleWithinSeconds: leave one of them out"};
    }
    return untimed(spec);
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

}  // namespace

const faults::Fault* faultOf(const run::Run& run) {
    return run.withoutFault ? &faults::none() : faults::named(run.spec.fault.type);
}

std::optional<Refusal> permission(const run::Run& run, const run::Seen& seen) {
    const auto& name = run.spec.app;
    if (std::find(kProtected.begin(), kProtected.end(), run.namespace_) != kProtected.end()) {
        return Refusal{"ProtectedNamespace", "namespace " + quoted(run.namespace_) +
                                                 " is never touched: run applications elsewhere"};
    }
    if (!seen.app) {
        return Refusal{"AppNotFound",
                       "spec.app " + quoted(name) + ": no such ScalableApp in this namespace"};
    }
    if (seen.app->deleting) {
        return Refusal{"AppDeleted", "ScalableApp " + quoted(name) + " is being deleted"};
    }
    if (!seen.app->optedIn) {
        return Refusal{"NotAllowed", "ScalableApp " + quoted(name) +
                                         " has not opted in: label it " + topology::kOptInLabel +
                                         ": " + topology::kOptInValue};
    }
    return std::nullopt;
}

std::optional<Refusal> answerable(const run::Run& run, const run::Seen& seen) {
    const auto& scaling = run.spec.expectations.autoscaling;
    bool must =
        scaling.scaling == "Required" || scaling.reactWithinSeconds || scaling.settleWithinSeconds;
    if (!must || seen.scaler) {
        return std::nullopt;
    }
    return Refusal{"NoAutoscaler",
                   "spec.expectations.autoscaling: ScalableApp " + quoted(run.spec.app) +
                       " has no autoscaler that could answer it: give it spec.web.autoscaling, or "
                       "leave it out"};
}

std::optional<Refusal> feasibility(const run::Run& run, const run::Site& site) {
    const auto& spec = run.spec;
    if (auto refusal = unsupported(run, site)) {
        return refusal;
    }
    if (auto refusal = contradiction(spec)) {
        return refusal;
    }
    // Steady state, the fault, the same again after it, and time for the probe to start and to be
    // read.
    auto lasts = faultOf(run)->lasts() ? spec.fault.lasts() : 0;
    auto needed = 2 * spec.steadyState.holdSeconds + lasts + 30;
    if (spec.safety.abortAfterSeconds < needed) {
        return Refusal{"AbortTooEarly",
                       "spec.safety.abortAfterSeconds " + to_string(spec.safety.abortAfterSeconds) +
                           " leaves no time for the run: at least " + to_string(needed)};
    }
    return tooThin(spec);
}

}  // namespace chaos::predict
