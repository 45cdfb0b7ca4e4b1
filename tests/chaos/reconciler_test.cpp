// The chaos controller against an API server in memory: what it writes, in which order, and what it
// never touches.
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cases.h"
#include "chaos/support/samples.h"

namespace {

using base::Json;
using base::stringAt;
using chaos::fake::Cluster;

Json usual() {
    return {{"app", "shop"},
            {"fault", {{"type", "PodKill"}}},
            {"load", {{"requestsPerSecond", 50}}},
            {"expectations", {{"webErrorPercent", 1}, {"redundancyRestoredSeconds", 60}}}};
}

TEST(ChaosController, OneRunFromExperimentToVerdict) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive();
    ASSERT_EQ(cluster.runs().size(), 1U);
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/metadata/name"), "kill-1");
    EXPECT_EQ(stringAt(run, "/metadata/ownerReferences/0/name"), "kill");
    EXPECT_EQ(stringAt(run, "/spec/app"), "shop");
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
    ASSERT_EQ(cluster.podDeletes(), 1U);
    EXPECT_EQ(stringAt(run, "/status/targets/0/name"), cluster.deleted[0]);
    EXPECT_FALSE(stringAt(run, "/status/targets/0/zone").value_or("").empty());
    auto experiment = cluster.server->all(chaos::kChaosExperiments)[0];
    EXPECT_EQ(stringAt(experiment, "/status/lastRun"), "kill-1");
    EXPECT_EQ(stringAt(experiment, "/status/lastVerdict"), "Resilient");
    EXPECT_EQ(base::intAt(experiment, "/status/runs/resilient"), 1);
    auto metrics = cluster.metrics.text();
    for (const char* line : {"verdict=\"Resilient\"} 1", "verdict=\"Failed\"} 0"}) {
        EXPECT_NE(metrics.find("scalableapp_chaos_runs_total{app=\"shop\",namespace=\"ns\"," +
                               std::string(line)),
                  std::string::npos)
            << metrics;
    }
}

TEST(ChaosController, TellsTheRunAndTheAppAtTheFaultAndAtTheVerdict) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive();
    std::vector<std::string> told;
    for (const auto& event : cluster.events) {
        told.push_back(event.regarding.kind + " " + event.reason);
    }
    EXPECT_EQ(told,
              (std::vector<std::string>{"ChaosRun ChaosInjecting", "ScalableApp ChaosInjecting",
                                        "ChaosRun ChaosResilient", "ScalableApp ChaosResilient"}));
}

TEST(ChaosController, WithoutTheLabelNoPodIsDeletedAndNoProbeMade) {
    Cluster cluster;
    cluster.addApp("shop", 3, false);
    cluster.experiment("kill", usual());
    cluster.server->forgetRequests();
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/reason"), "NotAllowed");
    EXPECT_EQ(cluster.server->mutations("/pods"), 0U);
}

TEST(ChaosController, TheDeleteCarriesTheUidAndComesAfterTheIntent) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive();
    auto run = cluster.runs()[0];
    auto uid = *stringAt(run, "/status/targets/0/uid");
    bool intended = false;
    int deletes = 0;
    for (const auto& request : cluster.server->requests()) {
        intended |= request.method == "PATCH" && request.body.find("intentAt") != std::string::npos;
        bool kill = request.method == "DELETE" &&
                    request.target.find(cluster.deleted.at(0)) != std::string::npos;
        if (kill) {
            ++deletes;
            EXPECT_TRUE(intended);
            EXPECT_NE(request.body.find(uid), std::string::npos) << request.body;
            EXPECT_EQ(request.body.find("\"gracePeriodSeconds\":0"), std::string::npos);
        }
    }
    EXPECT_EQ(deletes, 1);
}

TEST(ChaosController, OnceDoneItAsksForNothingMore) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive();
    cluster.drive(3);
    cluster.server->forgetRequests();
    cluster.drive(20);
    EXPECT_EQ(cluster.server->mutations(), 0U);
}

