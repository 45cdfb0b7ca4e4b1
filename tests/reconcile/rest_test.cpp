#include "reconcile/rest.h"

#include <gtest/gtest.h>

#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using test::World;

const kube::ObjectKey kChild{"ns", "shop-web"};

// One that nothing asks for.
void putAnotherBudget(World& world) {
    auto budget = *world.find("PodDisruptionBudget", "shop-web");
    budget["metadata"]["name"] = "shop-other";
    budget["metadata"].erase("uid");
    world.put(budget);
}

// True: the next pass looks.
bool looks(World& world) {
    int before = world.looks;
    world.pass();
    return world.looks > before;
}

TEST(Rest, WhatConcernsNoPlanIsNoReasonToLook) {
    World world;
    world.bringToRest(test::app());
    EXPECT_FALSE(looks(world));
    world.editApp([](Json& app) {
        app["metadata"]["annotations"]["team"] = "blue";
        app["metadata"]["labels"]["cost-centre"] = "7";
    });
    EXPECT_FALSE(looks(world));
    EXPECT_EQ(world.reconcile().kind(), runtime::Outcome::Kind::Done);
}

TEST(Rest, EndsWithAnyChangeOfWhatAPlanReads) {
    const std::vector<std::pair<const char*, void (*)(World&)>> changes{
        {"the spec",
         [](World& world) {
             world.editApp([](Json& app) { app["spec"]["web"]["image"] = "shop:2"; });
         }},
        {"the status",
         [](World& world) {
             world.editApp([](Json& app) { app["status"]["conditions"][0]["reason"] = "Mine"; });
         }},
        {"a child's metadata",
         [](World& world) {
             world.server->edit(test::typeOf("Deployment"), kChild, [](Json& object) {
                 object["metadata"]["annotations"]["team"] = "blue";
             });
         }},
        {"a child's spec",
         [](World& world) {
             world.server->edit(test::typeOf("PodDisruptionBudget"), kChild,
                                [](Json& budget) { budget["spec"]["maxUnavailable"] = "99%"; });
         }},
        {"a child's status",
         [](World& world) {
             world.server->edit(test::typeOf("PodDisruptionBudget"), kChild,
                                [](Json& budget) { budget["status"]["currentHealthy"] = 1; });
         }},
        {"a child that goes",
         [](World& world) {
             world.server->drop(test::typeOf("Service"), {"ns", "shop"});
         }},
        {"a child that comes", putAnotherBudget},
        {"a successor of the same name", [](World& world) {
             world.server->drop(reconcile::scalableApps(), {"ns", "shop"});
             world.put(test::app());
         }}};
    for (const auto& [what, change] : changes) {
        World world;
        world.bringToRest(test::app());
        EXPECT_FALSE(looks(world)) << what;
        change(world);
        EXPECT_TRUE(looks(world)) << what;
    }
}

TEST(Rest, IsNoReasonToLeaveDamage) {
    World world;
    world.bringToRest(test::app());
    auto before = world.children();
    world.server->drop(test::typeOf("Service"), {"ns", "shop"});
    world.settle();
    EXPECT_EQ(world.children(), before);
    auto status = world.find("ScalableApp", "shop")->at("status");
    world.editApp([](Json& app) { app["status"]["conditions"][0]["reason"] = "Mine"; });
    world.settle();
    EXPECT_EQ(world.find("ScalableApp", "shop")->at("status"), status);
}

TEST(Rest, IsNotWhereTimeOrOthersMayChangeTheAnswer) {
    World waiting;
    waiting.put(test::app());
    waiting.settle();
    EXPECT_TRUE(looks(waiting)) << "a deadline runs";
    World hindered;
    hindered.server->put(test::typeOf("Service"),
                         {{"metadata", {{"namespace", "ns"}, {"name", "shop"}}}});
    hindered.put(test::app());
    hindered.settle();
    EXPECT_TRUE(looks(hindered)) << "no watch tells when the stranger's object goes";
}

TEST(Rest, IsNotAfterALookThatWroteSomething) {
    World world;
    world.bringToRest(test::app());
    putAnotherBudget(world);
    world.pass();
    world.server->forgetRequests();
    world.reconcile();
    EXPECT_EQ(world.server->mutations(), 1U) << "the cache still shows what was to be removed";
}

TEST(Rest, IsNotWhereTheSurroundingsDecide) {
    for (const char* field : {"exposure", "tlsSecretName"}) {
        auto app = test::app();
        app["spec"]["loadBalancer"] = {{"exposure", "Ingress"}, {"host", "shop.example"}};
        app["spec"]["loadBalancer"][field] =
            std::string(field) == "exposure" ? "Gateway" : "shop-tls";
        World world;
        world.around.gatewayApi = true;
        world.around.gatewayClass = "any";
        world.around.tlsSecret = plan::Presence::There;
        world.put(app);
        world.servePods();
        world.settle();
        world.putReplicaSet();
        world.settle();
        EXPECT_TRUE(looks(world)) << field;
    }
}

TEST(Rest, OneAppsIsNotThatOfAnother) {
    reconcile::RestBook book;
    book.note({"ns", "a"}, "1");
    EXPECT_TRUE(book.knows({"ns", "a"}, "1"));
    EXPECT_FALSE(book.knows({"ns", "a"}, "2"));
    EXPECT_FALSE(book.knows({"ns", "b"}, "1"));
    EXPECT_TRUE(book.has({"ns", "a"}));
    EXPECT_FALSE(book.has({"ns", "b"}));
    book.forget({"ns", "a"});
    EXPECT_FALSE(book.knows({"ns", "a"}, "1"));
    EXPECT_FALSE(book.has({"ns", "a"}));
}

}  // namespace
