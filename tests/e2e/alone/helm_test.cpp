// Upgrading or removing the operator leaves applications alone.
#include <unistd.h>

#include <fstream>
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

// Takes the release away, and gives it back with its values whatever the test finds.
class Uninstall : public ClusterTest {
  protected:
    void SetUp() override {
        if (!havePower()) {
            GTEST_SKIP() << "takes the operator away: on the local cluster only";
        }
        ClusterTest::SetUp();
        auto values = helm({"-n", kSystemNamespace, "get", "values", "scalableapp", "-o", "yaml"});
        ASSERT_TRUE(values.ok()) << values.err;
        file_ = "/tmp/release-values-" + std::to_string(getpid()) + ".yaml";
        std::ofstream(file_) << values.out;
    }
    void TearDown() override {
        install();
        unlink(file_.c_str());
        ClusterTest::TearDown();
    }

    void uninstall() {
        auto gone = helm({"-n", kSystemNamespace, "uninstall", "scalableapp", "--wait"});
        ASSERT_TRUE(gone.ok()) << gone.err;
        removed_ = true;
    }
    void install() {
        if (!removed_) {
            return;
        }
        removed_ = false;
        auto back = helm(
            {"-n", kSystemNamespace, "install", "scalableapp", E2E_CHART, "-f", file_, "--wait"});
        EXPECT_TRUE(back.ok()) << back.err;
    }
    // Nothing of an app, and nothing that waits for somebody who is not there any more.
    void expectNothingOf(const std::string& app) {
        for (const char* kind : {"scalableapps", "deployments", "replicasets", "pods", "services",
                                 "poddisruptionbudgets", "horizontalpodautoscalers", "ingresses"}) {
            std::string selector =
                std::string(kind) == "scalableapps" ? "" : "scalableapp.dev/app=" + app;
            EXPECT_TRUE(eventually(90s, std::string(kind) + " are gone",
                                   [&] { return list(kind, selector).empty(); }));
        }
    }

  private:
    std::string file_;
    bool removed_ = false;
};

TEST_F(Uninstall, InEitherOrderLeavesNothingTerminating) {
    std::string app = appYaml("shop", "replicas: 1") +
                      "  loadBalancer: {algorithm: RoundRobin, exposure: Ingress, host: "
                      "shop.example}\n";
    apply(app);
    ASSERT_TRUE(becomesReady("shop", 180s));
    uninstall();
    EXPECT_TRUE(list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=web").size() == 1)
        << "the application goes on";
    ASSERT_TRUE(kubectl({"delete", "scalableapp", "shop", "--wait=false"}).ok());
    expectNothingOf("shop");
    install();
    apply(app);
    ASSERT_TRUE(becomesReady("shop", 180s));
    ASSERT_TRUE(kubectl({"delete", "scalableapp", "shop", "--wait=false"}).ok());
    uninstall();
    expectNothingOf("shop");
}

}  // namespace