TEST(ChaosController, ADeletedRunIsNotStartedAgain) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive(8);
    cluster.server->drop(chaos::kChaosRuns, {"ns", "kill-1"});
    cluster.drive(30);
    EXPECT_TRUE(cluster.runs().empty());
    auto experiment = cluster.server->all(chaos::kChaosExperiments)[0];
    EXPECT_EQ(stringAt(experiment, "/status/conditions/0/reason"), "Aborted");
    EXPECT_EQ(cluster.podDeletes(), 0U);
}

TEST(ChaosController, AnEditStartsTheNextRunAfterTheFirst) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive(8);
    cluster.server->edit(chaos::kChaosExperiments, {"ns", "kill"}, [](Json& one) {
        one["spec"]["expectations"]["redundancyRestoredSeconds"] = 30;
        one["metadata"]["generation"] = 2;
    });
    cluster.drive();
    auto runs = cluster.runs();
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(base::intAt(runs[0], "/spec/expectations/redundancyRestoredSeconds"), 60);
    EXPECT_EQ(base::intAt(runs[1], "/spec/expectations/redundancyRestoredSeconds"), 30);
    // One after the other: the second began only when the first was over.
    EXPECT_LE(*stringAt(runs[0], "/status/completedAt"), *stringAt(runs[1], "/status/startedAt"));
    EXPECT_EQ(cluster.podDeletes(), 2U);
}

TEST(ChaosController, TwoExperimentsOnOneAppTakeTurns) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("a", usual());
    cluster.experiment("b", usual());
    cluster.drive();
    auto runs = cluster.runs();
    ASSERT_EQ(runs.size(), 2U);
    for (const auto& run : runs) {
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
    }
    auto first =
        *stringAt(runs[0], "/status/startedAt") < *stringAt(runs[1], "/status/startedAt") ? 0U : 1U;
    EXPECT_LE(*stringAt(runs[first], "/status/completedAt"),
              *stringAt(runs[1 - first], "/status/startedAt"));
}

TEST(ChaosController, AnOutageOfTheApiServerIsWaitedOut) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.drive(6);
    cluster.server->setReachable(false);
    cluster.drive(10);
    cluster.server->setReachable(true);
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Resilient")
        << base::dumpJsonPretty(cluster.runs()[0]);
}

TEST(ChaosController, AControlRunIsNotAskedForWhatOnlyTheFaultBringsAbout) {
    auto spec = usual();
    spec["fault"] = {{"type", "LoadStep"}, {"requestsPerSecond", 100}};
    spec["expectations"]["autoscaling"] = {
        {"scaling", "Required"}, {"reactWithinSeconds", 10}, {"settleWithinSeconds", 30}};
    auto with = chaos::parseRun({{"spec", spec}});
    ASSERT_TRUE(with);
    EXPECT_EQ(with->spec.expectations.autoscaling.scaling, "Required");
    spec["withoutFault"] = true;
    auto without = chaos::parseRun({{"spec", spec}});
    ASSERT_TRUE(without);
    EXPECT_FALSE(without->spec.expectations.autoscaling.asks());
    EXPECT_EQ(without->spec.expectations.webErrorPercent, 1);
}

