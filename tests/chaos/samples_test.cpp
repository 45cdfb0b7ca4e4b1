#include "chaos/probe/samples.h"

#include <gtest/gtest.h>

namespace {

using namespace chaos::probe;
using namespace std::chrono_literals;

Header header() {
    return {.startedAt = base::WallTime(1'700'000'000'123'456us),
            .target = "http://shop.ns.svc/",
            .requestsPerSecond = 50,
            .timeout = 2000ms};
}

Second second(int64_t index) {
    Second out;
    out.second = index;
    out.writtenAt = base::WallTime(1'700'000'002'000'001us);
    out.sent = 5;
    out.outcomes = {3, 0, 1, 0, 0, 0, 1};
    out.firstErrorMs = 120;
    out.lastErrorMs = 340;
    out.gapMs = 240;
    out.reconnected = 2;
    out.lateMs = 3;
    out.latency.add(800us, 2);
    out.latency.add(12ms);
    return out;
}

std::string whole() {
    return writeHeader(header()) + "\n" + writeSecond(second(0)) + "\n" + writeSecond(second(1)) +
           "\n" + writeEnd("Finished") + "\n";
}

TEST(Samples, WhatIsWrittenIsReadBackExactly) {
    auto series = parseSeries(whole());
    ASSERT_TRUE(series.header);
    EXPECT_EQ(*series.header, header());
    ASSERT_EQ(series.seconds.size(), 2U);
    EXPECT_EQ(series.seconds[0], second(0));
    EXPECT_EQ(series.seconds[1], second(1));
    EXPECT_EQ(series.end, "Finished");
    EXPECT_EQ(series.malformed, 0);
    EXPECT_EQ(series.startOf(series.seconds[1]), header().startedAt + 1s);
}

TEST(Samples, ALogMayBeCutAnywhere) {
    auto text = whole();
    for (size_t length = 0; length <= text.size(); ++length) {
        auto series = parseSeries(std::string_view(text).substr(0, length));
        EXPECT_EQ(series.malformed, 0) << length;
        EXPECT_LE(series.seconds.size(), 2U);
    }
}

TEST(Samples, WhatWasSeenElsewhereStandsApart) {
    auto series = parseSeries(writeHeader(header()) + "\n" + writeHeader(header(), "web") + "\n" +
                              writeSecond(second(0), "web") + "\n" + writeSecond(second(0)) + "\n" +
                              writeSecond(second(1), "web") + "\n");
    EXPECT_EQ(series.malformed, 0);
    ASSERT_EQ(series.seconds.size(), 1U);
    ASSERT_EQ(series.views.size(), 1U);
    EXPECT_EQ(series.views[0].name, "web");
    EXPECT_EQ(series.views[0].series.seconds.size(), 2U);
    EXPECT_EQ(*series.views[0].series.header, header());
}

TEST(Samples, ViewsStandInTheOrderInWhichTheyWereNamed) {
    auto series = parseSeries(writeViews({"loadBalancer", "web"}) + "\n" +
                              writeSecond(second(0), "web") + "\n");
    EXPECT_EQ(series.malformed, 0);
    ASSERT_EQ(series.views.size(), 2U) << "one that never spoke, too";
    EXPECT_EQ(series.views[0].name, "loadBalancer");
    EXPECT_EQ(series.views[1].series.seconds.size(), 1U);
    EXPECT_EQ(parseSeries("{\"views\":[1]}\n{\"views\":7}\n").malformed, 2);
}

TEST(Samples, NoLogMakesViewsWithoutEnd) {
    std::string text;
    for (size_t i = 0; i <= kMostViews; ++i) {
        text += writeSecond(second(0), "view" + std::to_string(i)) + "\n";
    }
    auto series = parseSeries(text);
    EXPECT_EQ(series.views.size(), kMostViews);
    EXPECT_EQ(series.malformed, 1);
}

struct Wrong {
    const char* what;
    std::string line;
};

class WrongLine : public testing::TestWithParam<Wrong> {};

TEST_P(WrongLine, IsCountedAndNeverBelieved) {
    auto series = parseSeries(writeHeader(header()) + "\n" + GetParam().line + "\n");
    EXPECT_EQ(series.malformed, 1) << GetParam().what;
    EXPECT_TRUE(series.seconds.empty()) << GetParam().what;
}

std::string with(const std::string& from, const std::string& to) {
    auto line = writeSecond(second(0));
    auto at = line.find(from);
    return at == std::string::npos ? "not in the line: " + from : line.replace(at, from.size(), to);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, WrongLine,
    testing::Values(Wrong{"no JSON", "killed"}, Wrong{"not an object", "[1]"},
                    Wrong{"outcomes that do not add up", with("\"sent\":5", "\"sent\":6")},
                    Wrong{"more good than latencies", with("\"ok\":3", "\"ok\":4")},
                    Wrong{"an unknown kind of error", with("Connect", "Weather")},
                    Wrong{"a negative count", with("\"Connect\":1", "\"Connect\":-1")},
                    Wrong{"a bucket that no histogram has", with("[[", "[[99999,1],[")},
                    Wrong{"no wall clock", with("\"at\"", "\"when\"")},
                    Wrong{"a second header", writeHeader(header())}));

TEST(Samples, ASecondIsTakenOnceAndOnlyForward) {
    auto series = parseSeries(writeHeader(header()) + "\n" + writeSecond(second(1)) + "\n" +
                              writeSecond(second(1)) + "\n" + writeSecond(second(0)) + "\n");
    EXPECT_EQ(series.seconds.size(), 1U);
    EXPECT_EQ(series.malformed, 2);
}

}  // namespace
