#include "chaos/schedule/decide.h"

#include <algorithm>
#include <array>

namespace chaos::schedule {
namespace {

using namespace std::chrono;
using std::to_string;

constexpr int64_t kTooManyMissed = 100;
// The clock that wakes us may be a little early.
constexpr auto kAfter = milliseconds(100);

constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

bool onDay(const api::QuietHours& quiet, sys_days day) {
    auto name = kDays[weekday(day).c_encoding()];
    if (!quiet.days.empty() &&
        std::find(quiet.days.begin(), quiet.days.end(), name) == quiet.days.end()) {
        return false;
    }
    auto date = base::formatTime(day).substr(0, 10);
    return (quiet.fromDate.empty() || date >= quiet.fromDate) &&
           (quiet.toDate.empty() || date <= quiet.toDate);
}

bool covers(const api::QuietHours& quiet, sys_days day, int64_t minute) {
    if (quiet.fromMinute < quiet.toMinute) {
        return onDay(quiet, day) && minute >= quiet.fromMinute && minute < quiet.toMinute;
    }
    // Over midnight: the day is the one it begins on.
    return (onDay(quiet, day) && minute >= quiet.fromMinute) ||
           (onDay(quiet, day - days(1)) && minute < quiet.toMinute);
}

const Child* lastEnded(const std::vector<Child>& children) {
    const Child* last = nullptr;
    for (const auto& child : children) {
        if (child.completedAt && (last == nullptr || *child.completedAt > *last->completedAt)) {
            last = &child;
        }
    }
    return last;
}

// Why it is too early for another run; empty: it is not.
std::string tooEarly(const api::ChaosScheduleSpec& spec, const Seen& seen) {
    if (spec.cooldownSeconds <= 0) {
        return "";
    }
    auto cooldown = seconds(spec.cooldownSeconds);
    const auto* last = lastEnded(seen.children);
    if (last != nullptr && last->verdict == run::Verdict::Failed) {
        return "run " + last->name + " Failed: look at it, then delete it to go on";
    }
    if (last != nullptr && seen.now - *last->completedAt < cooldown) {
        return "run " + last->name + " ended less than " + to_string(spec.cooldownSeconds) +
               " s ago";
    }
    if (!seen.appReadySince || seen.now - *seen.appReadySince < cooldown) {
        return "ScalableApp " + spec.app + " has not been Ready for " +
               to_string(spec.cooldownSeconds) + " s";
    }
    return "";
}

// Times that passed; more than kTooManyMissed are not counted on.
struct Passed {
    int64_t all = 0;
    int64_t wanted = 0;  // outside of quiet hours
};

Passed passedBetween(const api::ChaosScheduleSpec& spec, const Cron& cron, const Zone& zone,
                     base::WallTime since, base::WallTime end) {
    Passed out;
    for (auto time = cron.next(since, zone); time && *time < end && out.all <= kTooManyMissed;
         time = cron.next(*time, zone)) {
        ++out.all;
        out.wanted += quietAt(spec.quietHours, *time, zone) == nullptr ? 1 : 0;
    }
    return out;
}

void prune(std::vector<Child> children, bool successful, int64_t limit, std::vector<Child>& out) {
    std::erase_if(children, [&](const Child& child) {
        return child.active() || (child.verdict == run::Verdict::Resilient) != successful;
    });
    std::sort(children.begin(), children.end(),
              [](const Child& a, const Child& b) { return a.completedAt < b.completedAt; });
    auto keep = static_cast<size_t>(std::max<int64_t>(0, limit));
    if (children.size() > keep) {
        children.resize(children.size() - keep);
        out.insert(out.end(), children.begin(), children.end());
    }
}

class Deciding {
  public:
    Deciding(const api::ChaosScheduleSpec& spec, const Cron& cron, const Zone& zone,
             const Seen& seen)
        : spec_(spec), cron_(cron), zone_(zone), seen_(seen) {}

    Decision take() {
        prune(seen_.children, true, spec_.successfulRunsHistoryLimit, out_.prune);
        prune(seen_.children, false, spec_.failedRunsHistoryLimit, out_.prune);
        if (auto next = cron_.next(seen_.now, zone_)) {
            out_.wakeAt = *next + kAfter;
        }
        auto since = seen_.lastScheduleTime.value_or(seen_.createdAt);
        if (auto due = cron_.latest(since, seen_.now, zone_)) {
            decideAbout(*due, since);
        }
        return std::move(out_);
    }

