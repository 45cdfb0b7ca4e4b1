#include "chaos/run/measure.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "chaos/effects/effect.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A line arrives up to a second old, which would hide as much of a clock that is ahead.
constexpr auto kAhead = kClocksApart - 1s;

std::optional<base::WallTime> firstDelete(const Status& status) {
    std::optional<base::WallTime> first;
    for (const auto& evidence : status.evidence) {
        if (evidence.deletedAt && (!first || *evidence.deletedAt < *first)) {
            first = evidence.deletedAt;
        }
    }
    return first;
}

std::optional<base::WallTime> lastDeath(const Status& status) {
    std::optional<base::WallTime> last;
    for (const auto& evidence : status.evidence) {
        if (evidence.deadAt && (!last || *evidence.deadAt > *last)) {
            last = evidence.deadAt;
        }
    }
    return last;
}

std::optional<base::WallTime> lastReverted(const Status& status) {
    std::optional<base::WallTime> last;
    for (const auto& effect : status.effects) {
        if (effect.revertedAt && (!last || *effect.revertedAt > *last)) {
            last = effect.revertedAt;
        }
    }
    return last;
}

// When the application began to lose something: the first delete, or the first effect.
std::optional<base::WallTime> began(const Status& status) {
    auto first = firstDelete(status);
    for (const auto& effect : status.effects) {
        // A mark alone takes nothing away.
        bool takes = effect.kind != effects::kNodeMark;
        if (takes && effect.appliedAt && (!first || *effect.appliedAt < *first)) {
            first = effect.appliedAt;
        }
    }
    return first ? first : status.intentAt;
}

std::optional<int64_t> between(std::optional<base::WallTime> from,
                               std::optional<base::WallTime> to) {
    if (!from || !to) {
        return std::nullopt;
    }
    return std::max<int64_t>(0, duration_cast<milliseconds>(*to - *from).count());
}

std::vector<ZoneMeasure> zonesOf(const Status& status, std::optional<base::WallTime> start) {
    std::map<std::string, ZoneMeasure> all;
    std::map<std::string, std::optional<base::WallTime>> whole;
    for (const auto& change : status.readiness) {
        auto [known, first] = all.try_emplace(
            change.zone, ZoneMeasure{change.zone, change.ready, change.ready, std::nullopt});
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
            zone.wholeMilliseconds = between(start, whole[name]);
            out.push_back(zone);
        }
    }
    return out;
}

// A series cut where one phase ends and the next begins.
struct Windows {
    probes::Window before;
    probes::Window during;
    probes::Window after;
};

Windows windowsOf(const Status& status, const probe::Series& series) {
    Windows out;
    auto intent = *status.intentAt;
    auto end = *status.observedUntil;
    out.before = beforeFault(status.steadySince.value_or(intent), series, intent);
    // A graceful end may outlast the replacement's start: what visitors lose by it is the fault's,
    // and so is all that happens before a fault that lasts was taken back.
    auto over = status.wholeAt;
    if (over) {
        over = std::max(*over, lastDeath(status).value_or(*over));
        over = std::max(*over, lastReverted(status).value_or(*over));
    }
    // A microsecond more: a moment that is a whole second does not belong to two phases.
    out.during = probes::over(series, intent - kClocksApart - 1s + 1us,
                              over ? *over + kClocksApart + 1s : end);
    if (over) {
        out.after = probes::over(series, *over + kClocksApart + 1us, end);
    }
    return out;
}

// All of it belongs to the fault: it is the fault.
probes::Window whole(const probe::Series& series) {
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
        .disturbedMilliseconds = between(window.firstError, window.lastError).value_or(0),
        .slow = window.slow,
        .slowMilliseconds = between(window.firstSlow, window.lastSlow).value_or(0)};
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
        out.firstGoodMilliseconds = between(seen.during.firstError, seen.during.firstGood);
    }
    probes::join(seen.during, whole(step));
    out.before = toPhase(seen.before);
    out.during = toPhase(seen.during);
    out.after = toPhase(seen.after);
    for (const auto& view : series.views) {
        out.views.push_back(toView(view.name, windowsOf(status, view.series)));
    }
    out.deleteToDeathMilliseconds = between(firstDelete(status), lastDeath(status));
    auto start = began(status);
    out.wholeAfterDeleteMilliseconds = between(start, status.wholeAt);
    out.wholeAfterEndMilliseconds = between(lastReverted(status), status.wholeAt);
    out.detectedMilliseconds = between(start, status.detectedAt);
    out.zones = zonesOf(status, start);
    out.wholeAfterDeathMilliseconds = between(lastDeath(status), status.wholeAt);
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
    if (!series.header || series.seconds.empty()) {
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
