#include "base/clock.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>

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
    EXPECT_EQ(time, at(1769860800, 123456) + 789ns);
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00.1234567899999Z", time));
    EXPECT_EQ(time, at(1769860800, 123456) + 789ns) << "what is finer is cut off";
    ASSERT_TRUE(base::parseTime("2026-01-31T12:00:00.5-00:00", time));
    EXPECT_EQ(time, at(1769860800, 500000));
}

TEST(ParseTime, KnowsTheCalendar) {
    base::WallTime time{};
    EXPECT_TRUE(base::parseTime("1677-12-31T23:59:00-00:01", time)) << "the instant counts";
    EXPECT_TRUE(base::parseTime("2028-02-29T00:00:00Z", time));
    EXPECT_TRUE(base::parseTime("2000-02-29T00:00:00Z", time));
    EXPECT_FALSE(base::parseTime("2026-02-29T00:00:00Z", time));
    EXPECT_FALSE(base::parseTime("2100-02-29T00:00:00Z", time));
    EXPECT_FALSE(base::parseTime("2026-04-31T00:00:00Z", time));
    EXPECT_FALSE(base::parseTime("2026-00-01T00:00:00Z", time));
}

TEST(ParseTime, RefusesOtherTextsAndLeavesTheTimeAlone) {
    base::WallTime time = at(7);
    for (const char* text : {"",
                             "yesterday",
                             "2026-01-31",
                             "2026-01-31T12:00:00",
                             "2026-01-31T12:00:00Zjunk",
                             "2026-13-31T12:00:00Z",
                             "2026-01-31T12:00:00+02",
                             "2026-01-31T12:00:00+02:00junk",
                             "2026-1-31T12:00:00Z",
                             " 2026-01-31T12:00:00Z",
                             "2026-01-31 12:00:00Z",
                             "2026-01-31t12:00:00Z",
                             "2026-01-31T24:00:00Z",
                             "2026-01-31T12:60:00Z",
                             "2026-01-31T12:00:60Z",
                             "2026-01-31T12:00:00.Z",
                             "2026-01-31T12:00:00.+02:00",
                             "2026-01-31T12:00:00+24:00",
                             "2026-01-31T12:00:00+2:-1",
                             "2026-01-31T12:00:00+02:60",
                             "+026-01-31T12:00:00Z",
                             "0001-01-01T00:00:00Z",
                             "1678-01-01T00:00:00+00:01",
                             "2261-12-31T23:59:59-00:01",
                             "9999-12-31T23:59:59Z"}) {
        EXPECT_FALSE(base::parseTime(text, time)) << text;
    }
    EXPECT_FALSE(base::parseTime(std::string_view("2026-01-31T12:00:00Z", 19), time))
        << "the text ends where it ends";
    EXPECT_EQ(time, at(7));
}

TEST(FormatNanoTime, HasAsManyDigitsAsNeeded) {
    EXPECT_EQ(base::formatNanoTime(at(1769860800)), "2026-01-31T12:00:00Z");
    EXPECT_EQ(base::formatNanoTime(at(1769860800, 500000)), "2026-01-31T12:00:00.5Z");
    EXPECT_EQ(base::formatNanoTime(at(1769860800) + 42ns), "2026-01-31T12:00:00.000000042Z");
    EXPECT_EQ(base::formatNanoTime(at(0) - 1ns), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeProperty, EveryFormReadsBackWhatItWrote) {
    std::mt19937_64 random(20260131);
    // 1678 to 2261
    std::uniform_int_distribution<int64_t> any(-9'214'560'000'000'000'000,
                                               9'214'646'399'999'999'999);
    for (int i = 0; i < 20000; ++i) {
        const base::WallTime time{std::chrono::nanoseconds(any(random))};
        base::WallTime nano{};
        base::WallTime micro{};
        base::WallTime second{};
        ASSERT_TRUE(base::parseTime(base::formatNanoTime(time), nano))
            << base::formatNanoTime(time);
        ASSERT_TRUE(base::parseTime(base::formatMicroTime(time), micro));
        ASSERT_TRUE(base::parseTime(base::formatTime(time), second));
        EXPECT_EQ(nano, time);
        EXPECT_EQ(micro, std::chrono::floor<std::chrono::microseconds>(time));
        EXPECT_EQ(second, std::chrono::floor<std::chrono::seconds>(time));
    }
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

TEST(SecondsBetween, IsThereForTimesThatAreFarApart) {
    base::WallTime early;
    base::WallTime late;
    ASSERT_TRUE(base::parseTime("1707-11-21T17:00:10Z", early));
    ASSERT_TRUE(base::parseTime("2026-11-21T17:00:00Z", late));
    EXPECT_NEAR(base::secondsBetween(early, late), 1.00668e10, 1e6);
    EXPECT_DOUBLE_EQ(base::secondsBetween(late, late + std::chrono::milliseconds(1500)), 1.5);
}

}  // namespace