  private:
    void skip(base::WallTime due, const char* reason, const std::string& why,
              bool warning = false) {
        done(due);
        ++out_.missed[reason];
        if (!why.empty()) {
            out_.told.push_back({warning, reason, base::formatTime(due) + " is skipped: " + why});
        }
    }

    // What is due is decided on, and so is all before it.
    void done(base::WallTime due) {
        out_.lastScheduleTime = due;
        if (overtaken_.wanted > 0) {
            out_.missed[kOvertaken] += overtaken_.wanted;
        }
        if (overtaken_.all >= kTooManyMissed) {
            out_.told.push_back({true, "TooManyMissedTimes",
                                 "more than " + to_string(kTooManyMissed) +
                                     " times were missed; only the most recent one counts. Is the "
                                     "clock right, is startingDeadlineSeconds set?"});
        }
    }

    void decideAbout(base::WallTime due, base::WallTime since) {
        auto name = runName(seen_.name, due);
        bool there = std::any_of(seen_.children.begin(), seen_.children.end(),
                                 [&](const Child& child) { return child.name == name; });
        if (there) {
            // Started before a crash, and not written down.
            out_.lastScheduleTime = due;
            return;
        }
        if (spec_.suspend) {
            return skip(due, kSuspended, "");
        }
        overtaken_ = passedBetween(spec_, cron_, zone_, since, due);
        if (const auto* quiet = quietAt(spec_.quietHours, due, zone_)) {
            return skip(due, kQuietHours, wordsOf(*quiet));
        }
        if (spec_.startingDeadlineSeconds &&
            due + seconds(*spec_.startingDeadlineSeconds) < seen_.now) {
            return skip(due, kTooLate,
                        "it is over by more than " + to_string(*spec_.startingDeadlineSeconds) +
                            " s (spec.startingDeadlineSeconds)",
                        true);
        }
        if (const auto* quiet = quietAt(spec_.quietHours, seen_.now, zone_)) {
            return skip(due, kQuietHours, wordsOf(*quiet));
        }
        if (auto why = tooEarly(spec_, seen_); !why.empty()) {
            return skip(due, kCoolDown, why);
        }
        startUnlessBusy(due);
    }

    static std::string wordsOf(const api::QuietHours& quiet) {
        return quiet.name.empty() ? "quiet hours" : "quiet hours " + quiet.name;
    }

    void startUnlessBusy(base::WallTime due) {
        for (const auto& child : seen_.children) {
            if (!child.active()) {
                continue;
            }
            if (spec_.concurrencyPolicy == "Forbid") {
                return wait(base::formatTime(due) + " waits: run " + child.name + " goes on");
            }
            if (spec_.concurrencyPolicy == "Replace" && !child.aborting) {
                out_.abort.push_back(child);
            }
        }
        out_.start = due;
        done(due);
    }

    // Told once, however often it is looked at.
    void wait(const std::string& why) {
        out_.waiting = why;
        if (why != seen_.waiting) {
            out_.told.push_back({false, kRunActive, why});
        }
    }

    const api::ChaosScheduleSpec& spec_;
    const Cron& cron_;
    const Zone& zone_;
    const Seen& seen_;
    Passed overtaken_;
    Decision out_;
};

}  // namespace

std::string runName(const std::string& schedule, base::WallTime scheduledAt) {
    return schedule + "-" +
           to_string(duration_cast<minutes>(scheduledAt.time_since_epoch()).count());
}

const api::QuietHours* quietAt(const std::vector<api::QuietHours>& all, base::WallTime time,
                               const Zone& zone) {
    auto local = time + zone.at(time).offset;
    auto day = floor<days>(local);
    auto minute = floor<minutes>(local - day).count();
    for (const auto& quiet : all) {
        if (covers(quiet, day, minute)) {
            return &quiet;
        }
    }
    return nullptr;
}

Decision decide(const api::ChaosScheduleSpec& spec, const Cron& cron, const Zone& zone,
                const Seen& seen) {
    return Deciding(spec, cron, zone, seen).take();
}

}  // namespace chaos::schedule
