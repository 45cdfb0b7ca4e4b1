// Edges are asked for their epoch, their origins and their counts; the counts become metrics.
#include "reconcile/edges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "reconcile/ask.h"
#include "reconcile/world.h"
#include "support/http_stub.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using reconcile::EdgeAnswer;
using test::World;
using testing::HasSubstr;
using testing::Not;

const kube::ObjectKey kShop{"ns", "shop"};

EdgeAnswer answer(const std::string& pod, reconcile::EdgeCounts counts) {
    return {.edge = {.pod = pod, .epoch = "e"}, .counts = std::move(counts)};
}

TEST(Edges, WhatIsNewOfTheirCountsGoesIntoTheMetrics) {
    runtime::Metrics metrics;
    reconcile::EdgeBook book(metrics);
    base::WallTime now{};
    book.record(kShop, {answer("a", {{"hit", 10}, {"stale", 1}}), answer("b", {{"hit", 5}})}, now);
    book.record(kShop, {answer("a", {{"hit", 12}, {"fetched", 3}, {"failed", 1}})}, now + 1s);
    // "b" was silent and has restarted since.
    book.record(kShop, {answer("a", {{"hit", 12}}), answer("b", {{"hit", 2}})}, now + 2s);
    auto text = metrics.text();
    EXPECT_THAT(text,
                HasSubstr(R"(cdn_responses_total{cache="hit",name="shop",namespace="ns"} 19)"));
    EXPECT_THAT(text,
                HasSubstr(R"(cdn_responses_total{cache="stale",name="shop",namespace="ns"} 1)"));
    EXPECT_THAT(text,
                HasSubstr(R"(cdn_fetches_total{name="shop",namespace="ns",result="failed"} 1)"));
    EXPECT_THAT(text, HasSubstr(R"(cdn_fetches_total{name="shop",namespace="ns",result="ok"} 2)"));
    book.forget(kShop);
    EXPECT_THAT(metrics.text(), Not(HasSubstr(R"(cdn_responses_total{)")));
}

TEST(Edges, StaleForErrorsMeansBothOfThemLately) {
    runtime::Metrics metrics;
    reconcile::EdgeBook book(metrics);
    base::WallTime now{};
    auto staleAfter = [&](std::chrono::seconds at, int64_t stale, int64_t failed) {
        return book.record(kShop, {answer("a", {{"stale", stale}, {"failed", failed}})}, now + at)
            .front()
            .staleForErrors;
    };
    EXPECT_FALSE(staleAfter(0s, 5, 5)) << "before it was first asked";
    EXPECT_FALSE(staleAfter(1s, 7, 5)) << "renewed in the background";
    EXPECT_TRUE(staleAfter(3s, 8, 7));
    EXPECT_TRUE(staleAfter(12s, 8, 7)) << "still within the window";
    staleAfter(24s, 8, 7);
    EXPECT_FALSE(staleAfter(40s, 8, 7)) << "long ago";
}

