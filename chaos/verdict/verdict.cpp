#include "chaos/verdict/verdict.h"

#include <algorithm>

#include "chaos/predict/predict.h"
#include "chaos/verdict/expectations.h"

namespace chaos::verdict {
namespace {

using run::PhaseMeasure;
using std::to_string;

std::optional<Gate> blindGate(const run::Status& status) {
    if (!status.clockProblem.empty()) {
        return Gate{"ClockSkew", status.clockProblem};
    }
    if (!status.probeProblem.empty()) {
        return Gate{"ProbeFailed", "the probe's word is not complete: " + status.probeProblem};
    }
    const auto& all = *status.measurements;
    for (const auto& [name, phase] :
         {std::pair<const char*, const PhaseMeasure&>("before", all.before),
          {"during", all.during},
          {"after", all.after}}) {
        // There is no "after" where the tier never became whole.
        if (&phase == &all.after && !all.wholeAfterDeleteMilliseconds) {
            continue;
        }
        if (phase.missingSeconds > 0 || phase.seconds == 0) {
            return Gate{"ProbeBlind", "the probe saw " + to_string(phase.seconds) + " of " +
                                          to_string(phase.seconds + phase.missingSeconds) +
                                          " seconds " + name + " the fault"};
        }
    }
    return std::nullopt;
}

Judgement inconclusive(const Gate& gate) {
    return {run::Verdict::Inconclusive, gate.reason, {gate.message}};
}

Judgement grade(const std::vector<Assertion>& assertions) {
    Judgement out{run::Verdict::Resilient, "AllHold", {}};
    auto worst = Grade::Holds;
    const Assertion* unknown = nullptr;
    for (const auto& assertion : assertions) {
        out.reasons.push_back(assertion.message);
        if (assertion.grade == Grade::Unknown) {
            unknown = unknown == nullptr ? &assertion : unknown;
        } else if (assertion.grade > worst) {
            worst = assertion.grade;
            out.reason = assertion.reason;
        }
    }
    // What is broken is, whatever else nobody saw.
    if (unknown != nullptr && worst != Grade::Broken) {
        std::erase(out.reasons, unknown->message);
        out.reasons.insert(out.reasons.begin(), unknown->message);
        return {run::Verdict::Inconclusive, unknown->reason, std::move(out.reasons)};
    }
    if (worst != Grade::Holds) {
        out.verdict = worst == Grade::Narrowly ? run::Verdict::Degraded : run::Verdict::Failed;
    }
    return out;
}

}  // namespace

std::optional<Gate> trafficGate(const api::ChaosExperimentSpec& spec, const PhaseMeasure& before) {
    if (before.requests < predict::kMinimumRequests) {
        return Gate{"TooLittleTraffic", to_string(before.requests) +
                                            " requests before the fault, at least " +
                                            to_string(predict::kMinimumRequests) + " are needed"};
    }
    auto asked = spec.load.requestsPerSecond * before.seconds;
    if (static_cast<double>(before.requests) < kMinimumRateShare * static_cast<double>(asked)) {
        return Gate{"TooLittleTraffic", to_string(before.requests) + " requests in " +
                                            to_string(before.seconds) + " s before the fault, of " +
                                            to_string(asked) + " asked for"};
    }
    return std::nullopt;
}

Judgement judge(const api::ChaosExperimentSpec& spec, const run::Status& status,
                const std::string& unproved) {
    if (!asksAnything(spec)) {
        return inconclusive({"NothingExpected", "spec.expectations asks for nothing"});
    }
    if (!status.measurements) {
        return inconclusive({"NothingMeasured", "nothing was measured"});
    }
    if (!unproved.empty()) {
        return inconclusive({"TargetMissed", unproved});
    }
    // Also when only redundancy was asked for: without traffic, a recovery means little.
    if (auto gate = blindGate(status)) {
        return inconclusive(*gate);
    }
    if (auto gate = trafficGate(spec, status.measurements->before)) {
        return inconclusive(*gate);
    }
    std::vector<Assertion> assertions;
    for (const auto& expectation : expectations()) {
        if (expectation.asked(spec)) {
            auto more = expectation.judge({spec, status});
            assertions.insert(assertions.end(), more.begin(), more.end());
        }
    }
    auto whole = wholeAgain(status);
    if (whole.grade != Grade::Holds || !asksRedundancy(spec)) {
        assertions.push_back(std::move(whole));
    }
    return grade(assertions);
}

bool asksAnything(const api::ChaosExperimentSpec& spec) {
    const auto& all = expectations();
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.asked(spec); });
}

}  // namespace chaos::verdict
