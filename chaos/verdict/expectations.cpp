#include "chaos/verdict/expectations.h"

#include <array>
#include <cstdio>

#include "chaos/verdict/verdict.h"

namespace chaos::verdict {
namespace {

using run::PhaseMeasure;
using run::Span;
using std::to_string;

constexpr const char* kNotWatched = "NotWatched";

double percent(int64_t failed, int64_t requests) {
    if (requests <= 0) {
        return failed > 0 ? 100 : 0;
    }
    return 100.0 * static_cast<double>(failed) / static_cast<double>(requests);
}

// How an expectation is judged whose number lies between two bounds: by both the same, or nobody
// knows. `name`: the field and its limit; `numbers`: what was measured.
Assertion judged(Grade least, Grade most, const char* reason, const std::string& name,
                 const std::string& where, const std::string& numbers, const run::Status& status) {
    if (least != most) {
        return {Grade::Unknown, kNotWatched,
                name + " is not known" + where + ": " + numbers + "; " + run::unwatched(status)};
    }
    return {most, reason,
            name + (most == Grade::Holds ? " holds" : " is broken") + where + ": " + numbers};
}

Grade inTime(int64_t took, int64_t limitSeconds, Grade late) {
    return took > limitSeconds * 1000 ? late : Grade::Holds;
}

std::string errorsIn(const Share& share, const PhaseMeasure& phase) {
    std::string out = text(share) + " errors (" + to_string(phase.failed) + " of " +
                      to_string(phase.requests) + " requests";
    for (const auto& [kind, count] : phase.errors) {
        out += ", " + to_string(count) + " " + kind;
    }
    return out + ")";
}

Grade gradeOf(double percent, int64_t limit, bool mayExceed) {
    double excess = percent - static_cast<double>(limit);
    return excess <= 0                              ? Grade::Holds
           : mayExceed && excess <= kDegradedExcess ? Grade::Narrowly
                                                    : Grade::Broken;
}

Assertion errors(const run::Status& status, bool during, int64_t limit) {
    const auto& all = *status.measurements;
    auto share = during ? errorsDuring(all) : errorsAfter(all);
    return judged(gradeOf(share.least, limit, during), gradeOf(share.most, limit, during),
                  "WebErrors", "webErrorPercent " + to_string(limit),
                  during ? " during the fault" : " after the fault",
                  errorsIn(share, during ? all.during : all.after), status);
}

std::string recoveryText(const run::Measurements& all) {
    auto [measure, most] = recovery(all);
    std::string numbers = "the tier was whole again " + took(all, measure, *most);
    if (all.wholeAfterEndMilliseconds) {
        return numbers + " after the end of the fault";
    }
    numbers += " after the delete";
    if (const auto& death = all.wholeAfterDeathMilliseconds) {
        numbers += ", " + took(all, run::kWholeAfterDeath, *death) + " after the last death";
    }
    return numbers;
}

std::optional<Span> sinceLoad(const run::Scaling& scaling,
                              const std::optional<run::Moment>& moment) {
    return scaling.loadAt ? run::between(run::Moment{*scaling.loadAt, *scaling.loadAt}, moment)
                          : std::nullopt;
}

Assertion within(const run::Status& status, const char* field, const char* what,
                 const std::optional<Span>& took, int64_t limitSeconds, const char* reason) {
    std::string name = std::string("autoscaling.") + field + " " + to_string(limitSeconds);
    if (!took) {
        // What came and went while nobody watched was not seen either.
        return judged(status.gaps.empty() ? Grade::Broken : Grade::Holds, Grade::Broken, reason,
                      name, "", std::string(what) + " was never seen", status);
    }
    return judged(inTime(took->atLeast, limitSeconds, Grade::Broken),
                  inTime(took->atMost, limitSeconds, Grade::Broken), reason, name, "",
                  std::string(what) + " " + range(*took) + " after the load", status);
}

std::optional<run::Moment> settled(const run::Status& status, const run::Scaling& scaling) {
    if (!scaling.readyAt || !scaling.calmAt) {
        return std::nullopt;
    }
    auto ready = run::lastingSince(status, *scaling.readyAt);
    return run::Moment{std::max(ready.earliest, *scaling.calmAt),
                       std::max(ready.latest, *scaling.calmAt)};
}

Assertion scalingAsked(const run::Status& status, const run::Scaling& scaling, bool required) {
    bool moved =
        scaling.peak > scaling.before || scaling.reversals > 0 || scaling.last < scaling.before;
    std::string numbers = "replicas asked for: " + to_string(scaling.before) + " before, at most " +
                          to_string(scaling.peak) + ", " + to_string(scaling.last) + " at the end";
    bool up = scaling.peak > scaling.before;
    // Nobody saw it move: in a gap it may have, and have come back.
    bool unseen = !status.gaps.empty();
    if (required) {
        return judged(up || unseen ? Grade::Holds : Grade::Broken,
                      up ? Grade::Holds : Grade::Broken, "DidNotScale",
                      "autoscaling.scaling Required", "", numbers, status);
    }
    return judged(moved ? Grade::Broken : Grade::Holds,
                  moved || unseen ? Grade::Broken : Grade::Holds, "Scaled",
                  "autoscaling.scaling Forbidden", "", numbers, status);
}

}  // namespace

Share errorsDuring(const run::Measurements& all) {
    auto open = all.undecided.value_or(run::Undecided{});
    const auto& phase = all.during;
    return {percent(phase.failed - open.failed, phase.requests),
            percent(phase.failed, phase.requests - open.requests)};
}

Share errorsAfter(const run::Measurements& all) {
    auto open = all.undecided.value_or(run::Undecided{});
    const auto& phase = all.after;
    return {percent(phase.failed, phase.requests + open.requests),
            percent(phase.failed + open.failed, phase.requests)};
}

std::string text(const Share& share) {
    auto most = fixed(share.most, 2);
    auto least = fixed(share.least, 2);
    return (least == most ? "" : least + " to ") + most + " %";
}

std::pair<const char*, std::optional<int64_t>> recovery(const run::Measurements& all) {
    return all.wholeAfterEndMilliseconds
               ? std::pair(run::kWholeAfterEnd, all.wholeAfterEndMilliseconds)
               : std::pair(run::kWholeAfterDelete, all.wholeAfterDeleteMilliseconds);
}

std::string took(const run::Measurements& all, const char* measure, int64_t most) {
    return range({all.atLeast(measure, most), most});
}

std::string fixed(double value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string seconds(int64_t milliseconds) {
    return fixed(static_cast<double>(milliseconds) / 1000.0, 1) + " s";
}

std::string range(const Span& span) {
    auto most = seconds(span.atMost);
    auto least = fixed(static_cast<double>(span.atLeast) / 1000.0, 1);
    return (least + " s" == most ? "" : least + " to ") + most;
}

bool asksWebErrors(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.webErrorPercent.has_value();
}

std::vector<Assertion> judgeWebErrors(const Case& of) {
    const auto& all = *of.status.measurements;
    auto limit = *of.spec.expectations.webErrorPercent;
    std::vector<Assertion> out{errors(of.status, true, limit)};
    if (all.after.seconds > 0 && all.wholeAfterDeleteMilliseconds) {
        out.push_back(errors(of.status, false, limit));
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
    auto [measure, most] = recovery(all);
    if (!most) {
        return {};  // wholeAgain says so
    }
    auto limit = *of.spec.expectations.redundancyRestoredSeconds;
    return {judged(inTime(all.atLeast(measure, *most), limit, Grade::Narrowly),
                   inTime(*most, limit, Grade::Narrowly), "RestoredLate",
                   "redundancyRestoredSeconds " + to_string(limit), "", recoveryText(all),
                   of.status)};
}

bool asksAutoscaling(const api::ChaosExperimentSpec& spec) {
    return spec.expectations.autoscaling.asks();
}

std::vector<Assertion> judgeAutoscaling(const Case& of) {
    const auto& asked = of.spec.expectations.autoscaling;
    auto scaling = of.status.scaling.value_or(run::Scaling{});
    std::vector<Assertion> out;
    if (asked.scaling != "Ignore") {
        out.push_back(scalingAsked(of.status, scaling, asked.scaling == "Required"));
    }
    if (asked.reactWithinSeconds) {
        auto desired = scaling.desiredAt ? std::optional(run::seenAt(of.status, *scaling.desiredAt))
                                         : std::nullopt;
        out.push_back(within(of.status, "reactWithinSeconds", "the first scale-out",
                             sinceLoad(scaling, desired), *asked.reactWithinSeconds,
                             "ReactedLate"));
    }
    if (asked.settleWithinSeconds) {
        out.push_back(within(of.status, "settleWithinSeconds",
                             "all replicas ready and latency back",
                             sinceLoad(scaling, settled(of.status, scaling)),
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
    return {Grade::Holds, "Restored", recoveryText(all)};
}

}  // namespace chaos::verdict
