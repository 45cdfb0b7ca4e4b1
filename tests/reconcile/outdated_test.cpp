// The caches of different kinds lag by different times: nothing is written for an app that is no
// longer as its cache has it.
#include <gtest/gtest.h>

#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using runtime::Outcome;
using test::typeOf;
using test::World;

TEST(Outdated, AChildOfTheNewerSpecIsNotDeletedForTheOlder) {
    World world;
    world.put(test::app());
    world.settle();
    auto fixed = *world.find("ScalableApp", "shop");
    world.editApp([](Json& app) {
        app["spec"]["web"].erase("replicas");
        app["spec"]["web"]["autoscaling"] = {{"minReplicas", 3}, {"maxReplicas", 9}};
    });
    world.settle();
    ASSERT_TRUE(world.find("HorizontalPodAutoscaler", "shop-web"));
    world.sync();
    world.see(fixed);
    world.server->forgetRequests();
    EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Done);
    EXPECT_EQ(world.server->mutations(), 0U);
    EXPECT_TRUE(world.find("HorizontalPodAutoscaler", "shop-web"));
}

TEST(Outdated, NothingIsMadeForAnAppThatIsGone) {
    for (bool successor : {false, true}) {
        World world;
        world.put(test::app());
        world.sync();
        world.server->drop(reconcile::scalableApps(), {"ns", "shop"});
        if (successor) {
            world.put(test::app({{"replicas", 3}}));
        }
        EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Done);
        EXPECT_TRUE(world.children().empty());
        EXPECT_EQ(world.server->mutations(), 0U);
    }
}

TEST(Outdated, NothingIsChangedForAnOlderSpec) {
    World world;
    world.put(test::app());
    world.settle();
    auto old = *world.find("ScalableApp", "shop");
    world.editApp([](Json& app) { app["spec"]["web"]["image"] = "shop:2"; });
    world.settle();
    world.sync();
    world.see(old);
    world.server->forgetRequests();
    EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Done);
    EXPECT_EQ(world.server->mutations(), 0U);
}

TEST(Outdated, ASuccessorOfAChildIsLeftAloneWithoutAWord) {
    World world;
    world.put(test::app());
    world.settle();
    world.editApp([](Json& app) { app["spec"]["web"]["image"] = "shop:2"; });
    world.sync();
    world.server->drop(typeOf("Deployment"), {"ns", "shop-web"});
    world.put({{"apiVersion", "apps/v1"},
               {"kind", "Deployment"},
               {"metadata", {{"namespace", "ns"}, {"name", "shop-web"}}},
               {"spec", {{"strangers", true}}}});
    EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Retry);
    EXPECT_EQ(base::boolAt(*world.find("Deployment", "shop-web"), "/spec/strangers"), true);
    EXPECT_NE(base::stringAt(world.condition("Stalled"), "/status"), "True");
}

TEST(Outdated, TheServerIsAskedOncePerPassAndNotAtRest) {
    World world;
    world.put(test::app());
    auto asked = [&] {
        size_t n = 0;
        for (const auto& request : world.server->requests()) {
            n += request.method == "GET" && request.target.ends_with("/scalableapps/shop") ? 1 : 0;
        }
        return n;
    };
    world.pass();
    EXPECT_EQ(asked(), 1U);
    world.settle();
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(asked(), 0U);
}

TEST(Outdated, AnAppThatCannotBeReadIsTriedAgain) {
    World world;
    world.put(test::app());
    world.sync();
    world.server->failNext(1, "GET", "/scalableapps/shop", 429);
    EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Retry);
    EXPECT_TRUE(world.children().empty());
    world.settle();
    EXPECT_TRUE(world.find("Deployment", "shop-web"));
}

}  // namespace
