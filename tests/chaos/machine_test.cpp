#include "chaos/run/machine.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "chaos/support/world.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::World;
using run::Phase;
using run::Verdict;

std::string reasons(const World& world) {
    std::string out = world.run.status.reason;
    for (const auto& reason : world.run.status.reasons) {
        out += "\n" + reason;
    }
    return out;
}

TEST(Machine, AWholeRunInOrder) {
    World world;
    world.runToEnd();
    EXPECT_EQ(world.phases,
              (std::vector{Phase::Predicting, Phase::SteadyState, Phase::Injecting,
                           Phase::Observing, Phase::Reverting, Phase::Verifying, Phase::Done}));
    const auto& status = world.run.status;
    EXPECT_EQ(status.verdict, Verdict::Resilient) << reasons(world);
    ASSERT_EQ(status.targets.size(), 1U);
    EXPECT_EQ(world.killed, std::set<std::string>{status.targets[0].uid});
    EXPECT_EQ(status.evidence[0].hit, run::Hit::Dead);
    EXPECT_EQ(status.readyBefore, 3);
    EXPECT_EQ(status.readyLowest, 2);
    EXPECT_EQ(status.readyAtEnd, 3);
    EXPECT_FALSE(world.probeThere) << "nothing of a run is left after it";
    EXPECT_GE(status.measurements->before.requests, 500);
    // What the world did, to the precision of looking four times a second.
    EXPECT_NEAR(static_cast<double>(*status.measurements->wholeAfterDeleteMilliseconds), 3000, 300);
    EXPECT_NEAR(static_cast<double>(*status.measurements->wholeAfterDeathMilliseconds), 1500, 600);
}

TEST(Machine, AsManyRequestsAsAreNeededAreEnoughForTheVerdictToo) {
    World world;
    world.run.spec.load.requestsPerSecond = 5;
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, Verdict::Resilient) << reasons(world);
    EXPECT_EQ(world.run.status.measurements->before.requests, 50);
}

TEST(Machine, TheIntentIsDurableBeforeTheDelete) {
    World world;
    bool early = false;
    world.eachLook = [&](World& w) {
        early |= w.deletes > 0 && (!w.run.status.intentAt || w.run.status.targets.empty());
    };
    world.runToEnd();
    EXPECT_EQ(world.deletes, 1);
    EXPECT_FALSE(early);
}

TEST(Machine, TheSameSeedIsTheSamePod) {
    World one;
    World two;
    one.runToEnd();
    two.run.status.seed = one.run.status.seed;
    two.runToEnd();
    EXPECT_EQ(one.run.status.targets, two.run.status.targets);
}

TEST(Machine, TheStatusSurvivesBeingStoredAtEveryStep) {
    World world;
    world.eachLook = [](World& w) {
        auto stored = base::parseJson(base::dumpJson(run::toJson(w.run.status)));
        ASSERT_TRUE(stored);
        EXPECT_EQ(run::parseStatus(*stored), w.run.status);
    };
    world.runToEnd();
    EXPECT_TRUE(world.over());
}

TEST(Machine, TheStatusKnowsNoTimeFinerThanItStores) {
    base::Json stored{{"startedAt", "2026-11-21T17:00:00.000000145Z"},
                      {"readiness", {{{"time", "2026-11-21T17:00:00.000001999Z"}, {"ready", 2}}}}};
    auto status = run::parseStatus(stored);
    EXPECT_EQ(run::parseStatus(run::toJson(status)), status);
}

TEST(Machine, AnAppThatIsNotOptedInIsNeverTouched) {
    World world;
    world.app->optedIn = false;
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, "NotAllowed");
    EXPECT_EQ(world.deletes, 0);
    EXPECT_EQ(world.probesMade, 0);
}

TEST(Machine, PermissionTakenBackJustBeforeTheDeleteIsRespected) {
    World world;
    world.eachLook = [](World& w) { w.app->optedIn = w.run.status.phase != Phase::Injecting; };
    world.runToEnd();
    EXPECT_EQ(world.deletes, 0);
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, "Aborted");
    EXPECT_NE(reasons(world).find("has not opted in"), std::string::npos) << reasons(world);
}

TEST(Machine, ADryRunOnlyPredicts) {
    World world;
    world.run.spec.safety.dryRun = true;
    world.runToEnd();
    EXPECT_EQ(world.run.status.reason, "DryRun");
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    ASSERT_TRUE(world.run.status.prediction);
    EXPECT_EQ(world.run.status.prediction->readyAfter, 2);
    EXPECT_EQ(world.deletes + world.probesMade, 0);
}

struct Gate {
    const char* what;
    const char* reason;
    const char* says;
    std::function<void(World&)> defect;
};

class BeforeTheFault : public ::testing::TestWithParam<Gate> {};

