// The stages of growth by name, and that the examples walk them in order.
#include "plan/stage.h"

#include <gtest/gtest.h>

#include "cli/manifest.h"
#include "plan/objects.h"

namespace {

using plan_test::app;

struct Step {
    const char* file;
    const char* stage;
    bool edges;
    bool balancers;
};

class StageOfExample : public testing::TestWithParam<Step> {};

TEST_P(StageOfExample, IsTheOneInItsName) {
    auto found = cli::readManifests({std::string(EXAMPLES "/stages/") + GetParam().file}, "");
    ASSERT_TRUE(found.errors.empty()) << found.errors.front();
    ASSERT_EQ(found.apps.size(), 1U);
    const auto& spec = found.apps[0].app;
    EXPECT_EQ(plan::stageOf(spec), GetParam().stage);
    // A step takes nothing away that one before it has brought.
    EXPECT_EQ(spec.cdn.has_value(), GetParam().edges);
    EXPECT_EQ(spec.hasLoadBalancerTier(), GetParam().balancers);
}

INSTANTIATE_TEST_SUITE_P(
    All, StageOfExample,
    testing::Values(Step{"01-single-server.yaml", "SingleServer", false, false},
                    Step{"03-load-balancer.yaml", "LoadBalancer", false, false},
                    Step{"06-cdn.yaml", "CDN", true, false},
                    Step{"07-stateless-web.yaml", "StatelessWeb", true, true},
                    Step{"08-several-zones.yaml", "MultiZone", true, true}),
    [](const auto& one) { return std::string(one.param.stage); });

TEST(Stage, IsTheFurthestOneThatTheSpecDescribes) {
    constexpr const char* kScaled =
        R"({"image":"shop:1","autoscaling":{"minReplicas":2,"maxReplicas":9}})";
    constexpr const char* kEdges = R"({"cdn":{"paths":[{"match":"/","ttlSeconds":1}]}})";
    EXPECT_EQ(plan::stageOf(app(kScaled)), "StatelessWeb");
    EXPECT_EQ(plan::stageOf(app(kScaled, kEdges)), "StatelessWeb");
    // Whoever is tied to a pod is not served by any of them.
    EXPECT_EQ(plan::stageOf(app(kScaled, R"({"loadBalancer":{"algorithm":"SourceIPHash"}})")),
              "LoadBalancer");
    EXPECT_EQ(plan::stageOf(app(R"({"image":"shop:1","replicas":1})",
                                R"({"loadBalancer":{"algorithm":"RoundRobin"}})")),
              "LoadBalancer");
    // One zone is one place.
    EXPECT_EQ(plan::stageOf(app(kScaled, R"({"zones":[{"name":"z1"}]})")), "StatelessWeb");
}

}  // namespace
