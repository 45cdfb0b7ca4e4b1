// Every fault from experiment to verdict against an API server in memory, and the process killed
// after each of its writes: nothing is left behind, nothing is hit twice, and the verdict is never
// better than the truth.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "chaos/effects/effect.h"
#include "chaos/effects/node_mark.h"
#include "chaos/faults/fault.h"
#include "chaos/kinds.h"
#include "chaos/support/cases.h"
#include "chaos/support/samples.h"

namespace {

using base::Json;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::expectHitOnce;
using chaos::fake::faultCase;
using chaos::fake::FaultCase;
using chaos::fake::prepare;

class EachFault : public ::testing::TestWithParam<FaultCase> {};

TEST_P(EachFault, GoesFromExperimentToVerdictAndLeavesNothing) {
    Cluster cluster;
    prepare(cluster, GetParam());
    auto nodes = cluster.server->all(chaos::kNodes);
    cluster.drive();
    ASSERT_EQ(cluster.runs().size(), 1U);
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/verdict"), GetParam().verdict) << base::dumpJsonPretty(run);
    EXPECT_EQ(cluster.podDeletes(), GetParam().dies);
    EXPECT_EQ(cluster.power.switchedOff, GetParam().off);
    EXPECT_EQ(cluster.cable.switchedOff, GetParam().cut);
    EXPECT_EQ(cluster.restarts, GetParam().restarts);
    EXPECT_EQ(cluster.leftovers(), std::vector<std::string>());
    // Nodes are as they were, but for what the server itself counts.
    auto after = cluster.server->all(chaos::kNodes);
    for (size_t i = 0; i < nodes.size(); ++i) {
        EXPECT_EQ(nlohmann::json(nodes[i]["spec"]).dump(),
                  nlohmann::json(chaos::topology::parseNode(after[i]).taints.empty()
                                     ? [&] {
                                           auto spec = after[i]["spec"];
                                           spec.erase("taints");
                                           return spec;
                                       }()
                                     : after[i]["spec"])
                      .dump());
        EXPECT_EQ(nodes[i]["metadata"]["labels"], after[i]["metadata"]["labels"]);
    }
    EXPECT_FALSE(base::arrayAt(run, "/status/comparison").empty());
    for (const auto& line : base::arrayAt(run, "/status/comparison")) {
        // Where nobody enforces the policy, that shows here too.
        EXPECT_TRUE(GetParam().policies || base::boolAt(line, "/holds") == true)
            << base::dumpJson(line);
    }
    EXPECT_FALSE(base::arrayAt(run, "/status/series/sent").empty());
}

TEST_P(EachFault, SurvivesACrashAfterEveryWrite) {
    Cluster calm;
    prepare(calm, GetParam());
    calm.drive();
    int good = 0;
    for (int k = 0; k < calm.writes; ++k) {
        Cluster cluster;
        prepare(cluster, GetParam());
        cluster.crashAfterWrite = k;
        cluster.drive();
        expectHitOnce(cluster, GetParam(), "crash after write " + std::to_string(k));
        good += stringAt(cluster.runs()[0], "/status/verdict") == GetParam().verdict ? 1 : 0;
    }
    EXPECT_GT(good, calm.writes / 2) << "a crash must not make every run worthless";
}

INSTANTIATE_TEST_SUITE_P(All, EachFault, ::testing::ValuesIn(chaos::fake::faultCases()),
                         chaos::fake::nameOfCase);

// The process is dead for good after each write: whoever sweeps next takes everything back.
TEST(Sweep, TakesBackWhatARunLeftBehindOnceItsDeadlineIsOver) {
    for (const auto& one : chaos::fake::faultCases()) {
        if (one.name != std::string("NodeDrain") && one.name != std::string("ZoneOutageByPower")) {
            continue;  // the others leave the same marks, or nothing
        }
        Cluster calm;
        prepare(calm, one);
        calm.drive();
        for (int k = 0; k < calm.writes; ++k) {
            Cluster cluster;
            prepare(cluster, one);
            cluster.crashAfterWrite = k;
            cluster.driveUntilDead();
            cluster.clock.advance(std::chrono::minutes(30));
            auto swept = cluster.sweep(false);
            EXPECT_TRUE(swept.problems.empty()) << one.name << k << swept.problems[0];
            auto left = cluster.leftovers();
            // Pods of the run are the run's own: they end by themselves and go with it.
            std::erase_if(left, [](const auto& what) { return what.starts_with("pod "); });
            EXPECT_EQ(left, std::vector<std::string>()) << one.name << " " << k;
        }
    }
}

TEST(Sweep, ARunThatIsGoneIsSweptAtOnceAndOneThatGoesOnIsNot) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return cluster.leftovers().size() > 1; });
    EXPECT_TRUE(cluster.sweep(false).reverted.empty()) << "its run still needs it";
    cluster.server->drop(chaos::kChaosRuns, {"ns", "try-1"});
    EXPECT_EQ(cluster.sweep(false).reverted.size(), 1U);
    EXPECT_EQ(cluster.sweep(false).reverted.size(), 0U);
}

