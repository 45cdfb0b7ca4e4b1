// Load comes, the tier grows; load goes, it shrinks.
#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class Autoscaling : public ClusterTest {};

TEST_F(Autoscaling, FollowsTheLoadBothWays) {
    apply(appYaml("shop",
                  "resources: {requests: {cpu: 50m}}, autoscaling: {minReplicas: 1, "
                  "maxReplicas: 3, targetCPUUtilizationPercent: 50, "
                  "scaleDownStabilizationSeconds: 10}"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(eventually(90s, "the autoscaler sees the metric", [&] {
        return !field("hpa", "shop-web",
                      "/status/currentMetrics/0/resource/current/averageUtilization")
                    .empty();
    }));
    apply(R"(apiVersion: v1
kind: Pod
metadata: {name: load}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: load
    image: base:1
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "while :; do curl -s -m 5 -o /dev/null 'http://shop/burn?ms=40'; sleep 0.2; done"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
)");
    EXPECT_TRUE(
        eventually(120s, "the tier has grown", [&] { return readyPods("shop").size() > 1; }));
    EXPECT_EQ(field("scalableapp", "shop", "/status/web/ready").empty(), false);
    ASSERT_TRUE(kubectl({"delete", "pod", "load", "--wait=false"}).ok());
    EXPECT_TRUE(
        eventually(150s, "the tier has shrunk", [&] { return readyPods("shop").size() == 1; }));
}

}  // namespace