Json edgePod(World& world, const std::string& name) {
    Json pod{{"apiVersion", "v1"},
             {"kind", "Pod"},
             {"metadata",
              {{"name", name},
               {"namespace", "ns"},
               {"labels", {{"scalableapp.dev/app", "shop"}, {"scalableapp.dev/tier", "cdn"}}}}},
             {"status",
              {{"phase", "Running"},
               {"podIP", "10.0.0.1"},
               {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
    auto deployment = *world.find("Deployment", "shop-edge");
    Json set{{"apiVersion", "apps/v1"},
             {"kind", "ReplicaSet"},
             {"metadata",
              {{"name", "shop-edge-1"},
               {"namespace", "ns"},
               {"labels", pod["metadata"]["labels"]},
               {"ownerReferences", Json::array({{{"apiVersion", "apps/v1"},
                                                 {"kind", "Deployment"},
                                                 {"name", "shop-edge"},
                                                 {"uid", deployment["metadata"]["uid"]},
                                                 {"controller", true}}})}}}};
    auto made = world.put(set);
    pod["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", "apps/v1"},
                                                       {"kind", "ReplicaSet"},
                                                       {"name", "shop-edge-1"},
                                                       {"uid", made["metadata"]["uid"]},
                                                       {"controller", true}}});
    return world.put(pod);
}

TEST(Edges, AreToldTheEpochOnceAndCountWhenTheySaySo) {
    World world;
    world.servePods();
    Json app = test::app();
    app["spec"]["cdn"] = {{"paths", Json::array({{{"match", "/a"}, {"ttlSeconds", 60}}})}};
    world.put(app);
    world.settle();
    edgePod(world, "edge-1");
    world.settle();
    auto told = (*world.find("Pod", "edge-1"))["metadata"]["annotations"]["scalableapp.dev/epoch"];
    EXPECT_EQ(told, (*world.find("ScalableApp", "shop"))["status"]["cdn"]["epoch"]);
    EXPECT_EQ(world.condition("CDNReady")["reason"], "Purging");
    world.edges = {answer("edge-1", {})};
    world.edges.front().edge.epoch = told;
    world.settle();
    EXPECT_EQ(world.condition("CDNReady")["status"], "True");
    auto before = world.server->mutations();
    world.pass();
    EXPECT_EQ(world.server->mutations(), before) << "nothing is written at rest";
}

// An origin that takes no note of `Range` says more than anybody wants to know.
TEST(Ask, AnAnswerThatIsTooLongIsAnAnswer) {
    const std::string page(200000, 'x');
    support::HttpStub announced(
        [&](const support::StubRequest&, support::StubReply& reply) { reply.send(200, page); });
    support::HttpStub streamed([&](const support::StubRequest&, support::StubReply& reply) {
        reply.begin(404);
        reply.chunk(page);
        reply.end();
    });
    support::HttpStub broken([&](const support::StubRequest&, support::StubReply& reply) {
        reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx");
    });
    auto at = [](const support::HttpStub& server) {
        return reconcile::Question{"127.0.0.1", static_cast<uint16_t>(server.port()), "/origin/0"};
    };
    auto answers = reconcile::askAll({at(announced), at(streamed), at(broken)}, 10s, {});
    ASSERT_TRUE(answers[0]);
    EXPECT_EQ(answers[0]->status, 200);
    ASSERT_TRUE(answers[1]);
    EXPECT_EQ(answers[1]->status, 404);
    EXPECT_FALSE(answers[2]);
}

// Whoever stops does not wait for pods that say nothing.
TEST(Ask, AStopEndsIt) {
    support::HttpStub silent([](const support::StubRequest&, support::StubReply& reply) {
        EXPECT_TRUE(reply.awaitPeerGone());
    });
    std::stop_source stop;
    auto answers = std::async(std::launch::async, [&] {
        return reconcile::askAll({{"127.0.0.1", static_cast<uint16_t>(silent.port()), "/epoch"}},
                                 1min, stop.get_token());
    });
    ASSERT_TRUE(silent.awaitRequests(1));
    auto asked = std::chrono::steady_clock::now();
    stop.request_stop();
    EXPECT_FALSE(answers.get()[0]);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 20s);
}

TEST(Edges, ThoseThatRunAreAskedReadyOrNot) {
    api::ScalableApp app;
    app.cdn.emplace();
    Json pod{{"kind", "Pod"},
             {"metadata", {{"name", "a"}, {"labels", {{"scalableapp.dev/tier", "cdn"}}}}},
             {"status", {{"podIP", "10.0.0.1"}, {"phase", "Running"}}}};
    base::WallTime now{};
    EXPECT_EQ(reconcile::edgeTargets(app, {pod}, now).size(), 1U)
        << "it may wait for an origin that nobody else knows of";
    pod["status"]["phase"] = "Pending";
    EXPECT_TRUE(reconcile::edgeTargets(app, {pod}, now).empty());
    pod["status"]["phase"] = "Running";
    pod["status"]["conditions"] = Json::array({{{"type", "Ready"}, {"status", "True"}}});
    EXPECT_EQ(reconcile::edgeTargets(app, {pod}, now).size(), 1U);
    app.cdn.reset();
    EXPECT_TRUE(reconcile::edgeTargets(app, {pod}, now).empty());
}

}  // namespace
