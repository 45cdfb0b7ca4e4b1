// Upgrading or removing the operator leaves applications alone.
#include <set>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class Chart : public ClusterTest {};

TEST_F(Chart, UpgradeRestartsNoApplicationPod) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    auto names = [&] {
        std::set<std::string> out;
        for (const auto& pod : readyPods("shop")) {
            out.insert(base::stringAt(pod, "/metadata/uid").value_or(""));
        }
        return out;
    };
    auto before = names();
    auto values = helm({"-n", kSystemNamespace, "upgrade", "scalableapp", E2E_CHART,
                        "--reuse-values", "--set-string", "podAnnotations.upgraded=yes", "--wait"});
    ASSERT_TRUE(values.ok()) << values.err;
    ASSERT_TRUE(eventually(60s, "the new operator has the lease and sees the app",
                           [&] { return conditionIs("shop", "Ready", "True"); }));
    EXPECT_EQ(names(), before);
}

}  // namespace
