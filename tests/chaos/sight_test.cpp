// Gaps of sight: what nobody saw has bounds, and is never called better than it may have been.
#include "chaos/run/sight.h"

#include <gtest/gtest.h>

#include "chaos/run/compare.h"
#include "chaos/run/measure.h"
#include "chaos/support/world.h"
#include "chaos/verdict/verdict.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;
using fake::World;
using run::Span;
using run::Verdict;

run::Status watchedFrom(base::WallTime at) {
    run::Status out;
    out.intentAt = out.lookedAt = at;
    return out;
}

TEST(Sight, LooksThatAreFarApartLeaveAGap) {
    auto status = watchedFrom(kStart);
    run::noteLook(status, kStart + 10s, kStart + 13s);
    EXPECT_TRUE(status.gaps.empty()) << "this process knows of a later look than is written down";
    run::noteLook(status, {}, kStart + 3001ms);
    EXPECT_EQ(status.gaps, (std::vector{run::Gap{kStart, kStart + 3001ms}}));
    EXPECT_NE(run::unwatched(status).find("nobody watched for 3.0 s"), std::string::npos);
}

TEST(Sight, TooManyGapsBecomeOneThatIsWider) {
    auto status = watchedFrom(kStart);
    for (int i = 1; i <= 40; ++i) {
        run::noteLook(status, kStart + 10s * i, kStart + 10s * i + 5s);
    }
    EXPECT_EQ(status.gaps.size(), run::kMaxGaps);
    EXPECT_EQ(status.gaps.back().to, kStart + 405s);
}

