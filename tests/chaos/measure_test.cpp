#include "chaos/run/measure.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;

// A fault at 20.4 s, dead at 22 s, whole at 25.3 s, watched until 40 s.
run::Status status() {
    run::Status out;
    out.steadySince = kStart + 5s;
    out.intentAt = kStart + 20400ms;
    out.wholeAt = kStart + 25300ms;
    out.observedUntil = kStart + 40s;
    out.evidence.push_back({.uid = "uid-1",
                            .name = "shop-web-1",
                            .hit = run::Hit::Dead,
                            .deletedAt = kStart + 20500ms,
                            .deadAt = kStart + 22s,
                            .message = ""});
    return out;
}

TEST(Measure, EverySecondOfTheRunBelongsToExactlyOnePhase) {
    auto all = run::measure(status(), fake::series(45, 50));
    EXPECT_EQ(all.before.seconds, 14);  // 5..18
    EXPECT_EQ(all.during.seconds, 8);   // 19..26
    EXPECT_EQ(all.after.seconds, 13);   // 27..39
    EXPECT_EQ(all.before.missingSeconds + all.during.missingSeconds + all.after.missingSeconds, 0);
}

TEST(Measure, ErrorsAtTheEdgesAreChargedToTheFault) {
    for (int64_t second : {19, 20, 25, 26}) {
        auto all = run::measure(status(), fake::series(45, 50, kStart, [&](probe::Second& one) {
                                    if (one.second == second) {
                                        fake::fail(one, 3, probe::Outcome::Broken);
                                    }
                                }));
        EXPECT_EQ(all.before.failed, 0) << second;
        EXPECT_EQ(all.during.failed, 3) << second;
        EXPECT_EQ(all.after.failed, 0) << second;
        EXPECT_EQ(all.during.errors.at("Broken"), 3);
    }
}

TEST(Measure, WhatIsSeenElsewhereIsNotChargedToVisitors) {
    auto series = fake::series(45, 50);
    series.views.push_back({"web", fake::series(45, 5, kStart, [](probe::Second& one) {
                                if (one.second == 10 || (one.second >= 21 && one.second < 24)) {
                                    fake::fail(one, 2, probe::Outcome::Timeout);
                                }
                            })});
    auto all = run::measure(status(), series);
    EXPECT_EQ(all.during.failed, 0);
    ASSERT_EQ(all.views.size(), 1U);
    EXPECT_EQ(all.views[0].name, "web");
    EXPECT_EQ(all.views[0].requests, 8 * 5);
    EXPECT_EQ(all.views[0].failed, 6);
    EXPECT_EQ(all.views[0].failedBefore, 2);
    EXPECT_EQ(all.views[0].failedAfter, 0);
}

TEST(Measure, TimesRunFromTheDeleteAndFromTheDeath) {
    auto all = run::measure(status(), fake::series(45, 50));
    EXPECT_EQ(all.deleteToDeathMilliseconds, 1500);
    EXPECT_EQ(all.wholeAfterDeleteMilliseconds, 4800);
    EXPECT_EQ(all.wholeAfterDeathMilliseconds, 3300);
    auto early = status();
    early.wholeAt = kStart + 21s;  // a graceful end may outlast the replacement's start
    EXPECT_EQ(run::measure(early, fake::series(45, 50)).wholeAfterDeathMilliseconds, 0);
}

TEST(Measure, TheFaultLastsUntilTheLastDeathEvenWhenTheTierIsWholeBefore) {
    auto drained = status();
    drained.evidence[0].deadAt = kStart + 30s;
    auto all = run::measure(drained, fake::series(45, 50, kStart, [](probe::Second& one) {
                                if (one.second == 30) {
                                    fake::fail(one, 2, probe::Outcome::Broken);
                                }
                            }));
    EXPECT_EQ(all.during.failed, 2);
    EXPECT_EQ(all.after.failed, 0);
    EXPECT_EQ(all.during.seconds + all.after.seconds, 21);  // 19..39
}

TEST(Measure, NeverWholeHasNoAfter) {
    auto never = status();
    never.wholeAt.reset();
    auto all = run::measure(never, fake::series(45, 50));
    EXPECT_EQ(all.during.seconds, 21);  // 19..39
    EXPECT_EQ(all.after.seconds, 0);
    EXPECT_FALSE(all.wholeAfterDeleteMilliseconds);
}

TEST(Measure, SecondsThatNeverArrivedAreMissing) {
    auto all = run::measure(status(), fake::series(24, 50));
    EXPECT_EQ(all.during.missingSeconds, 3);
    EXPECT_EQ(all.after.missingSeconds, 13);
}

TEST(Measure, ClocksThatDisagreeAreNoticed) {
    auto series = fake::series(10, 50);
    EXPECT_EQ(run::clockProblem(series, kStart + 12s), "");
    EXPECT_NE(run::clockProblem(series, kStart + 30s), "");
    EXPECT_NE(run::clockProblem(series, kStart + 5s), "");
}

}  // namespace
