#include "chaos/run/measure.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "chaos/effects/effect.h"
#include "chaos/run/sight.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A line arrives up to a second old, which would hide as much of a clock that is ahead.
constexpr auto kAhead = kClocksApart - 1s;

using MaybeMoment = std::optional<Moment>;

MaybeMoment earlier(const MaybeMoment& one, const MaybeMoment& other) {
    if (!one || !other) {
        return one ? one : other;
    }
    return Moment{std::min(one->earliest, other->earliest), std::min(one->latest, other->latest)};
}

MaybeMoment later(const MaybeMoment& one, const MaybeMoment& other) {
    if (!one || !other) {
        return one ? one : other;
    }
    return Moment{std::max(one->earliest, other->earliest), std::max(one->latest, other->latest)};
}

MaybeMoment momentOf(const Status& status, const std::optional<base::WallTime>& at) {
    return at ? MaybeMoment(seenAt(status, *at)) : std::nullopt;
}

MaybeMoment firstDelete(const Status& status) {
    MaybeMoment first;
    for (const auto& evidence : status.evidence) {
        first = earlier(first, momentOf(status, evidence.deletedAt));
    }
    return first;
}

MaybeMoment lastDeath(const Status& status) {
    MaybeMoment last;
    for (const auto& evidence : status.evidence) {
        last = later(last, momentOf(status, evidence.deadAt));
    }
    return last;
}

MaybeMoment lastReverted(const Status& status) {
    MaybeMoment last;
    for (const auto& effect : status.effects) {
        last = later(last, momentOf(status, effect.revertedAt));
    }
    return last;
}

// When the application began to lose something: the first delete, or the first effect.
MaybeMoment began(const Status& status) {
    auto first = firstDelete(status);
    for (const auto& effect : status.effects) {
        if (effect.kind != effects::kNodeMark) {  // a mark alone takes nothing away
            first = earlier(first, momentOf(status, effect.appliedAt));
        }
    }
    return first ? first : momentOf(status, status.intentAt);
}

MaybeMoment whole(const Status& status) {
    return status.wholeAt ? MaybeMoment(lastingSince(status, *status.wholeAt)) : std::nullopt;
}

// A graceful end may outlast the replacement's start: what visitors lose by it is the fault's, and
// so is all that happens before a fault that lasts was taken back.
MaybeMoment over(const Status& status) {
    auto end = whole(status);
    return end ? later(end, later(lastDeath(status), lastReverted(status))) : end;
}

std::optional<int64_t> millis(const std::optional<base::WallTime>& from,
                              const std::optional<base::WallTime>& to) {
    if (!from || !to) {
        return std::nullopt;
    }
    return std::max<int64_t>(0, duration_cast<milliseconds>(*to - *from).count());
}

void put(Measurements& out, const char* name, std::optional<int64_t>& field,
         const std::optional<Span>& span) {
    if (!span) {
        return;
    }
    field = span->atMost;
    if (span->atLeast < span->atMost) {
        out.bounds.push_back({name, span->atLeast});
    }
}

void timeZone(const Status& status, const MaybeMoment& start,
              const std::optional<base::WallTime>& wholeAt, ZoneMeasure& zone) {
    if (!wholeAt) {
        return;
    }
    auto span = between(start, lastingSince(status, *wholeAt));
    zone.wholeMilliseconds = span->atMost;
    if (span->atLeast < span->atMost) {
        zone.wholeAtLeastMilliseconds = span->atLeast;
    }
}

std::vector<ZoneMeasure> zonesOf(const Status& status, const MaybeMoment& start) {
    std::map<std::string, ZoneMeasure> all;
    std::map<std::string, std::optional<base::WallTime>> whole;
    for (const auto& change : status.readiness) {
        auto [known, first] = all.try_emplace(
            change.zone, ZoneMeasure{change.zone, change.ready, change.ready, {}, {}});
        auto& zone = known->second;
        zone.readyLowest = std::min(zone.readyLowest, change.ready);
        if (change.ready < zone.readyBefore) {
            whole[change.zone].reset();
        } else if (!first && !whole[change.zone]) {
            whole[change.zone] = change.time;
        }
    }
    std::vector<ZoneMeasure> out;
    for (auto& [name, zone] : all) {
        if (!name.empty() && zone.readyLowest < zone.readyBefore) {
            timeZone(status, start, whole[name], zone);
            out.push_back(zone);
        }
    }
    return out;
}

// A series cut where one phase ends and the next begins.
struct Windows {
    probes::Window before;
    probes::Window during;  // as long as it may have lasted
    probes::Window after;
    Undecided undecided;  // of `during`
};

Windows windowsOf(const Status& status, const probe::Series& series) {
    Windows out;
    auto intent = *status.intentAt;
    auto end = *status.observedUntil;
    out.before = beforeFault(status.steadySince.value_or(intent), series, intent);
    auto fault = over(status);
    // A microsecond more: a moment that is a whole second does not belong to two phases.
    out.during = probes::over(series, intent - kClocksApart - 1s + 1us,
                              fault ? fault->latest + kClocksApart + 1s : end);
    if (fault) {
        auto quiet = [&](base::WallTime from) {
            return probes::over(series, from + kClocksApart + 1us, end);
        };
        out.after = quiet(fault->latest);
        auto mayBe = quiet(fault->earliest);
        out.undecided = {mayBe.sent - out.after.sent, mayBe.failed() - out.after.failed()};
    }
    return out;
}

