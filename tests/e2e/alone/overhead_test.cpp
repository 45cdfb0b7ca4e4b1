// What the tiers in front of the web pods cost and hold on a real cluster, beside a bare Service of
// the same pods in the same run.
#include <algorithm>
#include <cstdio>

#include "e2e/support/inside.h"

namespace {

using namespace e2e;

class Overhead : public InsideTest {
  protected:
    void startBesideABareService(const std::string& tiers) {
        apply(appYaml("shop", troublesome("replicas: 2")) + tiers);
        apply(
            "apiVersion: v1\nkind: Service\nmetadata: {name: bare}\nspec:\n"
            "  selector: {scalableapp.dev/app: shop, scalableapp.dev/tier: web}\n"
            "  ports: [{port: 80, targetPort: http}]\n");
        ASSERT_TRUE(becomesReady("shop", 180s));
    }

    struct Compared {
        double addedMs;     // p50, one visitor
        double throughput;  // share of the bare Service's, many visitors
    };

    Compared compare(const std::string& what, const std::string& path, int64_t requests) {
        auto one = sides(path, 1, requests / 4);
        auto many = sides(path, 16, requests);
        Compared out{one.through.p50() - one.past.p50(),
                     many.through.perSecond() / many.past.perSecond()};
        std::printf(
            "%s, %s: one visitor p50 %.2f ms, bare %.2f (+%.2f); 16 visitors %.0f a second, bare "
            "%.0f (%.0f %%), p99 %.1f ms, bare %.1f\n",
            what.c_str(), path.c_str(), one.through.p50(), one.past.p50(), out.addedMs,
            many.through.perSecond(), many.past.perSecond(), 100 * out.throughput,
            many.through.percentile(0.99), many.past.percentile(0.99));
        return out;
    }

  private:
    struct Sides {
        support::Met through;
        support::Met past;
    };

    // In turns, so that whatever else the machine does meets both.
    Sides sides(const std::string& path, int clients, int64_t requests) {
        Sides out;
        for (int round = 0; round < 4; ++round) {
            for (auto [name, met] : {std::pair{"shop", &out.through}, {"bare", &out.past}}) {
                met->add(crowd({.to = {service(name)},
                                .path = path,
                                .clients = clients,
                                .requests = requests / 4}));
            }
        }
        EXPECT_EQ(out.through.failed + out.past.failed, 0) << path;
        return out;
    }
};

// The pages: one that costs the pod nothing, so that all there is to see is the way to it; and one
// that takes what a page of an application takes.
TEST_F(Overhead, OfTheLoadBalancerBesideABareService) {
    startBesideABareService("  loadBalancer: {algorithm: RoundRobin}\n");
    ASSERT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "loadBalancer");
    EXPECT_LT(compare("load balancer", "/", 4000).addedMs, 1);
    auto real = compare("load balancer", "/burn?ms=5", 800);
    EXPECT_LT(real.addedMs, 3);
    EXPECT_GT(real.throughput, 0.8);
}

TEST_F(Overhead, OfAnEdgeHitBesideABareService) {
    startBesideABareService("  cdn: {paths: [{match: '/static/*', ttlSeconds: 3600}]}\n");
    ASSERT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "cdn");
    auto hit = compare("edge hit", "/static/version", 4000);
    EXPECT_LT(hit.addedMs, 1);
    EXPECT_GT(hit.throughput, 0.8);
}

TEST_F(Overhead, TenThousandMissesAtOnceReachTheOriginOncePerEdge) {
    apply(appYaml("shop", troublesome("replicas: 1")) +
          "  cdn: {replicasPerZone: 2, paths: [{match: '/static/*', ttlSeconds: 3600}]}\n");
    ASSERT_TRUE(becomesReady("shop", 120s));
    auto edges = pods("cdn");
    ASSERT_EQ(edges.size(), 2U);
    // All have asked before the one who fetches is answered, and well below the five seconds after
    // which edges stop waiting for it.
    troubleAll("delay=3000");
    auto before = counts().requests;
    constexpr int kVisitors = 10000;
    ASSERT_GT(support::raiseOpenFiles(), kVisitors + 500);
    auto met = crowd({.to = {edges[0].at(8080), edges[1].at(8080)},
                      .path = "/static/version",
                      .clients = kVisitors,
                      .requests = kVisitors});
    auto reached = counts().requests - before;
    std::printf("%d misses at once at 2 edges: %ld reached the origin, all answered after %.1f s\n",
                kVisitors, static_cast<long>(reached), met.seconds);
    EXPECT_EQ(met.failed, 0);
    EXPECT_EQ(reached, 2);
}

}  // namespace