TEST(Sweep, AbortAllDoesNotWaitForAnything) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return cluster.leftovers().size() > 1; });
    EXPECT_EQ(cluster.sweep(true).reverted.size(), 1U);
}

TEST(ZoneOutage, KeepsTheZoneEmptyUntilItsDeadlineAndGivesACordonBackAsItWas) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    // Somebody else has it cordoned, with a taint of their own.
    cluster.server->edit(chaos::kNodes, {"", "node-2"}, [](Json& node) {
        node["spec"]["unschedulable"] = true;
        node["spec"]["taints"] = Json::array({{{"key", "theirs"}, {"effect", "NoSchedule"}}});
    });
    auto phase = [&] {
        return cluster.runs().empty() ? ""
                                      : stringAt(cluster.runs()[0], "/status/phase").value_or("");
    };
    cluster.driveUntil([&] { return phase() == "Observing"; });
    // As a pod that tolerates everything: it comes into the zone all the same.
    auto intruder = cluster.server->all(chaos::kPods)[0];
    intruder["metadata"] = {
        {"namespace", "ns"},
        {"name", "stubborn"},
        {"labels", {{"scalableapp.dev/app", "shop"}, {"scalableapp.dev/tier", "web"}}}};
    intruder["spec"]["nodeName"] = "node-2";
    cluster.server->put(chaos::kPods, intruder);
    cluster.driveUntil([&] { return phase() == "Done"; });
    auto run = cluster.runs()[0];
    EXPECT_EQ(base::intAt(run, "/status/intruders"), 1) << base::dumpJsonPretty(run);
    EXPECT_FALSE(cluster.server->find(chaos::kPods, {"ns", "stubborn"}));
    auto node = chaos::topology::parseNode(*cluster.server->find(chaos::kNodes, {"", "node-2"}));
    EXPECT_TRUE(node.unschedulable);
    ASSERT_EQ(node.taints.size(), 1U);
    EXPECT_EQ(stringAt(node.taints[0], "/key"), "theirs");
    EXPECT_TRUE(node.mark.empty());
}

TEST(NodeDrain, WaitsForTheDisruptionBudget) {
    Cluster cluster;
    prepare(cluster, faultCase("NodeDrain"));
    cluster.refuseEvictions = 6;
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Resilient")
        << base::dumpJsonPretty(cluster.runs()[0]);
    EXPECT_EQ(cluster.podDeletes(), 2U);
}

TEST(NodeDrain, ABudgetThatNeverAllowsItProvesNothing) {
    Cluster cluster;
    prepare(cluster, faultCase("NodeDrain"));
    cluster.refuseEvictions = 100'000;
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive");
    EXPECT_NE(base::dumpJson(run).find("disruption budget"), std::string::npos);
    EXPECT_EQ(cluster.podDeletes(), 0U);
    EXPECT_TRUE(cluster.leftovers().empty());
}

