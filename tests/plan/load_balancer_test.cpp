// The load balancer tier: what it is made of, and that no step of its coming and going leaves the
// public Service without pods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/children.h"
#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* kBalancedWeb = R"({"image":"shop:1","replicas":4})";
constexpr const char* kBalanced = R"({"loadBalancer":{"algorithm":"LeastConnections"}})";

api::ScalableApp plain() {
    return app(kBalancedWeb);
}
api::ScalableApp balanced(const std::string& spec = kBalanced) {
    return app(kBalancedWeb, spec);
}

std::string entryOf(Simulation& cluster) {
    return (*cluster.find("Service", "shop"))["spec"]["selector"]["scalableapp.dev/tier"];
}

std::string config(Simulation& cluster) {
    return (*cluster.find(
        "Deployment",
        "shop-lb"))["spec"]["template"]["metadata"]["annotations"]["scalableapp.dev/haproxy.cfg"];
}

// Steps until nothing changes; whatever the Service leads to must have pods at every step.
void settleBalanced(Simulation& cluster) {
    for (int i = 0; cluster.step(); ++i) {
        ASSERT_LT(i, 30) << "still changing";
        EXPECT_GT(cluster.available(entryOf(cluster)), 0) << "step " << i;
    }
}

TEST(LoadBalancer, ComesWithAnAlgorithmOrAClauseOnly) {
    for (const char* spec : {"{}", R"({"loadBalancer":{"exposure":"LoadBalancer"}})",
                             R"({"resilience":{"degradation":{}}})"}) {
        Simulation cluster(balanced(spec));
        cluster.settle();
        EXPECT_FALSE(cluster.has("Deployment", "shop-lb")) << spec;
        EXPECT_EQ(condition(cluster.last, "LoadBalancerReady"), nullptr);
    }
    for (const char* spec : {kBalanced, R"({"resilience":{"timeoutSeconds":3}})"}) {
        Simulation cluster(balanced(spec));
        cluster.settle();
        EXPECT_TRUE(cluster.has("Deployment", "shop-lb")) << spec;
        EXPECT_EQ(condition(cluster.last, "LoadBalancerReady")->status, "True");
        EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    }
}

TEST(LoadBalancer, IsMadeOfTheseObjects) {
    Simulation cluster(balanced());
    cluster.settle();
    EXPECT_THAT(cluster.names("Service"), ElementsAre("shop", "shop-web"));
    EXPECT_THAT(cluster.names("PodDisruptionBudget"), ElementsAre("shop-lb", "shop-web"));
    EXPECT_EQ((*cluster.find("Service", "shop-web"))["spec"]["clusterIP"], "None");
    const auto& deployment = *cluster.find("Deployment", "shop-lb");
    EXPECT_EQ(deployment["spec"]["replicas"], 2);
    const auto& pod = deployment["spec"]["template"]["spec"];
    EXPECT_EQ(pod["securityContext"]["runAsNonRoot"], true);
    EXPECT_EQ(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    EXPECT_THAT(config(cluster), HasSubstr("_http._tcp.shop-web.ns.svc.cluster.local"));
    EXPECT_THAT(config(cluster), HasSubstr("balance leastconn"));
    EXPECT_EQ(cluster.last.status["loadBalancer"]["entry"], "LoadBalancer");
    EXPECT_EQ(cluster.last.status["loadBalancer"]["summary"], "2/2");
}

TEST(LoadBalancer, ComesAndGoesWithoutAStepThatNobodyServes) {
    Simulation cluster(plain());
    cluster.settle();
    cluster.spec(balanced());
    cluster.step();
    EXPECT_EQ(entryOf(cluster), "web") << "its pods are not there yet";
    settleBalanced(cluster);
    EXPECT_EQ(entryOf(cluster), "loadBalancer");
    cluster.spec(plain());
    cluster.step();
    EXPECT_EQ(entryOf(cluster), "web");
    EXPECT_TRUE(cluster.has("Deployment", "shop-lb")) << "connections are still on their way to it";
    EXPECT_TRUE(cluster.has("Service", "shop-web"));
    settleBalanced(cluster);
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-web"));
    EXPECT_THAT(cluster.names("Service"), ElementsAre("shop"));
    EXPECT_EQ(condition(cluster.last, "LoadBalancerReady"), nullptr);
    EXPECT_FALSE(cluster.last.status.contains("loadBalancer"));
}

TEST(LoadBalancer, PodsThatNeverGetReadyTakeNoTraffic) {
    Simulation cluster(plain());
    cluster.settle();
    cluster.breakPods("shop-lb");
    cluster.spec(balanced());
    settleBalanced(cluster);
    EXPECT_EQ(entryOf(cluster), "web");
    EXPECT_EQ(condition(cluster.last, "LoadBalancerReady")->status, "False");
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "False");
}

