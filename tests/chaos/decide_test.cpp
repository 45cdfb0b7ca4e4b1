// What a schedule does, moment by moment: the semantics of a CronJob, quiet hours and the
// cool-down.
#include "chaos/schedule/decide.h"
#include "chaos/support/times.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace {

using namespace std::chrono_literals;
using namespace chaos;
using base::WallTime;
using chaos_test::at;
using schedule::Child;
using schedule::Decision;
using Missed = std::map<std::string, int64_t>;

class Deciding : public testing::Test {
  protected:
    Deciding() {
        spec.schedule = "0 * * * *";
        spec.app = "shop";
        seen.name = "hourly";
        seen.createdAt = at("2026-01-01T00:30:00Z");
        seen.now = at("2026-01-01T03:00:10Z");
        seen.lastScheduleTime = at("2026-01-01T02:00:00Z");
    }
    Decision decide() const {
        return schedule::decide(spec, *schedule::Cron::parse(spec.schedule),
                                *schedule::Zone::named(spec.timeZone), seen);
    }
    static Child child(const std::string& name, std::optional<run::Verdict> verdict,
                       const std::string& completedAt = "") {
        Child out;
        out.name = name;
        out.uid = "uid-of-" + name;
        out.verdict = verdict;
        if (verdict) {
            out.completedAt = at(completedAt);
        }
        return out;
    }
    static std::string reasonOf(const Decision& decision) {
        return decision.told.empty() ? "" : decision.told.back().reason;
    }

    api::ChaosScheduleSpec spec;
    schedule::Seen seen;
};

TEST_F(Deciding, StartsWhatIsDueAndComesBackForTheNext) {
    auto decision = decide();
    EXPECT_EQ(decision.start, at("2026-01-01T03:00:00Z"));
    EXPECT_EQ(decision.lastScheduleTime, decision.start);
    EXPECT_EQ(decision.wakeAt, at("2026-01-01T04:00:00Z") + 100ms);
    EXPECT_EQ(schedule::runName("hourly", *decision.start), "hourly-29453940");
}

TEST_F(Deciding, NothingIsDueTwice) {
    seen.lastScheduleTime = at("2026-01-01T03:00:00Z");
    EXPECT_FALSE(decide().start);
    // A clock that was set back.
    seen.now = at("2026-01-01T01:00:10Z");
    EXPECT_FALSE(decide().start);
    EXPECT_FALSE(decide().lastScheduleTime) << "it never goes back";
}

TEST_F(Deciding, NothingFromBeforeItWasMade) {
    seen.lastScheduleTime.reset();
    seen.now = at("2026-01-01T00:59:00Z");
    EXPECT_FALSE(decide().start);
    seen.now = at("2026-01-01T01:00:00Z");
    EXPECT_EQ(decide().start, at("2026-01-01T01:00:00Z"));
}

TEST_F(Deciding, OfManyMissedTimesOnlyTheMostRecentCounts) {
    seen.now = at("2026-01-01T09:30:00Z");
    auto decision = decide();
    EXPECT_EQ(decision.start, at("2026-01-01T09:00:00Z"));
    EXPECT_EQ(decision.missed, (Missed{{"Overtaken", 6}}));
    EXPECT_EQ(reasonOf(decision), "");
}

TEST_F(Deciding, MoreThanAHundredAreToldAndDoNotStopIt) {
    spec.schedule = "* * * * *";
    auto decision = decide();
    EXPECT_EQ(decision.start, at("2026-01-01T03:00:00Z"));
    seen.now = at("2027-01-01T03:00:10Z");
    decision = decide();
    EXPECT_EQ(decision.start, at("2027-01-01T03:00:00Z"));
    EXPECT_EQ(reasonOf(decision), "TooManyMissedTimes");
}

TEST_F(Deciding, TooLateIsMissed) {
    spec.startingDeadlineSeconds = 60;
    seen.now = at("2026-01-01T03:01:00Z");
    EXPECT_TRUE(decide().start);
    seen.now = at("2026-01-01T03:01:01Z");
    auto decision = decide();
    EXPECT_FALSE(decision.start);
    EXPECT_EQ(reasonOf(decision), "TooLate");
    EXPECT_TRUE(decision.told.back().warning);
    EXPECT_EQ(decision.missed, (Missed{{"TooLate", 1}}));
    EXPECT_EQ(decision.lastScheduleTime, at("2026-01-01T03:00:00Z"));
}

