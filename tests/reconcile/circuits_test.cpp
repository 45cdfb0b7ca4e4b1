// Breakers are asked where there are any, all at once, and a silent one holds nothing up.
#include "reconcile/circuits.h"

#include <gtest/gtest.h>

#include "reconcile/world.h"
#include "support/http_stub.h"

namespace {

using base::Json;
using plan::CircuitState;
using reconcile::CircuitTarget;

CircuitTarget at(const support::HttpStub& server, const std::string& pod) {
    return {.pod = pod, .address = "127.0.0.1", .port = static_cast<uint16_t>(server.port())};
}

support::HttpStub::Handler saying(const std::string& text, int status = 200) {
    return [=](const support::StubRequest& request, support::StubReply& reply) {
        EXPECT_EQ(request.target, "/circuit");
        reply.send(status, text);
    };
}

TEST(Circuits, AreReadFromEveryBalancerThatAnswers) {
    support::HttpStub closed(saying("scalableapp_circuit_state 0\n"));
    support::HttpStub open(saying("# x\nscalableapp_circuit_state 2\nscalableapp_opened 1\n"));
    support::HttpStub half(saying("scalableapp_circuit_state 1\n"));
    support::HttpStub other(saying("not found", 404));
    support::HttpStub silent([](const support::StubRequest&, support::StubReply& reply) {
        EXPECT_TRUE(reply.awaitPeerGone());
    });
    auto found = reconcile::askCircuits({at(silent, "s"),
                                         at(closed, "a"),
                                         at(open, "b"),
                                         at(half, "c"),
                                         at(other, "o"),
                                         {.pod = "x", .address = "nowhere", .port = 1}},
                                        {});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].pod, "a");
    EXPECT_EQ(found[0].state, CircuitState::Closed);
    EXPECT_EQ(found[1].state, CircuitState::Open);
    EXPECT_EQ(found[2].state, CircuitState::HalfOpen);
}

Json pod(const std::string& name, const std::string& tier, bool ready) {
    return {{"kind", "Pod"},
            {"metadata", {{"name", name}, {"labels", {{"scalableapp.dev/tier", tier}}}}},
            {"status",
             {{"podIP", "10.0.0.1"},
              {"conditions",
               Json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}}}};
}

TEST(Circuits, OnlyReadyBalancersOfAnAppWithABreakerAreAsked) {
    std::vector<Json> children{pod("lb", "loadBalancer", true), pod("new", "loadBalancer", false),
                               pod("web", "web", true)};
    api::ScalableApp app;
    EXPECT_TRUE(reconcile::circuitTargets(app, children).empty());
    app.resilience.circuitBreaker.emplace();
    auto targets = reconcile::circuitTargets(app, children);
    ASSERT_EQ(targets.size(), 1U);
    EXPECT_EQ(targets[0], (CircuitTarget{.pod = "lb", .address = "10.0.0.1", .port = 8404}));
}

TEST(Circuits, ABalancerIsSilentOnceItHasNotAnsweredForHalfAMinute) {
    using namespace std::chrono_literals;
    const kube::ObjectKey shop{.namespace_ = "ns", .name = "shop"};
    const CircuitTarget a{.pod = "a", .address = "10.0.0.1", .port = 1};
    const CircuitTarget b{.pod = "b", .address = "10.0.0.2", .port = 1};
    const CircuitTarget c{.pod = "c", .address = "10.0.0.3", .port = 1};
    const std::vector<plan::Circuit> one{{.pod = "a"}};
    base::WallTime now{};
    reconcile::SilenceBook book;
    EXPECT_EQ(book.record(shop, {a, b}, one, now), 0U);
    EXPECT_EQ(book.record(shop, {a, b}, one, now + 29s), 0U);
    EXPECT_EQ(book.record(shop, {a, b}, {}, now + 30s), 1U) << "the other one only missed a turn";
    EXPECT_EQ(book.record(shop, {a, b}, {{.pod = "b"}}, now + 31s), 0U);
    EXPECT_EQ(book.record(shop, {a, b}, {}, now + 60s), 1U) << "each by its own time";
    EXPECT_EQ(book.record(shop, {c}, {}, now + 61s), 0U) << "another pod";
    book.forget(shop);
    EXPECT_EQ(book.record(shop, {c}, {}, now + 120s), 0U);
}

// A child as the cluster's own controllers would make it.
Json made(Json object, const Json& owner) {
    object["apiVersion"] = object["kind"] == "Pod" ? "v1" : "apps/v1";
    auto& metadata = object["metadata"];
    metadata["namespace"] = "ns";
    metadata["labels"]["scalableapp.dev/app"] = "shop";
    metadata["ownerReferences"] = Json::array({{{"apiVersion", "apps/v1"},
                                                {"kind", owner["kind"]},
                                                {"name", owner["metadata"]["name"]},
                                                {"uid", owner["metadata"]["uid"]},
                                                {"controller", true}}});
    return object;
}

TEST(Circuits, BecomeAConditionAndLaterLooksWriteNothing) {
    test::World world;
    world.servePods();
    Json app = test::app();
    app["spec"]["resilience"]["circuitBreaker"] = Json::object();
    world.put(app);
    world.settle();
    auto set = world.put(made({{"kind", "ReplicaSet"}, {"metadata", {{"name", "shop-lb-1"}}}},
                              *world.find("Deployment", "shop-lb")));
    world.put(made(pod("lb", "loadBalancer", true), set));
    world.circuits = {{.pod = "lb", .state = CircuitState::Open}};
    world.settle();
    EXPECT_EQ(world.condition("CircuitOpen").value("status", ""), "True");
    ASSERT_FALSE(world.events.empty());
    size_t told = 0;
    for (const auto& event : world.events) {
        told += event.reason == "CircuitOpened" ? 1U : 0U;
    }
    EXPECT_EQ(told, 1U);
    world.server->forgetRequests();
    auto outcome = world.pass();
    EXPECT_EQ(world.server->mutations(), 0U);
    EXPECT_EQ(outcome.kind(), runtime::Outcome::Kind::After);
    // As behind a NetworkPolicy.
    world.circuits.clear();
    world.settle();
    EXPECT_EQ(world.condition("CircuitOpen").value("status", ""), "True") << "for now";
    world.clock.advance(std::chrono::seconds(31));
    world.settle();
    EXPECT_EQ(world.condition("CircuitOpen").value("reason", ""), "BalancersSilent");
    world.server->forgetRequests();
    world.clock.advance(std::chrono::seconds(31));
    world.pass();
    EXPECT_EQ(world.server->mutations(), 0U) << "it says so once";
}

}  // namespace
