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
    out.evidence.push_back(fake::deadTarget());
    return out;
}

TEST(Measure, EverySecondOfTheRunBelongsToExactlyOnePhase) {
    auto all = run::measure(status(), fake::series(45, 50));
    EXPECT_EQ(all.before.seconds, 13);  // 5..17
    EXPECT_EQ(all.during.seconds, 10);  // 18..27
    EXPECT_EQ(all.after.seconds, 12);   // 28..39
    EXPECT_EQ(all.before.missingSeconds + all.during.missingSeconds + all.after.missingSeconds, 0);
}

TEST(Measure, ErrorsAtTheEdgesAreChargedToTheFault) {
    // The fault was at 20.4 s: a clock two seconds behind writes 18.4 s of it.
    for (int64_t second : {18, 19, 20, 25, 26, 27}) {
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
    EXPECT_EQ(all.views[0].requests, 10 * 5);
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
    EXPECT_EQ(all.during.seconds + all.after.seconds, 22);  // 18..39
}

TEST(Measure, NeverWholeHasNoAfter) {
    auto never = status();
    never.wholeAt.reset();
    auto all = run::measure(never, fake::series(45, 50));
    EXPECT_EQ(all.during.seconds, 22);  // 18..39
    EXPECT_EQ(all.after.seconds, 0);
    EXPECT_FALSE(all.wholeAfterDeleteMilliseconds);
}

TEST(Measure, SecondsThatNeverArrivedAreMissing) {
    auto all = run::measure(status(), fake::series(24, 50));
    EXPECT_EQ(all.during.missingSeconds, 4);
    EXPECT_EQ(all.after.missingSeconds, 12);
}

TEST(Measure, ClocksThatDisagreeAreNoticed) {
    auto series = fake::series(10, 50);
    EXPECT_EQ(run::clockProblem(series, kStart + 12s), "");
    EXPECT_NE(run::clockProblem(series, kStart + 12001ms), "");
    EXPECT_NE(run::clockProblem(series, kStart + 30s), "");
    EXPECT_EQ(run::clockProblem(series, kStart + 9s), "");
    EXPECT_NE(run::clockProblem(series, kStart + 8999ms), "");
}

TEST(Measure, TheFirstGoodAnswerIsOfTheProbesClockAlone) {
    auto lost = [](std::chrono::seconds behind) {
        auto series = fake::series(45, 50, kStart, [](probe::Second& one) {
            if (one.second == 21 || one.second == 22) {
                fake::fail(one, 50, probe::Outcome::Connect);
                one.firstErrorMs = one.second * 1000;
                one.lastErrorMs = one.second * 1000 + 980;
            }
            if (one.second == 23) {
                one.gapMs = 2400;
                one.gapEndMs = 23380;
            }
        });
        series.header->startedAt -= behind;
        return series;
    };
    EXPECT_EQ(run::measure(status(), lost(0s)).firstGoodMilliseconds, 2380);
    EXPECT_EQ(run::measure(status(), lost(2s)).firstGoodMilliseconds, 2380);
    EXPECT_FALSE(run::measure(status(), fake::series(45, 50)).firstGoodMilliseconds);
}

TEST(Measure, TheFirstGoodAnswerEndsTheFirstGapNotTheLongest) {
    auto series = fake::series(45, 50, kStart, [](probe::Second& one) {
        if (one.second == 21) {
            fake::fail(one, 10, probe::Outcome::Connect);
            one.firstErrorMs = 21000;
            one.gapMs = 500;
            one.gapEndMs = 21480;
        }
        if (one.second == 24) {
            fake::fail(one, 30, probe::Outcome::Connect);
            one.firstErrorMs = 24000;
            one.gapMs = 900;
            one.gapEndMs = 24900;
        }
    });
    auto measured = run::measure(status(), series);
    EXPECT_EQ(measured.firstGoodMilliseconds, 480);
    EXPECT_EQ(measured.during.longestGapMilliseconds, 900);
}

TEST(Measure, TheVisitorsOfALoadStepAreVisitors) {
    auto step = fake::series(4, 200, kStart + 21s, [](probe::Second& one) {
        if (one.second == 2) {
            fake::fail(one, 30, probe::Outcome::Timeout);
        }
        one.gapMs = 900;
    });
    auto all = run::measure(status(), fake::series(45, 50), step);
    EXPECT_EQ(all.during.requests, 10 * 50 + 4 * 200);
    EXPECT_EQ(all.during.failed, 30);
    EXPECT_EQ(all.during.errors.at("Timeout"), 30);
    EXPECT_EQ(all.during.longestGapMilliseconds, 20) << "of those who were there all the time";
    EXPECT_EQ(all.before.requests + all.after.requests, 25 * 50);
    step.seconds[1].lateMs = 900;
    EXPECT_EQ(run::measure(status(), fake::series(45, 50), step).during.missingSeconds, 1);
}

TEST(Measure, DetectedIsWhenNoTargetWasShownAsServing) {
    auto noticed = status();
    EXPECT_FALSE(run::measure(noticed, fake::series(45, 50)).detectedMilliseconds);
    noticed.detectedAt = kStart + 20900ms;
    EXPECT_EQ(run::measure(noticed, fake::series(45, 50)).detectedMilliseconds, 400);
}

TEST(Measure, OfAFaultThatLastsTheRecoveryRunsFromItsEndToo) {
    EXPECT_FALSE(run::measure(status(), fake::series(45, 50)).wholeAfterEndMilliseconds);
    auto lasting = status();
    lasting.effects.push_back({.kind = "NodePower",
                               .name = "node-1",
                               .uid = "n",
                               .state = run::EffectState::Reverted,
                               .appliedAt = kStart + 20450ms,
                               .revertedAt = kStart + 23s});
    auto all = run::measure(lasting, fake::series(45, 50));
    EXPECT_EQ(all.wholeAfterEndMilliseconds, 2300);
    EXPECT_EQ(all.wholeAfterDeleteMilliseconds, 4850) << "it began with the effect";
    lasting.wholeAt = kStart + 22s;  // elsewhere, before it was over
    EXPECT_EQ(run::measure(lasting, fake::series(45, 50)).wholeAfterEndMilliseconds, 0);
}

}  // namespace