TEST_F(Deciding, SuspendedTimesAreNotMadeUpFor) {
    spec.suspend = true;
    auto decision = decide();
    EXPECT_FALSE(decision.start);
    EXPECT_EQ(decision.lastScheduleTime, at("2026-01-01T03:00:00Z"));
    EXPECT_EQ(decision.missed, (Missed{{"Suspended", 1}}));
}

TEST_F(Deciding, ForbidWaitsForTheOneThatGoesOn) {
    seen.children = {child("hourly-29453880", std::nullopt)};
    auto decision = decide();
    EXPECT_FALSE(decision.start);
    EXPECT_FALSE(decision.lastScheduleTime) << "it stays due";
    EXPECT_EQ(reasonOf(decision), "RunActive");
    seen.children[0].verdict = run::Verdict::Resilient;
    seen.children[0].completedAt = seen.now;
    EXPECT_EQ(decide().start, at("2026-01-01T03:00:00Z"));
}

TEST_F(Deciding, WhatWaitsIsToldAndCountedOnce) {
    seen.children = {child("hourly-29453880", std::nullopt)};
    seen.now = at("2026-01-01T05:00:10Z");
    auto decision = decide();
    EXPECT_EQ(decision.told.size(), 1U);
    EXPECT_EQ(decision.missed, Missed()) << "it is not over yet";
    seen.waiting = decision.waiting;
    EXPECT_TRUE(decide().told.empty()) << "every write of the run is a look at its schedule";
    seen.now = at("2026-01-01T06:00:10Z");
    EXPECT_EQ(decide().told.size(), 1U) << "another time waits";
    seen.children[0].verdict = run::Verdict::Resilient;
    seen.children[0].completedAt = seen.now;
    decision = decide();
    EXPECT_EQ(decision.start, at("2026-01-01T06:00:00Z"));
    EXPECT_EQ(decision.missed, (Missed{{"Overtaken", 3}}));
    EXPECT_EQ(decision.waiting, "");
}

TEST_F(Deciding, ReplaceEndsItAndAllowDoesNot) {
    seen.children = {child("hourly-29453880", std::nullopt)};
    spec.concurrencyPolicy = "Allow";
    EXPECT_TRUE(decide().start);
    EXPECT_TRUE(decide().abort.empty());
    spec.concurrencyPolicy = "Replace";
    EXPECT_TRUE(decide().start);
    ASSERT_EQ(decide().abort.size(), 1U);
    seen.children[0].aborting = true;
    EXPECT_TRUE(decide().abort.empty()) << "asked once";
}

TEST_F(Deciding, ARunFromBeforeACrashIsNotStartedAgain) {
    seen.children = {child("hourly-29453940", std::nullopt)};
    spec.concurrencyPolicy = "Allow";
    auto decision = decide();
    EXPECT_FALSE(decision.start);
    EXPECT_EQ(decision.lastScheduleTime, at("2026-01-01T03:00:00Z"));
}

TEST_F(Deciding, QuietHoursSkipForGood) {
    api::QuietHours night;
    night.name = "night";
    night.fromMinute = 22 * 60;
    night.toMinute = 6 * 60;
    spec.quietHours = {night};
    auto decision = decide();
    EXPECT_FALSE(decision.start);
    EXPECT_EQ(decision.lastScheduleTime, at("2026-01-01T03:00:00Z"));
    EXPECT_EQ(reasonOf(decision), "QuietHours");
    // In Auckland it is four in the afternoon.
    spec.timeZone = "Pacific/Auckland";
    EXPECT_TRUE(decide().start);
    // Only on Fridays, of which the night belongs to the day it begins on: this one is a Thursday,
    // its small hours are Wednesday's.
    spec.timeZone = "";
    spec.quietHours[0].days = {"Thu"};
    EXPECT_TRUE(decide().start);
    spec.quietHours[0].days = {"Wed"};
    EXPECT_FALSE(decide().start);
}

TEST_F(Deciding, NothingBeginsInAFreeze) {
    api::QuietHours freeze;
    freeze.fromDate = "2025-12-20";
    freeze.toDate = "2026-01-01";
    spec.quietHours = {freeze};
    EXPECT_FALSE(decide().start);
    EXPECT_EQ(decide().missed, (Missed{{"QuietHours", 1}}));
    spec.quietHours[0].toDate = "2025-12-31";
    EXPECT_TRUE(decide().start);
}

