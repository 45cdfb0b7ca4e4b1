// Named zones: what each gets, and how an app gets there and away without losing capacity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kThree = R"({"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3"}]})";
constexpr const char* kDrained =
    R"({"zones":[{"name":"z1"},{"name":"z2","weight":0},{"name":"z3"}]})";
constexpr const char* kSix = R"({"image":"shop:1","replicas":6})";
constexpr const char* kScaled =
    R"({"image":"shop:1","autoscaling":{"minReplicas":3,"maxReplicas":12}})";

Json settledStatus(Simulation& cluster) {
    cluster.settle();
    return cluster.last.status;
}

TEST(Zones, EachHasItsOwnDeploymentBoundToIt) {
    Simulation cluster(app(kSix, kThree));
    cluster.settle();
    EXPECT_THAT(cluster.names("Deployment"),
                ElementsAre("shop-web-z1", "shop-web-z2", "shop-web-z3"));
    EXPECT_THAT(cluster.names("PodDisruptionBudget"),
                ElementsAre("shop-web-z1", "shop-web-z2", "shop-web-z3"));
    const auto& deployment = *cluster.find("Deployment", "shop-web-z2");
    EXPECT_EQ(deployment["spec"]["replicas"], 2);
    EXPECT_EQ(deployment["spec"]["selector"]["matchLabels"]["scalableapp.dev/zone"], "z2");
    const auto* terms =
        base::at(deployment,
                 "/spec/template/spec/affinity/nodeAffinity/"
                 "requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    ASSERT_NE(terms, nullptr);
    EXPECT_EQ((*terms)[0]["matchExpressions"][0]["values"], Json::array({"z2"}));
    EXPECT_EQ((*cluster.find("Service", "shop"))["spec"]["trafficDistribution"], "PreferClose");
    EXPECT_EQ(cluster.last.status["stage"], "MultiZone");
    EXPECT_EQ(cluster.last.status["web"]["zoneSummary"], "3/3");
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

TEST(Zones, AutoscalersSplitTheirBoundsByWeight) {
    Simulation cluster(app(kScaled, R"({"zones":[{"name":"z1","weight":200},{"name":"z2"}]})"));
    cluster.settle();
    EXPECT_EQ((*cluster.find("HorizontalPodAutoscaler", "shop-web-z1"))["spec"]["minReplicas"], 2);
    EXPECT_EQ((*cluster.find("HorizontalPodAutoscaler", "shop-web-z1"))["spec"]["maxReplicas"], 8);
    EXPECT_EQ((*cluster.find("HorizontalPodAutoscaler", "shop-web-z2"))["spec"]["minReplicas"], 1);
    EXPECT_EQ((*cluster.find("HorizontalPodAutoscaler", "shop-web-z2"))["spec"]["maxReplicas"], 4);
}

TEST(Zones, AnAutoscalerKeepsOnePodInEach) {
    Simulation cluster(
        app(R"({"image":"shop:1","autoscaling":{"minReplicas":1,"maxReplicas":9}})", kThree));
    cluster.settle();
    EXPECT_EQ(cluster.available("web"), 3);
    EXPECT_EQ(cluster.last.status["effective"]["web"]["minReplicas"], 3);
}

// An autoscaler leaves a Deployment alone that asks for no pod.
TEST(Zones, AnAutoscalerStartsWhereNoPodWasAskedFor) {
    Simulation cluster(app(R"({"image":"shop:1","replicas":2})", kThree));
    cluster.settle();
    ASSERT_EQ((*cluster.find("Deployment", "shop-web-z3"))["spec"]["replicas"], 0);
    cluster.spec(app(kScaled, kThree));
    cluster.settle();
    EXPECT_EQ((*cluster.find("Deployment", "shop-web-z3"))["spec"]["replicas"], 1);
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_TRUE(cluster.last.scales.empty()) << "the count is the autoscaler's from then on";
}

TEST(Zones, AnAppThatSleptIsWokenByAnAutoscaler) {
    for (const char* zones : {"{}", kThree}) {
        Simulation cluster(app(R"({"image":"shop:1","replicas":0})", zones));
        cluster.settle();
        ASSERT_EQ(cluster.available("web"), 0);
        cluster.spec(app(kScaled, zones));
        cluster.settle();
        EXPECT_EQ(cluster.available("web"), 3) << zones;
        EXPECT_TRUE(cluster.last.scales.empty());
    }
}

TEST(Zones, OneBudgetWhereAZoneHasASinglePod) {
    Simulation cluster(app(R"({"image":"shop:1","replicas":3})", kThree));
    cluster.settle();
    EXPECT_THAT(cluster.names("PodDisruptionBudget"), ElementsAre("shop-web"));
}

struct Move {
    const char* name;
    const char* web;
    const char* from;
    const char* to;
    int64_t least;
};

class Moving : public testing::TestWithParam<Move> {};

TEST_P(Moving, LosesNoCapacityAndEndsAsIfItHadAlwaysBeenSo) {
    Simulation cluster(app(GetParam().web, GetParam().from));
    cluster.settle();
    cluster.spec(app(GetParam().web, GetParam().to));
    int steps = 0;
    while (cluster.step()) {
        EXPECT_GE(cluster.available("web"), GetParam().least) << "step " << steps;
        ASSERT_LT(++steps, 30);
    }
    Simulation fresh(app(GetParam().web, GetParam().to));
    fresh.settle();
    for (const char* kind :
         {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"}) {
        EXPECT_EQ(cluster.names(kind), fresh.names(kind));
        for (const auto& name : fresh.names(kind)) {
            auto there = *cluster.find(kind, name);
            auto wanted = *fresh.find(kind, name);
            if (std::string(kind) == "Deployment") {
                EXPECT_GE(there["spec"]["replicas"], wanted["spec"]["replicas"]) << name;
            } else {
                EXPECT_EQ(there["spec"], wanted["spec"]) << name;
                EXPECT_EQ(there["metadata"]["annotations"], wanted["metadata"]["annotations"]);
            }
        }
    }
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

INSTANTIATE_TEST_SUITE_P(All, Moving,
                         testing::Values(Move{"IntoZones", kSix, "{}", kThree, 6},
                                         Move{"OutOfZones", kSix, kThree, "{}", 6},
                                         Move{"DrainOne", kSix, kThree, kDrained, 6},
                                         Move{"UndrainOne", kSix, kDrained, kThree, 6},
                                         Move{"OtherZones", kSix, R"({"zones":[{"name":"a"}]})",
                                              R"({"zones":[{"name":"b"}]})", 6},
                                         Move{"IntoZonesScaled", kScaled, "{}", kThree, 3},
                                         Move{"OutOfZonesScaled", kScaled, kThree, "{}", 3},
                                         Move{"DrainOneScaled", kScaled, kThree, kDrained, 3}),
                         [](const auto& one) { return one.param.name; });

TEST(Zones, ADrainCoversWhatTheAutoscalersHadMade) {
    Simulation cluster(app(kScaled, kThree));
    cluster.settle();
    for (const char* name : {"shop-web-z1", "shop-web-z2", "shop-web-z3"}) {
        (*cluster.find("Deployment", name))["spec"]["replicas"] = 3;
    }
    cluster.settle();
    ASSERT_EQ(cluster.available("web"), 9);
    cluster.spec(app(kScaled, kDrained));
    int steps = 0;
    int64_t most = 0;
    while (cluster.step()) {
        EXPECT_GE(cluster.available("web"), 9) << "step " << steps;
        most = std::max(most, cluster.available("web"));
        ASSERT_LT(++steps, 30);
    }
    // The measure is the nine that there were, not what they become on the way.
    EXPECT_LE(most, 12);
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-web-z1", "shop-web-z3"));
    EXPECT_EQ((*cluster.find("HorizontalPodAutoscaler", "shop-web-z1"))["spec"]["minReplicas"], 2);
}

TEST(Zones, WhatLeavesStaysUntilTheOthersServe) {
    Simulation cluster(app(kSix, kThree));
    cluster.settle();
    cluster.breakPods("shop-web-z4");
    cluster.spec(app(kSix, R"({"zones":[{"name":"z4"}]})"));
    cluster.settle();
    EXPECT_EQ(cluster.available("web"), 6);
    EXPECT_THAT(cluster.names("Deployment"),
                ElementsAre("shop-web-z1", "shop-web-z2", "shop-web-z3", "shop-web-z4"));
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "False");
    auto zones = *condition(cluster.last, "ZonesSatisfied");
    EXPECT_EQ(zones.status, "False");
    EXPECT_THAT(zones.message, HasSubstr("z4: 0 of 6 pods ready; z1: leaving, 2 pods still serve"));
}

TEST(Zones, ConditionAndSummaryGoWithTheZones) {
    Simulation cluster(app(kSix, kThree));
    cluster.settle();
    cluster.spec(app(kSix));
    auto status = settledStatus(cluster);
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied"), nullptr);
    EXPECT_FALSE(status["web"].contains("zones"));
}

TEST(Zones, AnImpossibleZoneIsNamedWithTheRemedy) {
    auto spec = app(kSix, R"({"zones":[{"name":"z9"}]})");
    Simulation cluster(spec);
    cluster.breakPods("shop-web-z9");
    cluster.settle();
    auto pod = Json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","uid":"p",
        "labels":{"scalableapp.dev/app":"shop","scalableapp.dev/tier":"web","scalableapp.dev/zone":"z9"},
        "ownerReferences":[{"kind":"ReplicaSet","uid":"shop-web-z9-1-uid","controller":true}]},
        "status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","message":
        "0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector. preemption: no"}]}})");
    cluster.seen.children.push_back(pod);
    auto message = condition(plan::planApp(spec, cluster.seen), "Ready")->message;
    EXPECT_THAT(message, HasSubstr("web/z9: Unschedulable: no node with "
                                   "topology.kubernetes.io/zone=z9 has room"));
    EXPECT_THAT(message, HasSubstr("take the zone out of `zones`"));
}

Json readyPod(const std::string& name, const std::string& node, const std::string& zone) {
    return Json{
        {"kind", "Pod"},
        {"metadata",
         {{"name", name},
          {"labels",
           {{"scalableapp.dev/app", "shop"},
            {"scalableapp.dev/tier", "web"},
            {"topology.kubernetes.io/zone", zone}}}}},
        {"spec", {{"nodeName", node}}},
        {"status", {{"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
}

TEST(Zones, AllPodsInOneAreASinglePointOfFailure) {
    Simulation cluster(app());
    cluster.settle();
    cluster.seen.children.push_back(readyPod("a", "n1", "z1"));
    cluster.seen.children.push_back(readyPod("b", "n2", "z1"));
    auto points = plan::planApp(cluster.app, cluster.seen).status["singlePointsOfFailure"];
    ASSERT_EQ(points.size(), 1U);
    EXPECT_EQ(points[0]["what"], "all replicas in zone z1");
    cluster.seen.children.push_back(readyPod("c", "n3", "z2"));
    EXPECT_FALSE(plan::planApp(cluster.app, cluster.seen).status.contains("singlePointsOfFailure"));
}

}  // namespace
