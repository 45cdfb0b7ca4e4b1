// What cannot work is named in Ready.message with the tier, the value and the remedy within 15 s,
// while what worked before goes on serving. What the schema refuses is in validation_test.cpp.
#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class BadInput : public ClusterTest {
  protected:
    void patch(const std::string& spec) {
        auto done = kubectl(
            {"patch", "scalableapp", "shop", "--type=merge", "-p", R"({"spec":)" + spec + "}"});
        ASSERT_TRUE(done.ok()) << done.err;
    }

    // `bad` is told within the time, two pods serve all along, and `good` heals it.
    void expectNamed(const std::string& bad, const std::vector<std::string>& words,
                     const std::string& good, std::chrono::seconds bound = 15s) {
        patch(bad);
        std::string message;
        EXPECT_TRUE(eventually(bound, bad + " is named", [&] {
            message = base::stringAt(condition("shop", "Ready"), "/message").value_or("");
            return conditionIs("shop", "Ready", "False") &&
                   std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                       return message.find(word) != std::string::npos;
                   });
        })) << message;
        EXPECT_GE(readyPods("shop").size(), 2U) << "the last good ones serve";
        EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), entry_);
        EXPECT_TRUE(throughout(3s, "it serves", [&] { return serves(); }));
        patch(good);
        EXPECT_TRUE(becomesReady("shop"));
    }

    bool serves() const {
        auto answer =
            cluster({"get", "--raw", "/api/v1/namespaces/" + ns() + "/services/shop:80/proxy/"});
        return answer.out.find("shop-web") != std::string::npos;
    }

    std::string entry_ = "web";
};

TEST_F(BadInput, InTheWebTierLeavesThoseInFrontOfItServing) {
    apply(appYaml("shop", "replicas: 2") +
          "  loadBalancer: {algorithm: RoundRobin}\n"
          "  cdn: {paths: [{match: '/static/*', ttlSeconds: 60}]}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    entry_ = "cdn";
    // A registry that refuses at once; how soon a busy node says so is the node's affair.
    expectNamed(R"({"web":{"image":"127.0.0.1:1/shop:9"}})",
                {"web: ImagePullBackOff \"127.0.0.1:1/shop:9\"", "correct `web.image`"},
                R"({"web":{"image":")" + shopImage() + "\"}}", 45s);
    expectNamed(R"({"web":{"overrides":{"podTemplatePatch":"{\"spec\":{\"containers\":\"x\"}}"}}})",
                {"web: InvalidPatch", "`overrides.podTemplatePatch`"},
                R"({"web":{"overrides":null}})");
    for (const char* tier : {"LoadBalancerReady", "CDNReady", "WebReady"}) {
        EXPECT_TRUE(conditionIs("shop", tier, "True")) << tier;
    }
}

TEST_F(BadInput, IsNamedWhileTheRestServes) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    expectNamed(R"({"web":{"overrides":{"podTemplatePatch":"{\"spec\":{\"containers\":[{}]}}"}}})",
                {"web: InvalidPatch", "`overrides.podTemplatePatch`"},
                R"({"web":{"overrides":null}})");
    expectNamed(R"({"web":{"port":9999}})", {"web: NotReady", "at port 9999", "correct `web.port`"},
                R"({"web":{"port":8080}})");
    expectNamed(R"({"zones":[{"name":"z1"},{"name":"nowhere"}]})",
                {"web/nowhere", "topology.kubernetes.io/zone=nowhere", "take the zone out"},
                R"({"zones":null})");
    expectNamed(
        R"({"loadBalancer":{"algorithm":"RoundRobin","overrides":{"podTemplatePatch":"{\"a\":1}"}}})",
        {"loadBalancer: InvalidPatch", "it may have the objects"}, R"({"loadBalancer":null})");
    expectNamed(R"({"loadBalancer":{"algorithm":"RoundRobin","image":"registry.invalid/lb:9"}})",
                {"loadBalancer: ", "registry.invalid/lb:9"}, R"({"loadBalancer":null})");
    expectNamed(
        R"({"cdn":{"paths":[{"match":"/*","ttlSeconds":1},{"match":"/static/*","ttlSeconds":1}]}})",
        {"cdn: PathShadowed \"/static/*\"", "put it before that one"}, R"({"cdn":null})");
    expectNamed(
        R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}],"origins":[{"name":"b","host":"nowhere.invalid"}]}})",
        {"cdn: OriginUnreachable \"b (nowhere.invalid:443)\"", "correct `cdn.origins`"},
        R"({"cdn":null})");
}

}  // namespace
