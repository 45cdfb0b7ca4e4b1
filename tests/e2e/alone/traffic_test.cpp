// Visitors at a steady rate while the application changes under them: none of them may notice.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

std::string operatorImage() {
    const char* value = std::getenv("OPERATOR_IMAGE");
    return value != nullptr ? value : "";
}

// What the visitors met so far.
struct Tally {
    int64_t sent = 0;
    int64_t ok = 0;
    int64_t longestGapMs = 0;
    int64_t lastSecond = 0;
    int64_t lastFailure = 0;  // the second of it
    std::map<std::string, int64_t> errors;
};

class Traffic : public ClusterTest {
  protected:
    void SetUp() override {
        if (operatorImage().empty()) {
            GTEST_SKIP() << "OPERATOR_IMAGE names no image with scalableapp-probe";
        }
        ClusterTest::SetUp();
    }

    // From inside the cluster, by the Service's name, until the test is over.
    void sendVisitors(int requestsPerSecond = 200, const std::string& where = "{}",
                      const std::string& path = "/") {
        apply(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: visitors}\nspec:\n"
            "  nodeSelector: " +
            where +
            "\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n"
            "  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: "
            "RuntimeDefault}}\n"
            "  containers:\n  - name: probe\n    image: " +
            operatorImage() +
            "\n    imagePullPolicy: IfNotPresent\n"
            "    command: [/usr/bin/scalableapp-probe, '--url=http://shop." +
            ns() + ".svc.cluster.local" + path +
            "', --duration-seconds=900, --requests-per-second=" +
            std::to_string(requestsPerSecond) +
            "]\n    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: "
            "[ALL]}}\n");
        ASSERT_TRUE(eventually(60s, "the first visitors are served", [&] {
            return tally().ok > requestsPerSecond;
        })) << kubectl({"logs", "visitors", "--tail=5"}).out;
    }

    Tally tally() {
        Tally out;
        std::istringstream lines(kubectl({"logs", "visitors"}).out);
        for (std::string line; std::getline(lines, line);) {
            auto second = base::parseJson(line);
            if (!second || !second->contains("second")) {
                continue;
            }
            out.sent += base::intAt(*second, "/sent").value_or(0);
            out.ok += base::intAt(*second, "/ok").value_or(0);
            out.longestGapMs =
                std::max(out.longestGapMs, base::intAt(*second, "/gapMs").value_or(0));
            const auto errors = second->value("errors", base::Json::object());
            for (const auto& [kind, count] : errors.items()) {
                out.errors[kind] += count.get<int64_t>();
            }
            out.lastSecond = base::intAt(*second, "/second").value_or(0);
            if (!errors.empty()) {
                out.lastFailure = out.lastSecond;
            }
        }
        return out;
    }

    // After what was just done, and a few seconds more for what comes late.
    void expectNobodyFailed(const std::string& what) {
        auto until = tally().sent + 1000;
        ASSERT_TRUE(eventually(60s, "visitors after it", [&] { return tally().sent > until; }));
        auto all = tally();
        std::cout << what << ": " << all.sent << " requests, " << all.sent - all.ok
                  << " failed, longest gap " << all.longestGapMs << " ms\n";
        EXPECT_EQ(all.sent - all.ok, 0) << what << ": " << base::dumpJson(base::Json(all.errors));
    }

    void change(const std::string& patch) {
        auto done = kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p", patch});
        ASSERT_TRUE(done.ok()) << done.err;
        ASSERT_TRUE(eventually(30s, "the operator has seen the change", [&] {
            return field("scalableapp", "shop", "/status/observedGeneration") ==
                   field("scalableapp", "shop", "/metadata/generation");
        }));
        ASSERT_TRUE(becomesReady("shop", 240s));
    }

    std::set<std::string> zonesOfPods() {
        std::set<std::string> out;
        for (const auto& pod : readyPods("shop")) {
            out.insert(base::stringAt(pod, "/metadata/labels/scalableapp.dev~1zone").value_or(""));
        }
        return out;
    }

    size_t readyOutside(const std::string& zone) {
        size_t out = 0;
        for (const auto& pod : readyPods("shop")) {
            out += base::stringAt(pod, "/metadata/labels/scalableapp.dev~1zone") != zone ? 1 : 0;
        }
        return out;
    }

    // Who answers when each balancer is asked this often.
    std::set<std::string> answering(int times) {
        std::set<std::string> out;
        for (const auto& pod :
             list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=loadBalancer")) {
            auto name = base::stringAt(pod, "/metadata/name").value_or("");
            for (int i = 0; i < times; ++i) {
                out.insert(
                    cluster({"get", "--raw",
                             "/api/v1/namespaces/" + ns() + "/pods/" + name + ":8080/proxy/"})
                        .out);
            }
        }
        return out;
    }

    static bool names(const std::set<std::string>& answers, const std::string& pod) {
        return std::any_of(answers.begin(), answers.end(), [&](const std::string& answer) {
            return answer.find("\"" + pod + "\"") != std::string::npos;
        });
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
    change(version(2));
    expectNobodyFailed("rollout");
}

