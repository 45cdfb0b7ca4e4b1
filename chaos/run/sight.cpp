#include "chaos/run/sight.h"

#include <algorithm>

#include "chaos/run/measure.h"

namespace chaos::run {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

int64_t millis(base::WallTime from, base::WallTime to) {
    return std::max<int64_t>(0, duration_cast<milliseconds>(to - from).count());
}

std::string tenths(int64_t time) {
    auto tenth = (time + 50) / 100;
    return std::to_string(tenth / 10) + "." + std::to_string(tenth % 10) + " s";
}

std::string clockOf(base::WallTime at) {
    return base::formatTime(at).substr(11, 8);
}

void addGap(Status& status, base::WallTime from, base::WallTime to) {
    if (status.gaps.size() < kMaxGaps) {
        status.gaps.push_back({from, to});
    } else {
        status.gaps.back().to = to;  // wider than it was: nothing is known better than it is
    }
    status.tell(to, "nobody watched for " + tenths(millis(from, to)));
}

}  // namespace

void noteLook(Status& status, std::optional<base::WallTime> last, base::WallTime now) {
    auto before = std::max(last, status.lookedAt ? status.lookedAt : status.intentAt);
    if (!before) {
        return;
    }
    if (now < *before - kClocksApart && status.clockProblem.empty()) {
        status.clockProblem = "the clock of the controller went back " +
                              std::to_string(millis(now, *before)) + " ms during the run";
    }
    if (now > *before + kOutOfSight) {
        addGap(status, *before, now);
    }
}

Moment seenAt(const Status& status, base::WallTime at) {
    Moment out{at, at};
    for (const auto& gap : status.gaps) {
        if (gap.from < at && at <= gap.to) {
            out.earliest = std::min(out.earliest, gap.from);
        }
    }
    return out;
}

Moment lastingSince(const Status& status, base::WallTime at) {
    auto out = seenAt(status, at);
    for (const auto& gap : status.gaps) {
        out.latest = std::max(out.latest, gap.to);
    }
    return out;
}

std::optional<Span> between(const std::optional<Moment>& from, const std::optional<Moment>& to) {
    if (!from || !to) {
        return std::nullopt;
    }
    return Span{millis(from->latest, to->earliest), millis(from->earliest, to->latest)};
}

std::string unwatched(const Status& status) {
    auto longest =
        std::max_element(status.gaps.begin(), status.gaps.end(),
                         [](const Gap& a, const Gap& b) { return a.to - a.from < b.to - b.from; });
    if (longest == status.gaps.end()) {
        return "";
    }
    return "nobody watched for " + tenths(millis(longest->from, longest->to)) + " from " +
           clockOf(longest->from) +
           " on (the controller was away, or the API server did not answer, or a switch took its "
           "time)";
}

}  // namespace chaos::run
