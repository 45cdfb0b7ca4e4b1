#include "runtime/event_series.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using base::stringAt;
using runtime::Event;
using runtime::EventSeries;

Event event(const std::string& note = "cannot pull") {
    return {.regarding = {"v1", "Pod", {"ns", "a"}, "uid-a"},
            .type = runtime::EventType::Warning,
            .reason = "ImagePullBackOff",
            .action = "Reconcile",
            .note = note};
}

class EventSeriesTest : public testing::Test {
  protected:
    std::optional<EventSeries::Request> add(const Event& what) {
        return series.add(what, clock.steady(), clock.wall());
    }
    test::FakeClock clock;
    EventSeries series{"example.dev/operator", "pod-1"};
};

TEST_F(EventSeriesTest, TheFirstIsCreatedWhole) {
    auto request = add(event());
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->create);
    EXPECT_EQ(request->key.namespace_, "ns");
    EXPECT_TRUE(request->key.name.starts_with("a."));
    const auto& body = request->body;
    EXPECT_EQ(stringAt(body, "/apiVersion"), "events.k8s.io/v1");
    EXPECT_EQ(stringAt(body, "/eventTime"), "2026-01-01T00:00:00.000000Z");
    EXPECT_EQ(stringAt(body, "/reportingController"), "example.dev/operator");
    EXPECT_EQ(stringAt(body, "/reportingInstance"), "pod-1");
    EXPECT_EQ(stringAt(body, "/action"), "Reconcile");
    EXPECT_EQ(stringAt(body, "/reason"), "ImagePullBackOff");
    EXPECT_EQ(stringAt(body, "/type"), "Warning");
    EXPECT_EQ(stringAt(body, "/note"), "cannot pull");
    EXPECT_EQ(stringAt(body, "/regarding/name"), "a");
    EXPECT_EQ(stringAt(body, "/regarding/uid"), "uid-a");
    EXPECT_FALSE(body.contains("series"));
}

TEST_F(EventSeriesTest, TheSecondMakesASeriesAndLaterOnesAreOnlyCounted) {
    auto first = add(event());
    clock.advance(1s);
    auto second = add(event("another note, the same kind"));
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->create);
    EXPECT_EQ(second->key, first->key);
    EXPECT_EQ(base::intAt(second->body, "/series/count"), 2);
    EXPECT_EQ(stringAt(second->body, "/series/lastObservedTime"), "2026-01-01T00:00:01.000000Z");
    EXPECT_FALSE(add(event()));
    EXPECT_FALSE(add(event()));
}

TEST_F(EventSeriesTest, WhatDiffersInAnythingButTheNoteIsAnotherKind) {
    add(event());
    auto other = event();
    other.reason = "CrashLoopBackOff";
    EXPECT_TRUE(add(other)->create);
    other = event();
    other.type = runtime::EventType::Normal;
    EXPECT_TRUE(add(other)->create);
    other = event();
    other.regarding.uid = "uid-successor";
    EXPECT_TRUE(add(other)->create);
}

TEST_F(EventSeriesTest, SilenceClosesTheSeriesWithTheFinalCount) {
    add(event());
    add(event());
    add(event());
    clock.advance(5min + 59s);
    EXPECT_TRUE(series.tick(clock.steady()).empty());
    clock.advance(1s);
    auto last = series.tick(clock.steady());
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(base::intAt(last[0].body, "/series/count"), 3);
    EXPECT_EQ(series.open(), 0U);
    EXPECT_TRUE(add(event())->create);
}

TEST_F(EventSeriesTest, ASingleEventIsForgottenWithoutAnotherRequest) {
    add(event());
    clock.advance(6min);
    EXPECT_TRUE(series.tick(clock.steady()).empty());
    EXPECT_EQ(series.open(), 0U);
}

TEST_F(EventSeriesTest, ALongSeriesIsRefreshedEachHalfHour) {
    add(event());
    size_t patches = 0;
    for (int minute = 0; minute < 65; ++minute) {
        patches += add(event()) ? 1 : 0;
        patches += series.tick(clock.steady()).size();
        clock.advance(1min);
    }
    EXPECT_EQ(patches, 3U) << "the start, after 30 and after 60 minutes";
}

TEST_F(EventSeriesTest, AVanishedEventIsMadeAnewUnderAnotherName) {
    auto first = add(event());
    add(event());
    auto anew = series.recreate(first->key, clock.steady(), clock.wall());
    ASSERT_TRUE(anew);
    EXPECT_TRUE(anew->create);
    EXPECT_NE(anew->key.name, first->key.name);
    EXPECT_EQ(stringAt(anew->body, "/metadata/name"), anew->key.name);
    EXPECT_EQ(base::intAt(anew->body, "/series/count"), 2);
    EXPECT_FALSE(series.recreate({"ns", "never-was"}, clock.steady(), clock.wall()));
}

TEST_F(EventSeriesTest, NotesAreCutAtAWholeCharacter) {
    auto request = add(event(std::string(1023, 'x') + "ä and more"));
    EXPECT_EQ(stringAt(request->body, "/note"), std::string(1023, 'x'));
}

TEST_F(EventSeriesTest, ClusterScopedObjectsHaveTheirEventsInDefault) {
    auto node = event();
    node.regarding.key = {"", "node-1"};
    auto request = add(node);
    EXPECT_EQ(request->key.namespace_, "default");
    EXPECT_FALSE(request->body["regarding"].contains("namespace"));
}

TEST_F(EventSeriesTest, WhatDidNotGetThroughIsMadeUpForAtTheEnd) {
    auto created = add(event());
    series.unsent(*created);
    clock.advance(5min);
    EXPECT_TRUE(series.tick(clock.steady()).empty());
    clock.advance(1min);
    auto late = series.tick(clock.steady());
    ASSERT_EQ(late.size(), 1U);
    EXPECT_TRUE(late[0].create);
    EXPECT_EQ(late[0].key, created->key);
    EXPECT_EQ(late[0].body, created->body);

    add(event());
    auto patched = add(event());
    series.unsent(*patched);
    clock.advance(6min);
    late = series.tick(clock.steady());
    ASSERT_EQ(late.size(), 1U);
    EXPECT_FALSE(late[0].create);
    EXPECT_EQ(base::intAt(late[0].body, "/series/count"), 2);
}

TEST_F(EventSeriesTest, WhatWasToBeMadeAnewAndDidNotGetThroughIsMadeAtTheEnd) {
    auto first = add(event());
    add(event());
    auto anew = series.recreate(first->key, clock.steady(), clock.wall());
    series.unsent(*anew);
    clock.advance(6min);
    auto late = series.tick(clock.steady());
    ASSERT_EQ(late.size(), 1U);
    EXPECT_TRUE(late[0].create) << "there is nothing to patch";
    EXPECT_EQ(late[0].key, anew->key);
    EXPECT_EQ(late[0].body, anew->body);
}

}  // namespace
