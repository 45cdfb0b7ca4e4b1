#include "chaos/probes/window.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;

TEST(Window, OnlyWholeSecondsInsideCount) {
    auto series = fake::series(10, 50);
    auto window = probes::over(series, kStart + 2500ms, kStart + 6200ms);
    EXPECT_EQ(window.seconds, 3);  // 3, 4, 5
    EXPECT_EQ(window.sent, 150);
    EXPECT_EQ(window.missing, 0);
    EXPECT_DOUBLE_EQ(window.perSecond(), 50);
    EXPECT_EQ(probes::over(series, kStart + 2s, kStart + 6s).seconds, 4);
}

TEST(Window, WhatTheSeriesDoesNotHaveIsMissingNotGood) {
    auto series = fake::series(10, 50);
    series.seconds.erase(series.seconds.begin() + 4);
    EXPECT_EQ(probes::over(series, kStart, kStart + 10s).missing, 1);
    EXPECT_EQ(probes::over(series, kStart + 8s, kStart + 15s).missing, 5);
    EXPECT_EQ(probes::over(probe::Series{}, kStart, kStart + 5s).sent, 0);
}

TEST(Window, ASecondThatTheProbeSleptThroughIsMissingWhateverItSays) {
    auto series = fake::series(10, 50, kStart, [](probe::Second& second) {
        if (second.second == 4) {
            fake::fail(second, 50, probe::Outcome::Timeout);
            second.lateMs = 501;
        }
        if (second.second == 5) {
            second.lateMs = 500;
        }
    });
    auto window = probes::over(series, kStart, kStart + 10s);
    EXPECT_EQ(window.missing, 1);
    EXPECT_EQ(window.failed(), 0);
    EXPECT_EQ(window.sent, 9 * 50);
}

TEST(Window, CountsErrorsByKindAndTheLongestGap) {
    auto series = fake::series(4, 50, kStart, [](probe::Second& second) {
        if (second.second == 1) {
            fake::fail(second, 5, probe::Outcome::Timeout);
        }
        if (second.second == 2) {
            fake::fail(second, 10, probe::Outcome::Status5xx);
            second.gapMs = 740;
        }
    });
    auto window = probes::over(series, kStart, kStart + 4s);
    EXPECT_EQ(window.failed(), 15);
    EXPECT_DOUBLE_EQ(window.errorPercent(), 7.5);
    EXPECT_EQ(window.outcomes[static_cast<size_t>(probe::Outcome::Status5xx)], 10);
    EXPECT_EQ(window.longestGap, 740ms);
    EXPECT_EQ(window.latency.count(), 185);
}

}  // namespace
