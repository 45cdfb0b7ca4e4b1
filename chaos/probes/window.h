// What visitors met between two moments, out of a probe's series.
//
//   auto before = probes::over(series, steadySince, injectedAt - 1s);
//   before.errorPercent();   // of requests sent
//
// Only whole seconds that lie inside the window count: a second that touches an edge belongs to
// neither side, so that a phase is never diluted or charged with its neighbour's requests. Phases
// that must not lose anything are therefore given with a second to spare on both sides.
// Thread safety: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "chaos/probe/samples.h"

namespace chaos::probes {

struct Window {
    int64_t seconds = 0;  // whole seconds the series has inside the window
    int64_t missing = 0;  // seconds inside it that the series does not have, or was blind in
    int64_t sent = 0;
    std::array<int64_t, probe::kOutcomes> outcomes{};
    int64_t reconnected = 0;
    probe::Histogram latency;
    std::chrono::milliseconds longestGap{0};  // between two good answers; resolution 1/rate
    // Failed requests and slow answers, by their intended starts.
    std::optional<base::WallTime> firstError;
    std::optional<base::WallTime> lastError;
    // The first known good answer after the first error: the one that ended the longest stretch
    // without any of its second.
    std::optional<base::WallTime> firstGood;
    int64_t slow = 0;
    std::optional<base::WallTime> firstSlow;
    std::optional<base::WallTime> lastSlow;

    int64_t failed() const { return sent - outcomes[0]; }
    double errorPercent() const;  // 0 without traffic: look at `sent` first
    double perSecond() const;
};

// As many visitors more: their requests and what came of them. Gaps stay those of `into`: nobody is
// served better because somebody else is.
void join(Window& into, const Window& more);

// `to` later than the series' last second counts what is not there as missing.
Window over(const probe::Series& series, base::WallTime from, base::WallTime to);

}  // namespace chaos::probes
