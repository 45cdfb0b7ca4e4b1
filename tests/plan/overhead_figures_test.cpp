// What the tiers in front of the web pods cost, and what they hold: side by side in one run, with
// real shops, HAProxy and nginx on loopback. Asserted is that nobody fails; figures are printed.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "plan/balancing.h"
#include "plan/edge.h"
#include "support/crowd.h"

namespace {

using namespace plan_test;
using namespace support;

// The application of the examples, as a process.
class Shop {
  public:
    Shop() : process_({SHOP, "--port", std::to_string(port_)}, "/dev/null") {
        EXPECT_TRUE(soon([&] { return ask(port_, {.path = "/healthz"}).status == 200; }));
    }
    int port() const { return port_; }

  private:
    int port_ = freePort();
    e2e::Background process_;
};

void print(const std::string& what, const Met& through, const Met& past) {
    std::printf(
        "%s: p50 %.3f ms beside %.3f ms, p99 %.3f ms beside %.3f ms, %.0f beside %.0f a second "
        "(%.0f %%)\n",
        what.c_str(), through.p50(), past.p50(), through.percentile(0.99), past.percentile(0.99),
        through.perSecond(), past.perSecond(), 100 * through.perSecond() / past.perSecond());
}

// In turns, so that whatever else the machine does meets both.
void compare(const std::string& what, Crowd through, Crowd past) {
    Met sums[2];
    for (int round = 0; round < 4; ++round) {
        sums[0].add(crowd(through));
        sums[1].add(crowd(past));
    }
    print(what, sums[0], sums[1]);
    EXPECT_EQ(sums[0].failed, 0) << what;
    EXPECT_EQ(sums[1].failed, 0) << what;
}

plan::NginxModel staticEdge() {
    plan::NginxModel out{.app = "shop", .webHost = "127.0.0.1"};
    api::CdnPath kept;
    kept.match = "/static/*";
    kept.ttlSeconds = 600;
    out.cdn.paths = {kept};
    return out;
}

TEST_F(Balancing, OverheadBesideTheShopsThemselves) {
    Shop a;
    Shop b;
    Balancer balancer(model(), {}, {a.port(), b.port()});
    std::vector<Address> bare{a.port(), b.port()};
    for (const auto& [page, requests] : {std::pair{"/", 500}, std::pair{"/burn?ms=2", 50}}) {
        std::string name = std::string("load balancer, ") + page;
        compare(name + ", 1 client", {.to = {balancer.port()}, .path = page, .requests = requests},
                {.to = bare, .path = page, .requests = requests});
        compare(name + ", 16 clients",
                {.to = {balancer.port()}, .path = page, .clients = 16, .requests = 3 * requests},
                {.to = bare, .path = page, .clients = 16, .requests = 3 * requests});
    }
}

// A retry that waits leads every request through the balancer twice.
TEST_F(Balancing, OverheadOfTheRetryBesideABalancerWithout) {
    Shop a;
    Shop b;
    auto again = model();
    again.resilience.retry.emplace();
    Balancer waiting(again, {}, {a.port(), b.port()});
    Balancer plain(model(), {}, {a.port(), b.port()});
    for (const auto& [page, requests] : {std::pair{"/", 500}, std::pair{"/burn?ms=2", 50}}) {
        for (int clients : {1, 16}) {
            int64_t sent = clients == 1 ? requests : 3 * requests;
            compare("retry, " + std::string(page) + ", " + std::to_string(clients) + " clients",
                    {.to = {waiting.port()}, .path = page, .clients = clients, .requests = sent},
                    {.to = {plain.port()}, .path = page, .clients = clients, .requests = sent});
        }
    }
}

TEST_F(Balancing, AFloodIsServedToTheLastOfIt) {
    Shop shop;
    Balancer balancer(model(), {}, {shop.port()});
    auto met = crowd({.to = {balancer.port()}, .clients = 1000, .requests = 10000});
    std::printf("load balancer, 1,000 clients at once: %ld served, %.0f a second, p99 %.0f ms\n",
                static_cast<long>(met.ok), met.perSecond(), met.percentile(0.99));
    EXPECT_EQ(met.failed, 0);
}

TEST(EdgeFigures, AHitBesideTheShopItself) {
    if (nginxBinary().empty()) {
        GTEST_SKIP() << "nginx is not installed (tests/setup/install test)";
    }
    Shop shop;
    EdgeProcess edge(staticEdge(), shop.port());
    ASSERT_EQ(edge.get("/static/version").status, 200);
    for (int clients : {1, 16}) {
        compare(
            "edge hit, " + std::to_string(clients) + " clients",
            {.to = {edge.port()}, .path = "/static/version", .clients = clients, .requests = 2000},
            {.to = {shop.port()}, .path = "/static/version", .clients = clients, .requests = 2000});
    }
    EXPECT_EQ(edge.tally("miss"), 1);
}

TEST(EdgeFigures, TenThousandMissesAtOnceReachTheOriginOnce) {
    if (nginxBinary().empty()) {
        GTEST_SKIP() << "nginx is not installed (tests/setup/install test)";
    }
    // Sockets of the clients, and a few for the rest.
    auto files = raiseOpenFiles();
    int clients = static_cast<int>(std::min<int64_t>(10000, files - 500));
    support::Gate gate;
    std::atomic<int> asked = 0;
    support::HttpStub origin([&](const support::StubRequest&, support::StubReply& reply) {
        ++asked;
        gate.wait();
        reply.send(200, std::string(4096, 'x'));
    });
    EdgeProcess edge(staticEdge(), origin.port(), EdgeProcess::Connections::AsDeployed);
    auto met = crowd({.to = {edge.port()},
                      .path = "/static/new",
                      .clients = clients,
                      .requests = clients,
                      .allAsked = [&] { gate.open(); }});
    std::printf(
        "%d misses at once: %d reached the origin, %ld failed, all answered after %.1f s, nginx "
        "took %.0f MiB at most\n",
        clients, asked.load(), static_cast<long>(met.failed), met.seconds, edge.mostMiB());
    EXPECT_EQ(met.failed, 0);
    EXPECT_EQ(asked, 1);
}

}  // namespace
