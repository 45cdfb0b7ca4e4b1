// When something cannot work, the resource itself says what and why within 15 s, and it heals by
// itself once the cause is gone.
#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class RootCause : public ClusterTest {
  protected:
    testing::AssertionResult namesCause(const std::vector<std::string>& words) {
        return eventually(
                   15s, "Ready.message names the cause",
                   [&] {
                       auto message =
                           base::stringAt(condition("shop", "Ready"), "/message").value_or("");
                       for (const auto& word : words) {
                           if (message.find(word) == std::string::npos) {
                               return false;
                           }
                       }
                       return conditionIs("shop", "Ready", "False");
                   })
               << "\nReady is " << base::dumpJson(condition("shop", "Ready"));
    }
};

TEST_F(RootCause, ImageThatCannotBePulled) {
    std::string yaml = appYaml("shop", "replicas: 2");
    yaml.replace(yaml.find(shopImage()), shopImage().size(), "registry.invalid/shop:9");
    apply(yaml);
    EXPECT_TRUE(namesCause({"web: ", "registry.invalid/shop:9", "Pull"}));
    apply(appYaml("shop", "replicas: 2"));
    EXPECT_TRUE(becomesReady("shop"));
    EXPECT_NE(base::stringAt(condition("shop", "Stalled"), "/status"), "True");
}

// What scripts and deployment tools wait for, in a state that does not heal by itself.
TEST_F(RootCause, AStepThatTakesTooLongStallsForWhoeverWaits) {
    std::string yaml = appYaml("shop", "replicas: 1") + "  progressDeadlineSeconds: 30\n";
    std::string broken = yaml;
    broken.replace(broken.find(shopImage()), shopImage().size(), "registry.invalid/shop:9");
    apply(broken);
    auto stalled =
        kubectl({"wait", "scalableapp/shop", "--for=condition=Stalled", "--timeout=90s"}, "", 105s);
    EXPECT_TRUE(stalled.ok()) << stalled.err;
    EXPECT_TRUE(namesCause({"web: ", "registry.invalid/shop:9", "Pull"}));
    EXPECT_FALSE(
        kubectl({"wait", "scalableapp/shop", "--for=condition=Ready", "--timeout=2s"}).ok());
    auto status = plugin({"status", "shop"});
    EXPECT_NE(status.out.find("what to do: correct `web.image`"), std::string::npos) << status.out;
    apply(yaml);
    EXPECT_TRUE(becomesReady("shop"));
    EXPECT_EQ(base::stringAt(condition("shop", "Stalled"), "/status").value_or("gone"), "gone");
}

TEST_F(RootCause, CrashLoop) {
    apply(appYaml("shop", "replicas: 1, args: [--no-such-flag]"));
    EXPECT_TRUE(namesCause({"web: ", "exit code 2"}));
}

TEST_F(RootCause, Unschedulable) {
    apply(appYaml("shop", "replicas: 1, overrides: {nodeSelector: {no-such: label}}"));
    EXPECT_TRUE(namesCause({"web: ", "nschedulable"}));
}

TEST_F(RootCause, QuotaExceededStallsAndHeals) {
    apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: tight}\nspec: {hard: {pods: 0}}\n");
    apply(appYaml("shop", "replicas: 1"));
    EXPECT_TRUE(namesCause({"web: ", "quota"}));
    EXPECT_TRUE(eventually(15s, "Stalled", [&] { return conditionIs("shop", "Stalled", "True"); }));
    ASSERT_TRUE(kubectl({"delete", "resourcequota", "tight"}).ok());
    EXPECT_TRUE(becomesReady("shop", 180s));
}

TEST_F(RootCause, MissingSecretStallsAndHeals) {
    apply(appYaml(
        "shop",
        "replicas: 1, env: [{name: KEY, valueFrom: {secretKeyRef: {name: shop-keys, key: a}}}]"));
    EXPECT_TRUE(namesCause({"web: ", "shop-keys"}));
    EXPECT_TRUE(eventually(15s, "Stalled", [&] { return conditionIs("shop", "Stalled", "True"); }));
    ASSERT_TRUE(kubectl({"create", "secret", "generic", "shop-keys", "--from-literal=a=b"}).ok());
    EXPECT_TRUE(becomesReady("shop"));
    EXPECT_FALSE(conditionIs("shop", "Stalled", "True"));
}

TEST_F(RootCause, EventsSayItToo) {
    apply(appYaml("shop", "replicas: 1, overrides: {nodeSelector: {no-such: label}}"));
    EXPECT_TRUE(eventually(20s, "a Warning event on the ScalableApp", [&] {
        for (const auto& event : list("events.v1.events.k8s.io")) {
            if (base::stringAt(event, "/regarding/kind") == "ScalableApp" &&
                base::stringAt(event, "/type") == "Warning") {
                return true;
            }
        }
        return false;
    }));
}

}  // namespace
