#include "reconcile/chaos_runs.h"

#include <gtest/gtest.h>

#include "api/labels.h"
#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using base::textAt;
using test::World;

const kube::ObjectKey kRun{"ns", "kill-1"};

void putRun(World& world, const char* phase) {
    world.put(
        {{"kind", "ChaosRun"},
         {"metadata",
          {{"namespace", "ns"}, {"name", "kill-1"}, {"labels", {{api::kChaosLabel, "shop"}}}}},
         {"spec", {{"app", "shop"}, {"fault", {{"type", "PodKill"}}}}},
         {"status",
          {{"phase", phase}, {"abortAt", base::formatMicroTime(world.clock.wall() + 5min)}}}});
}

void enter(World& world, const char* phase) {
    world.server->edit(reconcile::chaosRuns(), kRun,
                       [&](Json& run) { run["status"]["phase"] = phase; });
}

TEST(ChaosRunning, IsThereWhileARunPutsTheAppToTheTestAndWrittenOnce) {
    World world;
    world.bringToRest(test::app());
    auto before = world.statusWrites();
    putRun(world, "Pending");
    for (const char* phase : {"Pending", "Predicting"}) {
        enter(world, phase);
        world.pass();
        EXPECT_TRUE(world.condition("ChaosRunning").empty()) << phase << " touches nothing";
    }
    for (const char* phase : {"SteadyState", "Injecting", "Observing", "Reverting", "Verifying"}) {
        enter(world, phase);
        world.pass();
        auto told = world.condition("ChaosRunning");
        EXPECT_EQ(textAt(told, "/status"), "True") << phase;
        EXPECT_EQ(textAt(told, "/reason"), "PodKill");
        EXPECT_NE(textAt(told, "/message").find("chaos abort kill-1 -n ns"), std::string::npos);
        EXPECT_EQ(textAt(world.condition("Ready"), "/status"), "True");
    }
    enter(world, "Done");
    world.pass();
    EXPECT_TRUE(world.condition("ChaosRunning").empty());
    EXPECT_EQ(world.statusWrites(), before + 2) << "when it began, and when it was over";
    EXPECT_EQ(world.pass().kind(), runtime::Outcome::Kind::Done);
    EXPECT_EQ(world.statusWrites(), before + 2);
}

TEST(ChaosRunning, GoesWithTheRun) {
    World world;
    world.bringToRest(test::app());
    putRun(world, "Observing");
    world.pass();
    ASSERT_FALSE(world.condition("ChaosRunning").empty());
    world.server->drop(reconcile::chaosRuns(), kRun);
    world.pass();
    EXPECT_TRUE(world.condition("ChaosRunning").empty());
}

// A chaos process that crashed for good writes nothing any more.
TEST(ChaosRunning, GoesByItselfWhenNobodyIsLeftToEndTheRun) {
    World world;
    world.bringToRest(test::app());
    putRun(world, "Observing");
    auto outcome = world.pass();
    ASSERT_EQ(outcome.kind(), runtime::Outcome::Kind::After) << "it looks again by itself";
    EXPECT_LE(outcome.pause(), 7min + 1s);
    world.clock.advance(outcome.pause());
    world.pass();
    EXPECT_TRUE(world.condition("ChaosRunning").empty());
}

TEST(ChaosRunning, OfAnotherAppIsNoneOfOurs) {
    World world;
    world.bringToRest(test::app());
    putRun(world, "Observing");
    world.server->edit(reconcile::chaosRuns(), kRun,
                       [](Json& run) { run["metadata"]["labels"][api::kChaosLabel] = "other"; });
    world.pass();
    EXPECT_TRUE(world.condition("ChaosRunning").empty());
}

}  // namespace