TEST_F(Traffic, TheLoadBalancerComesAndGoesAndFailsNobody) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors();
    change(R"({"spec":{"loadBalancer":{"algorithm":"LeastConnections"}}})");
    EXPECT_TRUE(conditionIs("shop", "LoadBalancerReady", "True"));
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "loadBalancer");
    expectNobodyFailed("load balancer added");
    change(version(2));
    expectNobodyFailed("rollout of the web tier behind it");
    change(R"({"spec":{"resilience":{"timeoutSeconds":5}}})");
    expectNobodyFailed("new configuration of it");
    change(R"({"spec":{"loadBalancer":null,"resilience":null}})");
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "web");
    EXPECT_TRUE(eventually(60s, "its pods are gone", [&] {
        return list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=loadBalancer").empty();
    }));
    expectNobodyFailed("load balancer removed");
}

// Figures: how long it takes, whatever the cluster's DNS keeps.
TEST_F(Traffic, TheLoadBalancerFollowsPodsThatComeAndGo) {
    apply(appYaml("shop", "replicas: 2") + "  loadBalancer: {algorithm: RoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    std::set<std::string> known;
    for (const auto& pod : readyPods("shop")) {
        known.insert(base::stringAt(pod, "/metadata/name").value_or(""));
    }
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"web":{"replicas":3}}})"})
                    .ok());
    std::string newcomer;
    ASSERT_TRUE(eventually(60s, "a third pod is ready", [&] {
        for (const auto& pod : readyPods("shop")) {
            auto name = base::stringAt(pod, "/metadata/name").value_or("");
            newcomer = known.count(name) == 0 ? name : newcomer;
        }
        return !newcomer.empty();
    }));
    auto began = std::chrono::steady_clock::now();
    auto passed = [&] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now() - began)
            .count();
    };
    EXPECT_TRUE(
        eventually(60s, "the newcomer answers", [&] { return names(answering(4), newcomer); }));
    std::cout << "a pod got ready: it answers through the load balancer " << passed()
              << " ms later\n";
    began = std::chrono::steady_clock::now();
    ASSERT_TRUE(kubectl({"delete", "pod", newcomer, "--wait=false"}).ok());
    EXPECT_TRUE(
        eventually(60s, "it is asked no more", [&] { return !names(answering(6), newcomer); }));
    std::cout << "a pod goes: it is asked no more " << passed() << " ms later\n";
}

TEST_F(Traffic, ZonesComeAreDrainedAndGoAndFailNobody) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors();
    change(R"({"spec":{"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3"}]}})");
    EXPECT_TRUE(conditionIs("shop", "ZonesSatisfied", "True"));
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2", "z3"}));
    expectNobodyFailed("into zones");
    change(R"({"spec":{"zones":[{"name":"z1"},{"name":"z2","weight":0},{"name":"z3"}]}})");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z3"}));
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("zone drained");
    change(R"({"spec":{"zones":null}})");
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("out of zones");
}

TEST_F(Traffic, AZoneIsDrainedBehindTheLoadBalancerAndFailsNobody) {
    apply(appYaml("shop", "replicas: 4") +
          "  zones: [{name: z1}, {name: z2}]\n"
          "  loadBalancer: {algorithm: WeightedRoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    sendVisitors();
    change(R"({"spec":{"zones":[{"name":"z1"},{"name":"z2","weight":0}]}})");
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1"}));
    expectNobodyFailed("zone drained behind the load balancer");
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
    sendVisitors(75, "{topology.kubernetes.io/zone: z1}", "/burn?ms=2");
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
    ASSERT_TRUE(power({"zone", "on", "z3"}).ok());
    auto back = std::chrono::steady_clock::now();
    EXPECT_TRUE(becomesReady("shop", 240s));
    std::cout << "zone back: whole after " << seconds(back) << " s\n";
    EXPECT_EQ(zonesOfPods(), (std::set<std::string>{"z1", "z2", "z3"}));
}

}  // namespace
