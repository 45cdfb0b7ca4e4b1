// examples/stages as people use them: one applied over the other, with visitors all the way.
#include <fstream>
#include <iostream>
#include <iterator>

#include "e2e/support/visitors.h"

namespace {

using namespace e2e;

class Stages : public VisitedTest {
  protected:
    // The example as it is, but for the image, which the cluster may know by another name.
    static std::string example(const std::string& file) {
        std::ifstream in(std::string(E2E_EXAMPLES) + "/stages/" + file);
        std::string text{std::istreambuf_iterator<char>(in), {}};
        const std::string image = "image: shop:1";
        auto at = text.find(image);
        return at == std::string::npos ? ""
                                       : text.replace(at, image.size(), "image: " + shopImage());
    }

    void reach(const std::string& file, const std::string& stage) {
        auto yaml = example(file);
        ASSERT_FALSE(yaml.empty()) << file << " names no image shop:1";
        apply(yaml);
        ASSERT_TRUE(isSeen());
        ASSERT_TRUE(becomesReady("shop", 240s)) << file;
        EXPECT_EQ(field("scalableapp", "shop", "/status/stage"), stage);
    }

    std::string entry() const {
        return field("service", "shop", "/spec/selector/scalableapp.dev~1tier");
    }
};

TEST_F(Stages, AreAppliedOneOverTheOtherAndFailNobody) {
    reach("01-single-server.yaml", "SingleServer");
    sendVisitors({.requestsPerSecond = 100});
    reach("03-load-balancer.yaml", "LoadBalancer");
    EXPECT_EQ(readyPods("shop").size(), 3U);
    expectNobodyFailed("several servers");
    reach("06-cdn.yaml", "CDN");
    EXPECT_EQ(entry(), "cdn");
    expectNobodyFailed("edges");
    reach("07-stateless-web.yaml", "StatelessWeb");
    EXPECT_EQ(entry(), "cdn") << "the edges stay in front";
    EXPECT_EQ(field("service", "shop-origin", "/spec/selector/scalableapp.dev~1tier"),
              "loadBalancer");
    EXPECT_TRUE(exists("horizontalpodautoscaler", "shop-web"));
    expectNobodyFailed("an autoscaler and a load balancer");
    reach("08-several-zones.yaml", "MultiZone");
    EXPECT_TRUE(conditionIs("shop", "ZonesSatisfied", "True"));
    for (const char* zone : {"z1", "z2", "z3"}) {
        EXPECT_TRUE(exists("deployment", std::string("shop-web-") + zone));
        EXPECT_TRUE(exists("deployment", std::string("shop-edge-") + zone));
    }
    EXPECT_TRUE(eventually(60s, "what was outside of zones is gone", [&] {
        return gone("deployment", "shop-web") && gone("deployment", "shop-edge");
    }));
    expectNobodyFailed("several zones");
}

}  // namespace
