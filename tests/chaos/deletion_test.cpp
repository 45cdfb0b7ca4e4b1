// An experiment that is deleted in the middle of its run: what the fault holds is given back first,
// and the run is gone soon after, whatever happens to the process meanwhile.
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cases.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::faultCase;
using chaos::fake::FaultCase;
using chaos::fake::prepare;

// What a run that is gone must not have left: its pods go after it, by themselves.
std::vector<std::string> held(const Cluster& cluster) {
    auto out = cluster.leftovers();
    std::erase_if(out, [](const auto& what) { return what.starts_with("pod "); });
    return out;
}

class Deleted : public ::testing::TestWithParam<FaultCase> {};

TEST_P(Deleted, IsTakenBackFirstAndThenGoesAlsoIfTheProcessDies) {
    Cluster calm;
    prepare(calm, GetParam());
    calm.drive();
    int whileHeld = 0;
    // Every other write, half of them with a crash at the same moment; the faults differ in where
    // they begin to count.
    for (int k = 1 + GetParam().off; k <= calm.writes; k += 2) {
        Cluster cluster;
        prepare(cluster, GetParam());
        cluster.deleteAfterWrite = k;
        cluster.crashAfterWrite = k / 2 % 2 == 0 ? k : -1;
        std::vector<std::string> after;
        bool was = false;
        cluster.eachTurn = [&] {
            bool there = !cluster.runs().empty();
            if (was && !there) {
                after = held(cluster);
            }
            whileHeld += there && !held(cluster).empty() ? 1 : 0;
            was = there;
        };
        cluster.drive(200);
        EXPECT_TRUE(cluster.runs().empty()) << k << base::dumpJsonPretty(cluster.runs()[0]);
        EXPECT_EQ(after, std::vector<std::string>()) << k << ": gone before its fault was";
        EXPECT_EQ(held(cluster), std::vector<std::string>()) << k << ": left behind";
    }
    EXPECT_TRUE(GetParam().name == std::string("LoadStep") || whileHeld > 0)
        << "the fault was never there";
}

TEST_P(Deleted, ARunThatIsOverIsNotHeld) {
    Cluster cluster;
    prepare(cluster, GetParam());
    cluster.drive();
    ASSERT_EQ(cluster.runs().size(), 1U);
    EXPECT_TRUE(base::arrayAt(cluster.runs()[0], "/metadata/finalizers").empty());
    bool was = false;
    for (const auto& request : cluster.server->requests()) {
        was |= request.body.find(chaos::kHeldFinalizer) != std::string::npos;
    }
    EXPECT_TRUE(was) << "nothing to test: it was never held";
}

INSTANTIATE_TEST_SUITE_P(All, Deleted, ::testing::ValuesIn(chaos::fake::faultsThatHold()),
                         chaos::fake::nameOfCase);

std::optional<std::string> finalizer(const Cluster& cluster) {
    return cluster.runs().empty() ? std::nullopt
                                  : stringAt(cluster.runs()[0], "/metadata/finalizers/0");
}

TEST(DeletedRun, WhatCannotBeTakenBackHoldsItForAMinuteAndIsLeftToTheSweep) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.driveUntil([&] { return !cluster.power.off.empty(); });
    cluster.powerFails = true;
    cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
    auto deletedAt = cluster.clock.wall();
    cluster.driveUntil([&] { return cluster.runs().empty(); });
    auto took = cluster.clock.wall() - deletedAt;
    EXPECT_TRUE(cluster.runs().empty());
    EXPECT_GE(took, 59s);
    EXPECT_LE(took, 65s);
    EXPECT_EQ(cluster.sweep(false).problems.size(), 1U);
    cluster.powerFails = false;
    EXPECT_EQ(cluster.sweep(false).reverted.size(), 1U);
    EXPECT_EQ(held(cluster), std::vector<std::string>());
}

// Marks go with the object of a node, what the run knew goes with the run.
TEST(DeletedRun, SaysWhatItLeavesBehindAndWhoIsLeftToMendIt) {
    for (bool nodeGoes : {false, true}) {
        Cluster cluster;
        prepare(cluster, faultCase("ZoneOutageByPower"));
        cluster.driveUntil([&] { return !cluster.power.off.empty(); });
        cluster.powerFails = true;
        if (nodeGoes) {
            cluster.server->drop(chaos::kNodes, {"", "node-2"});
        }
        cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
        cluster.driveUntil([&] { return cluster.runs().empty(); });
        std::vector<std::string> told;
        for (const auto& event : cluster.events) {
            if (event.reason == "ChaosLeftBehind") {
                told.push_back(event.regarding.kind + ": " + event.note);
            }
        }
        ASSERT_EQ(told.size(), 2U) << "on the run and on the application, once";
        EXPECT_NE(told[1].find("NodePower of node-2"), std::string::npos) << told[1];
        EXPECT_NE(told[1].find(nodeGoes ? "by hand" : "by the marks of the nodes"),
                  std::string::npos)
            << told[1];
    }
}

TEST(DeletedRun, WithoutAnyChaosProcessAbortAllLetsItGo) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return !held(cluster).empty(); });
    cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
    EXPECT_EQ(finalizer(cluster), chaos::kHeldFinalizer);
    EXPECT_EQ(cluster.sweep(true).reverted.size(), 2U) << "the mark, and the run";
    EXPECT_TRUE(cluster.runs().empty());
    EXPECT_EQ(held(cluster), std::vector<std::string>());
}

TEST(DeletedRun, TheOperatorsSweepWaitsUntilItIsLongOverdue) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return !held(cluster).empty(); });
    cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
    EXPECT_TRUE(cluster.sweep(false, 30s).reverted.empty()) << "that is the chaos process's";
    cluster.clock.advance(2min);
    EXPECT_EQ(cluster.sweep(false, 30s).reverted.size(), 2U);
    EXPECT_TRUE(cluster.runs().empty());
    EXPECT_EQ(held(cluster), std::vector<std::string>());
}

TEST(DeletedRun, OthersFinalizersStay) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return cluster.runs().size() == 1; });
    cluster.server->edit(chaos::kChaosRuns, {"ns", "try-1"}, [](Json& run) {
        run["metadata"]["finalizers"] = Json::array({"example.com/theirs"});
    });
    cluster.drive();
    EXPECT_EQ(finalizer(cluster), "example.com/theirs");
    EXPECT_EQ(base::arrayAt(cluster.runs()[0], "/metadata/finalizers").size(), 1U);
}

// Another run of the same application has to wait until the deleted one holds nothing.
TEST(DeletedRun, StandsInTheWayWhileItHolds) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.driveUntil([&] { return !cluster.power.off.empty(); });
    cluster.powerFails = true;
    cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
    cluster.experiment("next", {{"app", "shop"},
                                {"fault", {{"type", "PodKill"}}},
                                {"load", {{"requestsPerSecond", 50}}},
                                {"expectations", {{"webErrorPercent", 1}}}});
    cluster.driveUntil([&] { return cluster.runs().size() == 2; });
    ASSERT_EQ(cluster.runs().size(), 2U);
    for (int i = 0; i < 5; ++i) {
        cluster.drive(1);
        for (const auto& run : cluster.runs()) {
            if (stringAt(run, "/metadata/name") == "next-1") {
                EXPECT_EQ(stringAt(run, "/status/phase").value_or("Pending"), "Pending");
            }
        }
    }
}

}  // namespace