TEST(LoadBalancer, WithoutAnyLeftTheWebPodsAreAskedDirectly) {
    Simulation cluster(balanced());
    cluster.settle();
    cluster.breakPods("shop-lb");
    cluster.settle();
    EXPECT_EQ(entryOf(cluster), "web");
    EXPECT_EQ(cluster.last.status["loadBalancer"]["entry"], "Web");
}

TEST(LoadBalancer, ANewConfigurationIsARolloutAndNoSwitch) {
    Simulation cluster(balanced());
    cluster.settle();
    auto before = config(cluster);
    cluster.spec(balanced(R"({"loadBalancer":{"algorithm":"SourceIPHash"}})"));
    for (int i = 0; cluster.step() && i < 30; ++i) {
        EXPECT_EQ(entryOf(cluster), "loadBalancer");
    }
    EXPECT_NE(config(cluster), before);
    EXPECT_EQ((*cluster.find("Service", "shop"))["spec"]["sessionAffinity"], "ClientIP");
}

TEST(LoadBalancer, AScaleWithinTheSlotsChangesNoConfiguration) {
    Simulation cluster(balanced());
    cluster.settle();
    auto before = config(cluster);
    cluster.spec(app(R"({"image":"shop:1","replicas":5})", kBalanced));
    cluster.settle();
    EXPECT_EQ(config(cluster), before);
}

constexpr const char* kZoned =
    R"({"zones":[{"name":"z1","weight":300},{"name":"z2"}],"loadBalancer":{"algorithm":"WeightedRoundRobin"}})";
constexpr const char* kZ2Drained =
    R"({"zones":[{"name":"z1","weight":300},{"name":"z2","weight":0}],"loadBalancer":{"algorithm":"WeightedRoundRobin"}})";

TEST(LoadBalancer, ADrainedZoneLosesItsTrafficBeforeItsPods) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    ASSERT_THAT(config(cluster), HasSubstr("shop-web-z2.ns"));
    cluster.spec(balanced(kZ2Drained));
    bool without = false;
    for (int i = 0; i < 30 && cluster.step(); ++i) {
        EXPECT_GE(cluster.available("web"), 4);
        without = without || config(cluster).find("shop-web-z2.ns") == std::string::npos;
        if (!without) {
            EXPECT_TRUE(cluster.has("Deployment", "shop-web-z2"));
            EXPECT_TRUE(cluster.has("Service", "shop-web-z2"));
        }
    }
    EXPECT_TRUE(without);
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-lb", "shop-web-z1"));
    EXPECT_THAT(cluster.names("Service"), Not(Contains("shop-web-z2")));
}

// Balancers are moved once for it, not once when it begins and again when it is done.
TEST(LoadBalancer, ADrainIsOneRolloutOfTheBalancers) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    auto templateOf = [&] {
        return (*cluster.find("Deployment", "shop-lb"))["spec"]["template"].dump();
    };
    std::vector<std::string> templates{templateOf()};
    for (const char* spec : {kZ2Drained, kZoned}) {
        cluster.spec(balanced(spec));
        for (int i = 0; i < 30 && cluster.step(); ++i) {
            if (templateOf() != templates.back()) {
                templates.push_back(templateOf());
            }
        }
    }
    ASSERT_EQ(templates.size(), 3U);
    EXPECT_NE(templates[1], templates[0]);
    EXPECT_EQ(templates[2], templates[0]);
}

TEST(LoadBalancer, IntoZonesAndBackTheBalancersKnowBothSidesUntilOneServesAlone) {
    Simulation cluster(balanced());
    cluster.settle();
    for (const char* spec : {kZoned, kBalanced}) {
        cluster.spec(balanced(spec));
        cluster.step();
        EXPECT_THAT(config(cluster), HasSubstr("_http._tcp.shop-web.ns"));
        EXPECT_THAT(config(cluster), HasSubstr("_http._tcp.shop-web-z1.ns"));
        settleBalanced(cluster);
        EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    }
    EXPECT_THAT(config(cluster), Not(HasSubstr("shop-web-z1")));
}

