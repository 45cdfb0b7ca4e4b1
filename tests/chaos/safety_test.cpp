// What keeps a fault from going further than it was asked to, or from staying: nodes of other runs,
// nodes that vanish, slow switches, visitors who suffer while it is brought about, rights that are
// missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>

#include "chaos/effects/node_mark.h"
#include "chaos/kinds.h"
#include "chaos/support/cases.h"
#include "chaos/support/samples.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::faultCase;
using chaos::fake::prepare;

std::string phaseOf(const Cluster& cluster) {
    return cluster.runs().empty() ? "" : stringAt(cluster.runs()[0], "/status/phase").value_or("");
}

std::string aborted(const Cluster& cluster) {
    return stringAt(cluster.runs().at(0), "/status/aborted").value_or("");
}

chaos::topology::Node node(const Cluster& cluster, const std::string& name) {
    return chaos::topology::parseNode(*cluster.server->find(chaos::kNodes, {"", name}));
}

// Both have planned before either has marked: whoever is second must find the mark of the first.
TEST(NodeMark, OfAnotherRunIsLeftAloneAndEndsOursBeforeItBegins) {
    for (const char* name : {"ZoneOutage", "ZoneOutageByPower", "NetworkPartitionByDriver"}) {
        Cluster cluster;
        prepare(cluster, faultCase(name));
        chaos::effects::Mark theirs{.run = "other/outage-1",
                                    .uid = "their-run",
                                    .deadline = cluster.clock.wall() + 10min,
                                    .cordoned = false,
                                    .power = true};
        bool marked = false;
        cluster.eachWrite = [&] {
            if (phaseOf(cluster) == "Injecting" && !marked) {
                marked = true;
                cluster.server->edit(chaos::kNodes, {"", "node-2"}, [&](Json& one) {
                    one.merge_patch(
                        chaos::effects::markPatch(chaos::topology::parseNode(one), theirs));
                });
            }
        };
        cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
        EXPECT_NE(
            aborted(cluster).find("node node-2 is under the fault of ChaosRun other/outage-1"),
            std::string::npos)
            << name << base::dumpJsonPretty(cluster.runs()[0]);
        EXPECT_EQ(chaos::effects::markOf(node(cluster, "node-2")), theirs) << name;
        EXPECT_TRUE(node(cluster, "node-2").unschedulable) << name << ": still theirs";
        EXPECT_TRUE(cluster.power.calls.empty()) << name << ": nothing of theirs is switched";
        EXPECT_TRUE(cluster.cable.calls.empty()) << name;
        EXPECT_EQ(cluster.podDeletes(), 0U) << name;
    }
}

// Two applications, one zone, the same minute: a node that nobody has cordoned before is not
// cordoned after both.
TEST(NodeMark, TwoApplicationsInOneZoneGiveItBackAsItWas) {
    Cluster cluster;
    auto one = faultCase("ZoneOutage");
    prepare(cluster, one);
    cluster.addApp("store", 6, true);
    auto spec = one.spec;
    spec["app"] = "store";
    cluster.experiment("also", spec);
    cluster.driveUntil([&] {
        auto runs = cluster.runs();
        return runs.size() == 2 && stringAt(runs[0], "/status/phase") == "Done" &&
               stringAt(runs[1], "/status/phase") == "Done";
    });
    EXPECT_FALSE(node(cluster, "node-2").unschedulable);
    EXPECT_TRUE(node(cluster, "node-2").mark.empty());
}

TEST(VanishedNode, ItsPowerComesBackByItsName) {
    Cluster cluster;
    prepare(cluster, faultCase("NodeStop"));
    cluster.driveUntil([&] { return phaseOf(cluster) == "Observing"; });
    ASSERT_EQ(cluster.power.off.size(), 1U);
    // As a cloud's own controller does with a machine that is off.
    cluster.server->drop(chaos::kNodes, {"", *cluster.power.off.begin()});
    cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
    EXPECT_TRUE(cluster.power.off.empty()) << "a machine without power, and nobody knows";
}

TEST(VanishedNode, IsNoFaultThatIsInForce) {
    Cluster cluster;
    prepare(cluster, faultCase("NodeStop"));
    cluster.eachWrite = [&] {
        if (phaseOf(cluster) == "Injecting") {
            auto name = *stringAt(cluster.runs()[0], "/status/effects/0/name");
            if (cluster.server->find(chaos::kNodes, {"", name})) {
                cluster.server->drop(chaos::kNodes, {"", name});
            }
        }
    };
    cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
    EXPECT_NE(aborted(cluster).find("is gone"), std::string::npos) << aborted(cluster);
    auto run = cluster.runs()[0];
    for (const auto& evidence : base::arrayAt(run, "/status/evidence")) {
        EXPECT_NE(stringAt(evidence, "/hit"), "Dead") << "nobody saw it die";
    }
    EXPECT_TRUE(cluster.power.calls.empty());
}

