// A pod is killed on purpose, the run measures what visitors saw and judges it.
#include <set>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class PodKill : public ClusterTest {
  protected:
    static std::string experiment(const std::string& name, const std::string& extra) {
        return "apiVersion: scalableapp.dev/v1alpha1\nkind: ChaosExperiment\nmetadata: {name: " +
               name + "}\nspec:\n  app: shop\n  target: {tier: Web}\n  fault: {type: PodKill}\n" +
               extra;
    }

    std::set<std::string> uids() {
        std::set<std::string> out;
        for (const auto& pod : list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=web")) {
            out.insert(base::stringAt(pod, "/metadata/uid").value_or(""));
        }
        return out;
    }

    // The one run of an experiment once it is over.
    std::optional<base::Json> finished(const std::string& name, std::chrono::seconds bound) {
        std::optional<base::Json> done;
        EXPECT_TRUE(eventually(bound, "the run of " + name + " is over", [&] {
            for (const auto& run : list("chaosruns")) {
                auto of = base::stringAt(run, "/metadata/name").value_or("");
                if (of.starts_with(name + "-") && base::at(run, "/status/verdict") != nullptr) {
                    done = run;
                }
            }
            return done.has_value();
        }));
        return done;
    }
};

constexpr const char* kAllowed = "{scalableapp.dev/chaos: allowed}";
constexpr const char* kUsual =
    "  load: {requestsPerSecond: 50}\n"
    "  expectations: {webErrorPercent: 1, redundancyRestoredSeconds: 60}\n";

TEST_F(PodKill, AReplicatedTierIsResilient) {
    apply(appYaml("shop", "replicas: 3", kAllowed));
    ASSERT_TRUE(becomesReady("shop"));
    auto before = uids();
    apply(experiment("kill", kUsual));
    auto run = finished("kill", 180s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    // Exactly the target it names is gone.
    auto target = base::stringAt(*run, "/status/targets/0/uid").value_or("");
    auto after = uids();
    EXPECT_EQ(before.count(target), 1U);
    EXPECT_EQ(after.count(target), 0U);
    size_t kept = 0;
    for (const auto& uid : before) {
        kept += after.count(uid);
    }
    EXPECT_EQ(kept, 2U);
    EXPECT_FALSE(base::arrayAt(*run, "/status/evidence").empty());
    EXPECT_FALSE(base::arrayAt(*run, "/status/timeline").empty());
    EXPECT_EQ(plugin({"chaos", "watch", "kill-1"}).exitCode, 0) << "over, and Resilient";
}

TEST_F(PodKill, WithoutTheLabelNothingIsTouched) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    auto before = uids();
    apply(experiment("kill", kUsual));
    auto run = finished("kill", 60s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Inconclusive");
    EXPECT_NE(base::dumpJson(*run).find("scalableapp.dev/chaos"), std::string::npos);
    EXPECT_EQ(uids(), before);
}

TEST_F(PodKill, TooLittleTrafficIsInconclusive) {
    apply(appYaml("shop", "replicas: 3", kAllowed));
    ASSERT_TRUE(becomesReady("shop"));
    apply(experiment("kill",
                     "  load: {requestsPerSecond: 1}\n"
                     "  expectations: {webErrorPercent: 1}\n"));
    auto run = finished("kill", 180s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Inconclusive");
}

TEST_F(PodKill, TheOnlyPodIsRefusedUnlessAnOutageIsExpected) {
    // A pod that is gone at once and whose replacement takes its time: the kill hurts visitors.
    std::string patch =
        R"({\"spec\":{\"initContainers\":[{\"name\":\"slow\",\"image\":\"base:1\",)"
        R"(\"command\":[\"sleep\",\"12\"],\"securityContext\":{\"runAsUser\":1000,)"
        R"(\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]}}}]}})";
    apply(appYaml("shop",
                  "replicas: 1, drainSeconds: 0, overrides: {podTemplatePatch: \"" + patch + "\"}",
                  kAllowed));
    ASSERT_TRUE(becomesReady("shop"));
    auto before = uids();
    apply(experiment("kill", kUsual));
    auto refused = finished("kill", 60s);
    ASSERT_TRUE(refused);
    EXPECT_EQ(base::stringAt(*refused, "/status/verdict"), "Inconclusive");
    EXPECT_EQ(uids(), before);

    apply(experiment("outage", std::string(kUsual) +
                                   "  safety: {expectOutage: true, maxTargetsPercent: 100}\n"));
    auto failed = finished("outage", 240s);
    ASSERT_TRUE(failed);
    EXPECT_EQ(base::stringAt(*failed, "/status/verdict"), "Failed")
        << base::dumpJsonPretty(*failed);
}

TEST_F(PodKill, DryRunPredictsOnly) {
    apply(appYaml("shop", "replicas: 3", kAllowed));
    ASSERT_TRUE(becomesReady("shop"));
    auto before = uids();
    apply(experiment("dry", std::string(kUsual) + "  safety: {dryRun: true}\n"));
    auto run = finished("dry", 60s);
    ASSERT_TRUE(run);
    EXPECT_NE(base::at(*run, "/status/prediction"), nullptr);
    EXPECT_EQ(uids(), before);
}

TEST_F(PodKill, AScheduleStartsARunInTime) {
    apply(appYaml("shop", "replicas: 3", kAllowed));
    ASSERT_TRUE(becomesReady("shop"));
    apply(
        "apiVersion: scalableapp.dev/v1alpha1\nkind: ChaosSchedule\nmetadata: {name: each}\n"
        "spec:\n  schedule: '* * * * *'\n  experiment:\n    app: shop\n"
        "    fault: {type: PodKill}\n    load: {requestsPerSecond: 50}\n"
        "    expectations: {webErrorPercent: 1}\n");
    auto run = finished("each", 240s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(*run);
    kubectl({"delete", "chaosschedule", "each"});
}

}  // namespace