TEST(LoadBalancer, ZoneChangeAndRemovalAtOnceLoseNothing) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    cluster.spec(plain());
    for (int i = 0; i < 30 && cluster.step(); ++i) {
        EXPECT_GE(cluster.available("web"), 4);
        if (entryOf(cluster) == "loadBalancer") {
            EXPECT_TRUE(cluster.has("Deployment", "shop-web-z1"));
        }
    }
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-web"));
}

TEST(LoadBalancer, OfflineTheServiceLeadsToIt) {
    for (const auto& intent : plan::objectsOf(balanced()).intents) {
        if (intent.object["kind"] == "Service" && intent.object["metadata"]["name"] == "shop") {
            EXPECT_EQ(intent.object["spec"]["selector"]["scalableapp.dev/tier"], "loadBalancer");
        }
    }
}

TEST(LoadBalancer, ExposureIsTheServicesType) {
    Simulation cluster(balanced(R"({"loadBalancer":{"exposure":"LoadBalancer"}})"));
    cluster.settle();
    EXPECT_EQ((*cluster.find("Service", "shop"))["spec"]["type"], "LoadBalancer");
}

// --- a balancer on its way out serves on, and cannot be told any more

Json goingBalancer(const Simulation& cluster, std::chrono::seconds left) {
    return {
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata",
         {{"name", "shop-lb-1-going"},
          {"namespace", "ns"},
          {"uid", "going"},
          {"labels", {{"scalableapp.dev/app", "shop"}, {"scalableapp.dev/tier", "loadBalancer"}}},
          {"deletionTimestamp", base::formatTime(cluster.seen.now + left)}}}};
}

void end(Simulation& cluster) {
    std::erase_if(cluster.seen.children, [](const Json& child) {
        return base::textAt(child, "/metadata/uid") == "going";
    });
}

TEST(LoadBalancer, AZoneLeavesAfterTheLastBalancerThatAsksIt) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    cluster.spec(balanced(kZ2Drained));
    cluster.seen.children.push_back(goingBalancer(cluster, 45s));
    cluster.settle();
    EXPECT_THAT(config(cluster), Not(HasSubstr("shop-web-z2.ns")));
    EXPECT_TRUE(cluster.has("Deployment", "shop-web-z2"));
    EXPECT_TRUE(cluster.has("Service", "shop-web-z2"));
    end(cluster);
    cluster.settle();
    EXPECT_FALSE(cluster.has("Deployment", "shop-web-z2"));
    EXPECT_FALSE(cluster.has("Service", "shop-web-z2"));
}

TEST(LoadBalancer, OneThatIsNeverGoneIsNotWaitedForBeyondItsGrace) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    cluster.spec(balanced(kZ2Drained));
    cluster.seen.children.push_back(goingBalancer(cluster, 45s));
    cluster.settle();
    ASSERT_TRUE(cluster.last.lookAgain);
    EXPECT_GT(*cluster.last.lookAgain, 45s);
    EXPECT_LT(*cluster.last.lookAgain, 46s);
    cluster.pass(46s);
    cluster.settle();
    EXPECT_FALSE(cluster.has("Deployment", "shop-web-z2"));
    EXPECT_FALSE(cluster.last.lookAgain);
}

TEST(LoadBalancer, NoZoneGivesUpPodsThatABalancerOnItsWayOutAsks) {
    Simulation cluster(balanced(kZ2Drained));
    cluster.settle();
    cluster.spec(balanced(kZoned));
    cluster.seen.children.push_back(goingBalancer(cluster, 45s));
    cluster.settle();
    EXPECT_EQ(cluster.available("web"), 5) << "all that there were, and the new zone's";
    end(cluster);
    cluster.settle();
    EXPECT_EQ(cluster.available("web"), 4);
}

TEST(LoadBalancer, WithTheTierItselfTheZoneLeavesAfterItsBalancersToo) {
    Simulation cluster(balanced(kZoned));
    cluster.settle();
    auto pod = goingBalancer(cluster, 0s);
    pod["metadata"].erase("deletionTimestamp");
    cluster.seen.children.push_back(pod);
    cluster.spec(plain());
    cluster.settle();
    EXPECT_FALSE(cluster.has("Deployment", "shop-lb"));
    EXPECT_TRUE(cluster.has("Deployment", "shop-web-z2")) << "it is not even told to go";
    end(cluster);
    cluster.settle();
    EXPECT_FALSE(cluster.has("Deployment", "shop-web-z2"));
}

