// The two proxies one behind the other: what an edge makes of the answers that the load balancer
// gives in the pods' place.
#include <gmock/gmock.h>

#include "plan/balancing.h"
#include "plan/edge.h"

namespace {

using namespace plan_test;

class BehindAnEdge : public Balancing {
  protected:
    void SetUp() override {
        if (nginxBinary().empty()) {
            GTEST_SKIP() << "nginx is not installed (tests/setup/install test)";
        }
        Balancing::SetUp();
    }

    // Of a status that edges keep.
    static plan::HaproxyModel degraded() {
        auto out = withBreaker(model());
        out.resilience.staticResponse =
            api::StaticResponse{.statusCode = 200, .body = "later", .retryAfterSeconds = 7};
        return out;
    }

    static plan::NginxModel edgeOf(int64_t ttlSeconds) {
        plan::NginxModel out{.app = "shop", .webHost = "127.0.0.1"};
        out.cdn.paths = {{.match = "/*", .ttlSeconds = ttlSeconds, .cacheKey = {}}};
        out.cdn.staleWhileRevalidateSeconds = 0;
        return out;
    }
};

TEST_F(BehindAnEdge, AnAnswerInThePodsPlaceIsNotKept) {
    Balancer balancer(degraded(), {});
    EdgeProcess edge(edgeOf(600), balancer.port());
    // Until the breaker opens, and after it: they are made in two places.
    for (int i = 0; i < 14; ++i) {
        auto answer = edge.get("/a");
        EXPECT_EQ(answer.body, "later");
        EXPECT_EQ(answer.header("X-Cache"), "MISS") << i;
        EXPECT_EQ(answer.header("Cache-Control"), "no-store") << "nor may the visitor keep it";
    }
}

TEST_F(BehindAnEdge, AnAnswerInThePodsPlaceReplacesNoGoodCopy) {
    auto web = std::make_unique<Pod>("good");
    auto balancer = std::make_unique<Balancer>(degraded(), PodsByPool{{"web", {web.get()}}});
    EdgeProcess edge(edgeOf(1), balancer->port());
    EXPECT_EQ(edge.get("/a").body, "good");
    web.reset();
    EXPECT_TRUE(soon([&] { return edge.get("/a").body == "later"; })) << "beyond its time";
    balancer.reset();
    auto answer = edge.get("/a");
    EXPECT_EQ(answer.body, "good");
    EXPECT_EQ(answer.header("X-Cache"), "STALE");
}

}  // namespace
