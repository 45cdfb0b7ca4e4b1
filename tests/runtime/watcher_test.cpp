#include "runtime/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using runtime::Watcher;
using testing::ElementsAre;

kube::ApiError failure(kube::ErrorKind kind, int status = 0) {
    kube::ApiError error;
    error.kind = kind;
    error.httpStatus = status;
    return error;
}

std::string line(const std::string& type, const base::Json& object) {
    return base::Json{{"type", type}, {"object", object}}.dump();
}

std::string bookmark(const std::string& version, bool endsInitial = false) {
    base::Json object{
        {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"resourceVersion", version}}}};
    if (endsInitial) {
        object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return line("BOOKMARK", object);
}

std::string errorLine(int code, const std::string& reason) {
    return line("ERROR",
                {{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", "x"}});
}

std::string joined(const std::vector<kube::ObjectPtr>& objects) {
    std::string out;
    for (const auto& object : objects) {
        out += (out.empty() ? "" : ",") + object->meta().key.name;
    }
    return out;
}

// One word or two per output, so that whole conversations can be written as tables.
struct Say {
    std::string operator()(const Watcher::StartList& out) const {
        return "list limit=" + std::to_string(out.options.limit) +
               (out.options.continueToken.empty() ? "" : " from=" + out.options.continueToken) +
               (out.options.resourceVersion.empty() ? "" : " rv=" + out.options.resourceVersion);
    }
    std::string operator()(const Watcher::StartWatch& out) const {
        return out.options.sendInitialEvents ? "streamed list"
                                             : "watch " + out.options.resourceVersion;
    }
    std::string operator()(const Watcher::Pause& out) const {
        return "pause " + std::to_string(out.duration.count());
    }
    std::string operator()(const Watcher::StopWatch&) const { return "stop"; }
    std::string operator()(const Watcher::Upsert& out) const {
        return "upsert " + out.object->meta().key.name;
    }
    std::string operator()(const Watcher::Erase& out) const {
        return "erase " + out.key.name + "@" + out.resourceVersion;
    }
    std::string operator()(const Watcher::Replace& out) const {
        return "replace [" + joined(out.objects) + "]@" + out.resourceVersion;
    }
    std::string operator()(const Watcher::Advance& out) const {
        return "advance " + out.resourceVersion;
    }
    std::string operator()(const Watcher::Trouble&) const { return "trouble"; }
    std::string operator()(const Watcher::Healthy&) const { return "healthy"; }
    std::string operator()(const Watcher::Notice&) const { return "notice"; }
};

class WatcherTest : public testing::Test {
  protected:
    std::vector<std::string> feed(const Watcher::Input& input) {
        std::vector<std::string> out;
        for (const auto& output : watcher.next(input, now)) {
            out.push_back(std::visit(Say{}, output));
        }
        return out;
    }
    std::vector<std::string> feedLine(const std::string& text) { return feed(Watcher::Line{text}); }
    std::vector<std::string> ended(std::optional<kube::ApiError> error = {},
                                   std::chrono::milliseconds lasted = 1min) {
        return feed(Watcher::Ended{std::move(error), lasted});
    }
    Watcher::Page page(std::vector<kube::ObjectPtr> items, const std::string& version,
                       const std::string& token = "") {
        return {.list = {
                    .items = std::move(items), .resourceVersion = version, .continueToken = token}};
    }
    // Through a streamed list to a watch at version 10 that knows pod a.
    void watching() {
        feed(Watcher::Begin{});
        feedLine(line("ADDED", test::pod("a", "3")));
        ASSERT_THAT(feedLine(bookmark("10", true)), ElementsAre("healthy", "replace [a]@10"));
    }
    // Into the pages of an ordinary list.
    void listing() {
        feed(Watcher::Begin{});
        ASSERT_THAT(ended(failure(kube::ErrorKind::Invalid, 422)), ElementsAre("list limit=500"));
    }

    base::SteadyTime now{1h};
    Watcher watcher{runtime::Scope{.namespace_ = "ns",
                                   .labelSelector = "app=shop",
                                   .fieldSelector = "metadata.name=a",
                                   .shardSelector = "shardRange()"},
                    [] { return 0.0; }};
};

TEST_F(WatcherTest, EveryRequestCarriesTheScope) {
    auto begin = watcher.next(Watcher::Begin{}, now);
    ASSERT_EQ(begin.size(), 1U);
    const auto& watch = std::get<Watcher::StartWatch>(begin[0]).options;
    EXPECT_EQ(watch.namespace_, "ns");
    EXPECT_EQ(watch.labelSelector, "app=shop");
    EXPECT_EQ(watch.fieldSelector, "metadata.name=a");
    EXPECT_EQ(watch.shardSelector, "shardRange()");
    EXPECT_EQ(watch.timeout, 290s);
    auto next = watcher.next(Watcher::Ended{failure(kube::ErrorKind::Invalid, 422), 0ms}, now);
    ASSERT_EQ(next.size(), 1U);
    const auto& list = std::get<Watcher::StartList>(next[0]).options;
    EXPECT_EQ(list.namespace_, "ns");
    EXPECT_EQ(list.labelSelector, "app=shop");
    EXPECT_EQ(list.fieldSelector, "metadata.name=a");
    EXPECT_EQ(list.shardSelector, "shardRange()");
}

// Else all watches of all replicas, which begin together, would end together for ever.
TEST_F(WatcherTest, EachWatchLastsAnotherTime) {
    std::vector<double> random{0.0, 0.5, 0.999};
    size_t next = 0;
    Watcher spread({}, [&] { return random[next++]; });
    auto timeout = [](const Watcher::Outputs& outputs) {
        return std::get<Watcher::StartWatch>(outputs.back()).options.timeout;
    };
    EXPECT_EQ(timeout(spread.next(Watcher::Begin{}, now)), 290s);
    spread.next(Watcher::Line{bookmark("10", true)}, now);
    EXPECT_EQ(timeout(spread.next(Watcher::Ended{{}, 1min}, now)), 435s);
    EXPECT_EQ(timeout(spread.next(Watcher::Ended{{}, 1min}, now)), 579s);
}

TEST_F(WatcherTest, AStreamedListIsOneReplaceAndTheStreamGoesOn) {
    EXPECT_THAT(feed(Watcher::Begin{}), ElementsAre("streamed list"));
    EXPECT_THAT(feedLine(line("ADDED", test::pod("b", "3"))), ElementsAre());
    EXPECT_THAT(feedLine(line("ADDED", test::pod("a", "7"))), ElementsAre());
    EXPECT_THAT(feedLine(bookmark("8")), ElementsAre());
    EXPECT_THAT(feedLine(bookmark("10", true)), ElementsAre("healthy", "replace [a,b]@10"));
    EXPECT_THAT(feedLine(line("MODIFIED", test::pod("a", "11"))), ElementsAre("upsert a"));
    EXPECT_THAT(ended(), ElementsAre("healthy", "watch 11"));
}

TEST_F(WatcherTest, AnEmptyStreamedListIsAListToo) {
    feed(Watcher::Begin{});
    EXPECT_THAT(feedLine(bookmark("10", true)), ElementsAre("healthy", "replace []@10"));
}

TEST_F(WatcherTest, ADeleteAmongTheInitialEventsIsDealtWith) {
    feed(Watcher::Begin{});
    feedLine(line("ADDED", test::pod("a", "3")));
    EXPECT_THAT(feedLine(line("DELETED", test::pod("a", "4"))), ElementsAre("notice"));
    EXPECT_THAT(feedLine(bookmark("10", true)), ElementsAre("healthy", "replace []@10"));
}

TEST_F(WatcherTest, WaitingIsMentionedUntilTheInitialEventsAreComplete) {
    feed(Watcher::Begin{});
    EXPECT_THAT(feed(Watcher::Waiting{}), ElementsAre("notice"));
    EXPECT_THAT(feedLine(line("ADDED", test::pod("a", "3"))), ElementsAre());
    EXPECT_THAT(feed(Watcher::Waiting{}), ElementsAre("notice"));
    feedLine(bookmark("10", true));
    EXPECT_THAT(feed(Watcher::Waiting{}), ElementsAre()) << "one that was under way";
}

TEST_F(WatcherTest, AStreamedListThatFailedIsWaitedForNoMore) {
    feed(Watcher::Begin{});
    feedLine(errorLine(500, "InternalError"));
    EXPECT_THAT(feed(Watcher::Waiting{}), ElementsAre());
}

TEST_F(WatcherTest, AServerWithoutStreamedListsIsNotAskedForThemAgain) {
    listing();
    EXPECT_THAT(feed(page({test::podPtr("a", "3")}, "9")),
                ElementsAre("healthy", "replace [a]@9", "watch 9"));
    EXPECT_THAT(ended(failure(kube::ErrorKind::Expired, 410)), ElementsAre("list limit=500"));
}

TEST_F(WatcherTest, AnotherFailureOfAStreamedListFallsBackOnlyOnce) {
    feed(Watcher::Begin{});
    EXPECT_THAT(feedLine(errorLine(500, "InternalError")), ElementsAre("notice", "stop"));
    EXPECT_THAT(feedLine(line("ADDED", test::pod("late", "3"))), ElementsAre());
    EXPECT_THAT(ended(), ElementsAre("list limit=500"));
    feed(page({}, "9"));
    EXPECT_THAT(ended(failure(kube::ErrorKind::Expired, 410)), ElementsAre("streamed list"));
}

TEST_F(WatcherTest, AStreamedListThatEndsTooEarlyFallsBack) {
    feed(Watcher::Begin{});
    feedLine(line("ADDED", test::pod("a", "3")));
    EXPECT_THAT(ended(), ElementsAre("list limit=500"));
}

TEST_F(WatcherTest, AnUnreachableServerIsNotAskedInAnotherWay) {
    for (auto kind : {kube::ErrorKind::Unreachable, kube::ErrorKind::TooManyRequests}) {
        Watcher fresh(runtime::Scope{}, [] { return 0.0; });
        watcher = fresh;
        feed(Watcher::Begin{});
        EXPECT_THAT(ended(failure(kind)), ElementsAre("trouble", "pause 800"));
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
    }
}

TEST_F(WatcherTest, PagesAreCollectedAndReplacedAtOnce) {
    listing();
    EXPECT_THAT(feed(page({test::podPtr("a", "3")}, "9", "token")),
                ElementsAre("healthy", "list limit=500 from=token"));
    EXPECT_THAT(feed(page({test::podPtr("b", "4")}, "9")),
                ElementsAre("healthy", "replace [a,b]@9", "watch 9"));
}

TEST_F(WatcherTest, PagesThatExpireBecomeOneWholeList) {
    listing();
    feed(page({test::podPtr("a", "3")}, "9", "token"));
    EXPECT_THAT(feed(Watcher::ListFailed{failure(kube::ErrorKind::Expired, 410)}),
                ElementsAre("list limit=0"));
    EXPECT_THAT(feed(page({test::podPtr("b", "4")}, "12")),
                ElementsAre("healthy", "replace [b]@12", "watch 12"));
}

TEST_F(WatcherTest, AFailedListBacksOffAndBeginsAnew) {
    listing();
    EXPECT_THAT(feed(Watcher::ListFailed{failure(kube::ErrorKind::Forbidden, 403)}),
                ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("list limit=500"));
    EXPECT_THAT(feed(Watcher::ListFailed{failure(kube::ErrorKind::Expired, 410)}),
                ElementsAre("trouble", "pause 1600"));
}

TEST_F(WatcherTest, EventsBecomeChanges) {
    watching();
    EXPECT_THAT(feedLine(line("ADDED", test::pod("b", "11"))), ElementsAre("upsert b"));
    EXPECT_THAT(feedLine(line("MODIFIED", test::pod("b", "12"))), ElementsAre("upsert b"));
    EXPECT_THAT(feedLine(line("DELETED", test::pod("b", "13"))), ElementsAre("erase b@13"));
    EXPECT_THAT(feedLine(bookmark("20")), ElementsAre("advance 20"));
    EXPECT_THAT(ended(), ElementsAre("healthy", "watch 20"));
}

TEST_F(WatcherTest, AnUnknownEventIsMentionedAndSkipped) {
    watching();
    EXPECT_THAT(feedLine(line("SURPRISE", test::pod("b", "11"))), ElementsAre("notice"));
}

TEST_F(WatcherTest, GoneInTheStreamMeansListAgain) {
    watching();
    EXPECT_THAT(feedLine(errorLine(410, "Expired")), ElementsAre("stop"));
    EXPECT_THAT(ended(), ElementsAre("streamed list"));
}

TEST_F(WatcherTest, GoneAtOpeningMeansListAgain) {
    watching();
    EXPECT_THAT(ended(failure(kube::ErrorKind::Expired, 410)), ElementsAre("streamed list"));
}

TEST_F(WatcherTest, AServerThatTakesEveryVersionForTooOldIsNotAskedInALoop) {
    watching();
    auto gone = failure(kube::ErrorKind::Expired, 410);
    EXPECT_THAT(ended(gone), ElementsAre("streamed list"));
    feedLine(bookmark("20", true));
    now += 1s;
    EXPECT_THAT(ended(gone), ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
    feedLine(bookmark("30", true));
    now += 2min;
    EXPECT_THAT(ended(gone), ElementsAre("streamed list"));
}

TEST_F(WatcherTest, TroubleOnTheWayBacksOffAndKeepsTheVersion) {
    for (auto kind : {kube::ErrorKind::TooManyRequests, kube::ErrorKind::Unreachable,
                      kube::ErrorKind::Timeout}) {
        watcher = Watcher(runtime::Scope{}, [] { return 0.0; });
        watching();
        for (const char* pause : {"pause 800", "pause 1600", "pause 3200", "pause 6400"}) {
            EXPECT_THAT(ended(failure(kind)), ElementsAre("trouble", pause));
            EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10"));
        }
    }
}

TEST_F(WatcherTest, AnyOtherAnswerMeansListAgainAfterAPause) {
    for (auto kind :
         {kube::ErrorKind::BadRequest, kube::ErrorKind::Unauthorized, kube::ErrorKind::Forbidden,
          kube::ErrorKind::NotFound, kube::ErrorKind::Invalid, kube::ErrorKind::OtherStatus}) {
        watcher = Watcher(runtime::Scope{}, [] { return 0.0; });
        watching();
        EXPECT_THAT(ended(failure(kind)), ElementsAre("trouble", "pause 800"));
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
    }
    watcher = Watcher(runtime::Scope{}, [] { return 0.0; });
    watching();
    EXPECT_THAT(feedLine(errorLine(400, "BadRequest")), ElementsAre("stop"));
    EXPECT_THAT(ended(), ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
}

// An event in the history that the server cannot decode stays there.
TEST_F(WatcherTest, AServerErrorAtOneVersionIsTriedThreeTimesAndThenMeansListAgain) {
    watching();
    for (const char* pause : {"pause 800", "pause 1600", "pause 3200"}) {
        EXPECT_THAT(feedLine(errorLine(500, "InternalError")), ElementsAre("stop"));
        EXPECT_THAT(ended(), ElementsAre("trouble", pause));
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10"));
    }
    EXPECT_THAT(ended(failure(kube::ErrorKind::Unreachable)), ElementsAre("trouble", "pause 6400"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10"));
    EXPECT_THAT(ended(failure(kube::ErrorKind::ServerError, 503)),
                ElementsAre("trouble", "pause 12800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
    feedLine(bookmark("10", true));
    EXPECT_EQ(ended(failure(kube::ErrorKind::ServerError, 503)).back(), "pause 25600");
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10")) << "a list gives new tries";
}

TEST_F(WatcherTest, ServerErrorsWithSomethingInBetweenAreEachTheFirst) {
    watching();
    for (int version = 11; version < 20; ++version) {
        feedLine(line("ADDED", test::pod("a", std::to_string(version))));
        ended(failure(kube::ErrorKind::ServerError, 500));
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch " + std::to_string(version)));
    }
    for (int i = 0; i < 9; ++i) {
        ended(failure(kube::ErrorKind::ServerError, 500));
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 19"));
        EXPECT_THAT(ended(), ElementsAre("healthy", "watch 19")) << "this one was quiet";
    }
}

TEST_F(WatcherTest, TooManyRequestsInTheStreamBacksOffWithoutAList) {
    watching();
    EXPECT_THAT(feedLine(errorLine(429, "TooManyRequests")), ElementsAre("stop"));
    EXPECT_THAT(feedLine(line("ADDED", test::pod("late", "11"))), ElementsAre());
    EXPECT_THAT(ended(), ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10"));
}

TEST_F(WatcherTest, ALineThatIsNoEventMeansListAgainAfterAPause) {
    for (const char* bad : {"", "null", "{\"type\":\"ADDED\"}", "{\"type\":\"ADDED\",\"object\":{",
                            "{\"type\":\"ADDED\",\"object\":7}", "<html>"}) {
        watcher = Watcher(runtime::Scope{}, [] { return 0.0; });
        watching();
        EXPECT_THAT(feedLine(bad), ElementsAre("stop")) << bad;
        EXPECT_THAT(ended(), ElementsAre("trouble", "pause 800")) << bad;
        EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list")) << bad;
    }
}

TEST_F(WatcherTest, AVersionInTheServersFutureMeansListAgainAfterAPause) {
    watching();
    auto error = failure(kube::ErrorKind::ServerError, 504);
    error.message = "Timeout: Too large resource version: 10, current: 7";
    EXPECT_THAT(ended(error), ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("streamed list"));
}

TEST_F(WatcherTest, AVeryShortSilentWatchIsTrouble) {
    watching();
    EXPECT_THAT(ended({}, 10ms), ElementsAre("healthy", "watch 10")) << "this one had events";
    EXPECT_THAT(ended({}, 999ms), ElementsAre("trouble", "pause 800"));
    EXPECT_THAT(feed(Watcher::Paused{}), ElementsAre("watch 10"));
    EXPECT_THAT(ended({}, 1s), ElementsAre("healthy", "watch 10"));
}

TEST_F(WatcherTest, PausesGrowToThirtySecondsAndBeginAnewAfterTwoCalmMinutes) {
    watching();
    std::vector<std::string> pauses;
    for (int i = 0; i < 8; ++i) {
        pauses.push_back(ended(failure(kube::ErrorKind::Unreachable)).back());
        now += 1s;
        feed(Watcher::Paused{});
    }
    EXPECT_THAT(pauses, ElementsAre("pause 800", "pause 1600", "pause 3200", "pause 6400",
                                    "pause 12800", "pause 25600", "pause 30000", "pause 30000"));
    now += 2min;
    EXPECT_EQ(ended(failure(kube::ErrorKind::Unreachable)).back(), "pause 800");
}

TEST_F(WatcherTest, RetryAfterIsTheLeastPause) {
    watching();
    auto error = failure(kube::ErrorKind::TooManyRequests, 429);
    error.retryAfter = 7s;
    EXPECT_THAT(ended(error), ElementsAre("trouble", "pause 7000"));
}

TEST(Backoff, JitterAtMostDoublesThePause) {
    runtime::Backoff backoff;
    EXPECT_EQ(backoff.next(base::SteadyTime(1s), 0.999), 1599ms);
}

TEST(SplitEvent, FindsTypeAndObjectWhereverTheyStand) {
    auto event =
        runtime::splitEvent(R"( {"object": {"a":"}\"{","b":[1,{"c":2}]}, "x":1,"type":"ADDED"} )");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, "ADDED");
    EXPECT_EQ(event->object, R"({"a":"}\"{","b":[1,{"c":2}]})");
}

}  // namespace
