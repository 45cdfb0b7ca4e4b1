#include "chaos/run/steady.h"

#include <gtest/gtest.h>

#include "chaos/run/measure.h"
#include "chaos/support/samples.h"
#include "chaos/verdict/verdict.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;

class Steady : public testing::Test {
  protected:
    // Well since the start, the probe since then as well, 12 s of it.
    Steady() {
        status.steadySince = kStart;
        seen.app = fake::usualApp();
        seen.pods = fake::pods(3);
        seen.probe.uid = "probe";
        seen.probe.running = true;
        probed(fake::series(12, 50));
    }
    void probed(probe::Series series) {
        seen.now = series.seconds.back().writtenAt + 500ms;
        seen.series = std::move(series);
    }
    run::SteadyLook look() const { return run::steadyState(spec, status, seen); }

    api::ChaosExperimentSpec spec = fake::usualSpec();
    run::Status status;
    run::Seen seen;
};

TEST_F(Steady, HasHeldLongEnough) {
    EXPECT_EQ(look().problem, "");
}

TEST_F(Steady, TheWholeHoldTimeMustHavePassedSinceTheAppIsWell) {
    probed(fake::series(14, 50));
    status.steadySince = kStart + 2s;
    EXPECT_EQ(look().problem, "");
    status.steadySince = kStart + 2001ms;
    EXPECT_NE(look().problem.find("has not held for 10 s yet"), std::string::npos);
}

TEST_F(Steady, TheWholeHoldTimeMustHaveTraffic) {
    probed(fake::series(9, 50));
    EXPECT_NE(look().problem.find("has not held for 10 s yet"), std::string::npos);
}

TEST_F(Steady, ABlindSecondDoesNotCountAsQuiet) {
    auto series = fake::series(12, 50);
    series.seconds.erase(series.seconds.begin() + 6);
    probed(series);
    EXPECT_EQ(look().reason, "ProbeBlind");
    EXPECT_FALSE(look().well) << "it would be missing before the fault, however long ago";
}

// 5 a second for 10 s are the 50 that are needed, and not one more.
TEST_F(Steady, IsDecidedOnWhatTheVerdictWillSee) {
    spec.load.requestsPerSecond = 5;
    for (int64_t count = 5; count < 20; ++count) {
        probed(fake::series(count, 5));
        auto before = run::toPhase(run::beforeFault(kStart, *seen.series, seen.now));
        EXPECT_EQ(look().problem.empty(), !verdict::trafficGate(spec, before)) << count;
    }
    EXPECT_EQ(look().problem, "");
}

TEST_F(Steady, OneErrorInTheHoldTimeStartsItAnew) {
    probed(fake::series(12, 50, kStart, [](probe::Second& second) {
        if (second.second == 3) {
            fake::fail(second, 1, probe::Outcome::Connect);
        }
    }));
    EXPECT_NE(look().problem.find("0.20 % errors before any fault, 1 Connect"), std::string::npos)
        << look().problem;
    probed(fake::series(12, 50, kStart, [](probe::Second& second) {
        if (second.second == 1) {
            fake::fail(second, 1, probe::Outcome::Connect);
        }
    }));
    EXPECT_EQ(look().problem, "") << "it is eleven seconds ago";
}

TEST_F(Steady, ARolloutStopsTheClock) {
    seen.app->reconciling = true;
    EXPECT_FALSE(look().well);
    EXPECT_EQ(look().problem, "a change of ScalableApp shop is being rolled out");
}

TEST_F(Steady, AnAppThatIsUnwellStopsTheClock) {
    seen.app->ready = false;
    EXPECT_FALSE(look().well);
    seen.app->ready = true;
    seen.pods.pop_back();
    EXPECT_FALSE(look().well);
    EXPECT_EQ(look().problem, "web has 2 ready pods, its minimum is 3");
}

}  // namespace