// All of it belongs to the fault: it is the fault.
probes::Window allOf(const probe::Series& series) {
    if (!series.header || series.seconds.empty()) {
        return {};
    }
    return probes::over(series, series.header->startedAt,
                        series.startOf(series.seconds.back()) + 1s);
}

ViewMeasure toView(const std::string& name, const Windows& seen) {
    return {.name = name,
            .requests = seen.during.sent,
            .failed = seen.during.failed(),
            .failedBefore = seen.before.failed(),
            .failedAfter = seen.after.failed(),
            .p50Microseconds = seen.during.latency.quantile(0.5).count(),
            .p99Microseconds = seen.during.latency.quantile(0.99).count(),
            .longestGapMilliseconds = seen.during.longestGap.count()};
}

}  // namespace

probes::Window beforeFault(base::WallTime wellSince, const probe::Series& series,
                           base::WallTime intent) {
    if (!series.header) {
        return {};
    }
    return probes::over(series, std::max(wellSince, series.header->startedAt),
                        intent - kClocksApart);
}

PhaseMeasure toPhase(const probes::Window& window) {
    PhaseMeasure out{
        .seconds = window.seconds,
        .missingSeconds = window.missing,
        .requests = window.sent,
        .failed = window.failed(),
        .errors = {},
        .reconnected = window.reconnected,
        .p50Microseconds = window.latency.quantile(0.5).count(),
        .p99Microseconds = window.latency.quantile(0.99).count(),
        .longestGapMilliseconds = window.longestGap.count(),
        .disturbedMilliseconds = millis(window.firstError, window.lastError).value_or(0),
        .slow = window.slow,
        .slowMilliseconds = millis(window.firstSlow, window.lastSlow).value_or(0)};
    for (size_t kind = 1; kind < probe::kOutcomes; ++kind) {
        if (window.outcomes[kind] > 0) {
            out.errors[probe::name(static_cast<probe::Outcome>(kind))] = window.outcomes[kind];
        }
    }
    return out;
}

Measurements measure(const Status& status, const probe::Series& series, const probe::Series& step) {
    Measurements out;
    out.readyBefore = status.readyBefore;
    out.readyLowest = status.readyLowest;
    out.readyAtEnd = status.readyAtEnd;
    auto seen = windowsOf(status, series);
    // Both of the probe's own clock; the step has another.
    if (seen.during.firstError) {
        out.firstGoodMilliseconds = millis(seen.during.firstError, seen.during.firstGood);
    }
    probes::join(seen.during, allOf(step));
    out.before = toPhase(seen.before);
    out.during = toPhase(seen.during);
    out.after = toPhase(seen.after);
    for (const auto& view : series.views) {
        out.views.push_back(toView(view.name, windowsOf(status, view.series)));
    }
    if (seen.undecided.requests > 0) {
        out.undecided = seen.undecided;
    }
    auto start = began(status);
    put(out, kDeleteToDeath, out.deleteToDeathMilliseconds,
        between(firstDelete(status), lastDeath(status)));
    put(out, kWholeAfterDelete, out.wholeAfterDeleteMilliseconds, between(start, whole(status)));
    put(out, kWholeAfterEnd, out.wholeAfterEndMilliseconds,
        between(lastReverted(status), whole(status)));
    put(out, kWholeAfterDeath, out.wholeAfterDeathMilliseconds,
        between(lastDeath(status), whole(status)));
    put(out, kDetected, out.detectedMilliseconds,
        between(start, momentOf(status, status.detectedAt)));
    out.zones = zonesOf(status, start);
    return out;
}

Columns columns(const probe::Series& series) {
    Columns out;
    if (!series.header || series.seconds.empty()) {
        return out;
    }
    out.startedAt = series.header->startedAt;
    auto count = static_cast<size_t>(series.seconds.back().second + 1);
    out.stepSeconds = static_cast<int64_t>((count + kMaxColumns - 1) / kMaxColumns);
    auto step = seconds(out.stepSeconds);
    auto end = *out.startedAt + seconds(count);
    for (auto from = *out.startedAt; from < end; from += step) {
        auto window = probes::over(series, from, from + step);
        // A second that the probe left out is no second without requests.
        out.sent.push_back(window.seconds == 0 ? -1 : window.sent);
        out.failed.push_back(window.failed());
        out.p50Microseconds.push_back(window.latency.quantile(0.5).count());
        out.p99Microseconds.push_back(window.latency.quantile(0.99).count());
    }
    return out;
}

std::string clockProblem(const probe::Series& series, base::WallTime now) {
    if (series.seconds.empty()) {
        return "";
    }
    const auto& last = series.seconds.back();
    auto behind = now - last.writtenAt;
    if (behind < -kAhead || behind > kClocksApart) {
        return "the probe's clock and the controller's are " +
               std::to_string(std::abs(duration_cast<milliseconds>(behind).count())) +
               " ms apart, or its log stands still";
    }
    return "";
}

}  // namespace chaos::run