// So many nodes in z2, of which node-2 carries the pods.
void widen(Cluster& cluster, int nodes) {
    for (int i = 1; i < nodes; ++i) {
        cluster.addNode("more-" + std::to_string(i), "z2");
    }
}

TEST(Switches, AreThrownSideBySide) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    widen(cluster, 4);
    std::mutex mutex;
    std::condition_variable arrived;
    std::map<bool, int> inside;
    bool met = true;
    cluster.power.during = [&](const std::string&, bool on) {
        std::unique_lock lock(mutex);
        ++inside[on];
        arrived.notify_all();
        met = arrived.wait_for(lock, 20s, [&] { return inside[on] == 4; }) && met;
    };
    cluster.drive();
    EXPECT_TRUE(met) << "one waited for the other";
    EXPECT_TRUE(cluster.power.off.empty());
}

TEST(Switches, AreWrittenDownBeforeTheNextOnesAndNeverRepeated) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    widen(cluster, 20);
    std::mutex mutex;
    std::map<bool, int> asked;
    std::map<bool, std::ptrdiff_t> written;
    cluster.power.during = [&](const std::string&, bool on) {
        std::lock_guard lock(mutex);
        if (++asked[on] == 17) {
            auto run = cluster.runs()[0];
            const auto& effects = base::arrayAt(run, "/status/effects");
            written[on] = std::count_if(effects.begin(), effects.end(), [&](const Json& effect) {
                return stringAt(effect, "/kind") == "NodePower" &&
                       stringAt(effect, "/state") == (on ? "Reverted" : "Applied");
            });
        }
    };
    cluster.drive();
    EXPECT_EQ(asked, (std::map<bool, int>{{false, 20}, {true, 20}}));
    EXPECT_EQ(written, (std::map<bool, std::ptrdiff_t>{{false, 16}, {true, 16}}));
    EXPECT_TRUE(cluster.leftovers().empty());
}

TEST(TooManyErrors, EndAFaultThatIsStillBeingBroughtAbout) {
    Cluster cluster;
    auto one = faultCase("NodeDrain");
    one.spec["safety"]["abortErrorPercent"] = 20;
    one.spec["fault"]["durationSeconds"] = 40;
    prepare(cluster, one);
    cluster.refuseEvictions = 100'000;
    cluster.traffic = [&](chaos::probe::Second& second) {
        if (cluster.leftovers().size() > 1) {
            chaos::fake::fail(second, 25, chaos::probe::Outcome::Status5xx);
        }
    };
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/reason"), "TooManyErrors") << base::dumpJsonPretty(run);
    EXPECT_TRUE(cluster.leftovers().empty());
}

TEST(MissingRight, OfALookEndsTheRunBeforeItsFaultWithTheReason) {
    for (const char* what : {"/pods?", "/log?"}) {
        Cluster cluster;
        prepare(cluster, faultCase("PodKill"));
        cluster.forbidden = what;
        cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
        auto run = cluster.runs()[0];
        EXPECT_EQ(stringAt(run, "/status/reason"), "ReadRefused") << base::dumpJsonPretty(run);
        EXPECT_NE(base::dumpJson(run).find("give the chaos controller's account that right"),
                  std::string::npos);
        EXPECT_EQ(cluster.podDeletes(), 0U);
    }
}

TEST(MissingRight, InMidFaultGivesItBackAtItsDeadlineAndProvesNothing) {
    Cluster cluster;
    prepare(cluster, faultCase("NodeStop"));
    cluster.driveUntil([&] { return phaseOf(cluster) == "Observing"; });
    cluster.forbidden = "/pods?";
    cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
    auto run = cluster.runs()[0];
    EXPECT_TRUE(cluster.power.off.empty());
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << base::dumpJsonPretty(run);
    EXPECT_NE(aborted(cluster).find("refuses to show"), std::string::npos);
    cluster.forbidden.clear();
    cluster.drive();
    EXPECT_TRUE(cluster.leftovers().empty());
}

// --- what is in the way

