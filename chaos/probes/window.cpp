#include "chaos/probes/window.h"

#include <algorithm>
#include <cmath>

namespace chaos::probes {
namespace {

using std::chrono::duration;

double secondsBetween(base::WallTime from, base::WallTime to) {
    return duration<double>(to - from).count();
}

}  // namespace

double Window::errorPercent() const {
    return sent == 0 ? 0 : 100.0 * static_cast<double>(failed()) / static_cast<double>(sent);
}

double Window::perSecond() const {
    return seconds == 0 ? 0 : static_cast<double>(sent) / static_cast<double>(seconds);
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
        if (second.second < first || second.second >= end) {
            continue;
        }
        ++window.seconds;
        window.sent += second.sent;
        for (size_t kind = 0; kind < probe::kOutcomes; ++kind) {
            window.outcomes[kind] += second.outcomes[kind];
        }
        window.reconnected += second.reconnected;
        window.latency.merge(second.latency);
        window.longestGap = std::max(window.longestGap, std::chrono::milliseconds(second.gapMs));
    }
    window.missing = std::max<int64_t>(0, end - first) - window.seconds;
    return window;
}

}  // namespace chaos::probes
