#include "chaos/verdict/verdict.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "chaos/predict/predict.h"

namespace chaos::verdict {
namespace {

using run::Hit;
using run::PhaseMeasure;
using std::to_string;

std::string fixed(double value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

double errorPercent(const PhaseMeasure& phase) {
    return phase.requests == 0
               ? 0
               : 100.0 * static_cast<double>(phase.failed) / static_cast<double>(phase.requests);
}

std::string errorsIn(const PhaseMeasure& phase) {
    std::string out = fixed(errorPercent(phase), 2) + " % errors (" + to_string(phase.failed) +
                      " of " + to_string(phase.requests) + " requests";
    for (const auto& [kind, count] : phase.errors) {
        out += ", " + to_string(count) + " " + kind;
    }
    return out + ")";
}

std::string seconds(int64_t milliseconds) {
    return fixed(static_cast<double>(milliseconds) / 1000.0, 1) + " s";
}

struct Gate {
    std::string reason;
    std::string message;
};

std::optional<Gate> hitGate(const run::Status& status) {
    if (status.evidence.empty()) {
        return Gate{"TargetMissed", "no target was ever hit"};
    }
    for (const auto& evidence : status.evidence) {
        if (evidence.hit != Hit::Dead) {
            return Gate{"TargetMissed",
                        "target " + evidence.name + " was not observed dead: " +
                            (evidence.message.empty() ? std::string(run::name(evidence.hit))
                                                      : evidence.message)};
        }
    }
    return std::nullopt;
}

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

std::optional<Gate> blindGate(const run::Status& status) {
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

enum class Grade { Holds, Narrowly, Broken };

struct Assertion {
    Grade grade;
    std::string reason;
    std::string message;
};

Assertion errorsAssertion(const char* phaseName, const PhaseMeasure& phase, int64_t limit,
                          bool mayExceed) {
    double excess = errorPercent(phase) - static_cast<double>(limit);
    auto grade = excess <= 0                              ? Grade::Holds
                 : mayExceed && excess <= kDegradedExcess ? Grade::Narrowly
                                                          : Grade::Broken;
    return {grade, "WebErrors",
            "webErrorPercent " + to_string(limit) + (excess <= 0 ? " holds " : " is broken ") +
                phaseName + " the fault: " + errorsIn(phase)};
}

Assertion restored(const run::Measurements& all, std::optional<int64_t> limitSeconds) {
    if (!all.wholeAfterDeleteMilliseconds) {
        return {Grade::Broken, "NotRestored",
                "the tier was not whole again by the end: " + to_string(all.readyAtEnd) + " of " +
                    to_string(all.readyBefore) + " pods ready"};
    }
    auto took = *all.wholeAfterDeleteMilliseconds;
    std::string numbers = "the tier was whole again " + seconds(took) + " after the delete";
    if (all.wholeAfterDeathMilliseconds) {
        numbers += ", " + seconds(*all.wholeAfterDeathMilliseconds) + " after the last death";
    }
    if (!limitSeconds) {
        return {Grade::Holds, "Restored", numbers};
    }
    bool late = took > *limitSeconds * 1000;
    return {late ? Grade::Narrowly : Grade::Holds, "RestoredLate",
            "redundancyRestoredSeconds " + to_string(*limitSeconds) +
                (late ? " is broken: " : " holds: ") + numbers};
}

Judgement inconclusive(const Gate& gate) {
    return {run::Verdict::Inconclusive, gate.reason, {gate.message}};
}

Judgement grade(const std::vector<Assertion>& assertions) {
    Judgement out{run::Verdict::Resilient, "AllHold", {}};
    auto worst = Grade::Holds;
    for (const auto& assertion : assertions) {
        out.reasons.push_back(assertion.message);
        if (assertion.grade > worst) {
            worst = assertion.grade;
            out.reason = assertion.reason;
        }
    }
    if (worst != Grade::Holds) {
        out.verdict = worst == Grade::Narrowly ? run::Verdict::Degraded : run::Verdict::Failed;
    }
    return out;
}

}  // namespace

Judgement judge(const api::ChaosExperimentSpec& spec, const run::Status& status) {
    const auto& expected = spec.expectations;
    if (!expected.webErrorPercent && !expected.redundancyRestoredSeconds) {
        return inconclusive({"NothingExpected", "spec.expectations asks for nothing"});
    }
    if (!status.measurements) {
        return inconclusive({"NothingMeasured", "nothing was measured"});
    }
    if (auto gate = hitGate(status)) {
        return inconclusive(*gate);
    }
    const auto& all = *status.measurements;
    // Also when only redundancy was asked for: without traffic, a recovery means little.
    if (auto gate = blindGate(status)) {
        return inconclusive(*gate);
    }
    if (auto gate = trafficGate(spec, all.before)) {
        return inconclusive(*gate);
    }
    std::vector<Assertion> assertions;
    if (expected.webErrorPercent) {
        assertions.push_back(
            errorsAssertion("during", all.during, *expected.webErrorPercent, true));
        if (all.wholeAfterDeleteMilliseconds) {
            assertions.push_back(
                errorsAssertion("after", all.after, *expected.webErrorPercent, false));
        }
    }
    assertions.push_back(restored(all, expected.redundancyRestoredSeconds));
    return grade(assertions);
}

}  // namespace chaos::verdict