// --- what a person may say of its pods

Json podOf(const std::string& loadBalancer) {
    Simulation cluster(
        balanced(R"({"loadBalancer":{"algorithm":"RoundRobin",)" + loadBalancer + "}}"));
    cluster.settle();
    return (*cluster.find("Deployment", "shop-lb"))["spec"]["template"];
}

nlohmann::json resourcesFor(const std::string& resources) {
    return podOf(R"("resources":)" + resources)["spec"]["containers"][0]["resources"];
}

TEST(LoadBalancer, ResourcesThatAreNotGivenStandAgainstNoneThatAre) {
    auto expect = [](const char* given, const char* made) {
        EXPECT_EQ(resourcesFor(given), nlohmann::json::parse(made)) << given;
    };
    expect("{}", R"({"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"512Mi"}})");
    expect(R"({"requests":{"cpu":"1"}})",
           R"({"requests":{"cpu":"1","memory":"64Mi"},"limits":{"memory":"512Mi"}})");
    expect(R"({"requests":{"memory":"1Gi"}})", R"({"requests":{"cpu":"100m","memory":"1Gi"}})");
    expect(R"({"limits":{"memory":"32Mi"}})",
           R"({"requests":{"cpu":"100m"},"limits":{"memory":"32Mi"}})");
    expect(R"({"limits":{"cpu":"1","memory":"1Gi"}})", R"({"limits":{"cpu":"1","memory":"1Gi"}})");
}

TEST(LoadBalancer, HasTheScriptOfRetriesWhenTheyWaitOnly) {
    for (const auto& [retry, has] : {std::pair{R"({"retry":{}})", true},
                                     {R"({"retry":{"baseMilliseconds":0}})", false},
                                     {R"({"timeoutSeconds":3})", false}}) {
        Simulation cluster(balanced(std::string(R"({"resilience":)") + retry + "}"));
        cluster.settle();
        const auto& pod = (*cluster.find("Deployment", "shop-lb"))["spec"]["template"];
        EXPECT_EQ(pod["metadata"]["annotations"].contains("scalableapp.dev/retry.lua"), has);
        bool mounted = false;
        for (const auto& item : pod["spec"]["volumes"][0]["downwardAPI"]["items"]) {
            mounted = mounted || item["path"] == "retry.lua";
        }
        EXPECT_EQ(mounted, has) << retry;
        EXPECT_EQ(config(cluster).find("/etc/scalableapp/retry.lua") != std::string::npos, has);
    }
}

TEST(LoadBalancer, OverridesReachItsPodsButNotItsConfigurationOrItsLabels) {
    auto pod = podOf(R"("overrides":{"nodeSelector":{"edge":"yes"},
        "annotations":[{"name":"scalableapp.dev/haproxy.cfg","value":"mine"},
                       {"name":"team","value":"blue"}],
        "podTemplatePatch":"{\"metadata\":{\"labels\":{\"scalableapp.dev/tier\":\"x\"}},)"
                     R"(\"spec\":{\"priorityClassName\":\"high\"}}"})");
    EXPECT_EQ(pod["spec"]["nodeSelector"]["edge"], "yes");
    EXPECT_EQ(pod["spec"]["priorityClassName"], "high");
    EXPECT_EQ(pod["metadata"]["annotations"]["team"], "blue");
    EXPECT_EQ(pod["metadata"]["labels"]["scalableapp.dev/tier"], "loadBalancer");
    EXPECT_THAT(pod["metadata"]["annotations"]["scalableapp.dev/haproxy.cfg"].get<std::string>(),
                HasSubstr("frontend public"));
}

TEST(LoadBalancer, APatchThatDoesNotApplyIsNamedAndWhatWasThereServes) {
    Simulation cluster(balanced());
    cluster.settle();
    auto before = config(cluster);
    cluster.spec(balanced(R"({"loadBalancer":{"algorithm":"RoundRobin",
        "overrides":{"podTemplatePatch":"{\"a\":1}"}}})"));
    cluster.settle();
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("loadBalancer: InvalidPatch: `overrides.podTemplatePatch` has \"a\""));
    EXPECT_EQ(config(cluster), before);
    EXPECT_EQ(entryOf(cluster), "loadBalancer");
    ASSERT_EQ(cluster.last.refusals.size(), 1U);
    EXPECT_THAT(cluster.last.refusals[0], HasSubstr("loadBalancer: InvalidPatch"));
}

