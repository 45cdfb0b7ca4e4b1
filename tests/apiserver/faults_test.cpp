// Faults and views of the server in memory: through the transport, and on the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/http_front.h"
#include "apiserver/server.h"
#include "kube/client.h"
#include "runtime/objects.h"
#include "support/fake_clock.h"

namespace {

using kube::ErrorKind;
using test::Fault;
using test::kPods;
using test::podJson;
using testing::ElementsAre;
using testing::SizeIs;

std::string brief(std::string_view line) {
    auto event = *base::parseJson(line);
    return base::stringAt(event, "/type").value_or("") + " " +
           base::stringAt(event, "/object/metadata/name").value_or("");
}

std::vector<std::string> briefs(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    for (const auto& line : lines) {
        out.push_back(brief(line));
    }
    return out;
}

class SingleThread : public testing::Test {
  protected:
    std::unique_ptr<test::WatchHandle> watch(const std::string& more = "") {
        auto handle =
            server.openWatch("/api/v1/pods?watch=true&resourceVersion=" + server.version() + more);
        EXPECT_TRUE(handle) << handle.error().str();
        return std::move(handle).value();
    }
    test::FakeClock clock;
    test::ApiServer server{{.seed = 7, .clock = &clock}};
};

TEST_F(SingleThread, AWatchIsReadLineByLineWithoutWaiting) {
    auto handle = watch();
    EXPECT_THAT(handle->take(), SizeIs(0));
    server.put(kPods, podJson("a"));
    server.put(kPods, podJson("b"));
    EXPECT_THAT(briefs(handle->take(1)), ElementsAre("ADDED a"));
    EXPECT_FALSE(handle->ended());
    EXPECT_THAT(briefs(handle->take()), ElementsAre("ADDED b"));
    EXPECT_EQ(server.openWatches(), 1U);
    handle.reset();
    EXPECT_EQ(server.openWatches(), 0U);
}

TEST_F(SingleThread, AWatchEndsByTheTestsClock) {
    auto handle = watch("&timeoutSeconds=10&allowWatchBookmarks=true");
    clock.advance(std::chrono::seconds(9));
    EXPECT_FALSE(handle->ended());
    clock.advance(std::chrono::seconds(1));
    EXPECT_THAT(briefs(handle->take()), ElementsAre("BOOKMARK "));
    EXPECT_TRUE(handle->ended());
    EXPECT_FALSE(handle->error());
}

TEST_F(SingleThread, TheSeedDecidesUidsAndVersions) {
    test::ApiServer same({.seed = 7, .clock = &clock});
    test::ApiServer other({.seed = 8, .clock = &clock});
    auto first = server.put(kPods, podJson("a"));
    EXPECT_EQ(same.put(kPods, podJson("a")), first);
    EXPECT_NE(other.put(kPods, podJson("a"))["metadata"]["uid"], first["metadata"]["uid"]);
    EXPECT_EQ(first["metadata"]["creationTimestamp"], base::formatTime(clock.wall()));
}

TEST_F(SingleThread, ACompactionTakesNothingFromOpenWatches) {
    auto handle = watch();
    server.put(kPods, podJson("a"));
    server.compact();
    EXPECT_THAT(briefs(handle->take()), ElementsAre("ADDED a"));
    EXPECT_FALSE(handle->ended());
}

TEST_F(SingleThread, AFrozenViewIsOldAndCatchesUp) {
    server.put(kPods, podJson("a"));
    auto then = server.version();
    server.freeze(std::stoull(then));
    server.put(kPods, podJson("b"));
    auto handle =
        server.openWatch("/api/v1/pods?watch=true&resourceVersion=" + then).value().release();
    std::unique_ptr<test::WatchHandle> owner(handle);
    EXPECT_THAT(handle->take(), SizeIs(0));
    auto transport = std::shared_ptr<kube::Transport>(&server, [](auto*) {});
    kube::Client client(transport, {});
    auto list = client.list(kPods, {}, {});
    EXPECT_EQ(list->items.size(), 1U);
    EXPECT_EQ(list->resourceVersion, then);
    EXPECT_TRUE(client.get(kPods, {"ns", "b"}, {}));
    server.freeze(std::nullopt);
    EXPECT_THAT(briefs(handle->take()), ElementsAre("ADDED b"));
}

TEST_F(SingleThread, WhatHappensWhileMutedIsNotTold) {
    auto handle = watch();
    server.mute(true);
    server.put(kPods, podJson("a"));
    server.drop(kPods, {"ns", "a"});
    server.mute(false);
    server.put(kPods, podJson("b"));
    EXPECT_THAT(briefs(handle->take()), ElementsAre("ADDED b"));
}

TEST_F(SingleThread, GarbageWaitsForTheCollectorWhereItIsTold) {
    test::ApiServer slow({.clock = &clock, .collectsGarbage = false});
    auto owner = slow.put(kPods, podJson("owner"));
    auto child = podJson("child");
    child["metadata"]["ownerReferences"] = {{{"uid", owner["metadata"]["uid"]}}};
    slow.put(kPods, child);
    slow.drop(kPods, {"ns", "owner"});
    EXPECT_TRUE(slow.find(kPods, {"ns", "child"}));
    EXPECT_TRUE(slow.collectGarbage());
    EXPECT_FALSE(slow.find(kPods, {"ns", "child"}));
    EXPECT_FALSE(slow.collectGarbage());
}

// --- the same faults through the transport and on the wire

class Faults : public testing::TestWithParam<bool> {
  protected:
    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    std::unique_ptr<test::HttpFront> front =
        GetParam() ? std::make_unique<test::HttpFront>(server) : nullptr;
    kube::Client client{transport(), {.fieldManager = "tests"}};