TEST_F(Deciding, NothingIsMissedInAFreezeThoughNobodyLooked) {
    api::QuietHours freeze;
    freeze.fromDate = "2025-12-20";
    freeze.toDate = "2026-01-01";
    spec.quietHours = {freeze};
    spec.startingDeadlineSeconds = 60;
    seen.now = at("2026-01-01T23:30:00Z");
    EXPECT_EQ(decide().missed, (Missed{{"QuietHours", 1}})) << "late, too, and nobody minds";
    seen.now = at("2026-01-02T00:00:10Z");
    EXPECT_TRUE(decide().start);
    EXPECT_EQ(decide().missed, Missed());
}

TEST_F(Deciding, ALateStartDoesNotReachIntoQuietHours) {
    api::QuietHours quiet;
    quiet.fromMinute = 3 * 60 + 10;
    quiet.toMinute = 4 * 60;
    spec.quietHours = {quiet};
    EXPECT_TRUE(decide().start);
    seen.now = at("2026-01-01T03:20:00Z");
    EXPECT_FALSE(decide().start);
}

TEST_F(Deciding, TheCoolDownWantsAQuietAndHealthyApplication) {
    spec.cooldownSeconds = 3600;
    seen.appReadySince = at("2026-01-01T00:00:00Z");
    EXPECT_TRUE(decide().start);
    seen.appReadySince = at("2026-01-01T02:30:00Z");
    EXPECT_EQ(reasonOf(decide()), "CoolDown");
    seen.appReadySince.reset();
    EXPECT_EQ(reasonOf(decide()), "CoolDown");
    seen.appReadySince = at("2026-01-01T00:00:00Z");
    seen.children = {child("a", run::Verdict::Resilient, "2026-01-01T02:10:00Z")};
    EXPECT_EQ(reasonOf(decide()), "CoolDown");
    seen.children = {child("a", run::Verdict::Resilient, "2026-01-01T01:50:00Z")};
    EXPECT_TRUE(decide().start);
    seen.children = {child("a", run::Verdict::Failed, "2026-01-01T01:50:00Z")};
    EXPECT_EQ(reasonOf(decide()), "CoolDown") << "people look first";
}

TEST_F(Deciding, KeepsTheLastRunsOfEitherKind) {
    spec.successfulRunsHistoryLimit = 1;
    spec.failedRunsHistoryLimit = 0;
    seen.children = {child("old", run::Verdict::Resilient, "2026-01-01T00:40:00Z"),
                     child("new", run::Verdict::Resilient, "2026-01-01T01:40:00Z"),
                     child("bad", run::Verdict::Inconclusive, "2026-01-01T01:50:00Z"),
                     child("on", std::nullopt)};
    auto decision = decide();
    std::set<std::string> names;
    for (const auto& one : decision.prune) {
        names.insert(one.name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"old", "bad"}));
}

// A clock that jumps either way, a process that dies between its two writes: every scheduled time
// is started at most once, and none that is older than one that was started.
TEST_F(Deciding, ExactlyOnceUnderAnyClock) {
    std::mt19937 random(11);
    for (int round = 0; round < 50; ++round) {
        seen.lastScheduleTime.reset();
        seen.children.clear();
        seen.now = seen.createdAt;
        std::set<std::string> started;
        for (int i = 0; i < 200; ++i) {
            auto jump = static_cast<int64_t>(random() % 9000) - 2500;
            seen.now += std::chrono::seconds(jump);
            auto decision = decide();
            if (decision.start) {
                auto name = schedule::runName(seen.name, *decision.start);
                EXPECT_TRUE(started.insert(name).second) << name << " twice";
                EXPECT_LE(*decision.start, seen.now);
                seen.children.push_back(
                    child(name, run::Verdict::Resilient, base::formatTime(seen.now)));
            }
            bool diesBetween = random() % 3 == 0;
            if (decision.lastScheduleTime && !diesBetween) {
                EXPECT_TRUE(!seen.lastScheduleTime ||
                            *decision.lastScheduleTime >= *seen.lastScheduleTime);
                seen.lastScheduleTime = decision.lastScheduleTime;
            }
        }
        EXPECT_GT(started.size(), 10U);
    }
}

}  // namespace
