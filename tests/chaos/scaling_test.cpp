// When latency is back after a step of load, out of two probes' series.
#include "chaos/run/scaling.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;

// A step from 20 s to 50 s beside a probe of 60 s.
class Calm : public testing::Test {
  protected:
    Calm() {
        status.scaling = run::Scaling{};
        status.measurements = run::Measurements{};
        status.measurements->before.p99Microseconds = 10'000;
    }
    // A second's own answers, so slow.
    static void slow(probe::Second& second, std::chrono::milliseconds latency) {
        second.latency = {};
        second.latency.add(latency, second.sent);
    }
    run::Scaling finished(const std::function<void(probe::Second&)>& spoil,
                          const probe::Series& step = fake::series(30, 200, kStart + 20s)) {
        run::finishScaling(status, fake::series(60, 50, kStart, spoil), step);
        return *status.scaling;
    }
    run::Status status;
};

TEST_F(Calm, WithoutAStepThereIsNothingToTime) {
    auto scaling = finished({}, probe::Series{});
    EXPECT_FALSE(scaling.loadAt);
    EXPECT_FALSE(scaling.calmAt);
}

TEST_F(Calm, LatencyThatNeverWentAwayIsBackAtOnce) {
    auto scaling = finished({});
    EXPECT_EQ(scaling.loadAt, kStart + 20s);
    EXPECT_EQ(scaling.calmAt, kStart + 20s);
}

TEST_F(Calm, ItIsBackAfterTheLastSlowSecond) {
    auto scaling = finished([](probe::Second& second) {
        if (second.second == 24 || second.second == 31) {
            slow(second, 400ms);
        }
    });
    EXPECT_EQ(scaling.calmAt, kStart + 32s) << "quiet in between is not back";
}

TEST_F(Calm, LostRequestsAreNotCalmHoweverFastTheOthers) {
    auto scaling = finished([](probe::Second& second) {
        if (second.second == 28) {
            fake::fail(second, 1, probe::Outcome::Connect);
        }
    });
    EXPECT_EQ(scaling.calmAt, kStart + 29s);
}

TEST_F(Calm, WhatIsSlowBeforeOrAfterTheLoadDoesNotMatter) {
    auto scaling = finished([](probe::Second& second) {
        if (second.second < 20 || second.second >= 50) {
            slow(second, 900ms);
        }
    });
    EXPECT_EQ(scaling.calmAt, kStart + 20s);
}

TEST_F(Calm, SlowUntilTheLoadWentIsNotBack) {
    auto scaling = finished([](probe::Second& second) {
        if (second.second == 48) {
            slow(second, 400ms);
        }
    });
    EXPECT_FALSE(scaling.calmAt);
}

TEST_F(Calm, SlowIsTwiceWhatItWasAndATenthOfASecondAtLeast) {
    auto at = [&](std::chrono::milliseconds latency) {
        return finished([&](probe::Second& second) {
                   if (second.second == 30) {
                       slow(second, latency);
                   }
               }).calmAt == kStart + 31s;
    };
    EXPECT_FALSE(at(90ms));
    EXPECT_TRUE(at(110ms));
    status.measurements->before.p99Microseconds = 200'000;
    EXPECT_FALSE(at(370ms));
    EXPECT_TRUE(at(420ms));
}

}  // namespace