// A Service of an application in zones keeps visitors in theirs: a probe elsewhere would never ask
// the pods that are hit, and call everything well.
TEST(Probe, IsAVisitorOfTheTargetsZoneUnlessAllOfTheZoneFails) {
    for (const auto& one : chaos::fake::faultCases()) {
        Cluster cluster;
        prepare(cluster, one);
        auto there = [&] { return cluster.server->find(chaos::kPods, {"ns", "try-1-probe"}); };
        cluster.driveUntil([&] { return there().has_value(); });
        auto affinity = base::dumpJson((*there())["spec"].value("affinity", Json::object()));
        bool zoned = stringAt(one.spec, "/target/zone").has_value();
        bool near = affinity.find(R"("operator":"In")") != std::string::npos;
        bool away = affinity.find(R"("topology.kubernetes.io/zone","operator":"NotIn")") !=
                    std::string::npos;
        bool targets = one.name != std::string("LoadStep");
        EXPECT_EQ(near, targets && !zoned) << one.name << affinity;
        EXPECT_EQ(away, zoned) << one.name << affinity;
    }
}

TEST(OperatorKill, HitsTheOneThatLeads) {
    Cluster cluster;
    prepare(cluster, faultCase("OperatorKill"));
    cluster.drive();
    ASSERT_EQ(cluster.podDeletes(), 1U);
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/targets/0/role"), "Leader");
}

TEST(Abort, TakesTheFaultBackAtOnceAndProvesNothing) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.driveUntil([&] { return cluster.leftovers().size() > 1; });
    cluster.server->edit(chaos::kChaosRuns, {"ns", "try-1"}, [](Json& run) {
        run["metadata"]["annotations"][chaos::kAbortAnnotation] = "enough";
    });
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive");
    EXPECT_EQ(stringAt(run, "/status/reason"), "Aborted");
    EXPECT_LT(*stringAt(run, "/status/revertedAt"), *stringAt(run, "/status/deadline"));
    EXPECT_TRUE(cluster.leftovers().empty());
}

TEST(Abort, TooManyErrorsEndTheFaultAndAreAFailure) {
    Cluster cluster;
    auto one = faultCase("ZoneOutage");
    one.spec["safety"]["abortErrorPercent"] = 20;
    one.spec["fault"]["durationSeconds"] = 40;
    prepare(cluster, one);
    cluster.traffic = [&](chaos::probe::Second& second) {
        if (cluster.leftovers().size() > 1) {
            chaos::fake::fail(second, 25, chaos::probe::Outcome::Status5xx);
        }
    };
    // The series is made anew at each look: bad from the fault on is near enough.
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Failed") << base::dumpJsonPretty(run);
    EXPECT_EQ(stringAt(run, "/status/reason"), "TooManyErrors");
    EXPECT_LT(*stringAt(run, "/status/revertedAt"), *stringAt(run, "/status/deadline"));
}

// However long it has got by then.
TEST(Abort, TheWholeLogIsReadBeforeTheFaultAndAfterItOnly) {
    Cluster cluster;
    auto one = faultCase("ZoneOutage");
    one.spec["safety"]["abortErrorPercent"] = 20;
    prepare(cluster, one);
    auto read = [&](const char* phase) {
        cluster.driveUntil([&] {
            return !cluster.runs().empty() && stringAt(cluster.runs()[0], "/status/phase") == phase;
        });
        return cluster.wholeLogs;
    };
    auto before = read("Observing");
    EXPECT_EQ(read("Verifying"), before);
    cluster.drive();
    EXPECT_LE(cluster.wholeLogs, before + 5) << "only when its last second is waited for";
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Resilient");
}

