// An experiment that is deleted in the middle of its run: what the fault holds is given back first,
// and the run is gone soon after, whatever happens to the process meanwhile.
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cluster.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using base::stringAt;
using chaos::fake::Cluster;

struct Deletion {
    const char* name;
    Json fault;
    Json target;
    int first = 0;
};

std::vector<Deletion> deletions() {
    Json none = Json::object();
    Json zone{{"zone", "z2"}};
    return {
        {"NodeDrain", {{"type", "NodeDrain"}, {"durationSeconds", 6}}, none, 0},
        {"NodeStop", {{"type", "NodeStop"}, {"durationSeconds", 6}}, none, 1},
        {"ZoneOutage", {{"type", "ZoneOutage"}, {"durationSeconds", 6}}, zone, 0},
        {"ZoneOutageByPower",
         {{"type", "ZoneOutage"}, {"method", "Power"}, {"durationSeconds", 6}},
         zone,
         1},
        {"NetworkPartition", {{"type", "NetworkPartition"}, {"durationSeconds", 6}}, zone, 0},
        {"LoadStep",
         {{"type", "LoadStep"}, {"requestsPerSecond", 200}, {"durationSeconds", 6}},
         none,
         1},
    };
}

void begin(Cluster& cluster, const Deletion& one) {
    cluster.addApp("shop", 6, true);
    cluster.addBudget("shop", 3);
    cluster.experiment("try", {{"app", "shop"},
                               {"fault", one.fault},
                               {"target", one.target},
                               {"load", {{"requestsPerSecond", 50}}},
                               {"steadyState", {{"holdSeconds", 2}}},
                               {"safety", {{"maxTargets", 5}, {"maxTargetsPercent", 50}}},
                               {"expectations", {{"webErrorPercent", 1}}}});
}

// What a run that is gone must not have left: its pods go after it, by themselves.
std::vector<std::string> held(const Cluster& cluster) {
    auto out = cluster.leftovers();
    std::erase_if(out, [](const auto& what) { return what.starts_with("pod "); });
    return out;
}

class Deleted : public ::testing::TestWithParam<Deletion> {};

TEST_P(Deleted, IsTakenBackFirstAndThenGoesAlsoIfTheProcessDies) {
    Cluster calm;
    begin(calm, GetParam());
    calm.drive();
    int whileHeld = 0;
    // Every other write, half of them with a crash at the same moment; the faults differ in where
    // they begin to count.
    for (int k = 1 + GetParam().first; k <= calm.writes; k += 2) {
        Cluster cluster;
        begin(cluster, GetParam());
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
    begin(cluster, GetParam());
    cluster.drive();
    ASSERT_EQ(cluster.runs().size(), 1U);
    EXPECT_TRUE(base::arrayAt(cluster.runs()[0], "/metadata/finalizers").empty());
    bool was = false;
    for (const auto& request : cluster.server->requests()) {
        was |= request.body.find(chaos::kHeldFinalizer) != std::string::npos;
    }
    EXPECT_TRUE(was) << "nothing to test: it was never held";
}

INSTANTIATE_TEST_SUITE_P(All, Deleted, ::testing::ValuesIn(deletions()),
                         [](const auto& one) { return one.param.name; });

std::optional<std::string> finalizer(const Cluster& cluster) {
    return cluster.runs().empty() ? std::nullopt
                                  : stringAt(cluster.runs()[0], "/metadata/finalizers/0");
}

TEST(DeletedRun, WhatCannotBeTakenBackHoldsItForAMinuteAndIsLeftToTheSweep) {
    Cluster cluster;
    begin(cluster, deletions()[3]);
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

TEST(DeletedRun, WithoutAnyChaosProcessAbortAllLetsItGo) {
    Cluster cluster;
    begin(cluster, deletions()[2]);
    cluster.driveUntil([&] { return !held(cluster).empty(); });
    cluster.server->drop(chaos::kChaosExperiments, {"ns", "try"});
    EXPECT_EQ(finalizer(cluster), chaos::kHeldFinalizer);
    EXPECT_EQ(cluster.sweep(true).reverted.size(), 2U) << "the mark, and the run";
    EXPECT_TRUE(cluster.runs().empty());
    EXPECT_EQ(held(cluster), std::vector<std::string>());
}

TEST(DeletedRun, TheOperatorsSweepWaitsUntilItIsLongOverdue) {
    Cluster cluster;
    begin(cluster, deletions()[2]);
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
    begin(cluster, deletions()[2]);
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
    begin(cluster, deletions()[3]);
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
