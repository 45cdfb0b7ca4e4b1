#include "chaos/predict/predict.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using api::ChaosExperimentSpec;

faults::Plan podKill(const ChaosExperimentSpec& spec, const topology::App& app,
                     const std::vector<topology::Pod>& pods, std::optional<int64_t> budget,
                     uint64_t seed) {
    run::Run run;
    run.spec = spec;
    run::Seen seen;
    seen.app = app;
    seen.pods = pods;
    if (budget) {
        seen.budgets["web"] = *budget;
    }
    return faults::named("PodKill")->plan({run, seen}, seed);
}

std::optional<faults::Refusal> feasibility(const ChaosExperimentSpec& spec, run::Site site = {}) {
    run::Run run;
    run.spec = spec;
    return predict::feasibility(run, site);
}

TEST(Prediction, SaysWhoIsHitAndWhatIsLeft) {
    auto outcome = podKill(fake::usualSpec(), fake::usualApp(3), fake::pods(6), std::nullopt, 7);
    ASSERT_FALSE(outcome.refusal);
    ASSERT_EQ(outcome.targets.size(), 1U);
    EXPECT_EQ(outcome.prediction.targets, std::vector<std::string>{outcome.targets[0].name});
    EXPECT_EQ(outcome.prediction.readyBefore, 6);
    EXPECT_EQ(outcome.prediction.readyAfter, 5);
    EXPECT_EQ(outcome.prediction.minimum, 2);
    EXPECT_EQ(outcome.prediction.message, "web 6 -> 5 ready, minimum 2: the service goes on");
}

TEST(Prediction, TheDisruptionBudgetIsTheMinimumWhereThereIsOne) {
    auto pods = fake::pods(6);
    auto app = fake::usualApp(3);
    EXPECT_FALSE(podKill(fake::usualSpec(), app, pods, 5, 7).refusal);
    auto tight = podKill(fake::usualSpec(), app, pods, 6, 7);
    ASSERT_TRUE(tight.refusal);
    EXPECT_EQ(tight.refusal->reason, "BelowMinimum");
}

TEST(Prediction, OtherTiersThanWebAreHitAndCountedByThemselves) {
    auto pods = fake::pods(6);
    for (int i = 0; i < 3; ++i) {
        pods.push_back(fake::pod(10 + i));
        pods.back().tier = "loadBalancer";
        pods.back().name = "shop-lb-" + std::to_string(i);
    }
    auto app = fake::usualApp(3);
    app.balancers = 3;
    auto spec = fake::usualSpec();
    spec.target.tier = "LoadBalancer";
    auto outcome = podKill(spec, app, pods, std::nullopt, 7);
    ASSERT_FALSE(outcome.refusal) << outcome.refusal->message;
    EXPECT_TRUE(outcome.targets.at(0).name.starts_with("shop-lb-"));
    EXPECT_EQ(outcome.prediction.readyBefore, 3);
    EXPECT_EQ(outcome.prediction.readyAfter, 2);
    EXPECT_EQ(outcome.prediction.message,
              "loadBalancer 3 -> 2 ready, minimum 2: the service goes on");
    // What is watched is the tier that is hit, in each zone of it.
    EXPECT_EQ(outcome.prediction.zones,
              (std::vector<run::Remains>{{.name = "z1", .before = 3, .after = 2, .minimum = 0}}));
    EXPECT_FALSE(podKill(spec, app, pods, 6, 7).refusal)
        << "a budget of the web tier is not the balancer's";
    app.balancers = 4;
    EXPECT_TRUE(podKill(spec, app, pods, std::nullopt, 7).refusal);
}

// Six web pods in three zones, each on a node of its own.
faults::Plan lostBy(const char* fault, const std::string& zone, const char* method = "") {
    run::Run run;
    run.spec = fake::usualSpec();
    run.spec.fault.type = fault;
    run.spec.fault.method = method;
    run.spec.target.zone = zone;
    run.spec.safety.maxTargets = 6;
    run::Seen seen;
    seen.app = fake::usualApp(3);
    seen.pods = fake::pods(6);
    seen.site.nodes = seen.site.power = seen.site.cables = true;
    for (const auto& pod : seen.pods) {
        topology::Node node;
        node.name = pod.node;
        node.uid = pod.node;
        node.zone = pod.zone;
        if (zone.empty() || node.zone == zone) {
            seen.nodes.push_back(node);
        }
    }
    return faults::named(fault)->plan({run, seen}, 7);
}

