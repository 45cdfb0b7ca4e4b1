#include "chaos/verdict/expectations.h"

#include <array>
#include <cstdio>

#include "chaos/verdict/verdict.h"

namespace chaos::verdict {
namespace {

using run::PhaseMeasure;
using std::to_string;

std::string errorsIn(const PhaseMeasure& phase) {
    std::string out = fixed(errorPercent(phase), 2) + " % errors (" + to_string(phase.failed) +
                      " of " + to_string(phase.requests) + " requests";
    for (const auto& [kind, count] : phase.errors) {
        out += ", " + to_string(count) + " " + kind;
    }
    return out + ")";
}

Assertion errors(const char* phaseName, const PhaseMeasure& phase, int64_t limit, bool mayExceed) {
    double excess = errorPercent(phase) - static_cast<double>(limit);
    auto grade = excess <= 0                              ? Grade::Holds
                 : mayExceed && excess <= kDegradedExcess ? Grade::Narrowly
                                                          : Grade::Broken;
    return {grade, "WebErrors",
            "webErrorPercent " + to_string(limit) + (excess <= 0 ? " holds " : " is broken ") +
                phaseName + " the fault: " + errorsIn(phase)};
}

// Of a fault that lasts, what counts is how long the tier needed after its end.
std::string recoveryText(const run::Measurements& all, int64_t took) {
    if (all.wholeAfterEndMilliseconds) {
        return "the tier was whole again " + seconds(took) + " after the end of the fault";
    }
    std::string numbers = "the tier was whole again " + seconds(took) + " after the delete";
    if (all.wholeAfterDeathMilliseconds) {
        numbers += ", " + seconds(*all.wholeAfterDeathMilliseconds) + " after the last death";
    }
    return numbers;
}

std::optional<int64_t> since(std::optional<base::WallTime> from, std::optional<base::WallTime> to) {
    if (!from || !to) {
        return std::nullopt;
    }
    return std::max<int64_t>(
        0, std::chrono::duration_cast<std::chrono::milliseconds>(*to - *from).count());
}

Assertion within(const char* field, const char* what, std::optional<int64_t> took,
                 int64_t limitSeconds, const char* reason) {
    std::string name = std::string("autoscaling.") + field + " " + to_string(limitSeconds);
    if (!took) {
        return {Grade::Broken, reason, name + " is broken: " + what + " never happened"};
    }
    bool late = *took > limitSeconds * 1000;
    return {late ? Grade::Broken : Grade::Holds, reason,
            name + (late ? " is broken: " : " holds: ") + what + " " + seconds(*took) +
                " after the load"};
}

Assertion scalingAsked(const run::Scaling& scaling, bool required) {
    bool moved =
        scaling.peak > scaling.before || scaling.reversals > 0 || scaling.last < scaling.before;
    std::string numbers = "replicas asked for: " + to_string(scaling.before) + " before, at most " +
                          to_string(scaling.peak) + ", " + to_string(scaling.last) + " at the end";
    bool up = scaling.peak > scaling.before;
    if (required) {
        return {up ? Grade::Holds : Grade::Broken, "DidNotScale",
                std::string("autoscaling.scaling Required ") + (up ? "holds: " : "is broken: ") +
                    numbers};
    }
    return {moved ? Grade::Broken : Grade::Holds, "Scaled",
            std::string("autoscaling.scaling Forbidden ") + (moved ? "is broken: " : "holds: ") +
                numbers};
}

}  // namespace

double errorPercent(const PhaseMeasure& phase) {
    return phase.requests == 0
               ? 0
               : 100.0 * static_cast<double>(phase.failed) / static_cast<double>(phase.requests);
}

std::string fixed(double value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string seconds(int64_t milliseconds) {
    return fixed(static_cast<double>(milliseconds) / 1000.0, 1) + " s";
}

bool asksWebErrors(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.webErrorPercent.has_value();
}

std::vector<Assertion> judgeWebErrors(const Case& of) {
    const auto& all = *of.status.measurements;
    auto limit = *of.spec.expectations.webErrorPercent;
    std::vector<Assertion> out{errors("during", all.during, limit, true)};
    if (all.after.seconds > 0 && all.wholeAfterDeleteMilliseconds) {
        out.push_back(errors("after", all.after, limit, false));
    }
    return out;
}

bool asksReadOutage(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.maxReadOutageSeconds.has_value();
}

std::vector<Assertion> judgeReadOutage(const Case& of) {
    auto limit = *of.spec.expectations.maxReadOutageSeconds;
    const auto& all = *of.status.measurements;
    auto gap = std::max(all.during.longestGapMilliseconds, all.after.longestGapMilliseconds);
    bool broken = gap > limit * 1000;
    return {{broken ? Grade::Broken : Grade::Holds, "ReadOutage",
             "maxReadOutageSeconds " + to_string(limit) + (broken ? " is broken: " : " holds: ") +
                 "the longest time without a good answer was " + seconds(gap)}};
}

bool asksRedundancy(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.redundancyRestoredSeconds.has_value();
}

std::vector<Assertion> judgeRedundancy(const Case& of) {
    const auto& all = *of.status.measurements;
    auto took = all.wholeAfterEndMilliseconds ? all.wholeAfterEndMilliseconds
                                              : all.wholeAfterDeleteMilliseconds;
    if (!took) {
        return {};  // wholeAgain says so
    }
    auto limit = *of.spec.expectations.redundancyRestoredSeconds;
    bool late = *took > limit * 1000;
    return {{late ? Grade::Narrowly : Grade::Holds, "RestoredLate",
             "redundancyRestoredSeconds " + to_string(limit) +
                 (late ? " is broken: " : " holds: ") + recoveryText(all, *took)}};
}

bool asksAutoscaling(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.autoscaling.asks();
}

std::vector<Assertion> judgeAutoscaling(const Case& of) {
    const auto& asked = of.spec.expectations.autoscaling;
    auto scaling = of.status.scaling.value_or(run::Scaling{});
    std::vector<Assertion> out;
    if (asked.scaling != "Ignore") {
        out.push_back(scalingAsked(scaling, asked.scaling == "Required"));
    }
    if (asked.reactWithinSeconds) {
        out.push_back(within("reactWithinSeconds", "the first scale-out",
                             since(scaling.loadAt, scaling.desiredAt), *asked.reactWithinSeconds,
                             "ReactedLate"));
    }
    if (asked.settleWithinSeconds) {
        auto ready = since(scaling.loadAt, scaling.readyAt);
        auto calm = since(scaling.loadAt, scaling.calmAt);
        std::optional<int64_t> both;
        if (ready && calm) {
            both = std::max(*ready, *calm);
        }
        out.push_back(within("settleWithinSeconds", "all replicas ready and latency back", both,
                             *asked.settleWithinSeconds, "SettledLate"));
    }
    return out;
}

Assertion wholeAgain(const run::Status& status) {
    const auto& all = *status.measurements;
    if (!all.wholeAfterDeleteMilliseconds) {
        return {Grade::Broken, "NotRestored",
                "the tier was not whole again by the end: " + to_string(all.readyAtEnd) + " of " +
                    to_string(all.readyBefore) + " pods ready"};
    }
    auto took = all.wholeAfterEndMilliseconds.value_or(*all.wholeAfterDeleteMilliseconds);
    return {Grade::Holds, "Restored", recoveryText(all, took)};
}

}  // namespace chaos::verdict
