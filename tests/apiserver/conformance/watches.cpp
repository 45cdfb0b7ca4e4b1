// Watches: from where, what, and how they end.
#include <gmock/gmock.h>

#include "apiserver/conformance/suite.h"

namespace conformance {
namespace {

using base::Json;
using testing::ElementsAre;

std::string field(const Json& event, const char* pointer) {
    return base::stringAt(event, pointer).value_or("");
}

void aWatchTellsWhatHappenedSince(Subject& s) {
    auto from = s.version();
    s.create(kMaps, s.map("a", "1", {{"suite", "x"}}));
    auto changed = s.merge(kMaps, "a", {{"data", {{"value", "2"}}}});
    s.remove(kMaps, "a");
    auto events = s.watch(kMaps, "labelSelector=suite&resourceVersion=" + from, 3);
    ASSERT_THAT(briefs(events), ElementsAre("ADDED a", "MODIFIED a", "DELETED a"));
    EXPECT_EQ(field(events[1], "/object/metadata/resourceVersion"), changed.version());
    EXPECT_EQ(field(events[2], "/object/data/value"), "2");
    EXPECT_GT(std::stoull(field(events[2], "/object/metadata/resourceVersion")),
              std::stoull(changed.version()));
    EXPECT_EQ(field(events[0], "/object/kind"), "ConfigMap");
}

void whatEntersAndLeavesASelection(Subject& s) {
    auto from = s.version();
    s.create(kMaps, s.map("a", "1"));
    s.merge(kMaps, "a", {{"metadata", {{"labels", {{"suite", "x"}}}}}});
    auto left = s.merge(kMaps, "a", {{"metadata", {{"labels", nullptr}}}});
    s.create(kMaps, s.map("b", "1", {{"suite", "x"}}));
    auto events = s.watch(kMaps, "labelSelector=suite&resourceVersion=" + from, 3);
    ASSERT_THAT(briefs(events), ElementsAre("ADDED a", "DELETED a", "ADDED b"));
    EXPECT_EQ(field(events[1], "/object/metadata/resourceVersion"), left.version());
    EXPECT_EQ(field(events[1], "/object/metadata/labels/suite"), "x");
}

void aStreamedListEndsWithABookmark(Subject& s) {
    s.create(kMaps, s.map("a", "1", {{"suite", "x"}}));
    s.create(kMaps, s.map("b", "1", {{"suite", "x"}}));
    auto newest = s.get(kMaps, "b").version();
    auto events = s.watch(kMaps,
                          "labelSelector=suite&sendInitialEvents=true&allowWatchBookmarks=true&"
                          "resourceVersionMatch=NotOlderThan",
                          3);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(brief(events[0]), "ADDED a");
    EXPECT_EQ(brief(events[1]), "ADDED b");
    EXPECT_EQ(field(events[2], "/type"), "BOOKMARK");
    EXPECT_EQ(field(events[2], "/object/metadata/annotations/k8s.io~1initial-events-end"), "true");
    EXPECT_EQ(field(events[2], "/object/kind"), "ConfigMap");
    EXPECT_GE(std::stoull(field(events[2], "/object/metadata/resourceVersion")),
              std::stoull(newest));
}

void aWatchFromNowBeginsWithWhatIsThere(Subject& s) {
    s.create(kMaps, s.map("a", "1", {{"suite", "x"}}));
    for (const char* from : {"", "&resourceVersion=0"}) {
        // A server may serve version 0 from a cache that lags.
        EXPECT_TRUE(s.eventually([&] {
            auto events = s.watch(kMaps, std::string("labelSelector=suite") + from, 1);
            return briefs(events) == std::vector<std::string>{"ADDED a"};
        })) << from;
    }
}

void aWatchOfOneObject(Subject& s) {
    auto from = s.version();
    s.create(kMaps, s.map("a", "1"));
    s.create(kMaps, s.map("b", "1"));
    s.merge(kMaps, "a", {{"data", {{"value", "2"}}}});
    s.merge(kMaps, "b", {{"data", {{"value", "2"}}}});
    auto events = s.watch(kMaps, "fieldSelector=metadata.name%3Db&resourceVersion=" + from, 2);
    EXPECT_THAT(briefs(events), ElementsAre("ADDED b", "MODIFIED b"));
}

void aForgottenVersionIsExpired(Subject& s) {
    if (!s.compact) {
        GTEST_SKIP() << "nobody but the store itself can make this server forget so soon";
    }
    s.create(kMaps, s.map("a", "1"));
    s.compact();
    auto events = s.watch(kMaps, "resourceVersion=1", 1);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(field(events[0], "/type"), "ERROR");
    EXPECT_EQ(base::intAt(events[0], "/object/code"), 410);
    EXPECT_EQ(field(events[0], "/object/reason"), "Expired");
}

void aWatchEndsInTime(Subject& s) {
    auto from = s.version();
    auto patience = s.patienceSeconds;
    s.patienceSeconds = 1;
    auto events = s.watch(kMaps, "labelSelector=suite&resourceVersion=" + from, 1);
    s.patienceSeconds = patience;
    EXPECT_TRUE(events.empty()) << events.front();
}

void watchOptionsThatDoNotFit(Subject& s) {
    auto status = [&](const std::string& query) { return s.watchStatus(kMaps, query); };
    EXPECT_EQ(status("sendInitialEvents=true"), 422);
    EXPECT_EQ(status("resourceVersionMatch=NotOlderThan&resourceVersion=1"), 422);
}

}  // namespace

std::vector<Case> watchCases() {
    return {{"AWatchTellsWhatHappenedSince", aWatchTellsWhatHappenedSince},
            {"WhatEntersAndLeavesASelection", whatEntersAndLeavesASelection},
            {"AStreamedListEndsWithABookmark", aStreamedListEndsWithABookmark},
            {"AWatchFromNowBeginsWithWhatIsThere", aWatchFromNowBeginsWithWhatIsThere},
            {"AWatchOfOneObject", aWatchOfOneObject},
            {"AForgottenVersionIsExpired", aForgottenVersionIsExpired},
            {"AWatchEndsInTime", aWatchEndsInTime},
            {"WatchOptionsThatDoNotFit", watchOptionsThatDoNotFit}};
}

}  // namespace conformance
