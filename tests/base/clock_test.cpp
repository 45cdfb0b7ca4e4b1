#include "base/clock.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

base::WallTime at(int64_t seconds, int64_t micros = 0) {
    return base::WallTime(std::chrono::seconds(seconds)) + std::chrono::microseconds(micros);
}

TEST(FormatTime, IsWhatKubernetesWrites) {
    EXPECT_EQ(base::formatTime(at(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(base::formatTime(at(1769860800)), "2026-01-31T12:00:00Z");
    EXPECT_EQ(base::formatTime(at(1769860800, 999999)), "2026-01-31T12:00:00Z");
    EXPECT_EQ(base::formatMicroTime(at(1769860800, 42)), "2026-01-31T12:00:00.000042Z");
}

TEST(FormatTime, BeforeTheEpoch) {
    EXPECT_EQ(base::formatMicroTime(at(-1, 500000)), "1969-12-31T23:59:59.500000Z");
}

TEST(ParseTime, ReadsWhatFormatWrites) {
    base::WallTime time{};
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00Z", time));
    EXPECT_EQ(time, at(1769860800));
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00.000042Z", time));
    EXPECT_EQ(time, at(1769860800, 42));
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00.5Z", time));
    EXPECT_EQ(time, at(1769860800, 500000));
}

TEST(ParseTime, ReadsOffsetsAndNanoseconds) {
    base::WallTime time{};
    ASSERT_TRUE(base::parseTime("2026-01-31T14:30:00+02:30", time));
    EXPECT_EQ(time, at(1769860800));
    ASSERT_TRUE(base::parseTime("2026-01-31T07:00:00-05:00", time));
    EXPECT_EQ(time, at(1769860800));
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00.123456789Z", time));
    EXPECT_EQ(time, at(1769860800, 123456));
}

TEST(ParseTime, RefusesOtherTextsAndLeavesTheTimeAlone) {
    base::WallTime time = at(7);
    for (const char* text :
         {"", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00Zjunk",
          "2026-13-31T12:00:00Z", "2026-01-31T12:00:00+02", "2026-01-31T12:00:00+02:00junk"}) {
        EXPECT_FALSE(base::parseTime(text, time)) << text;
    }
    EXPECT_EQ(time, at(7));
}

TEST(FormatAge, IsWhatKubectlPrints) {
    EXPECT_EQ(base::formatAge(-5s), "0s");
    EXPECT_EQ(base::formatAge(0s), "0s");
    EXPECT_EQ(base::formatAge(119s), "119s");
    EXPECT_EQ(base::formatAge(120s), "2m");
    EXPECT_EQ(base::formatAge(125s), "2m5s");
    EXPECT_EQ(base::formatAge(600s), "10m");
    EXPECT_EQ(base::formatAge(3h), "3h");
    EXPECT_EQ(base::formatAge(3h + 5min), "3h5m");
    EXPECT_EQ(base::formatAge(8h + 5min), "8h");
    EXPECT_EQ(base::formatAge(47h), "47h");
    EXPECT_EQ(base::formatAge(72h), "3d");
}

TEST(SystemClock, SteadyNeverGoesBack) {
    const auto first = base::systemClock().steady();
    EXPECT_GE(base::systemClock().steady(), first);
}

}  // namespace
