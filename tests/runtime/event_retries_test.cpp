#include "runtime/event_retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using runtime::EventRetries;
using Fate = EventRetries::Fate;
using testing::ElementsAre;

EventRetries::Request eventNamed(const std::string& name) {
    return {true, {"ns", name}, {{"note", "note"}}};
}

kube::ApiError because(kube::ErrorKind kind) {
    kube::ApiError error;
    error.kind = kind;
    return error;
}

class EventRetriesTest : public testing::Test {
  protected:
    // The names of what is due now, in order; each fails with `error`.
    std::vector<std::string> tryAll(const kube::ApiError& error) {
        std::vector<std::string> out;
        while (auto request = retries.due(now)) {
            out.push_back(request->key.name);
            retries.failed(*request, error, now);
        }
        return out;
    }

    base::SteadyTime now{1h};
    EventRetries retries;
    const kube::ApiError sick = because(kube::ErrorKind::ServerError);
    const kube::ApiError away = because(kube::ErrorKind::Unreachable);
};

TEST_F(EventRetriesTest, TwelveTriesAtGrowingDistances) {
    auto request = eventNamed("a");
    EXPECT_EQ(retries.take(request, now), Fate::Now);
    std::vector<std::chrono::milliseconds> pauses;
    while (retries.failed(request, sick, now)) {
        auto pause = *retries.next() - now;
        pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(pause));
        now += pause - 1ms;
        EXPECT_FALSE(retries.due(now));
        now += 1ms;
        ASSERT_TRUE(retries.due(now));
    }
    EXPECT_THAT(pauses, ElementsAre(500ms, 1s, 2s, 4s, 8s, 10s, 10s, 10s, 10s, 10s, 10s));
    EXPECT_FALSE(retries.next());
}

TEST_F(EventRetriesTest, WhatWaitsHoldsUpNobody) {
    retries.failed(eventNamed("slow"), sick, now);
    EXPECT_EQ(retries.take(eventNamed("other"), now), Fate::Now);
}

TEST_F(EventRetriesTest, AnAnswerThatWillNotChangeIsFinal) {
    EXPECT_FALSE(retries.failed(eventNamed("a"), because(kube::ErrorKind::Invalid), now));
    EXPECT_FALSE(retries.next());
}

TEST_F(EventRetriesTest, TheServersRetryAfterIsTheLeastPause) {
    auto busy = because(kube::ErrorKind::TooManyRequests);
    busy.retryAfter = 40s;
    retries.failed(eventNamed("a"), busy, now);
    EXPECT_EQ(*retries.next() - now, 40s);
}

// It would find nothing to patch, and the event would be made twice.
TEST_F(EventRetriesTest, APatchJoinsTheCreateThatWaits) {
    retries.failed(eventNamed("a"), sick, now);
    EXPECT_EQ(retries.take({false, {"ns", "a"}, {{"series", {{"count", 2}}}}}, now), Fate::Later);
    auto both = retries.due(now + 1s);
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->create);
    EXPECT_EQ(both->body, (base::Json{{"note", "note"}, {"series", {{"count", 2}}}}));
    retries.done({"ns", "a"});
    EXPECT_FALSE(retries.due(now + 1s));
}

TEST_F(EventRetriesTest, WhereNobodyIsReachedOneIsTriedAtATime) {
    retries.failed(eventNamed("a"), away, now);
    EXPECT_EQ(retries.take(eventNamed("b"), now), Fate::Later);
    EXPECT_EQ(retries.take(eventNamed("c"), now), Fate::Later);
    EXPECT_THAT(tryAll(away), ElementsAre());
    now += 500ms;
    EXPECT_THAT(tryAll(away), ElementsAre("a"));
    now += 1s;
    EXPECT_THAT(tryAll(sick), ElementsAre("a", "b", "c")) << "it is back";
}

TEST_F(EventRetriesTest, OutagesCostFewAndMemoryIsBounded) {
    retries.failed(eventNamed("a"), away, now);
    for (int i = 1; i < 1000; ++i) {
        ASSERT_EQ(retries.take(eventNamed("b" + std::to_string(i)), now), Fate::Later);
    }
    EXPECT_EQ(retries.take(eventNamed("c"), now), Fate::Full);
    EXPECT_FALSE(retries.failed(eventNamed("c"), sick, now));
    for (auto end = now + 1min; now < end; now += 1s) {
        tryAll(away);
    }
    now += 10s;
    EXPECT_EQ(tryAll(sick).size(), 1000U);
}

TEST_F(EventRetriesTest, AtTheEndAllAreDueOnceMore) {
    retries.failed(eventNamed("a"), away, now);
    retries.take(eventNamed("b"), now);
    retries.rush();
    EXPECT_THAT(tryAll(sick), ElementsAre("a", "b"));
}

}  // namespace
