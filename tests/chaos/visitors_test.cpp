// Several places at once, each told of by its own lines.
#include "chaos/probe/visitors.h"

#include <gtest/gtest.h>

#include "chaos/probe/samples.h"
#include "chaos/support/flaky_server.h"

namespace {

using namespace chaos::probe;
using namespace std::chrono_literals;
using chaos::fake::Answer;
using chaos::fake::FlakyServer;

Url urlOf(uint16_t port) {
    return {.host = "127.0.0.1", .port = port, .path = "/"};
}

int64_t failed(const Series& series) {
    int64_t out = 0;
    for (const auto& second : series.seconds) {
        out += second.failed();
    }
    return out;
}

int64_t sent(const Series& series) {
    int64_t out = 0;
    for (const auto& second : series.seconds) {
        out += second.sent;
    }
    return out;
}

TEST(Visitors, WhatIsSeenElsewhereIsToldApart) {
    FlakyServer front([](int64_t) { return Answer::Ok; });
    FlakyServer broken([](int64_t) { return Answer::Status500; });
    std::string lines;
    Visitors visitors(
        {.url = urlOf(front.port()),
         .requestsPerSecond = 50,
         .views = {{"web", urlOf(broken.port())}, {"balancer", urlOf(front.port())}},
         .viewRequestsPerSecond = 10,
         .duration = 1s},
        [&](const std::string& line) { lines += line + "\n"; }, base::systemClock());
    visitors.run();
    auto series = parseSeries(lines);
    EXPECT_EQ(series.malformed, 0);
    EXPECT_EQ(series.end, "Finished");
    EXPECT_EQ(lines.rfind("\"end\""), lines.find("\"end\"")) << "one end for all";
    EXPECT_EQ(sent(series), 50);
    EXPECT_EQ(failed(series), 0) << "what visitors meet is theirs alone";
    ASSERT_EQ(series.views.size(), 2U);
    EXPECT_EQ(series.views[0].name, "web") << "in the order in which they were asked for";
    for (const auto& view : series.views) {
        EXPECT_EQ(sent(view.series), 10) << view.name;
        EXPECT_EQ(failed(view.series), view.name == "web" ? 10 : 0) << view.name;
        ASSERT_TRUE(view.series.header) << view.name;
        EXPECT_EQ(view.series.header->requestsPerSecond, 10);
    }
}

TEST(Visitors, StopEndsThemAll) {
    FlakyServer front([](int64_t) { return Answer::Ok; });
    std::string lines;
    Visitors visitors(
        {.url = urlOf(front.port()),
         .requestsPerSecond = 50,
         .views = {{"web", urlOf(front.port())}},
         .viewRequestsPerSecond = 50,
         .duration = 1h},
        [&](const std::string& line) { lines += line + "\n"; }, base::systemClock());
    std::thread other([&] {
        while (front.requests() < 20) {
            std::this_thread::yield();
        }
        visitors.stop();
    });
    visitors.run();
    other.join();
    auto series = parseSeries(lines);
    ASSERT_EQ(series.views.size(), 1U);
    EXPECT_EQ(sent(series) + sent(series.views[0].series), front.requests());
}

TEST(Visitors, ANamedUrlIsANameAndAUrl) {
    auto good = parseNamedUrl("web-z1=http://shop-web-z1.ns.svc:8080/a?b=c");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->name, "web-z1");
    EXPECT_EQ(textOf(good->url), "http://shop-web-z1.ns.svc:8080/a?b=c");
    for (const char* wrong : {"http://shop/", "=http://shop/", "web=https://shop/", "web="}) {
        EXPECT_FALSE(parseNamedUrl(wrong)) << wrong;
    }
}

}  // namespace
