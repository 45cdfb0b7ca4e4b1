// Visitors at a steady rate while the application changes under them: none of them may notice.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "e2e/support/visitors.h"

namespace {

using namespace e2e;

class Traffic : public VisitedTest {
  protected:
    // As people do it.
    void zone(const std::string& verb, const std::string& name) {
        auto done = plugin({"zone", verb, "shop", name});
        ASSERT_TRUE(done.ok()) << done.err;
        ASSERT_TRUE(isSeen());
        ASSERT_TRUE(becomesReady("shop", 240s));
    }

    std::set<std::string> zonesOfPods() {
        std::set<std::string> out;
        for (const auto& pod : readyPods("shop")) {
            out.insert(base::stringAt(pod, "/metadata/labels/scalableapp.dev~1zone").value_or(""));
        }
        return out;
    }

    int mostOf(const std::string& zone) {
        return std::atoi(field("hpa", "shop-web-" + zone, "/spec/maxReplicas").c_str());
    }

    size_t readyOutside(const std::string& zone) {
        size_t out = 0;
        for (const auto& pod : readyPods("shop")) {
            out += base::stringAt(pod, "/metadata/labels/scalableapp.dev~1zone") != zone ? 1 : 0;
        }
        return out;
    }

    static std::string version(int number) {
        return R"({"spec":{"web":{"env":[{"name":"APP_VERSION","value":")" +
               std::to_string(number) + R"("}]}}})";
    }
};

TEST_F(Traffic, ARolloutFailsNobody) {
    apply(appYaml("shop", "replicas: 4"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors();
    becomes(version(2));
    expectNobodyFailed("rollout");
}

TEST_F(Traffic, TheLoadBalancerComesAndGoesAndFailsNobody) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors();
    becomes(R"({"spec":{"loadBalancer":{"algorithm":"LeastConnections"}}})");
    EXPECT_TRUE(conditionIs("shop", "LoadBalancerReady", "True"));
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "loadBalancer");
    expectNobodyFailed("load balancer added");
    becomes(version(2));
    expectNobodyFailed("rollout of the web tier behind it");
    becomes(R"({"spec":{"resilience":{"timeoutSeconds":5}}})");
    expectNobodyFailed("new configuration of it");
    becomes(
        R"({"spec":{"resilience":{"timeoutSeconds":6},"web":{"env":[{"name":"APP_VERSION","value":"3"}]}}})");
    expectNobodyFailed("both at once");
    becomes(R"({"spec":{"loadBalancer":null,"resilience":null}})");
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "web");
    EXPECT_TRUE(eventually(60s, "its pods are gone", [&] {
        return list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=loadBalancer").empty();
    }));
    expectNobodyFailed("load balancer removed");
}

TEST_F(Traffic, ZonesComeAreDrainedAndGoAndFailNobody) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors();
    becomes(R"({"spec":{"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3"}]}})");
    EXPECT_TRUE(conditionIs("shop", "ZonesSatisfied", "True"));
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2", "z3"}));
    expectNobodyFailed("into zones");
    zone("drain", "z2");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z3"}));
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("zone drained");
    zone("undrain", "z2");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2", "z3"}));
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("zone brought back");
    becomes(R"({"spec":{"zones":null}})");
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("out of zones");
}

TEST_F(Traffic, AZoneIsDrainedBehindTheLoadBalancerAndFailsNobody) {
    apply(appYaml("shop", "replicas: 4") +
          "  zones: [{name: z1}, {name: z2}]\n"
          "  loadBalancer: {algorithm: WeightedRoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    sendVisitors();
    zone("drain", "z2");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1"}));
    expectNobodyFailed("zone drained behind the load balancer");
    zone("undrain", "z2");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2"}));
    expectNobodyFailed("zone brought back behind the load balancer");
}

// What a dead zone costs until the cluster has noticed it: a figure, and that it ends.
TEST_F(Traffic, AZoneWithoutPowerCostsSomeRequestsUntilItIsNoticed) {
    if (!havePower()) {
        GTEST_SKIP() << "needs the local cluster";
    }
    // Two pods in each zone use about 55 % of what they ask for; four have to do it with 80 %.
    apply(appYaml("shop",
                  "resources: {requests: {cpu: 50m}}, autoscaling: {minReplicas: 6, "
                  "maxReplicas: 15, targetCPUUtilizationPercent: 65, "
                  "scaleDownStabilizationSeconds: 10}") +
          "  zones: [{name: z1}, {name: z2}, {name: z3}]\n  resilience: {retry: {}}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    sendVisitors({.path = "/burn?ms=2",
                  .requestsPerSecond = 75,
                  .where = "{topology.kubernetes.io/zone: z1}"});
    ASSERT_TRUE(eventually(90s, "the autoscalers see the load", [&] {
        return std::atoi(field("hpa", "shop-web-z1",
                               "/status/currentMetrics/0/resource/current/averageUtilization")
                             .c_str()) > 30;
    }));
    auto before = tally();
    auto others = readyOutside("z3");
    ASSERT_TRUE(power({"zone", "off", "z3"}).ok());
    auto lost = std::chrono::steady_clock::now();
    auto seconds = [](std::chrono::steady_clock::time_point since) {
        return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() -
                                                                since)
            .count();
    };
    EXPECT_TRUE(eventually(120s, "the other zones have grown",
                           [&] { return readyOutside("z3") > others; }));
    std::cout << "zone without power: the other zones went from " << others << " to "
              << readyOutside("z3") << " ready pods within " << seconds(lost) << " s\n";
    EXPECT_TRUE(eventually(120s, "ten seconds without a failure", [&] {
        auto now = tally();
        return now.lastSecond > before.lastSecond + 20 && now.lastSecond > now.lastFailure + 10;
    }));
    auto quiet = tally();
    auto sent = quiet.sent - before.sent;
    auto failed = sent - (quiet.ok - before.ok);
    std::cout << "zone without power: " << failed << " of " << sent << " requests failed ("
              << 100.0 * static_cast<double>(failed) / static_cast<double>(sent)
              << " %), the last one " << std::max<int64_t>(0, quiet.lastFailure - before.lastSecond)
              << " s after it\n";
    EXPECT_LT(failed, sent / 2) << "the other zones serve";
    EXPECT_TRUE(eventually(120s, "the other zones may have all of its share",
                           [&] { return mostOf("z1") + mostOf("z2") == 15; }));
    EXPECT_EQ(base::stringAt(condition("shop", "ZonesSatisfied"), "/reason"), "ZoneLost");
    ASSERT_TRUE(power({"zone", "on", "z3"}).ok());
    auto back = std::chrono::steady_clock::now();
    EXPECT_TRUE(becomesReady("shop", 240s));
    std::cout << "zone back: whole after " << seconds(back) << " s\n";
    EXPECT_TRUE(eventually(60s, "it has its share again",
                           [&] { return mostOf("z1") + mostOf("z2") == 10; }));
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2", "z3"}));
}

}  // namespace