TEST(Prediction, WhatIsLostUntilSomebodyNoticesIsAtMostWhatTheTargetsAnswered) {
    auto node = lostBy("NodeStop", "");
    ASSERT_FALSE(node.refusal) << node.refusal->message;
    ASSERT_EQ(node.targets.size(), 1U);
    EXPECT_EQ(node.prediction.errorPercent, 50) << "half of its zone";
    auto zone = lostBy("ZoneOutage", "z2", "Power");
    ASSERT_FALSE(zone.refusal) << zone.refusal->message;
    EXPECT_EQ(zone.prediction.errorPercent, 34) << "a third of all";
    EXPECT_EQ(lostBy("NetworkPartition", "z2").prediction.errorPercent, 34);
    EXPECT_EQ(lostBy("ZoneOutage", "z2").prediction.errorPercent, 1) << "pods that are told to go";
}

struct Refused {
    const char* reason;
    const char* says;
    std::function<void(ChaosExperimentSpec&)> spoil;
    int pods = 6;
};

class Refusals : public ::testing::TestWithParam<Refused> {};

TEST_P(Refusals, NameTheReasonAndTheRemedy) {
    auto spec = fake::usualSpec();
    GetParam().spoil(spec);
    auto refusal = feasibility(spec);
    if (!refusal) {
        refusal = podKill(spec, fake::usualApp(GetParam().pods), fake::pods(GetParam().pods),
                          std::nullopt, 7)
                      .refusal;
    }
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, GetParam().reason);
    EXPECT_NE(refusal->message.find(GetParam().says), std::string::npos) << refusal->message;
}

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    ::testing::Values(
        Refused{"TierNotSupported", "use Web, LoadBalancer, CDN",
                [](auto& s) { s.target.tier = "Database"; }},
        Refused{"FaultNotSupported", "use one of PodKill",
                [](auto& s) { s.fault.type = "Earthquake"; }},
        Refused{"FaultNotSupported", "chaos.nodeFaults=true",
                [](auto& s) { s.fault.type = "NodeStop"; }},
        Refused{"FaultNotSupported", "chaos.networkPolicies=true",
                [](auto& s) {
                    s.fault.type = "NetworkPartition";
                    s.target.zone = "z1";
                }},
        Refused{"FaultNotSupported", "chaos.operatorKill=true",
                [](auto& s) { s.fault.type = "OperatorKill"; }},
        Refused{"NoTarget", "name the zone", [](auto& s) { s.fault.type = "ZoneOutage"; }},
        Refused{"NothingToAdd", "requestsPerSecond", [](auto& s) { s.fault.type = "LoadStep"; }},
        Refused{"Contradiction", "leave one of them out",
                [](auto& s) {
                    s.expectations.autoscaling.scaling = "Forbidden";
                    s.expectations.autoscaling.reactWithinSeconds = 10;
                }},
        Refused{"Contradiction", "reactWithinSeconds counts from the load that LoadStep adds",
                [](auto& s) { s.expectations.autoscaling.reactWithinSeconds = 10; }},
        Refused{"Contradiction", "spec.fault.type is PodKill: leave it out",
                [](auto& s) { s.expectations.autoscaling.settleWithinSeconds = 10; }},
        Refused{"Contradiction", "settleWithinSeconds 61 is longer than the load lasts",
                [](auto& s) {
                    s.fault.type = "LoadStep";
                    s.fault.requestsPerSecond = 100;
                    s.expectations.autoscaling.settleWithinSeconds = 61;
                }},
        Refused{"NothingExpected", "set webErrorPercent", [](auto& s) { s.expectations = {}; }},
        Refused{"TooLittleTraffic", "raise either", [](auto& s) { s.load.requestsPerSecond = 4; }},
        Refused{"AbortTooEarly", "at least 50", [](auto& s) { s.safety.abortAfterSeconds = 49; }},
        Refused{"BlastRadius", "spec.safety.maxTargets 1", [](auto& s) { s.target.count = 2; }},
        Refused{"BlastRadius", "50 %, over spec.safety.maxTargetsPercent 34", [](auto&) {}, 2},
        Refused{"NoTarget", "in zone \"z9\"", [](auto& s) { s.target.zone = "z9"; }},
        Refused{"NoTarget", "0 pods", [](auto&) {}, 0},
        Refused{"BelowMinimum", "expectOutage: true",
                [](auto& s) { s.safety.maxTargetsPercent = 100; }, 1},
        Refused{"BelowMinimum", "web 6 -> 3 ready, minimum 5",
                [](auto& s) {
                    s.target.count = 3;
                    s.safety.maxTargets = 3;
                    s.safety.maxTargetsPercent = 50;
                }}),
    [](const auto& one) { return std::string(one.param.reason) + std::to_string(one.index); });