// A step may be asked about the autoscaler alone, which a control run has nothing to say about.
TEST(ChaosController, AControlRunOfALoadStepProvesThatTheLoadAloneDoesNoHarm) {
    for (bool harm : {false, true}) {
        Cluster cluster;
        auto one = chaos::fake::faultCase("LoadStep");
        one.spec["control"] = true;
        one.spec["steadyState"]["webErrorPercent"] = 5;
        one.spec["expectations"] = {{"autoscaling", {{"reactWithinSeconds", 5}}}};
        chaos::fake::prepare(cluster, one);
        cluster.server->put(chaos::kScalers, {{"metadata",
                                               {{"namespace", "ns"},
                                                {"name", "shop-web"},
                                                {"labels", {{"scalableapp.dev/app", "shop"}}}}},
                                              {"spec", {{"maxReplicas", 9}}}});
        if (harm) {
            cluster.traffic = [](chaos::probe::Second& second) {
                if (second.second >= 6) {
                    chaos::fake::fail(second, 25, chaos::probe::Outcome::Status5xx);
                }
            };
        }
        cluster.drive();
        auto control = *cluster.server->find(chaos::kChaosRuns, {"ns", "try-1-r0"});
        EXPECT_EQ(base::boolAt(control, "/spec/withoutFault"), true);
        EXPECT_EQ(stringAt(control, "/status/verdict"), harm ? "Failed" : "Resilient")
            << base::dumpJsonPretty(control);
    }
}

// What an application's status tells of, without a cache that holds all runs there ever were.
TEST(ChaosController, ARunCarriesTheNameOfItsApplicationUntilItIsOver) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    const char* label = "/metadata/labels/scalableapp.dev~1chaos-running";
    cluster.drive(5);
    EXPECT_EQ(stringAt(cluster.runs()[0], label), "shop");
    cluster.drive();
    cluster.drive(2);
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/phase"), "Done");
    EXPECT_EQ(stringAt(cluster.runs()[0], label), std::nullopt);
    auto odd = chaos::runOf({{"metadata", {{"name", "a"}, {"namespace", "ns"}, {"uid", "u"}}},
                             {"spec", {{"app", "not/an app"}}}},
                            1);
    ASSERT_TRUE(odd) << "the run is made, and says what is wrong";
    EXPECT_EQ((*odd)["metadata"]["labels"].size(), 1U);
}

// "a-1" of the second generation, and the second run of the first generation of "a".
TEST(ChaosController, NoTwoExperimentsMakeRunsOfTheSameName) {
    std::set<std::string> names;
    size_t made = 0;
    for (const char* name : {"a", "a-1", "a-1-1", "a-1-r2", "a-r2"}) {
        for (int generation = 1; generation <= 3; ++generation) {
            Json experiment{{"metadata", {{"name", name}, {"generation", generation}}}};
            for (int ordinal = 0; ordinal <= 3; ++ordinal, ++made) {
                names.insert(chaos::runName(experiment, ordinal));
            }
        }
    }
    EXPECT_EQ(names.size(), made);
}

TEST(ChaosController, ARunOfSomebodyElseThatIsInTheWayIsToldWithTheRemedy) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.server->put(chaos::kChaosRuns, {{"metadata", {{"namespace", "ns"}, {"name", "kill-1"}}},
                                            {"spec", usual()},
                                            {"status", {{"phase", "Done"}}}});
    cluster.experiment("kill", usual());
    cluster.drive(3);
    auto condition = cluster.server->all(chaos::kChaosExperiments)[0]["status"]["conditions"][0];
    EXPECT_EQ(condition["reason"], "NameTaken") << base::dumpJson(condition);
    EXPECT_NE(base::dumpJson(condition).find("kubectl delete chaosrun kill-1"), std::string::npos);
    cluster.server->drop(chaos::kChaosRuns, {"ns", "kill-1"});
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/verdict"), "Resilient");
    EXPECT_EQ(
        stringAt(cluster.server->all(chaos::kChaosExperiments)[0], "/status/conditions/0/reason"),
        "AllHold");
}

TEST(ChaosController, AProbeThatIsRefusedEndsTheRun) {
    Cluster cluster;
    cluster.addApp("shop", 3, true);
    cluster.experiment("kill", usual());
    cluster.server->failNext(100, "POST", "/pods", 403);
    cluster.drive();
    EXPECT_EQ(stringAt(cluster.runs()[0], "/status/reason"), "ProbeNotRunning");
    EXPECT_EQ(cluster.podDeletes(), 0U);
}

}  // namespace
