// The probe against a real server on loopback: every request is counted once and as what it was.
// Loads are short, and only counts and order are asserted, never how fast the machine was.
#include "chaos/probe/load.h"

#include <gtest/gtest.h>

#include <thread>

#include "chaos/support/flaky_server.h"

namespace {

using namespace chaos::probe;
using namespace std::chrono_literals;
using chaos::fake::Answer;
using chaos::fake::FlakyServer;

struct Total {
    int64_t sent = 0;
    std::array<int64_t, kOutcomes> outcomes{};
    int64_t reconnected = 0;
    std::vector<Second> seconds;
    int64_t of(Outcome outcome) const { return outcomes[static_cast<size_t>(outcome)]; }
};

Total load(LoadOptions options) {
    Total total;
    Recorder recorder([&](const Second& second) {
        total.sent += second.sent;
        total.reconnected += second.reconnected;
        for (size_t i = 0; i < kOutcomes; ++i) {
            total.outcomes[i] += second.outcomes[i];
        }
        total.seconds.push_back(second);
    });
    options.host = "127.0.0.1";
    Load load(options, recorder, base::systemClock());
    load.run();
    return total;
}

TEST(Load, SendsTheRateAskedForAndCountsEachRequestOnce) {
    FlakyServer server([](int64_t) { return Answer::Ok; });
    auto total = load({.port = server.port(), .requestsPerSecond = 200, .duration = 1s});
    EXPECT_EQ(total.sent, 200);
    EXPECT_EQ(total.sent, total.of(Outcome::Ok));
    EXPECT_EQ(server.requests(), total.of(Outcome::Ok));
    // A fifth on connections of their own, the rest on sixteen kept ones, and on more while these
    // are all busy.
    EXPECT_GE(server.connections(), 40 + 16);
    EXPECT_LT(server.connections(), total.sent);
}

// As proxies send them.
TEST(Load, AnAnswerMayComeInPieces) {
    FlakyServer server([](int64_t) { return Answer::Split; });
    auto total = load({.port = server.port(), .requestsPerSecond = 100, .duration = 1s});
    EXPECT_EQ(total.of(Outcome::Ok), 100);
}

TEST(Load, AnswersAreCountedAsWhatTheyAre) {
    FlakyServer server([](int64_t n) {
        return n >= 20 && n < 30   ? Answer::Status500
               : n >= 30 && n < 35 ? Answer::Status404
                                   : Answer::Ok;
    });
    auto total = load({.port = server.port(), .requestsPerSecond = 100, .duration = 1s});
    EXPECT_EQ(total.sent, 100);
    EXPECT_EQ(total.of(Outcome::Status5xx), 10);
    EXPECT_EQ(total.of(Outcome::Status4xx), 5);
    ASSERT_FALSE(total.seconds.empty());
    EXPECT_TRUE(total.seconds[0].firstErrorMs);
    EXPECT_LT(*total.seconds[0].firstErrorMs, *total.seconds[0].lastErrorMs);
}

TEST(Load, SilenceEndsAtTheDeadlineAndDoesNotStopTheNextRequest) {
    FlakyServer server([](int64_t n) { return n < 5 ? Answer::Silence : Answer::Ok; });
    auto total =
        load({.port = server.port(), .requestsPerSecond = 50, .timeout = 300ms, .duration = 1s});
    EXPECT_EQ(total.sent, 50);
    EXPECT_EQ(total.of(Outcome::Timeout), 5);
    EXPECT_EQ(server.requests(), total.sent);
}

TEST(Load, ABrokenAnswerIsAnError) {
    // Request 0 and every fifth have connections of their own: nothing to replace, so an error.
    FlakyServer server([](int64_t n) { return n < 3 ? Answer::Close : Answer::Ok; });
    auto total = load({.port = server.port(), .requestsPerSecond = 50, .duration = 1s});
    EXPECT_EQ(total.of(Outcome::Broken), 3);
    EXPECT_EQ(total.of(Outcome::Ok), 50 - 3);
}

TEST(Load, AStaleKeptConnectionIsReplacedNotCountedAsAnError) {
    FlakyServer server([](int64_t n) { return n % 2 == 0 ? Answer::OkThenClose : Answer::Ok; });
    auto total = load({.port = server.port(),
                       .requestsPerSecond = 100,
                       .duration = 1s,
                       .newConnectionEvery = 0,
                       .keptConnections = 1});
    EXPECT_EQ(total.of(Outcome::Broken), 0);
    EXPECT_GT(total.reconnected, 0);
    EXPECT_EQ(total.of(Outcome::Ok), 100);
}

TEST(Load, AnAnswerMayBeAsLongAsItWill) {
    FlakyServer server([](int64_t) { return Answer::Long; });
    auto total = load({.port = server.port(),
                       .requestsPerSecond = 2,
                       .timeout = 30s,
                       .duration = 1s,
                       .newConnectionEvery = 0});
    EXPECT_EQ(total.of(Outcome::Ok), 2);
}

TEST(Load, WhatWasOpenedWhileAnswersWereSlowIsNotKept) {
    std::atomic<const FlakyServer*> self = nullptr;
    std::atomic<int64_t> open = 0;
    FlakyServer server([&](int64_t n) {
        if (n == 140) {
            open = self.load()->open();
        }
        return n < 40 ? Answer::Late : Answer::Ok;
    });
    self = &server;
    auto total = load({.port = server.port(),
                       .requestsPerSecond = 50,
                       .timeout = 10s,
                       .duration = 3s,
                       .newConnectionEvery = 0,
                       .keptConnections = 2});
    EXPECT_EQ(total.of(Outcome::Ok), 150);
    EXPECT_GT(open, 0);
    EXPECT_LT(open, 20) << "forty were needed for a moment";
}

TEST(Load, NobodyListeningIsAConnectError) {
    auto total =
        load({.port = chaos::fake::closedPort(), .requestsPerSecond = 50, .duration = 500ms});
    EXPECT_EQ(total.sent, 25);
    EXPECT_EQ(total.of(Outcome::Connect), 25);
}

TEST(Load, StopEndsItEarlyWithEveryRequestAccountedFor) {
    FlakyServer server([](int64_t) { return Answer::Ok; });
    int64_t sent = 0;
    int64_t out = 0;
    Recorder recorder([&](const Second& second) {
        sent += second.sent;
        for (auto count : second.outcomes) {
            out += count;
        }
    });
    Load load(
        {.host = "127.0.0.1", .port = server.port(), .requestsPerSecond = 100, .duration = 1h},
        recorder, base::systemClock());
    std::thread other([&] {
        while (server.requests() < 20) {
            std::this_thread::yield();
        }
        load.stop();
    });
    load.run();
    other.join();
    EXPECT_GE(sent, 20);
    EXPECT_EQ(sent, out);
}

}  // namespace
