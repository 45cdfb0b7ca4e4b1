// The operator itself may die, the API server may go away, a zone may lose power: the application
// goes on and the operator picks up where it was.
#include <thread>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class Failover : public ClusterTest {
  protected:
    static std::string holder() {
        auto lease = cluster({"-n", kSystemNamespace, "get", "lease", "scalableapp-operator", "-o",
                              "jsonpath={.spec.holderIdentity}"});
        return lease.out;
    }
    static std::vector<std::string> operatorPods() {
        auto pods = cluster({"-n", kSystemNamespace, "get", "pods", "-l",
                             "app.kubernetes.io/component=operator", "-o",
                             "jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}"});
        std::istringstream in(pods.out);
        std::vector<std::string> out;
        for (std::string line; std::getline(in, line);) {
            out.push_back(line);
        }
        return out;
    }
};

TEST_F(Failover, AnotherOperatorTakesOver) {
    ASSERT_TRUE(eventually(60s, "a leader", [] { return !holder().empty(); }));
    ASSERT_GE(operatorPods().size(), 2U);
    std::string first = holder();
    auto killed = cluster({"-n", kSystemNamespace, "delete", "pod",
                           first.substr(0, first.find('_')), "--wait=false"});
    ASSERT_TRUE(killed.ok()) << killed.err;
    EXPECT_TRUE(eventually(60s, "another holder", [&] {
        auto now = holder();
        return !now.empty() && now != first;
    }));
    apply(appYaml("shop", "replicas: 2"));
    EXPECT_TRUE(becomesReady("shop"));
}

TEST_F(Failover, AnApiServerOutageIsSurvived) {
    if (!havePower()) {
        GTEST_SKIP() << "needs the local cluster";
    }
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    auto restarts = [] {
        return cluster({"-n", kSystemNamespace, "get", "pods", "-o",
                        "jsonpath={.items[*].status.containerStatuses[*].restartCount}"})
            .out;
    };
    std::string before = restarts();
    ASSERT_TRUE(power({"component", "crash", "kube-apiserver"}).ok());
    std::this_thread::sleep_for(5s);
    ASSERT_TRUE(power({"component", "restart", "kube-apiserver"}).ok());
    ASSERT_TRUE(eventually(60s, "the API server answers", [] {
        return cluster({"get", "--raw", "/readyz"}).ok();
    }));
    EXPECT_EQ(restarts(), before);
    ASSERT_TRUE(kubectl({"delete", "service", "shop"}).ok());
    EXPECT_TRUE(
        eventually(60s, "the operator repairs again", [&] { return exists("service", "shop"); }));
}

TEST_F(Failover, AZoneWithoutPowerIsSurvived) {
    if (!havePower()) {
        GTEST_SKIP() << "needs the local cluster";
    }
    apply(appYaml("shop", "replicas: 3"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(power({"zone", "off", "z2"}).ok());
    EXPECT_TRUE(eventually(60s, "the app says that it is not whole",
                           [&] { return readyPods("shop").size() < 3; }));
    EXPECT_TRUE(eventually(120s, "three ready pods outside the zone", [&] {
        size_t outside = 0;
        for (const auto& pod : readyPods("shop")) {
            auto node = base::stringAt(pod, "/spec/nodeName").value_or("");
            if (field("node", node, "/metadata/labels/topology.kubernetes.io~1zone") != "z2") {
                ++outside;
            }
        }
        return outside == 3;
    }));
    ASSERT_TRUE(power({"zone", "on", "z2"}).ok());
    EXPECT_TRUE(eventually(60s, "all nodes are Ready", [] {
        auto nodes = cluster({"get", "nodes", "--no-headers"});
        return nodes.ok() && nodes.out.find("NotReady") == std::string::npos;
    }));
    EXPECT_TRUE(becomesReady("shop"));
}

}  // namespace