    kube::ApiResult<void> stream(std::vector<std::string>& lines, size_t enough = SIZE_MAX) {
        std::stop_source stop;
        kube::WatchOptions options{.resourceVersion = from};
        return client.watch(
            kPods, options,
            [&](std::string_view line) {
                lines.push_back(brief(line));
                if (lines.size() == enough) {
                    stop.request_stop();
                }
            },
            stop.get_token());
    }
    std::string from = server->version();

  private:
    std::shared_ptr<kube::Transport> transport() {
        if (front == nullptr) {
            return server;
        }
        kube::ClusterConfig config;
        config.server = front->url();
        return kube::makeCpprestTransport(config);
    }
};

TEST_P(Faults, ALostAnswerIsAWriteThatHappened) {
    server->inject({.kind = Fault::Kind::LoseAnswer, .method = "POST"});
    auto made = client.create(kPods, podJson("a"), {});
    EXPECT_TRUE(made.error().is(ErrorKind::Unreachable)) << made.error().str();
    EXPECT_TRUE(server->find(kPods, {"ns", "a"}));
}

TEST_P(Faults, ADroppedRequestIsNoWrite) {
    for (auto kind : {Fault::Kind::Drop, Fault::Kind::Reset}) {
        server->inject({.kind = kind, .method = "POST"});
        auto made = client.create(kPods, podJson("a"), {});
        EXPECT_TRUE(made.error().is(ErrorKind::Unreachable)) << made.error().str();
        EXPECT_FALSE(server->find(kPods, {"ns", "a"}));
    }
}

TEST_P(Faults, AnOverloadedServerSaysWhenToComeBack) {
    server->inject({.kind = Fault::Kind::Status, .status = 429, .retryAfterSeconds = 0});
    EXPECT_TRUE(client.create(kPods, podJson("a"), {}));
    server->inject({.kind = Fault::Kind::Status, .times = 2, .status = 503});
    EXPECT_TRUE(client.get(kPods, {"ns", "a"}, {}).error().is(ErrorKind::ServerError));
}

TEST_P(Faults, AStreamThatIsCutWithinALineLosesOnlyThatLine) {
    for (auto kind : {Fault::Kind::CutInLine, Fault::Kind::ResetStream}) {
        server->inject({.kind = kind, .part = "/pods", .lines = 1});
        server->put(kPods, podJson("a"));
        server->put(kPods, podJson("b"));
        std::vector<std::string> lines;
        auto ended = stream(lines);
        ASSERT_FALSE(ended);
        EXPECT_TRUE(ended.error().is(ErrorKind::Unreachable)) << ended.error().str();
        EXPECT_THAT(lines, testing::Each("ADDED a"));
        server->drop(kPods, {"ns", "a"});
        server->drop(kPods, {"ns", "b"});
        from = server->version();
    }
}

TEST_P(Faults, EveryLineTwiceOrInPieces) {
    server->inject({.kind = Fault::Kind::Duplicate, .part = "/pods"});
    server->put(kPods, podJson("a"));
    std::vector<std::string> lines;
    auto ended = stream(lines, 2);
    EXPECT_THAT(lines, ElementsAre("ADDED a", "ADDED a"));
    server->inject({.kind = Fault::Kind::Split, .part = "/pods", .bytes = 7});
    lines.clear();
    ended = stream(lines, 1);
    EXPECT_THAT(lines, ElementsAre("ADDED a"));
}

INSTANTIATE_TEST_SUITE_P(Server, Faults, testing::Bool(),
                         [](const auto& one) { return one.param ? "OnTheWire" : "InMemory"; });

TEST(Control, OrdersFaultsFromAnotherProcess) {
    auto server = std::make_shared<test::ApiServer>();
    test::HttpFront front(server);
    kube::ClusterConfig config;
    config.server = front.url();
    auto transport = kube::makeCpprestTransport(config);
    auto post = [&](const std::string& verb, const std::string& body) {
        auto answer = transport->send({.method = "POST",
                                       .target = "/control/" + verb,
                                       .contentType = "application/json",
                                       .body = body},
                                      {});
        return answer ? answer->status : 0;
    };
    EXPECT_EQ(post("inject", R"({"kind":"Status","status":503,"part":"/pods"})"), 200);
    EXPECT_EQ(post("inject", R"({"kind":"Nonsense"})"), 400);
    EXPECT_EQ(post("nonsense", ""), 400);
    EXPECT_EQ(post("compact", ""), 200);
    kube::Client client(transport, {});
    EXPECT_TRUE(client.list(kPods, {}, {}).error().is(ErrorKind::ServerError));
    EXPECT_TRUE(client.list(kPods, {}, {}));
}

}  // namespace
