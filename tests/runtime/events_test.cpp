#include "runtime/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "apiserver/server.h"
#include "runtime/metrics.h"
#include "runtime/objects.h"
#include "support/fake_clock.h"

namespace {

using testing::HasSubstr;

runtime::Event because(const std::string& reason) {
    return {.regarding = {"v1", "Pod", {"ns", "a"}, "uid-a"},
            .type = runtime::EventType::Normal,
            .reason = reason,
            .action = "Reconcile",
            .note = "note"};
}

class EventsTest : public testing::Test {
  protected:
    void make(kube::ClientOptions options = {}, const base::Clock& clock = base::systemClock()) {
        client = std::make_unique<kube::Client>(server, std::move(options));
        events = std::make_unique<runtime::EventRecorder>(*client, "example.dev/operator", "pod-1",
                                                          clock, &metrics);
    }
    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    runtime::Metrics metrics;
    std::unique_ptr<kube::Client> client;
    std::unique_ptr<runtime::EventRecorder> events;
};

TEST_F(EventsTest, RepeatsBecomeASeriesOfOneObject) {
    make();
    for (int i = 0; i < 5; ++i) {
        events->record(because("Started"));
    }
    events.reset();
    auto all = server->all(test::kEvents);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(base::intAt(all[0], "/series/count"), 2);
    EXPECT_EQ(base::stringAt(all[0], "/reason"), "Started");
    EXPECT_EQ(server->mutations(), 2U);
}

TEST_F(EventsTest, WhatIsQueuedIsSentBeforeTheEnd) {
    make();
    for (int i = 0; i < 20; ++i) {
        events->record(because("Reason" + std::to_string(i)));
    }
    events.reset();
    EXPECT_EQ(server->all(test::kEvents).size(), 20U);
}

TEST_F(EventsTest, AnEventThatVanishedIsMadeAnew) {
    make();
    events->record(because("Started"));
    ASSERT_TRUE(server->waitFor([&] { return server->all(test::kEvents).size() == 1; }));
    server->drop(test::kEvents, {"ns", server->all(test::kEvents)[0]["metadata"]["name"]});
    events->record(because("Started"));
    events.reset();
    ASSERT_EQ(server->all(test::kEvents).size(), 1U);
    EXPECT_EQ(base::intAt(server->all(test::kEvents)[0], "/series/count"), 2);
}

TEST_F(EventsTest, ATransientFailureIsTriedAgain) {
    make();
    server->failNext(1, "POST", "events", 503);
    events->record(because("Started"));
    EXPECT_TRUE(server->waitFor([&] { return server->all(test::kEvents).size() == 1; }));
}

TEST_F(EventsTest, WhatVanishedAndCannotBeMadeAnewNowIsMadeLater) {
    make();
    events->record(because("Started"));
    ASSERT_TRUE(server->waitFor([&] { return server->all(test::kEvents).size() == 1; }));
    server->drop(test::kEvents, {"ns", server->all(test::kEvents)[0]["metadata"]["name"]});
    server->failNext(1, "POST", "events", 503);
    events->record(because("Started"));
    ASSERT_TRUE(server->waitFor([&] { return server->all(test::kEvents).size() == 1; }));
    EXPECT_EQ(base::intAt(server->all(test::kEvents)[0], "/series/count"), 2);
}

TEST_F(EventsTest, OneThatFailsHoldsUpNobodyAndIsGivenUpAfterTwelveTries) {
    test::FakeClock clock;
    make({}, clock);
    std::atomic<int> tries{0};
    server->onRequest([&](const kube::HttpRequest& request)
                          -> std::optional<kube::ApiResult<kube::HttpResponse>> {
        if (request.body.find("Sick") == std::string::npos) {
            return std::nullopt;
        }
        ++tries;
        return kube::HttpResponse{.status = 503, .body = "{}"};
    });
    events->record(because("Sick"));
    for (int i = 1; i <= 12; ++i) {
        ASSERT_TRUE(server->waitFor([&] { return tries == i; })) << tries;
        events->record(because("Other" + std::to_string(i)));
        ASSERT_TRUE(server->waitFor(
            [&] { return server->all(test::kEvents).size() == static_cast<size_t>(i); }));
        clock.advance(std::chrono::seconds(10));
        events->record(because("Other1"));  // the sender looks at the clock
    }
    ASSERT_TRUE(server->waitFor([&] {
        return metrics.text().find("events_discarded_total{reason=\"refused\"} 1") !=
               std::string::npos;
    }));
    events.reset();
    EXPECT_EQ(tries, 12);
}

TEST_F(EventsTest, AFollowerSendsNothing) {
    make({.mayWrite = [] { return false; }});
    events->record(because("Started"));
    events.reset();
    EXPECT_EQ(server->mutations(), 0U);
    EXPECT_THAT(metrics.text(), HasSubstr("events_discarded_total{reason=\"refused\"} 1"));
}

TEST_F(EventsTest, AFullQueueDropsAndNeverBlocks) {
    std::atomic<bool> hang{true};
    server->onRequest([&](const kube::HttpRequest&) {
        hang.wait(true);
        return std::nullopt;
    });
    make();
    for (int i = 0; i < 2500; ++i) {
        events->record(because("Reason" + std::to_string(i)));
    }
    EXPECT_THAT(metrics.text(),
                testing::Not(HasSubstr("events_discarded_total{reason=\"full\"} 0")));
    hang = false;
    hang.notify_all();
    EXPECT_TRUE(server->waitFor([&] { return server->mutations() >= 1000; }));
    events.reset();
    EXPECT_LE(server->mutations(), 2000U);
}

}  // namespace
