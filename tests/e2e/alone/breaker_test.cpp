// The circuit breaker of a load balancer on a real cluster: while it is open nobody waits.
#include <chrono>
#include <iostream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;
using Clock = std::chrono::steady_clock;

class Breaker : public ClusterTest {
  protected:
    std::vector<std::string> balancers() const {
        std::vector<std::string> out;
        for (const auto& pod :
             list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=loadBalancer")) {
            out.push_back(base::stringAt(pod, "/metadata/name").value_or(""));
        }
        return out;
    }

    struct Asked {
        std::string answer;
        Clock::duration took;
    };

    // One balancer: each judges by what it has seen itself.
    Asked ask(const std::string& balancer, const std::string& path) const {
        auto began = Clock::now();
        auto answer =
            cluster({"get", "--raw",
                     "/api/v1/namespaces/" + ns() + "/pods/" + balancer + ":8080/proxy" + path})
                .out;
        return {answer, Clock::now() - began};
    }
};

TEST_F(Breaker, AnswersAtOnceWhileItIsOpen) {
    // Of the pods' own answers only those to /burn come too late. 200 for the answer in their
    // place: kubectl shows no body of an error.
    apply(appYaml("shop", "replicas: 2") +
          "  loadBalancer: {algorithm: RoundRobin}\n"
          "  resilience:\n"
          "    timeoutSeconds: 3\n"
          "    circuitBreaker: {minimumRequests: 3, windowSeconds: 60, openSeconds: 120}\n"
          "    degradation: {staticResponse: {statusCode: 200, body: closed for now}}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    auto all = balancers();
    ASSERT_FALSE(all.empty());
    const auto& balancer = all.front();
    EXPECT_NE(ask(balancer, "/").answer.find("shop-web"), std::string::npos);
    auto late = ask(balancer, "/burn?ms=9000").took;
    ASSERT_TRUE(eventually(90s, "the breaker is open", [&] {
        ask(balancer, "/burn?ms=9000");
        return ask(balancer, "/").answer.find("closed for now") != std::string::npos;
    }));
    auto open = ask(balancer, "/burn?ms=9000");
    auto milliseconds = [](Clock::duration time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    std::cout << "a request that times out takes " << milliseconds(late)
              << " ms, with an open breaker " << milliseconds(open.took)
              << " ms, kubectl and the API server included\n";
    EXPECT_NE(open.answer.find("closed for now"), std::string::npos) << open.answer;
    EXPECT_LT(open.took, late / 2) << "it waited for a pod";
    EXPECT_TRUE(eventually(30s, "the condition tells of it",
                           [&] { return conditionIs("shop", "CircuitOpen", "True"); }));
    auto status = plugin({"status", "shop"});
    EXPECT_NE(
        status.out.find("load balancer  2/2 ready, RoundRobin, circuit breaker open  <- broken "
                        "from here on"),
        std::string::npos)
        << status.out;
}

}  // namespace