TEST(Answerable, AnAutoscalerMayOnlyBeAskedWhereThereIsOne) {
    run::Run run;
    run.spec = fake::usualSpec();
    run::Seen seen;
    EXPECT_FALSE(predict::answerable(run, seen));
    run.spec.expectations.autoscaling.scaling = "Forbidden";
    EXPECT_FALSE(predict::answerable(run, seen)) << "what is not there does not scale";
    run.spec.expectations.autoscaling.scaling = "Required";
    ASSERT_TRUE(predict::answerable(run, seen));
    EXPECT_EQ(predict::answerable(run, seen)->reason, "NoAutoscaler");
    seen.scaler = topology::Scaler{.desired = 3};
    EXPECT_FALSE(predict::answerable(run, seen));
}

TEST(Prediction, AnOutageMayBeAskedForButTheCapsStay) {
    auto spec = fake::usualSpec();
    spec.safety.expectOutage = true;
    EXPECT_EQ(podKill(spec, fake::usualApp(1), fake::pods(1), {}, 7).refusal->reason,
              "BlastRadius");
    spec.safety.maxTargetsPercent = 100;
    auto outcome = podKill(spec, fake::usualApp(1), fake::pods(1), {}, 7);
    EXPECT_FALSE(outcome.refusal);
    EXPECT_NE(outcome.prediction.message.find("an outage"), std::string::npos);
}

TEST(Prediction, NeverMoreTargetsThanTheCapsAllow) {
    for (int64_t count = 1; count <= 6; ++count) {
        for (int64_t most = 1; most <= 6; ++most) {
            for (int64_t percent = 1; percent <= 100; percent += 3) {
                auto spec = fake::usualSpec();
                spec.target.count = count;
                spec.safety.maxTargets = most;
                spec.safety.maxTargetsPercent = percent;
                spec.safety.expectOutage = true;
                auto outcome = podKill(spec, fake::usualApp(6), fake::pods(6), {}, 7);
                auto hit = static_cast<int64_t>(outcome.refusal ? 0 : outcome.targets.size());
                EXPECT_LE(hit, most);
                EXPECT_LE(hit * 100, percent * 6);
            }
        }
    }
}

TEST(Permission, OnlyWithTheLabelAndNeverInTheClustersOwnNamespaces) {
    run::Run run;
    run.namespace_ = "ns";
    run.spec = fake::usualSpec();
    run::Seen seen;
    seen.app = fake::usualApp();
    EXPECT_FALSE(predict::permission(run, seen));
    run.namespace_ = "kube-system";
    EXPECT_EQ(predict::permission(run, seen)->reason, "ProtectedNamespace");
    run.namespace_ = "ns";
    seen.app->optedIn = false;
    auto refusal = predict::permission(run, seen);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, "NotAllowed");
    EXPECT_NE(refusal->message.find("scalableapp.dev/chaos: allowed"), std::string::npos);
    seen.app->deleting = true;
    EXPECT_EQ(predict::permission(run, seen)->reason, "AppDeleted");
    seen.app.reset();
    EXPECT_EQ(predict::permission(run, seen)->reason, "AppNotFound");
}

}  // namespace
