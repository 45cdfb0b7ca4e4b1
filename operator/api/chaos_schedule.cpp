#include "api/chaos_schedule.h"

#include "base/json.h"

namespace api {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}

// "HH:MM" to minutes; 24:00 is the day's end.
std::optional<int64_t> minutes(const std::string& time) {
    if (time.size() != 5 || time[2] != ':' || !digit(time[0]) || !digit(time[1]) ||
        !digit(time[3]) || !digit(time[4])) {
        return std::nullopt;
    }
    int64_t hour = (time[0] - '0') * 10 + (time[1] - '0');
    int64_t minute = (time[3] - '0') * 10 + (time[4] - '0');
    int64_t all = hour * 60 + minute;
    return minute < 60 && all <= 24 * 60 ? std::optional(all) : std::nullopt;
}

base::Result<QuietHours> quietOf(const base::Json& json, size_t index) {
    QuietHours out;
    out.name = base::textAt(json, "/name");
    for (const auto& day : base::arrayAt(json, "/days")) {
        out.days.push_back(day.is_string() ? day.get<std::string>() : "");
    }
    auto from = minutes(base::textAt(json, "/from", "00:00"));
    auto to = minutes(base::textAt(json, "/to", "24:00"));
    if (!from || !to) {
        return base::fail("spec.quietHours[" + std::to_string(index) +
                          "]: from and to are times of day as 22:00");
    }
    out.fromMinute = *from;
    out.toMinute = *to;
    out.fromDate = base::textAt(json, "/fromDate");
    out.toDate = base::textAt(json, "/toDate");
    return out;
}

}  // namespace

base::Result<ChaosScheduleSpec> parseChaosSchedule(const base::Json& object) {
    ChaosScheduleSpec spec;
    spec.schedule = base::textAt(object, "/spec/schedule");
    spec.timeZone = base::textAt(object, "/spec/timeZone");
    spec.startingDeadlineSeconds = base::intAt(object, "/spec/startingDeadlineSeconds");
    spec.concurrencyPolicy = base::textAt(object, "/spec/concurrencyPolicy", "Forbid");
    spec.suspend = base::boolAt(object, "/spec/suspend").value_or(false);
    size_t index = 0;
    for (const auto& item : base::arrayAt(object, "/spec/quietHours")) {
        auto quiet = quietOf(item, index++);
        if (!quiet) {
            return base::failWith(quiet.error());
        }
        spec.quietHours.push_back(std::move(*quiet));
    }
    auto take = [&](const char* pointer, int64_t& out) {
        out = base::intAt(object, pointer).value_or(out);
    };
    take("/spec/cooldownSeconds", spec.cooldownSeconds);
    take("/spec/successfulRunsHistoryLimit", spec.successfulRunsHistoryLimit);
    take("/spec/failedRunsHistoryLimit", spec.failedRunsHistoryLimit);
    spec.app = base::textAt(object, "/spec/experiment/app");
    if (spec.schedule.empty()) {
        return base::fail("spec.schedule: is empty: give a cron line, as \"0 11 * * MON-FRI\"");
    }
    if (spec.app.empty()) {
        return base::fail("spec.experiment.app: names no ScalableApp");
    }
    if (base::intAt(object, "/spec/experiment/runs").value_or(1) != 1 ||
        base::boolAt(object, "/spec/experiment/control").value_or(false)) {
        return base::fail(
            "spec.experiment: runs and control may not be set in a schedule, which makes one run "
            "each time: put them into a ChaosExperiment");
    }
    return spec;
}

}  // namespace api