TEST(LoadStep, WhosePodHasAnotherClockProvesNothing) {
    for (int ahead : {-3, 3}) {
        Cluster cluster;
        cluster.stepClock = std::chrono::seconds(ahead);
        prepare(cluster, faultCase("LoadStep"));
        cluster.drive();
        auto run = cluster.runs()[0];
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << ahead;
        EXPECT_EQ(stringAt(run, "/status/reason"), "ClockSkew") << base::dumpJsonPretty(run);
    }
}

TEST(Pause, NothingBeginsWhileItIsSet) {
    Cluster cluster;
    prepare(cluster, faultCase("PodKill"));
    cluster.drive(2);
    cluster.server->edit(chaos::kChaosRuns, {"ns", "try-1"}, [](Json& run) {
        run["metadata"]["annotations"][chaos::kPauseAnnotation] = "true";
    });
    cluster.drive(60);
    EXPECT_EQ(cluster.podDeletes(), 0U);
    cluster.server->edit(chaos::kChaosRuns, {"ns", "try-1"}, [](Json& run) {
        run["metadata"]["annotations"].erase(chaos::kPauseAnnotation);
    });
    cluster.drive();
    EXPECT_EQ(cluster.podDeletes(), 1U);
}

TEST(ControlRun, MeasuresTheSameLoadWithoutAnyFault) {
    Cluster cluster;
    auto one = faultCase("PodKill");
    one.spec["control"] = true;
    one.spec["runs"] = 3;
    prepare(cluster, one);
    cluster.drive(6000);
    auto runs = cluster.runs();
    ASSERT_EQ(runs.size(), 4U);
    EXPECT_EQ(cluster.podDeletes(), 3U);
    for (const auto& run : runs) {
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
    }
    auto experiment = cluster.server->all(chaos::kChaosExperiments)[0];
    EXPECT_EQ(base::intAt(experiment, "/status/statistics/judged"), 3);
    EXPECT_EQ(base::intAt(experiment, "/status/statistics/resilient"), 3);
    // Three good runs prove little: the true share of failures may still be 63 %.
    EXPECT_EQ(base::intAt(experiment, "/status/statistics/failureBoundPermille"), 632);
}

TEST(Accepted, LaterGenerationsAreHeldAgainstIt) {
    Cluster cluster;
    prepare(cluster, faultCase("PodKill"));
    cluster.drive();
    auto edit = [&](const std::function<void(Json&)>& change) {
        cluster.server->edit(chaos::kChaosExperiments, {"ns", "try"}, change);
        cluster.drive();
        return cluster.server->all(chaos::kChaosExperiments)[0];
    };
    auto accepted =
        edit([](Json& one) { one["metadata"]["annotations"][chaos::kAcceptAnnotation] = "1"; });
    EXPECT_EQ(base::intAt(accepted, "/status/accepted/resilient"), 1);
    EXPECT_EQ(base::at(accepted, "/status/regression"), nullptr) << "not with itself";
    auto later = edit([](Json& one) {
        one["spec"]["runs"] = 2;
        one["metadata"]["generation"] = 2;
    });
    EXPECT_EQ(base::intAt(later, "/status/accepted/generation"), 1) << base::dumpJsonPretty(later);
    EXPECT_EQ(stringAt(later, "/status/regression/verdict"), "Unknown") << "one run says nothing";
}

TEST(Zones, EachHasItsOwnRecovery) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.drive();
    auto run = cluster.runs()[0];
    const auto& zones = base::arrayAt(run, "/status/measurements/zones");
    ASSERT_EQ(zones.size(), 1U) << base::dumpJsonPretty(run);
    EXPECT_EQ(stringAt(zones[0], "/zone"), "z2");
    EXPECT_EQ(base::intAt(zones[0], "/readyBefore"), 2);
    EXPECT_EQ(base::intAt(zones[0], "/readyLowest"), 0);
    // Only after its power came back, 6 s after the intent.
    EXPECT_GE(base::intAt(zones[0], "/wholeMilliseconds").value_or(0), 5000);
}

