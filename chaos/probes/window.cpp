#include "chaos/probes/window.h"

#include <algorithm>
#include <cmath>

namespace chaos::probes {
namespace {

using std::chrono::duration;

double secondsBetween(base::WallTime from, base::WallTime to) {
    return duration<double>(to - from).count();
}

std::optional<base::WallTime> after(base::WallTime start, std::optional<int64_t> milliseconds) {
    return milliseconds ? std::optional(start + std::chrono::milliseconds(*milliseconds))
                        : std::nullopt;
}

void earliest(std::optional<base::WallTime>& known, std::optional<base::WallTime> other) {
    if (other && (!known || *other < *known)) {
        known = other;
    }
}

void latest(std::optional<base::WallTime>& known, std::optional<base::WallTime> other) {
    if (other && (!known || *other > *known)) {
        known = other;
    }
}

}  // namespace

double Window::errorPercent() const {
    return sent == 0 ? 0 : 100.0 * static_cast<double>(failed()) / static_cast<double>(sent);
}

double Window::perSecond() const {
    return seconds == 0 ? 0 : static_cast<double>(sent) / static_cast<double>(seconds);
}

void join(Window& into, const Window& more) {
    into.missing += more.missing;
    into.sent += more.sent;
    for (size_t kind = 0; kind < probe::kOutcomes; ++kind) {
        into.outcomes[kind] += more.outcomes[kind];
    }
    into.reconnected += more.reconnected;
    into.latency.merge(more.latency);
    earliest(into.firstError, more.firstError);
    latest(into.lastError, more.lastError);
    into.slow += more.slow;
    earliest(into.firstSlow, more.firstSlow);
    latest(into.lastSlow, more.lastSlow);
}

Window over(const probe::Series& series, base::WallTime from, base::WallTime to) {
    Window window;
    if (!series.header || to <= from) {
        return window;
    }
    auto start = series.header->startedAt;
    auto first = static_cast<int64_t>(std::ceil(secondsBetween(start, from)));
    auto end = static_cast<int64_t>(std::floor(secondsBetween(start, to)));
    for (const auto& second : series.seconds) {
        if (second.second < first || second.second >= end || second.blind()) {
            continue;
        }
        ++window.seconds;
        window.sent += second.sent;
        for (size_t kind = 0; kind < probe::kOutcomes; ++kind) {
            window.outcomes[kind] += second.outcomes[kind];
        }
        window.reconnected += second.reconnected;
        window.latency.merge(second.latency);
        std::chrono::milliseconds gap(second.gapMs);
        window.longestGap = std::max(window.longestGap, gap);
        window.slow += second.slow;
        earliest(window.firstError, after(start, second.firstErrorMs));
        latest(window.lastError, after(start, second.lastErrorMs));
        auto good = after(start, second.gapEndMs);
        if (!window.firstGood && window.firstError && good > window.firstError) {
            window.firstGood = good;
        }
        earliest(window.firstSlow, after(start, second.firstSlowMs));
        latest(window.lastSlow, after(start, second.lastSlowMs));
    }
    window.missing = std::max<int64_t>(0, end - first) - window.seconds;
    return window;
}

}  // namespace chaos::probes