TEST_P(BeforeTheFault, EndsInconclusiveWithNothingTouched) {
    World world;
    GetParam().defect(world);
    world.runToEnd();
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, GetParam().reason) << GetParam().what;
    EXPECT_NE(reasons(world).find(GetParam().says), std::string::npos) << reasons(world);
    EXPECT_EQ(world.deletes, 0);
    EXPECT_FALSE(world.probeThere);
}

INSTANTIATE_TEST_SUITE_P(
    Gates, BeforeTheFault,
    ::testing::Values(
        Gate{"no app", "AppNotFound", "no such ScalableApp", [](World& w) { w.app.reset(); }},
        Gate{"app not ready", "SteadyStateNotMet", "is not Ready: rolling",
             [](World& w) {
                 w.app->ready = false;
                 w.app->readyMessage = "rolling";
             }},
        Gate{"a rollout goes on", "SteadyStateNotMet",
             "a change of ScalableApp shop is being rolled",
             [](World& w) { w.app->reconciling = true; }},
        Gate{"no autoscaler to ask", "NoAutoscaler", "has no autoscaler",
             [](World& w) { w.run.spec.expectations.autoscaling.scaling = "Required"; }},
        Gate{"too few pods", "SteadyStateNotMet", "web has 3 ready pods, its minimum is 4",
             [](World& w) {
                 w.app->wantedReplicas = 4;
                 w.run.spec.safety.expectOutage = true;
             }},
        Gate{"errors before the fault", "SteadyStateNotMet", "2.00 % errors before any fault, 10",
             [](World& w) {
                 w.traffic = [](auto& second, const World&) {
                     fake::fail(second, 1, probe::Outcome::Status5xx);
                 };
             }},
        Gate{"a slow probe", "TooLittleTraffic", "s before the fault, of ",
             [](World& w) {
                 w.traffic = [](auto& second, const World&) {
                     second.sent = second.outcomes[0] = 39;
                 };
             }},
        Gate{"a probe that never starts", "ProbeNotRunning", "the probe is starting",
             [](World& w) { w.probeStart = 1h; }},
        Gate{"a probe that dies", "ProbeFailed", "ended before the fault",
             [](World& w) { w.probeDies = fake::kStart + 6s; }},
        Gate{"skewed clocks", "ClockSkew", "s apart",
             [](World& w) {
                 w.traffic = [](auto& second, const World&) { second.writtenAt -= 60s; };
             }},
        Gate{"the app is taken away", "AppDeleted", "is being deleted",
             [](World& w) {
                 w.eachLook = [](World& x) {
                     x.app->deleting = x.run.status.phase == Phase::SteadyState;
                 };
             }},
        Gate{"another run got ahead", "AnotherRunActive", "ChaosRun other-3",
             [](World& w) {
                 w.eachLook = [](World& x) {
                     x.otherRun = x.run.status.phase == Phase::SteadyState ? "other-3" : "";
                 };
             }}),
    [](const auto& one) { return one.param.reason + std::to_string(one.index); });

TEST(Machine, WaitsForAnotherRunOfTheSameApp) {
    World world;
    world.otherRun = "other-1";
    bool waited = false;
    world.eachLook = [&](World& w) {
        if (w.now > fake::kStart + 30s) {
            w.otherRun.clear();
        } else {
            waited = w.run.status.phase == Phase::Pending;
        }
    };
    world.runToEnd();
    EXPECT_TRUE(waited);
    EXPECT_EQ(world.run.status.verdict, Verdict::Resilient) << reasons(world);
}

TEST(Machine, AnOutageIsFailedNotForgiven) {
    World world;
    world.app = fake::usualApp(1);
    world.pods = fake::pods(1);
    world.run.spec.safety.expectOutage = true;
    world.run.spec.safety.maxTargetsPercent = 100;
    world.replacement = 6s;
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, Verdict::Failed) << reasons(world);
    EXPECT_GT(world.run.status.measurements->during.failed, 0);
    EXPECT_EQ(world.run.status.measurements->after.failed, 0);
}

TEST(Machine, ATierThatNeverComesBackFailsWhenTimeIsUp) {
    World world;
    world.replacement = 0ms;
    world.run.spec.safety.abortAfterSeconds = 60;
    world.runToEnd();
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.run.status.verdict, Verdict::Failed) << reasons(world);
    EXPECT_EQ(world.run.status.reason, "NotRestored");
    EXPECT_LE(world.now - fake::kStart, 90s);
}

TEST(Machine, LateIsDegraded) {
    World world;
    world.run.spec.expectations.redundancyRestoredSeconds = 5;
    world.replacement = 20s;
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, Verdict::Degraded) << reasons(world);
    EXPECT_EQ(world.run.status.reason, "RestoredLate");
}