// Whoever says that it was done: without anybody who felt it, nothing is proved.
// A machine boots for longer than its cluster takes to give it up: its pods are shown as ready all
// the time.
TEST(NodeStop, IsNotOverBeforeTheNodesContainersRunAgain) {
    Cluster cluster;
    cluster.outagesAreNoticed = false;
    cluster.bootTakes = std::chrono::seconds(15);
    prepare(cluster, faultCase("NodeStop"));
    cluster.drive();
    auto run = cluster.runs()[0];
    auto after = base::intAt(run, "/status/measurements/wholeAfterEndMilliseconds");
    EXPECT_GE(after.value_or(0), 14000) << base::dumpJsonPretty(run);
    EXPECT_LE(after.value_or(0), 20000);
    EXPECT_TRUE(cluster.leftovers().empty());
}

TEST(PlantedFault, ADriverThatLiesProvesNothing) {
    for (const char* name : {"NodeStop", "ZoneOutageByPower", "NetworkPartitionByDriver"}) {
        Cluster cluster;
        cluster.power.lies = cluster.cable.lies = true;
        prepare(cluster, faultCase(name));
        cluster.drive();
        auto run = cluster.runs()[0];
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << base::dumpJsonPretty(run);
        EXPECT_TRUE(cluster.leftovers().empty());
    }
}

TEST(PlantedFault, AContainerThatWasNeverRestartedProvesNothing) {
    Cluster cluster;
    cluster.kubeletSleeps = true;
    prepare(cluster, faultCase("ContainerKill"));
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Inconclusive")
        << base::dumpJsonPretty(cluster.runs()[0]);
}

TEST(PlantedFault, APolicyThatNobodyEnforcesProvesNothing) {
    Cluster cluster;
    prepare(cluster, faultCase("NetworkPartitionByPolicy"));
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/driver"), "NetworkPolicy");
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << base::dumpJsonPretty(run);
}

// Half of its zone's visitors are sent to it for two seconds of ten.
TEST(ContainerKill, PredictsThatVisitorsNotice) {
    Cluster cluster;
    prepare(cluster, faultCase("ContainerKill"));
    cluster.drive();
    auto run = cluster.runs()[0];
    EXPECT_EQ(base::intAt(run, "/status/prediction/errorPercent"), 10);
}

TEST(ContainerKill, ThePodIsTheSameAndServesAgain) {
    Cluster cluster;
    prepare(cluster, faultCase("ContainerKill"));
    cluster.drive();
    auto run = cluster.runs()[0];
    auto pod = cluster.server->find(chaos::kPods, {"ns", *stringAt(run, "/status/targets/0/name")});
    ASSERT_TRUE(pod);
    EXPECT_EQ(stringAt(*pod, "/metadata/uid"), stringAt(run, "/status/targets/0/uid"));
    EXPECT_EQ(stringAt(*pod, "/spec/containers/0/image"), "docker.io/library/shop:1");
}

// The server in memory takes any status; a real one only what the definition lists.
TEST(Definition, TakesEveryWordThatARunMayWrite) {
    std::ifstream in(CRD_FILE);
    std::stringstream text;
    text << in.rdbuf();
    auto listed = [&](const std::string& word) {
        for (std::string line; std::getline(text, line);) {
            if (line.find("enum: [") != std::string::npos && line.find(word) != std::string::npos) {
                text.clear();
                text.seekg(0);
                return true;
            }
        }
        text.clear();
        text.seekg(0);
        return false;
    };
    for (const char* kind :
         {chaos::effects::kNodeMark, chaos::effects::kNodePower, chaos::effects::kNodeCable,
          chaos::effects::kLoadPod, chaos::effects::kIsolation}) {
        EXPECT_TRUE(listed(kind)) << kind;
    }
    for (const auto* fault : chaos::faults::all()) {
        EXPECT_TRUE(listed(fault->type())) << fault->type();
    }
    EXPECT_FALSE(listed("NodeMelt"));
}

}  // namespace
