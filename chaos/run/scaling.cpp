#include "chaos/run/scaling.h"

#include <algorithm>

#include "chaos/probes/window.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds kCalm = 100ms;

void noteChange(Scaling& scaling, int64_t asked, bool loaded) {
    auto direction = asked > scaling.last ? 1 : -1;
    if (loaded && scaling.direction != 0 && direction != scaling.direction) {
        ++scaling.reversals;
    }
    scaling.direction = direction;
    scaling.last = asked;
}

}  // namespace

void beginScaling(Status& status, int64_t asked) {
    status.scaling = Scaling{};
    status.scaling->before = status.scaling->last = status.scaling->peak = asked;
}

void watchScaling(Status& status, const Seen& seen, int64_t asked, int64_t ready) {
    auto& scaling = *status.scaling;
    bool loaded = status.phase == Phase::Injecting || status.phase == Phase::Observing;
    if (seen.scaler && seen.scaler->metricOver && !scaling.metricAt) {
        scaling.metricAt = seen.now;
    }
    if (asked != scaling.last) {
        noteChange(scaling, asked, loaded);
    }
    if (asked > scaling.before && !scaling.desiredAt) {
        scaling.desiredAt = seen.now;
        status.tell(seen.now, "the autoscaler asks for " + std::to_string(asked) + " replicas");
    }
    if (asked > scaling.peak) {
        scaling.peak = asked;
        scaling.readyAt.reset();
    }
    if (scaling.desiredAt && !scaling.readyAt && ready >= scaling.peak) {
        scaling.readyAt = seen.now;
        status.tell(seen.now, std::to_string(ready) + " replicas are ready");
    }
    if (!loaded && scaling.peak > scaling.before && asked < scaling.peak && !scaling.scaledInAt) {
        scaling.scaledInAt = seen.now;
        status.tell(seen.now, "the autoscaler asks for fewer again: " + std::to_string(asked));
    }
}

void finishScaling(Status& status, const probe::Series& series, const probe::Series& step) {
    if (!status.scaling || !series.header || series.seconds.empty() || !step.header) {
        return;
    }
    auto& scaling = *status.scaling;
    scaling.loadAt = step.header->startedAt;
    auto before = std::chrono::microseconds(
        status.measurements ? status.measurements->before.p99Microseconds : 0);
    auto limit = std::max(2 * before, kCalm);
    auto end =
        std::min(step.seconds.empty() ? *scaling.loadAt : step.startOf(step.seconds.back()) + 1s,
                 series.startOf(series.seconds.back()) + 1s);
    scaling.calmAt = *scaling.loadAt;
    for (const auto& second : series.seconds) {
        auto at = series.startOf(second);
        bool inLoad = at >= *scaling.loadAt && at + 1s <= end;
        bool slow = second.failed() > 0 || second.latency.quantile(0.99) > limit;
        if (inLoad && slow) {
            scaling.calmAt = at + 1s;
        }
    }
    if (*scaling.calmAt + 2s > end) {
        scaling.calmAt.reset();  // it was still slow when the load went
    }
}

}  // namespace chaos::run
