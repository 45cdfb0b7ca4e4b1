// The five-line resource becomes a web tier that people can use.
#include <set>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class WebTier : public ClusterTest {};

TEST_F(WebTier, OneImageBecomesAServedApplication) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    EXPECT_EQ(readyPods("shop").size(), 3U);
    EXPECT_EQ(field("scalableapp", "shop", "/status/web/ready"), "3");
    EXPECT_EQ(field("scalableapp", "shop", "/status/observedGeneration"),
              field("scalableapp", "shop", "/metadata/generation"));
    EXPECT_TRUE(exists("poddisruptionbudget", "shop-web"));
    EXPECT_FALSE(exists("horizontalpodautoscaler", "shop-web"));

    // From inside the cluster, by the Service's name, as any other pod would.
    apply(R"(apiVersion: v1
kind: Pod
metadata: {name: visitor}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: visitor
    image: base:1
    imagePullPolicy: IfNotPresent
    command: [curl, -sS, -m, "10", --retry, "3", "http://shop/healthz"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
)");
    EXPECT_TRUE(eventually(60s, "the visitor has got its answer", [&] {
        return field("pod", "visitor", "/status/phase") == "Succeeded";
    })) << kubectl({"logs", "visitor"}).out;
    EXPECT_NE(kubectl({"logs", "visitor"}).out.find("ok"), std::string::npos);
}

TEST_F(WebTier, PodsSpreadOverZones) {
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    std::set<std::string> zones;
    for (const auto& pod : readyPods("shop")) {
        auto node = base::stringAt(pod, "/spec/nodeName").value_or("");
        zones.insert(field("node", node, "/metadata/labels/topology.kubernetes.io~1zone"));
    }
    auto all = list("nodes");
    std::set<std::string> known;
    for (const auto& node : all) {
        known.insert(
            base::stringAt(node, "/metadata/labels/topology.kubernetes.io~1zone").value_or(""));
    }
    EXPECT_EQ(zones.size(), std::min<size_t>(known.size(), 3));
}

TEST_F(WebTier, ScaleSubresourceChangesTheReplicas) {
    apply(appYaml("shop", "replicas: 1"));
    ASSERT_TRUE(becomesReady("shop"));
    auto scaled = kubectl({"scale", "scalableapp/shop", "--replicas=3"});
    ASSERT_TRUE(scaled.ok()) << scaled.err;
    EXPECT_TRUE(eventually(60s, "three ready pods", [&] { return readyPods("shop").size() == 3; }));
}

TEST_F(WebTier, DeletingTheAppDeletesItsChildren) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(kubectl({"delete", "scalableapp", "shop", "--timeout=30s"}).ok());
    EXPECT_TRUE(eventually(60s, "no child left", [&] {
        return list("deployments,services,pods,pdb", "scalableapp.dev/app=shop").empty();
    }));
}

TEST_F(WebTier, AutoscalerComesAndGoesWithItsBlock) {
    apply(appYaml("shop", "autoscaling: {minReplicas: 2, maxReplicas: 4}"));
    ASSERT_TRUE(becomesReady("shop"));
    EXPECT_TRUE(exists("horizontalpodautoscaler", "shop-web"));
    // Handing the count from the autoscaler to the spec and back never drops to one pod.
    auto neverOne = [&] { return field("deployment", "shop-web", "/spec/replicas") != "1"; };
    apply(appYaml("shop", "replicas: 3"));
    EXPECT_TRUE(eventually(30s, "the autoscaler is gone",
                           [&] { return !exists("horizontalpodautoscaler", "shop-web"); }));
    EXPECT_TRUE(eventually(30s, "three replicas asked for", [&] {
        return field("deployment", "shop-web", "/spec/replicas") == "3";
    }));
    apply(appYaml("shop", "autoscaling: {minReplicas: 3, maxReplicas: 4}"));
    EXPECT_TRUE(throughout(8s, "more than one replica asked for", neverOne));
    EXPECT_TRUE(exists("horizontalpodautoscaler", "shop-web"));
}

}  // namespace
