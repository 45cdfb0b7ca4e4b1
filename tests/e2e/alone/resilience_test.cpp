// What the load balancer does on a real cluster while pods fail or are slow: circuit breaker,
// bulkhead and retries, each seen from both sides: what the visitor got, and what the pods met.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>

#include "e2e/support/inside.h"

namespace {

using namespace e2e;

class Resilience : public InsideTest {
  protected:
    // Pods of the web tier and two balancers, with these resilience clauses.
    void start(const std::string& clauses, int replicas) {
        apply(appYaml("shop", troublesome("replicas: " + std::to_string(replicas))) +
              "  loadBalancer: {replicas: 2, algorithm: RoundRobin}\n  resilience: {" + clauses +
              "}\n");
        ASSERT_TRUE(becomesReady("shop", 180s));
        balancers_ = pods("loadBalancer");
        ASSERT_EQ(balancers_.size(), 2U);
        // And no longer as newcomers, who are served by another way until names tell of them.
        ASSERT_TRUE(eventually(60s, "every balancer knows every pod by name", [&] {
            return std::all_of(balancers_.begin(), balancers_.end(), [&](const Pod& one) {
                auto metrics = ask(one.at(8404), {.path = "/metrics"}).body;
                return servers(metrics, "web-") == replicas && servers(metrics, "web:") == 0;
            });
        }));
        before_ = counts().requests;
    }

    support::Address balancer() const { return balancers_.front().at(8080); }
    std::vector<support::Address> bothBalancers() const {
        return {balancers_[0].at(8080), balancers_[1].at(8080)};
    }

    // How many requests got to pods since this was last asked.
    int64_t arrived() {
        auto now = counts().requests;
        return now - std::exchange(before_, now);
    }

    bool circuitIs(int state) const {
        auto told = ask(balancers_.front().at(8404), {.path = "/circuit"}).body;
        return told.find("scalableapp_circuit_state " + std::to_string(state)) != std::string::npos;
    }

  private:
    // Those that are up.
    static int servers(const std::string& metrics, const std::string& prefix) {
        int out = 0;
        std::istringstream lines(metrics);
        for (std::string line; std::getline(lines, line);) {
            out += line.find("haproxy_server_status{proxy=\"web\",server=\"" + prefix) == 0 &&
                           line.find("state=\"UP\"} 1") != std::string::npos
                       ? 1
                       : 0;
        }
        return out;
    }

    std::vector<Pod> balancers_;
    int64_t before_ = 0;
};

TEST_F(Resilience, TheBreakerOpensProbesAndCloses) {
    start(
        "circuitBreaker: {errorRatePercent: 50, windowSeconds: 60, minimumRequests: 20, "
        "openSeconds: 20, halfOpenRequests: 2}, degradation: {staticResponse: {statusCode: 503, "
        "body: closed for now}}",
        5);
    troubleAll("errors=60");
    // What was served before counts as well: it has to be outweighed.
    int sent = 0;
    auto began = std::chrono::steady_clock::now();
    auto took = [&] { return std::chrono::steady_clock::now() - began; };
    while (circuitIs(0) && took() < 60s) {
        sent += 5;
        crowd({.to = {balancer()}, .requests = 5});
    }
    std::printf("60 %% errors: the breaker is open after %d requests, %.1f s\n", sent,
                std::chrono::duration<double>(took()).count());
    ASSERT_TRUE(circuitIs(2)) << "within its window";
    arrived();
    auto open = crowd({.to = {balancer()}, .requests = 200});
    std::printf("open: an answer takes %.2f ms (median), %.2f ms (p99)\n", open.p50(),
                open.percentile(0.99));
    EXPECT_EQ(open.statuses[503], 200);
    EXPECT_LT(open.p50(), 5);
    EXPECT_EQ(arrived(), 0) << "an open breaker does not touch the pods";
    EXPECT_EQ(ask(balancer()).body, "closed for now");
    EXPECT_TRUE(eventually(15s, "the condition tells of it",
                           [&] { return conditionIs("shop", "CircuitOpen", "True"); }));
    auto status = plugin({"status", "shop"});
    EXPECT_NE(status.out.find("circuit breaker open  <- broken from here on"), std::string::npos)
        << status.out;

    troubleAll("delay=2000");
    ASSERT_TRUE(eventually(30s, "it is half open", [&] { return circuitIs(1); }));
    auto probes = crowd({.to = {balancer()}, .clients = 12, .requests = 12});
    EXPECT_EQ(probes.ok, 2) << "exactly the configured probes";
    EXPECT_EQ(probes.statuses[503], 10);
    EXPECT_EQ(arrived(), 2);
    troubleAll("");
    ASSERT_TRUE(eventually(10s, "it is closed", [&] { return circuitIs(0); }));
    EXPECT_EQ(crowd({.to = {balancer()}, .clients = 4, .requests = 100}).ok, 100);
    EXPECT_EQ(arrived(), 100);
}

TEST_F(Resilience, TheBulkheadBoundsWhatEveryPodHasAtOnce) {
    start("bulkhead: {maxConcurrentRequests: 4, maxPendingRequests: 40}", 2);
    troubleAll("delay=300");
    counts();
    auto fits = crowd({.to = bothBalancers(), .clients = 40, .requests = 120});
    auto most = counts().mostAtOnce;
    std::printf("bulkhead of 4, 40 visitors at 2 balancers: at most %ld at one pod\n",
                static_cast<long>(most));
    EXPECT_EQ(fits.ok, 120) << "what has no place waits";
    EXPECT_EQ(most, 4) << "of both balancers together";
    auto tooMany = crowd({.to = bothBalancers(), .clients = 120, .requests = 120});
    std::printf("bulkhead of 4 with 40 waiting, 120 visitors at once: %ld served, %ld refused\n",
                static_cast<long>(tooMany.ok), static_cast<long>(tooMany.statuses[503]));
    EXPECT_EQ(tooMany.ok + tooMany.statuses[503], 120);
    EXPECT_GT(tooMany.statuses[503], 20) << "waiting is bounded";
    EXPECT_LE(counts().mostAtOnce, 4);
}

TEST_F(Resilience, RetriesAmplifyByNoMoreThanTheirBudget) {
    constexpr int kSent = 2000;
    start("retry: {attempts: 3, baseMilliseconds: 1, budgetPercent: 20}", 4);
    auto all = pods();
    trouble(all[0], "errors=100");
    trouble(all[1], "errors=100");
    auto met = crowd({.to = {balancer()}, .clients = 4, .requests = kSent});
    double amplification = static_cast<double>(arrived()) / kSent;
    std::printf("half of the pods fail, a budget of 20 %%: amplification %.3f, %ld of %d served\n",
                amplification, static_cast<long>(met.ok), kSent);
    // A reserve that a quiet time has filled, and the last one may retry thrice.
    EXPECT_LE(amplification, 1.2 + 20.0 / kSent);
    EXPECT_GT(amplification, 1.1);
    EXPECT_GT(met.ok, kSent / 2) << "retries help some";
}

}  // namespace