TEST(Machine, ASameNamedSuccessorIsNotKilled) {
    World world;
    world.eachLook = [](World& w) {
        if (w.run.status.phase == Phase::Injecting && w.deletes == 0) {
            for (auto& pod : w.pods) {
                pod.uid = "successor-of-" + pod.name;
            }
        }
    };
    world.runToEnd();
    EXPECT_TRUE(world.killed.empty());
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, "TargetMissed");
}

TEST(Machine, AProbeThatDiesDuringTheFaultProvesNothing) {
    World world;
    world.eachLook = [](World& w) {
        if (!w.killed.empty() && !w.probeDies) {
            w.probeDies = w.now;
        }
    };
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, "ProbeFailed");
    EXPECT_NE(reasons(world).find("ended during the run"), std::string::npos) << reasons(world);
    EXPECT_EQ(world.killed.size(), 1U);
}

TEST(Machine, ADeletedRunDoesNothingAnyMore) {
    World world;
    world.run.deleting = true;
    world.runToEnd();
    EXPECT_EQ(world.writes + world.acted, 0);
    EXPECT_TRUE(world.over());
}

run::Run observing() {
    run::Run run = World().run;
    run.status.phase = Phase::Observing;
    run.status.readyBefore = 3;
    run.status.readyLowest = 3;
    run.status.intentAt = fake::kStart;
    run.status.abortAt = fake::kStart + 300s;
    return run;
}

run::Seen afterFiveSeconds(int pods) {
    run::Seen seen;
    seen.now = fake::kStart + 5s;
    seen.app = fake::usualApp();
    seen.pods = fake::pods(pods);
    return seen;
}

TEST(Machine, ATargetThatStillServesDoesNotMakeTheTierWhole) {
    auto run = observing();
    run.status.targets.push_back(
        {.name = "shop-web-1", .uid = "uid-1", .node = "", .zone = "", .role = ""});
    EXPECT_FALSE(run::next(run, afterFiveSeconds(3)).status.wholeAt);
    EXPECT_TRUE(run::next(run, afterFiveSeconds(4)).status.wholeAt);
}

// A driver takes its time, an eviction waits for a disruption budget: what comes of the first
// target meanwhile is seen.
TEST(Machine, WhatWasHitFirstIsWatchedWhileTheRestIsStillInjected) {
    auto run = observing();
    run.status.phase = Phase::Injecting;
    run.status.phaseSince = fake::kStart;
    run.spec.expectations.autoscaling.scaling = "Forbidden";
    run.status.scaling = run::Scaling{};
    run.status.scaling->before = run.status.scaling->last = run.status.scaling->peak = 3;
    for (int i : {1, 2}) {
        auto n = std::to_string(i);
        run.status.targets.push_back(
            {.name = "shop-web-" + n, .uid = "uid-" + n, .node = "", .zone = "", .role = ""});
        run.status.evidence.push_back({.uid = "uid-" + n,
                                       .name = "shop-web-" + n,
                                       .deletedAt = {},
                                       .deadAt = {},
                                       .message = ""});
    }
    auto seen = afterFiveSeconds(3);
    std::erase_if(seen.pods, [](const auto& pod) { return pod.uid == "uid-1"; });
    seen.desired["web"] = 5;
    auto before = run::next(run, seen).status;
    EXPECT_EQ(before.readyLowest, 3) << "nothing was hit yet";

    run.status.evidence[0].hit = run::Hit::Accepted;
    run.status.evidence[0].deletedAt = fake::kStart;
    auto after = run::next(run, seen).status;
    EXPECT_EQ(after.phase, Phase::Injecting);
    EXPECT_EQ(after.readyLowest, 2);
    EXPECT_EQ(after.evidence[0].hit, run::Hit::Dead);
    EXPECT_EQ(after.scaling->peak, 5);
    EXPECT_EQ(after.scaling->before, 3);
}

TEST(Machine, TheTimelineKeepsItsBeginningAndItsEnd) {
    run::Status status;
    for (size_t i = 0; i < run::kMaxTimeline + 30; ++i) {
        status.tell(fake::kStart, std::to_string(i));
    }
    ASSERT_EQ(status.timeline.size(), run::kMaxTimeline);
    EXPECT_EQ(status.timeline.front().what, "0");
    EXPECT_EQ(status.timeline.back().what, std::to_string(run::kMaxTimeline + 29));
}

TEST(Machine, FewerWantedByTheAutoscalerIsWholeToo) {
    auto run = observing();
    auto seen = afterFiveSeconds(2);
    seen.desired["web"] = 3;
    EXPECT_FALSE(run::next(run, seen).status.wholeAt);
    seen.desired["web"] = 2;
    EXPECT_TRUE(run::next(run, seen).status.wholeAt);
}

