// What a ChaosSchedule has to do now: a pure function with the semantics of a CronJob.
//
//   auto decision = schedule::decide(spec, *cron, *zone, seen);
//   if (decision.start) { create the run named schedule::runName(name, *decision.start) }
//   ... write decision.lastScheduleTime; delete decision.prune; come back at decision.wakeAt ...
//
// Every time that passes without a run is counted once, under its reason, when it is done with.
// What was asked for (a suspended schedule, quiet hours, a cool-down) is told apart from what went
// wrong.
//
// Of all times that were missed, only the most recent one is made up for, and only within
// startingDeadlineSeconds; more than a hundred are told and do not stop it. A time that was
// started, skipped or suspended over is done with: lastScheduleTime never goes back, so a clock
// that does cannot start anything twice. Forbid keeps a time due while another run goes on; Replace
// ends that run, and the new one waits until nothing of it is left.
//
// Quiet hours and the cool-down skip a time for good. The cool-down asks for: no run of this
// schedule that ended within it, the application Ready for as long, and the last run not Failed
// (people look first: delete that run to go on). Thread safety: pure.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/chaos_schedule.h"
#include "chaos/run/status.h"
#include "chaos/schedule/cron.h"

namespace chaos::schedule {

// A run of this schedule.
struct Child {
    std::string name;
    std::string uid;
    std::optional<base::WallTime> scheduledAt;
    std::optional<base::WallTime> completedAt;
    std::optional<run::Verdict> verdict;
    bool aborting = false;
    bool active() const { return !verdict; }
};

// Why a time passed without a run.
inline constexpr const char* kSuspended = "Suspended";
inline constexpr const char* kQuietHours = "QuietHours";
inline constexpr const char* kCoolDown = "CoolDown";
inline constexpr const char* kTooLate = "TooLate";      // past its starting deadline
inline constexpr const char* kOvertaken = "Overtaken";  // a later one came before it was looked at
// Why one waits.
inline constexpr const char* kRunActive = "RunActive";
inline constexpr std::array kMissReasons{kSuspended, kQuietHours, kCoolDown, kTooLate, kOvertaken};

struct Seen {
    base::WallTime now;
    base::WallTime createdAt;
    std::optional<base::WallTime> lastScheduleTime;
    std::string waiting;  // as it was last told
    std::string name;     // of the schedule
    std::vector<Child> children;
    std::optional<base::WallTime> appReadySince;  // empty: it is not Ready
};

struct Told {
    bool warning = false;
    std::string reason;  // CamelCase
    std::string text;
};

struct Decision {
    std::optional<base::WallTime> start;  // the scheduled time to start a run for
    std::optional<base::WallTime> lastScheduleTime;
    std::vector<Child> abort;
    std::vector<Child> prune;
    std::vector<Told> told;
    std::map<std::string, int64_t> missed;  // times that passed without a run, by reason
    std::string waiting;                    // why what is due does not start yet
    std::optional<base::WallTime> wakeAt;
};

Decision decide(const api::ChaosScheduleSpec& spec, const Cron& cron, const Zone& zone,
                const Seen& seen);

// <schedule>-<minutes since 1970>: the same whoever makes it, however often.
std::string runName(const std::string& schedule, base::WallTime scheduledAt);

// The quiet hours that cover the moment; null: none.
const api::QuietHours* quietAt(const std::vector<api::QuietHours>& all, base::WallTime time,
                               const Zone& zone);

}  // namespace chaos::schedule
