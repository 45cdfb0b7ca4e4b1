// A cron line of five fields, as the CronJobs of Kubernetes read it, and the times it means.
//
//   auto cron = schedule::Cron::parse("0 11 * * MON-FRI");     // error: which field, and why
//   auto next = cron->next(now, *schedule::Zone::named("Europe/Berlin"));
//
// Fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or JAN-DEC, day of week 0-6 or
// SUN-SAT (0 is Sunday). Each: `*` or `?`, numbers, ranges a-b, steps */n, a-b/n and a/n (from a to
// the field's end), lists with commas. Or one of @yearly @annually @monthly @weekly @daily
// @midnight
// @hourly. When both days are restricted, either is enough.
//
// It means every minute whose local time fits. So a local hour that a change of the clocks leaves
// out is left out, and one that comes twice counts twice.
// Thread safety: values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "chaos/schedule/zone.h"

namespace chaos::schedule {

class Cron {
  public:
    static base::Result<Cron> parse(const std::string& line);

    // The first such minute after `after`; empty: none within nine years, so never.
    std::optional<base::WallTime> next(base::WallTime after, const Zone& zone) const;
    // The last one that is not after `at` but after `since`; empty: there is none.
    std::optional<base::WallTime> latest(base::WallTime since, base::WallTime at,
                                         const Zone& zone) const;
    // Whether the minute that begins then is one of them.
    bool fits(base::WallTime minute, const Zone& zone) const;

  private:
    bool dayFits(unsigned month, unsigned day, unsigned weekday) const;

    // A bit for each value.
    uint64_t minutes_ = 0;
    uint64_t hours_ = 0;
    uint64_t days_ = 0;
    uint64_t months_ = 0;
    uint64_t weekdays_ = 0;
    bool anyDay_ = false;
    bool anyWeekday_ = false;
};

}  // namespace chaos::schedule
