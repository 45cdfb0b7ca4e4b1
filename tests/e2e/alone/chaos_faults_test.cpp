// Faults that touch nodes and the operator, on a cluster whose operator is installed with
// chaos.nodeFaults and chaos.operatorKill. They run alone: a zone that fails is everybody's.
#include <sstream>

#include "e2e/support/faults.h"

namespace {

using namespace e2e;

class NodeFaults : public FaultTest {
  protected:
    // Its own node is another matter.
    static std::string zoneWithoutChaos() {
        auto nodes = cluster({"-n", kSystemNamespace, "get", "pods", "-l",
                              "app.kubernetes.io/component=chaos", "-o",
                              "jsonpath={range .items[*]}{.spec.nodeName} {end}"})
                         .out;
        for (const char* zone : {"z1", "z2"}) {
            auto here =
                cluster({"get", "nodes", "-l", std::string("topology.kubernetes.io/zone=") + zone,
                         "-o", "jsonpath={range .items[*]}{.metadata.name} {end}"})
                    .out;
            std::istringstream names(here);
            bool chaos = false;
            for (std::string name; names >> name;) {
                chaos |= nodes.find(name + " ") != std::string::npos;
            }
            if (!chaos) {
                return zone;
            }
        }
        return "z3";
    }
};

TEST_F(NodeFaults, AZoneFailsAndNothingIsLeftOfIt) {
    shop();
    apply(faulty("zone", "type: ZoneOutage, durationSeconds: 15", "zone: z2"));
    ASSERT_TRUE(eventually(90s, "the zone is marked", [&] { return !marks().empty(); }));
    auto run = finished("zone", 240s);
    ASSERT_TRUE(run);
    EXPECT_NE(base::stringAt(*run, "/status/verdict"), "Inconclusive")
        << base::dumpJsonPretty(*run);
    EXPECT_EQ(base::stringAt(*run, "/status/driver"), "Composite");
    EXPECT_GE(base::arrayAt(*run, "/status/targets").size(), 1U);
    for (const auto& target : base::arrayAt(*run, "/status/targets")) {
        EXPECT_EQ(base::stringAt(target, "/zone"), "z2");
    }
    EXPECT_TRUE(nothingIsMarked());
}

TEST_F(NodeFaults, ADrainedNodeIsGivenBack) {
    shop();
    apply(faulty("drain", "type: NodeDrain, durationSeconds: 15", "tier: Web"));
    auto run = finished("drain", 240s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    EXPECT_TRUE(nothingIsMarked());
}

TEST_F(NodeFaults, ADeletedExperimentIsTakenBack) {
    shop();
    apply(faulty("zone", "type: ZoneOutage, durationSeconds: 120", "zone: z3"));
    ASSERT_TRUE(eventually(90s, "the zone is marked", [&] { return !marks().empty(); }));
    EXPECT_EQ(kubectl({"delete", "chaosexperiment", "zone", "--timeout=30s"}).exitCode, 0);
    EXPECT_TRUE(eventually(30s, "the run is gone", [&] { return gone("chaosrun", "zone-1"); }));
    EXPECT_EQ(marks(), "") << "gone before its fault was taken back";
}

TEST_F(NodeFaults, AbortAllEndsItAndTheReportSaysSo) {
    shop();
    apply(faulty("zone", "type: ZoneOutage, durationSeconds: 120", "zone: z1"));
    ASSERT_TRUE(eventually(90s, "the zone is marked", [&] { return !marks().empty(); }));
    auto abort = plugin({"chaos", "abort", "--all"});
    EXPECT_EQ(abort.exitCode, 0) << abort.err;
    EXPECT_NE(abort.out.find("run " + ns() + "/zone-1: asked to end"), std::string::npos)
        << abort.out;
    EXPECT_TRUE(nothingIsMarked());
    auto run = finished("zone", 60s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/reason"), "Aborted") << base::dumpJsonPretty(*run);
    EXPECT_NE(plugin({"chaos", "list"}).out.find("zone-1"), std::string::npos);
    auto watch = plugin({"chaos", "watch", "zone-1"});
    EXPECT_EQ(watch.exitCode, 1) << "it is over, and not Resilient";
    EXPECT_NE(watch.out.find("ended early"), std::string::npos) << watch.out;
    auto json = base::parseJson(plugin({"chaos", "report", "zone-1", "-o", "json"}).out);
    ASSERT_TRUE(json);
    EXPECT_EQ(base::stringAt(*json, "/verdict"), "Inconclusive") << base::dumpJsonPretty(*json);
    EXPECT_NE(plugin({"chaos", "report", "zone-1", "-o", "junit"}).out.find("<testsuite"),
              std::string::npos);
    EXPECT_NE(plugin({"chaos", "report", "zone-1", "-o", "html"}).out.find("<svg"),
              std::string::npos);
    EXPECT_EQ(plugin({"chaos", "report", "nobody"}).exitCode, 1);
}

TEST_F(NodeFaults, ADeletedNamespaceDoesNotHangAndIsTakenBack) {
    shop();
    apply(faulty("zone", "type: ZoneOutage, durationSeconds: 120", "zone: z1"));
    ASSERT_TRUE(eventually(90s, "the zone is marked", [&] { return !marks().empty(); }));
    EXPECT_EQ(cluster({"delete", "namespace", ns(), "--timeout=80s"}, "", 90s).exitCode, 0);
    EXPECT_EQ(marks(), "") << "gone before its fault was taken back";
}

// The chaos process in the cluster has no driver, and the network here enforces no policy: saying
// so is all that may come of it.
TEST_F(NodeFaults, WhatCannotBeDoneHereIsRefusedAndNothingIsTouched) {
    shop();
    apply(faulty("stop", "type: NodeStop, durationSeconds: 15", "tier: Web"));
    apply(faulty("power", "type: ZoneOutage, method: Power, durationSeconds: 15", "zone: z2"));
    apply(faulty("cut", "type: NetworkPartition, durationSeconds: 15", "zone: z2"));
    for (const auto& [name, reason, remedy] :
         {std::tuple("stop", "NoPowerDriver", "--power-command"),
          std::tuple("power", "NoPowerDriver", "method Composite"),
          std::tuple("cut", "FaultNotSupported", "chaos.networkPolicies=true")}) {
        auto run = finished(name, 60s);
        ASSERT_TRUE(run) << name;
        EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Inconclusive") << name;
        EXPECT_EQ(base::stringAt(*run, "/status/reason"), reason) << name;
        EXPECT_NE(base::stringAt(*run, "/status/reasons/0").value_or("").find(remedy),
                  std::string::npos)
            << base::dumpJsonPretty(*run);
        EXPECT_EQ(base::at(*run, "/status/intentAt"), nullptr) << name;
    }
    EXPECT_EQ(marks(), "");
    EXPECT_TRUE(list("networkpolicies").empty());
    EXPECT_TRUE(list("pods", "scalableapp.dev/chaos-run").empty());
}

// The chaos process in the cluster has a driver as long as this lives. Nothing of what is done
// meanwhile may come so far that it is asked: it always fails.
class WithDriver {
  public:
    explicit WithDriver(std::function<RunResult(std::vector<std::string>)> deployment)
        : deployment_(std::move(deployment)) {
        auto given = deployment_(
            {"patch", kName, "--type=json", "-p",
             R"([{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--power-command=/bin/false"},)"
             R"({"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--shared-nodes"}])"});
        EXPECT_TRUE(given.ok()) << given.err;
        settle();
    }
    ~WithDriver() {
        deployment_({"rollout", "undo", kName});
        settle();
    }
    WithDriver(const WithDriver&) = delete;
    WithDriver& operator=(const WithDriver&) = delete;

  private:
    static constexpr const char* kName = "deployment/scalableapp-chaos";

    void settle() {
        auto settled = deployment_({"rollout", "status", kName, "--timeout=90s"});
        EXPECT_TRUE(settled.ok()) << settled.err;
    }

    std::function<RunResult(std::vector<std::string>)> deployment_;
};

TEST_F(NodeFaults, OthersOnTheNodesAreNotTakenAlongUnlessThatIsAccepted) {
    auto podsOfOtherTests = [&] {
        std::istringstream names(cluster({"get", "pods", "--all-namespaces", "--no-headers", "-o",
                                          "custom-columns=NAMESPACE:.metadata.namespace"})
                                     .out);
        int out = 0;
        for (std::string name; names >> name;) {
            out += name.starts_with("e2e-") && name != ns() ? 1 : 0;
        }
        return out;
    };
    shop();
    apply(appYaml("store", "replicas: 6", "{scalableapp.dev/chaos: allowed}"));
    ASSERT_TRUE(becomesReady("store"));
    WithDriver driver([](std::vector<std::string> args) {
        args.insert(args.end(), {"-n", kSystemNamespace});
        return cluster(std::move(args), "", 120s);
    });
    auto power = [](const std::string& name, const std::string& zone) {
        return faulty(name, "type: ZoneOutage, method: Power, durationSeconds: 15",
                      "zone: " + zone);
    };
    auto zone = zoneWithoutChaos();
    // Namespaces of tests before this one may still be on their way out.
    ASSERT_TRUE(
        eventually(120s, "no pods of other tests", [&] { return podsOfOtherTests() == 0; }));
    apply(power("others", zone));
    auto refused = finished("others", 120s);
    ASSERT_TRUE(refused);
    EXPECT_EQ(base::stringAt(*refused, "/status/reason"), "OthersAffected");
    auto why = base::stringAt(*refused, "/status/reasons/0").value_or("");
    EXPECT_NE(why.find(ns() + "/store-web-"), std::string::npos) << why;
    EXPECT_NE(why.find("spec.safety.allowSharedNodes: true"), std::string::npos) << why;
    EXPECT_EQ(base::at(*refused, "/status/intentAt"), nullptr);

    auto accepted = power("accepted", zone);
    accepted.replace(accepted.find("safety: {"), 9,
                     "safety: {allowSharedNodes: true, dryRun: true, ");
    apply(accepted);
    auto predicted = finished("accepted", 120s);
    ASSERT_TRUE(predicted);
    EXPECT_EQ(base::stringAt(*predicted, "/status/reason"), "DryRun")
        << base::dumpJsonPretty(*predicted);
    EXPECT_GT(base::intAt(*predicted, "/status/prediction/neighboursCount").value_or(0), 0);
    EXPECT_NE(plugin({"chaos", "report", "accepted-1"}).out.find("with it go others: "),
              std::string::npos);
    EXPECT_EQ(marks(), "");
}

TEST_F(NodeFaults, AContainerDiesAndItsPodStays) {
    apply(appYaml("shop", "replicas: 3", "{scalableapp.dev/chaos: allowed}"));
    ASSERT_TRUE(becomesReady("shop"));
    // Nobody tells the Service before: it asks a dead container until the kubelet has noticed.
    apply(faulty("container", "type: ContainerKill", "tier: Web", 10));
    auto run = finished("container", 180s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    auto target = base::stringAt(*run, "/status/targets/0/name").value_or("");
    EXPECT_EQ(field("pod", target, "/metadata/uid"), base::stringAt(*run, "/status/targets/0/uid"));
    EXPECT_EQ(base::intAt(get("pod", target).value_or(base::Json()),
                          "/status/containerStatuses/0/restartCount"),
              1);
}

// Load balancers and edges are targets like web pods; what each place on the request's way saw is
// told apart.
TEST_F(NodeFaults, ABalancerAndAnEdgeDieAndEveryPlaceIsSeenByItself) {
    apply(appYaml("shop", "replicas: 3", "{scalableapp.dev/chaos: allowed}") +
          "  loadBalancer: {algorithm: RoundRobin}\n"
          "  cdn: {replicasPerZone: 2, paths: [{match: '/static/*', ttlSeconds: 60}]}\n");
    ASSERT_TRUE(becomesReady("shop", 120s));
    for (const char* tier : {"LoadBalancer", "CDN"}) {
        auto name = std::string(tier) == "CDN" ? "edge" : "balancer";
        apply(faulty(name, "type: PodKill", std::string("tier: ") + tier));
        auto run = finished(name, 180s);
        ASSERT_TRUE(run);
        EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient")
            << base::dumpJsonPretty(*run);
        auto target = base::stringAt(*run, "/status/targets/0/name").value_or("");
        EXPECT_NE(target.find(std::string(tier) == "CDN" ? "shop-edge-" : "shop-lb-"),
                  std::string::npos)
            << target;
        const auto& views = base::arrayAt(*run, "/status/measurements/views");
        ASSERT_EQ(views.size(), 2U) << base::dumpJsonPretty(*run);
        for (size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(base::stringAt(views[i], "/name"), i == 0 ? "loadBalancer" : "web");
            EXPECT_GT(base::intAt(views[i], "/requests").value_or(0), 0);
        }
        EXPECT_EQ(base::intAt(views[1], "/failed"), 0) << "nothing happened to the web pods";
        EXPECT_NE(plugin({"chaos", "report", std::string(name) + "-1"}).out.find("SEEN AT"),
                  std::string::npos);
    }
}

TEST_F(NodeFaults, TheOperatorsLeaderDiesAndVisitorsDoNotNotice) {
    shop();
    apply(faulty("operator", "type: OperatorKill", "tier: Web"));
    auto run = finished("operator", 240s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    EXPECT_EQ(base::stringAt(*run, "/status/targets/0/role"), "Leader");
    EXPECT_TRUE(becomesReady("shop"));
}

// The autoscaler's stopwatch: what it did, when, and that it came down again.
TEST_F(NodeFaults, ALoadStepIsFollowedByTheAutoscaler) {
    apply(appYaml("shop",
                  "resources: {requests: {cpu: 50m, memory: 16Mi}, limits: {memory: 64Mi}}, "
                  "autoscaling: {minReplicas: 3, maxReplicas: 8, targetCPUUtilizationPercent: 60, "
                  "scaleDownStabilizationSeconds: 20}",
                  "{scalableapp.dev/chaos: allowed}"));
    ASSERT_TRUE(becomesReady("shop"));
    apply(
        "apiVersion: scalableapp.dev/v1alpha1\nkind: ChaosExperiment\nmetadata: {name: step}\n"
        "spec:\n  app: shop\n  load: {requestsPerSecond: 10, path: \"/burn?ms=5\"}\n"
        "  fault: {type: LoadStep, requestsPerSecond: 30, durationSeconds: 90}\n"
        "  safety: {abortAfterSeconds: 360}\n"
        "  expectations: {webErrorPercent: 1, autoscaling: "
        "{scaling: Required, reactWithinSeconds: 80, settleWithinSeconds: 90}}\n");
    auto run = finished("step", 380s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    EXPECT_EQ(base::intAt(*run, "/status/scaling/before"), 3);
    EXPECT_GT(base::intAt(*run, "/status/scaling/peak").value_or(0), 3);
    // In order: micro-time texts of one form compare as the moments do.
    std::string last;
    for (const char* moment : {"loadAt", "desiredAt", "readyAt", "scaledInAt"}) {
        auto at = base::stringAt(*run, std::string("/status/scaling/") + moment).value_or("");
        EXPECT_GT(at, last) << moment << base::dumpJsonPretty((*run)["status"]["scaling"]);
        last = at;
    }
}

}  // namespace
