// ChaosSchedule as a typed value: when which experiment is to be run.
//
//   auto spec = api::parseChaosSchedule(object);    // error: the field that makes no sense
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"

namespace api {

// When nothing may begin: on these days of the week and between these dates, from a time of day to
// another. What is not set does not restrict.
struct QuietHours {
    std::string name;
    std::vector<std::string> days;  // Mon, Tue, Wed, Thu, Fri, Sat, Sun
    int64_t fromMinute = 0;         // of the local day
    int64_t toMinute = 24 * 60;     // not after `from`: on the next day
    std::string fromDate;           // YYYY-MM-DD, inclusive
    std::string toDate;             // inclusive
    bool operator==(const QuietHours&) const = default;
};

struct ChaosScheduleSpec {
    std::string schedule;
    std::string timeZone;
    std::optional<int64_t> startingDeadlineSeconds;
    std::string concurrencyPolicy = "Forbid";  // Allow | Forbid | Replace
    bool suspend = false;
    std::vector<QuietHours> quietHours;
    int64_t cooldownSeconds = 0;
    int64_t successfulRunsHistoryLimit = 10;
    int64_t failedRunsHistoryLimit = 10;
    std::string app;  // of the experiment
    bool operator==(const ChaosScheduleSpec&) const = default;
};

base::Result<ChaosScheduleSpec> parseChaosSchedule(const base::Json& object);

}  // namespace api