TEST(Sight, WhatIsFirstSeenAfterAGapHappenedSomewhereInIt) {
    auto status = watchedFrom(kStart);
    status.gaps = {{kStart + 10s, kStart + 20s}};
    auto at = [&](int second) {
        return run::seenAt(status, kStart + std::chrono::seconds(second));
    };
    EXPECT_EQ(at(10).earliest, kStart + 10s) << "the look before it";
    EXPECT_EQ(at(20).earliest, kStart + 10s);
    EXPECT_EQ(at(21).earliest, kStart + 21s);
    EXPECT_EQ(run::lastingSince(status, kStart + 5s).latest, kStart + 20s) << "lost and regained";
    EXPECT_EQ(run::lastingSince(status, kStart + 5s).earliest, kStart + 5s);
    EXPECT_EQ(run::lastingSince(status, kStart + 30s).latest, kStart + 30s);
    EXPECT_EQ(run::between(at(20), at(20)), (Span{0, 10'000})) << "both of them in the same gap";
    EXPECT_EQ(run::between(at(5), at(20)), (Span{5'000, 15'000}));
    EXPECT_EQ(run::between(at(20), at(25)), (Span{5'000, 15'000}));
}

// Deleted at 20.5 s, dead at 22 s; nobody watched from 24 s until it was seen to be whole at 34 s.
run::Status recoveredInAGap() {
    run::Status out;
    out.steadySince = kStart + 5s;
    out.intentAt = kStart + 20400ms;
    out.wholeAt = kStart + 34s;
    out.observedUntil = kStart + 50s;
    out.readyBefore = out.readyAtEnd = 3;
    out.gaps = {{kStart + 24s, kStart + 34s}};
    out.readiness = {{kStart + 20400ms, "z1", 3}, {kStart + 21s, "z1", 2}, {kStart + 34s, "z1", 3}};
    out.evidence.push_back(fake::deadTarget());
    return out;
}

TEST(Sight, AMeasureThatEndedInAGapHasTwoBounds) {
    auto all = run::measure(recoveredInAGap(), fake::series(60, 50));
    EXPECT_EQ(all.wholeAfterDeleteMilliseconds, 13'500);
    EXPECT_EQ(all.atLeast(run::kWholeAfterDelete, 13'500), 3'500);
    EXPECT_EQ(all.atLeast(run::kWholeAfterDeath, 12'000), 2'000);
    EXPECT_EQ(all.deleteToDeathMilliseconds, 1'500);
    EXPECT_EQ(all.atLeast(run::kDeleteToDeath, 1'500), 1'500) << "seen before the gap";
    ASSERT_EQ(all.zones.size(), 1U);
    EXPECT_EQ(all.zones[0].wholeMilliseconds, 13'500);
    EXPECT_EQ(all.zones[0].wholeAtLeastMilliseconds, 3'500);
}

// Seen late, a delete would make the recovery look faster than it was.
TEST(Sight, AFaultThatBeganInAGapIsNotCalledShorter) {
    auto status = recoveredInAGap();
    status.gaps = {{kStart + 20400ms, kStart + 30s}};
    status.evidence[0].deletedAt = status.evidence[0].deadAt = kStart + 30s;
    auto all = run::measure(status, fake::series(60, 50));
    EXPECT_EQ(all.wholeAfterDeleteMilliseconds, 13'600);
    EXPECT_EQ(all.atLeast(run::kWholeAfterDelete, 13'600), 4'000);
}

verdict::Judgement judged(run::Status status, const api::ChaosExperimentSpec& spec,
                          const probe::Series& series = fake::series(60, 50)) {
    status.measurements = run::measure(status, series);
    return verdict::judge(spec, status, "");
}

api::ChaosExperimentSpec restoredWithin(int64_t seconds) {
    auto spec = fake::usualSpec();
    spec.expectations.redundancyRestoredSeconds = seconds;
    return spec;
}

TEST(Sight, AnExpectationIsJudgedByBothBounds) {
    EXPECT_EQ(judged(recoveredInAGap(), restoredWithin(14)).verdict, Verdict::Resilient);
    EXPECT_EQ(judged(recoveredInAGap(), restoredWithin(3)).verdict, Verdict::Degraded);
    auto open = judged(recoveredInAGap(), restoredWithin(10));
    EXPECT_EQ(open.verdict, Verdict::Inconclusive);
    EXPECT_EQ(open.reason, "NotWatched");
    EXPECT_NE(open.reasons[0].find("redundancyRestoredSeconds 10 is not known: the tier was whole "
                                   "again 3.5 to 13.5 s after the delete"),
              std::string::npos)
        << open.reasons[0];
    EXPECT_NE(open.reasons[0].find("nobody watched for 10.0 s from"), std::string::npos);
}

TEST(Sight, WhatIsBrokenIsWhateverElseNobodySaw) {
    auto spec = restoredWithin(10);
    spec.expectations.maxReadOutageSeconds = 1;
    auto outage = fake::series(60, 50, kStart, [](probe::Second& one) {
        one.gapMs = one.second == 21 ? 3000 : one.gapMs;
    });
    auto broken = judged(recoveredInAGap(), spec, outage);
    EXPECT_EQ(broken.verdict, Verdict::Failed);
    EXPECT_EQ(broken.reason, "ReadOutage");
}

// Nobody knows whether they are of the fault, which was over somewhere between 24 s and 34 s: a
// long `during` would thin them out, a short one would have them after it.
TEST(Sight, ErrorsOfAGapAreNotThinnedOut) {
    auto few = [](int64_t each) {
        return fake::series(60, 50, kStart, [=](probe::Second& one) {
            if (one.second >= 21 && one.second < 24) {
                fake::fail(one, each, probe::Outcome::Broken);
            }
        });
    };
    auto spec = restoredWithin(60);
    EXPECT_EQ(judged(recoveredInAGap(), spec, few(1)).verdict, Verdict::Resilient);
    EXPECT_EQ(judged(recoveredInAGap(), spec, few(20)).verdict, Verdict::Failed);
    // 9 of 950 requests, or of 450.
    auto open = judged(recoveredInAGap(), spec, few(3));
    EXPECT_EQ(open.verdict, Verdict::Inconclusive) << open.reasons[0];
    EXPECT_EQ(open.reason, "NotWatched");
}

TEST(Sight, ThePredictionIsComparedOnlyWithWhatWasSeen) {
    auto status = recoveredInAGap();
    status.readyLowest = 2;
    status.prediction = run::Prediction{.targets = {"shop-web-1"},
                                        .readyBefore = 3,
                                        .readyAfter = 2,
                                        .minimum = 2,
                                        .tiers = {},
                                        .zones = {},
                                        .wholeWithinSeconds = 10,
                                        .neighbours = {},
                                        .message = ""};
    status.measurements = run::measure(status, fake::series(60, 50));
    auto lineOf = [&](const std::string& what) {
        for (const auto& line : run::compare(status)) {
            if (line.what == what) {
                return line;
            }
        }
        return run::Comparison{};
    };
    EXPECT_EQ(lineOf("fewest ready pods"),
              (run::Comparison{"fewest ready pods", "2", "at most 2", std::nullopt}));
    EXPECT_EQ(lineOf("whole again"),
              (run::Comparison{"whole again", "within 10 s", "3.5 to 13.5 s", std::nullopt}));
    EXPECT_EQ(lineOf("the minimum of 2").holds, std::nullopt);
    status.readyLowest = 1;
    EXPECT_EQ(lineOf("fewest ready pods").holds, false);
    EXPECT_EQ(lineOf("the minimum of 2").holds, false);
}

TEST(Sight, AnAutoscalerThatNobodyWatchedIsNeitherPraisedNorBlamed) {
    auto status = recoveredInAGap();
    status.scaling = run::Scaling{};
    status.scaling->before = status.scaling->peak = status.scaling->last = 3;
    auto spec = restoredWithin(60);
    spec.expectations.autoscaling.scaling = "Forbidden";
    EXPECT_EQ(judged(status, spec).reason, "NotWatched");
    spec.expectations.autoscaling.scaling = "Required";
    EXPECT_EQ(judged(status, spec).reason, "NotWatched");
    status.scaling->peak = 5;
    status.scaling->loadAt = kStart + 21s;
    status.scaling->desiredAt = kStart + 34s;
    auto within = [&](int64_t seconds) {
        spec.expectations.autoscaling.reactWithinSeconds = seconds;
        return judged(status, spec).reason;
    };
    EXPECT_EQ(within(13), "AllHold");
    EXPECT_EQ(within(12), "NotWatched");
    EXPECT_EQ(within(2), "ReactedLate");
}

// --- in a whole run

TEST(SightInARun, NothingIsUncertainWhileSomebodyWatches) {
    World world;
    world.runToEnd();
    EXPECT_TRUE(world.run.status.gaps.empty());
    EXPECT_TRUE(world.run.status.measurements->bounds.empty());
}

World awayWhileItRecovers(int64_t limitSeconds) {
    World world;
    world.run.spec.expectations.redundancyRestoredSeconds = limitSeconds;
    bool away = false;
    world.eachLook = [away](World& w) mutable {
        if (!away && w.run.status.phase == run::Phase::Observing) {
            away = true;
            w.now += 15s;
        }
    };
    world.runToEnd();
    return world;
}

TEST(SightInARun, ARecoveryThatNobodySawIsNotTimedByTheReturn) {
    auto open = awayWhileItRecovers(10);
    EXPECT_EQ(open.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(open.run.status.reason, "NotWatched");
    auto enough = awayWhileItRecovers(60);
    EXPECT_EQ(enough.run.status.verdict, Verdict::Resilient) << enough.run.status.reasons[0];
    const auto& all = *enough.run.status.measurements;
    // It took three seconds in truth.
    EXPECT_LE(all.atLeast(run::kWholeAfterDelete, 99'999), 3'000);
    EXPECT_GE(*all.wholeAfterDeleteMilliseconds, 15'000);
}

TEST(SightInARun, WhoTakesOverKnowsWhenTheFormerOneLooked) {
    World world;
    world.replacement = 25s;
    world.run.spec.expectations.redundancyRestoredSeconds = 300;
    base::WallTime::duration longest{0};
    world.eachLook = [&](World& w) {
        const auto& status = w.run.status;
        if (status.phase == run::Phase::Observing && !status.observedUntil) {
            longest = std::max(longest, w.now - *status.lookedAt);
        }
    };
    world.runToEnd();
    EXPECT_LE(longest, 6s) << "also while nothing changes";
}

TEST(SightInARun, TheApplicationIsNotSteadyWhileNobodyWatches) {
    World world;
    bool away = false;
    world.eachLook = [&](World& w) {
        if (!away && w.run.status.steadySince && w.now > *w.run.status.steadySince + 5s) {
            away = true;
            w.now += 30s;
        }
    };
    world.runToEnd();
    const auto& status = world.run.status;
    ASSERT_TRUE(status.intentAt);
    EXPECT_GE(*status.intentAt - *status.steadySince, 10s);
    EXPECT_LE(*status.intentAt - *status.steadySince, 20s);
}

TEST(SightInARun, AClockThatGoesBackIsNoticed) {
    auto status = watchedFrom(kStart + 10s);
    run::noteLook(status, {}, kStart + 8s);
    EXPECT_EQ(status.clockProblem, "");
    run::noteLook(status, {}, kStart + 7s);
    EXPECT_EQ(status.clockProblem, "the clock of the controller went back 3000 ms during the run");
}

}  // namespace