// The process dies after every write and after every action, once each: another goes on from what
// is durable.
TEST(Machine, AnAutoscalerThatGrewIsWatchedUntilItAsksForFewerWhereThatIsSoon) {
    World world;
    world.runToEnd();
    auto run = world.run;
    auto& status = run.status;
    run.spec.expectations.autoscaling.scaling = "Required";
    status.phase = Phase::Verifying;
    status.observedUntil.reset();
    status.verdict.reset();
    status.scaling = run::Scaling{};
    status.scaling->before = 3;
    status.scaling->peak = status.scaling->last = 5;
    auto watchedEnough = [&](std::chrono::seconds after, int64_t asked, int64_t grown,
                             int64_t patience = 20) {
        run::Seen seen;
        seen.scaler = topology::Scaler{.desired = asked, .scaleDownAfterSeconds = patience};
        seen.app = world.app;
        seen.pods = world.pods;
        seen.desired["web"] = asked;
        seen.probe.uid = status.probePodUid;
        seen.now = *status.revertedAt + after;
        run.status.abortAt = seen.now + 1min;
        status.scaling->peak = status.scaling->last = grown;
        return run::next(run, seen).status.observedUntil.has_value();
    };
    EXPECT_TRUE(watchedEnough(30s, 3, 3)) << "it never grew";
    EXPECT_FALSE(watchedEnough(30s, 5, 5));
    EXPECT_TRUE(watchedEnough(30s, 4, 5));
    EXPECT_FALSE(watchedEnough(79s, 5, 5)) << "its patience of 20 s, and a minute more";
    EXPECT_TRUE(watchedEnough(80s, 5, 5));
    EXPECT_TRUE(watchedEnough(30s, 5, 5, 300)) << "more than a run is worth";
}

class Crash : public ::testing::TestWithParam<std::pair<const char*, std::chrono::milliseconds>> {
  protected:
    static void check(const World& world, const std::string& when) {
        EXPECT_TRUE(world.over()) << when;
        EXPECT_LE(world.killed.size(), 1U) << when << ": a second pod was killed";
        EXPECT_FALSE(world.probeThere) << when << ": a probe was left behind";
        EXPECT_EQ(world.run.status.phase, Phase::Done) << when;
        auto verdict = world.run.status.verdict;
        EXPECT_TRUE(verdict == Verdict::Resilient || verdict == Verdict::Inconclusive)
            << when << ": " << reasons(world);
        if (world.killed.empty()) {
            EXPECT_EQ(verdict, Verdict::Inconclusive) << when;
        }
    }
};

TEST_P(Crash, AfterEveryWriteAndEveryAction) {
    World calm;
    calm.runToEnd();
    ASSERT_EQ(calm.run.status.verdict, Verdict::Resilient);
    int resilient = 0;
    for (int k = 0; k < calm.writes; ++k) {
        World world;
        world.crashAfterWrite = k;
        world.downFor = GetParam().second;
        world.runToEnd();
        check(world, "after write " + std::to_string(k));
        resilient += world.run.status.verdict == Verdict::Resilient ? 1 : 0;
    }
    for (int k = 0; k < calm.acted; ++k) {
        World world;
        world.crashAfterAction = k;
        world.downFor = GetParam().second;
        world.runToEnd();
        check(world, "after action " + std::to_string(k));
    }
    EXPECT_GT(resilient, calm.writes / 2) << "a crash must not make every run worthless";
}

INSTANTIATE_TEST_SUITE_P(Outages, Crash,
                         ::testing::Values(std::pair("AtOnce", 0ms),
                                           std::pair("TwoSeconds", 2000ms),
                                           std::pair("LongerThanTheRecovery", 20000ms)),
                         [](const auto& one) { return one.param.first; });

TEST(CrashEvidence, ADeleteWhoseOutcomeWasLostWithTheProcessIsNeverCalledAPass) {
    World calm;
    calm.runToEnd();
    // The action that deletes is the second one, after the probe. Down until the pod is gone
    // without a trace.
    World world;
    world.crashAfterAction = 1;
    world.downFor = 10s;
    world.runToEnd();
    EXPECT_EQ(world.killed.size(), 1U);
    EXPECT_EQ(world.run.status.verdict, Verdict::Inconclusive);
    EXPECT_EQ(world.run.status.reason, "TargetMissed");
    // Back while it is still terminating: the stamp proves it.
    World quick;
    quick.crashAfterAction = 1;
    quick.downFor = 200ms;
    quick.runToEnd();
    EXPECT_EQ(quick.run.status.verdict, Verdict::Resilient) << reasons(quick);
    EXPECT_EQ(quick.deletes, 1);
}

}  // namespace
