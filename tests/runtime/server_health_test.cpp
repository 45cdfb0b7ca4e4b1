#include "runtime/server_health.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

size_t lines(const std::string& log) {
    return static_cast<size_t>(std::count(log.begin(), log.end(), '\n'));
}

TEST(ServerHealth, AnOutageIsOneLineAndItsEndAnother) {
    runtime::ServerHealth health;
    testing::internal::CaptureStderr();
    health.answered("pods");
    health.failed("pods", {});
    health.failed("services", {});
    health.failed("pods", {});
    health.answered("pods");
    health.answered("pods");
    EXPECT_EQ(lines(testing::internal::GetCapturedStderr()), 1U);
    testing::internal::CaptureStderr();
    health.answered("services");
    health.answered("services");
    EXPECT_EQ(lines(testing::internal::GetCapturedStderr()), 1U);
}

TEST(ServerHealth, TheFirstAnswerWakesWhoPauses) {
    runtime::ServerHealth health;
    int woken = 0;
    {
        auto waiting = health.onAnswer([&] { ++woken; });
        health.failed("pods", {});
        EXPECT_EQ(woken, 0);
        health.answered("services");
        EXPECT_EQ(woken, 1);
        health.reached();
        EXPECT_EQ(woken, 2);
    }
    health.reached();
    EXPECT_EQ(woken, 2);
}

}  // namespace
