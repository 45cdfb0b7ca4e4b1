#include "chaos/report/history.h"

#include <algorithm>

#include "api/chaos_schedule.h"
#include "base/clock.h"
#include "chaos/report/statistics.h"

namespace chaos::report {
namespace {

// The earliest time for a run that is not over.
base::WallTime endOf(const base::Json& run) {
    base::WallTime end;
    base::parseTime(base::textAt(run, "/status/completedAt"), end);
    return end;
}

bool isOver(const base::Json& run) {
    return base::stringAt(run, "/status/verdict") && endOf(run) != base::WallTime();
}

// From when on all runs of a kind are there; none: from the beginning.
base::WallTime keptSince(const std::vector<base::Json>& runs, bool resilient, int64_t limit) {
    std::vector<base::WallTime> ends;
    for (const auto& run : runs) {
        if ((base::textAt(run, "/status/verdict") == "Resilient") == resilient) {
            ends.push_back(endOf(run));
        }
    }
    auto kept = static_cast<size_t>(std::max<int64_t>(0, limit));
    if (kept == 0) {
        return base::WallTime::max();
    }
    if (ends.size() < kept) {
        return {};
    }
    std::sort(ends.rbegin(), ends.rend());
    return ends[kept - 1];
}

template <class Keep>
std::vector<base::Json> filtered(std::vector<base::Json> runs, const Keep& keep) {
    std::erase_if(runs, [&](const base::Json& run) { return !keep(run); });
    return runs;
}

}  // namespace

std::vector<base::Json> complete(const std::vector<base::Json>& runs, int64_t resilient,
                                 int64_t others) {
    auto done = filtered(runs, isOver);
    auto since = std::max(keptSince(done, true, resilient), keptSince(done, false, others));
    return filtered(std::move(done), [&](const base::Json& run) { return endOf(run) >= since; });
}

void addHistory(const base::Json& schedule, const std::vector<base::Json>& runs,
                base::Json& status) {
    api::ChaosScheduleSpec limits;
    auto all = complete(runs,
                        base::intAt(schedule, "/spec/successfulRunsHistoryLimit")
                            .value_or(limits.successfulRunsHistoryLimit),
                        base::intAt(schedule, "/spec/failedRunsHistoryLimit")
                            .value_or(limits.failedRunsHistoryLimit));
    status["statistics"] = toJson(statistics(all));
    const auto* known = base::at(schedule, "/status/accepted");
    auto accepted = known == nullptr ? base::Json() : *known;
    auto asked = base::textAt(schedule, "/metadata/annotations/scalableapp.dev~1accept");
    base::WallTime at;
    if (asked != base::textAt(accepted, "/at") && base::parseTime(asked, at)) {
        accepted = toJson(
            statistics(filtered(all, [&](const base::Json& run) { return endOf(run) <= at; })));
        accepted["at"] = asked;
    }
    if (!accepted.is_object() || !base::parseTime(base::textAt(accepted, "/at"), at)) {
        return;
    }
    status["accepted"] = accepted;
    auto later = filtered(all, [&](const base::Json& run) { return endOf(run) > at; });
    auto change = compare(parseStatistics(accepted), statistics(later));
    status["regression"] = {{"verdict", change.verdict}, {"message", change.message}};
}

}  // namespace chaos::report