// --- the circuit breaker's state

constexpr const char* kBreaker = R"({"resilience":{"circuitBreaker":{}}})";

TEST(Circuit, IsAConditionAndAnEventAtEachTurn) {
    Simulation cluster(balanced(kBreaker));
    cluster.seen.circuits = {{.pod = "a"}, {.pod = "b"}};
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "False");
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->reason, "Closed");
    cluster.seen.circuits[1].state = plan::CircuitState::Open;
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "True");
    EXPECT_THAT(condition(cluster.last, "CircuitOpen")->message,
                HasSubstr("1 of 2 load balancers answer in the web tier's place"));
    ASSERT_EQ(cluster.last.events.size(), 1U);
    EXPECT_EQ(cluster.last.events[0].reason, "CircuitOpened");
    EXPECT_TRUE(cluster.last.events[0].warning);
    cluster.step();
    EXPECT_THAT(cluster.last.events, IsEmpty());
    cluster.seen.circuits[1].state = plan::CircuitState::HalfOpen;
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->reason, "HalfOpen");
    EXPECT_THAT(cluster.last.events, IsEmpty());
    cluster.seen.circuits[1].state = plan::CircuitState::Closed;
    cluster.step();
    ASSERT_EQ(cluster.last.events.size(), 1U);
    EXPECT_EQ(cluster.last.events[0].reason, "CircuitClosed");
    EXPECT_FALSE(cluster.last.events[0].warning);
}

TEST(Circuit, StandsWhileNobodyCanBeAsked) {
    Simulation cluster(balanced(kBreaker));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen"), nullptr);
    cluster.seen.circuits = {{.pod = "a", .state = plan::CircuitState::Open}};
    cluster.step();
    cluster.seen.circuits.clear();
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "True");
    EXPECT_THAT(cluster.last.events, IsEmpty());
}

TEST(Circuit, OfBalancersThatAreSilentForLongIsUnknownAndSaysWhatToDo) {
    Simulation cluster(balanced(kBreaker));
    cluster.seen.circuits = {{.pod = "a", .state = plan::CircuitState::Open}};
    cluster.settle();
    cluster.seen.circuits.clear();
    cluster.seen.silentBalancers = 2;
    cluster.step();
    auto silent = *condition(cluster.last, "CircuitOpen");
    EXPECT_EQ(silent.status, "Unknown");
    EXPECT_EQ(silent.reason, "BalancersSilent");
    EXPECT_THAT(silent.message,
                HasSubstr("2 of 2 load balancers do not answer the operator on port "
                          "8404: a NetworkPolicy has to let"));
    EXPECT_THAT(cluster.last.events, IsEmpty()) << "nobody knows that it closed";
    // Asked anew, after an operator's restart: not long enough to say so.
    cluster.seen.silentBalancers = 0;
    EXPECT_FALSE(cluster.step()) << "what was known stands";
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "Unknown");
    cluster.seen.circuits = {{.pod = "a"}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->reason, "Closed");
}

TEST(Circuit, WithSomeSilentIsOpenWhereOneIsAndElseUnknown) {
    Simulation cluster(balanced(kBreaker));
    cluster.seen.circuits = {{.pod = "a"}};
    cluster.seen.silentBalancers = 1;
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "Unknown");
    EXPECT_THAT(condition(cluster.last, "CircuitOpen")->message,
                HasSubstr("1 of 2 load balancers does not answer"));
    cluster.seen.circuits[0].state = plan::CircuitState::Open;
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CircuitOpen")->status, "True");
}

TEST(Circuit, IsAskedForAgainSoonAndOnlyWhereThereIsOne) {
    Simulation with(balanced(kBreaker));
    with.settle();
    ASSERT_TRUE(with.last.lookAgain);
    EXPECT_LE(*with.last.lookAgain, 5s);
    Simulation without(balanced());
    without.settle();
    EXPECT_FALSE(without.last.lookAgain);
    with.seen.circuits = {{.pod = "a", .state = plan::CircuitState::Open}};
    with.step();
    with.spec(balanced());
    with.settle();
    EXPECT_EQ(condition(with.last, "CircuitOpen"), nullptr);
}

}  // namespace