TEST(Probe, APodOfItsNameIsWaitedForAndTold) {
    for (bool goes : {true, false}) {
        Cluster cluster;
        prepare(cluster, faultCase("PodKill"));
        cluster.addNeighbour("node-1", {{"namespace", "ns"}, {"name", "try-1-probe"}});
        bool there = goes;
        auto start = cluster.clock.wall();
        cluster.eachTurn = [&] {
            if (there && cluster.clock.wall() > start + 10s) {
                there = false;
                cluster.server->drop(chaos::kPods, {"ns", "try-1-probe"});
            }
        };
        cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
        auto run = cluster.runs()[0];
        EXPECT_EQ(stringAt(run, "/status/verdict"), goes ? "Resilient" : "Inconclusive");
        EXPECT_EQ(cluster.podDeletes(), goes ? 2U : 0U) << "the target, and the pod in the way";
        if (!goes) {
            EXPECT_EQ(stringAt(run, "/status/reason"), "ProbeNotRunning");
            EXPECT_NE(stringAt(run, "/status/reasons/0")->find("pod try-1-probe is in its way"),
                      std::string::npos)
                << base::dumpJsonPretty(run);
        }
    }
}

// A target without its zone would be chosen, and the probe placed, as if there were none.
TEST(Zones, NothingIsDecidedWhileTheyCannotBeRead) {
    Cluster cluster;
    prepare(cluster, faultCase("PodKill"));
    cluster.server->failNext(5, "GET", "/nodes/", 503);
    cluster.drive(3);
    EXPECT_TRUE(phaseOf(cluster).empty() || phaseOf(cluster) == "Predicting");
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
    EXPECT_EQ(stringAt(run, "/status/targets/0/zone").value_or("").substr(0, 1), "z");
}

std::string waitsFor(const Cluster& cluster) {
    return stringAt(cluster.runs()[0], "/status/conditions/0/message").value_or("");
}

TEST(LoadStep, WhosePodMayNotBeReadIsRefused) {
    Cluster cluster;
    prepare(cluster, faultCase("LoadStep"));
    cluster.forbidden = "/pods/try-1-step";
    cluster.driveUntil([&] { return phaseOf(cluster) == "Done"; });
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/reason"), "ReadRefused") << base::dumpJsonPretty(run);
    EXPECT_EQ(base::at(run, "/status/intentAt"), nullptr);
}

TEST(LoadStep, WhosePodMayNotBeReadAnyMoreSaysSoAndIsNotCalledGone) {
    Cluster cluster;
    prepare(cluster, faultCase("LoadStep"));
    cluster.driveUntil([&] { return phaseOf(cluster) == "Observing"; });
    cluster.forbidden = "/pods/try-1-step";
    cluster.driveUntil([&] { return phaseOf(cluster) == "Reverting"; });
    cluster.drive(5);
    EXPECT_EQ(phaseOf(cluster), "Reverting");
    EXPECT_NE(waitsFor(cluster).find("give the chaos controller's account that right"),
              std::string::npos)
        << waitsFor(cluster);
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/effects/0/state"), "Applied");
    cluster.forbidden.clear();
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Inconclusive");
    EXPECT_TRUE(cluster.leftovers().empty());
}

// --- what a partition cuts off

TEST(NetworkPartition, APolicyIsOnlyMadeWhereItSelectsThePodsOfTheZone) {
    Cluster cluster;
    cluster.namesZones = cluster.hasCable = false;
    prepare(cluster, faultCase("NetworkPartitionByPolicy"));
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/reason"), "FaultNotSupported") << base::dumpJsonPretty(run);
    EXPECT_NE(base::dumpJson(run).find("spec.zones"), std::string::npos);
    EXPECT_TRUE(cluster.server->all(chaos::kNetworkPolicies).empty());
}

TEST(NetworkPartition, TheDriverCutsWhereNoPolicyCan) {
    Cluster cluster;
    cluster.namesZones = false;
    prepare(cluster, faultCase("NetworkPartitionByPolicy"));
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/driver"), "Cable") << base::dumpJsonPretty(run);
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient");
    EXPECT_EQ(cluster.cable.switchedOff, 1);
}

// A cable knows no tiers: what it cuts off counts for the caps, whatever tier is asked for.
TEST(NetworkPartition, ByCableCountsThePodsOfEveryTier) {
    Cluster cluster;
    auto one = faultCase("NetworkPartitionByDriver");
    one.spec["safety"]["maxTargets"] = 2;
    prepare(cluster, one);
    auto edge = cluster.server->all(chaos::kPods)[0];
    edge["metadata"] = {
        {"namespace", "ns"},
        {"name", "shop-edge"},
        {"labels", {{"scalableapp.dev/app", "shop"}, {"scalableapp.dev/tier", "edge"}}}};
    edge["spec"]["nodeName"] = "node-2";
    cluster.server->put(chaos::kPods, edge);
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/reason"), "BlastRadius") << base::dumpJsonPretty(run);
    EXPECT_EQ(cluster.cable.switchedOff, 0);
}

}  // namespace
