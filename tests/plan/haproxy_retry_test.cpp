// What a real HAProxy does with requests that are tried again after a wait: when they come, where
// they go, and that the hop which this takes is seen by nobody.
#include "plan/haproxy_retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/balancing.h"

namespace {

using namespace plan_test;
using namespace std::chrono_literals;
using plan::HaproxyModel;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

// So long that whoever waits though it need not is found out.
constexpr int64_t kForever = 10000;

HaproxyModel retrying(HaproxyModel model, int64_t base = 1, int64_t most = 1000) {
    model.resilience.retry = api::Retry{
        .attempts = 2, .baseMilliseconds = base, .maxMilliseconds = most, .budgetPercent = 100};
    return model;
}

class Retrying : public Balancing {
  protected:
    std::vector<Clock::time_point> arrivals() const {
        std::vector<Clock::time_point> out;
        for (const auto& pod : pods_) {
            auto those = pod->arrivals();
            out.insert(out.end(), those.begin(), those.end());
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    void expectNothingOfTheHop() const {
        for (const auto& pod : pods_) {
            for (const auto& request : pod->requests()) {
                for (const auto& [name, value] : request.headers) {
                    EXPECT_THAT(name, Not(HasSubstr("scalableapp"))) << value;
                }
            }
        }
    }
};

// --- when

TEST_F(Retrying, EachWaitIsTwiceTheOneBeforeUpToTheLongest) {
    auto again = retrying(model(), 40, 120);
    again.resilience.retry->attempts = 4;
    Balancer balancer(again, {{"web", pods(3)}});
    for (size_t i = 0; i < 3; ++i) {
        pod(i).status = 503;
    }
    auto answer = balancer.get("/");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, testing::StartsWith("p")) << "the last pod's own answer";
    auto came = arrivals();
    ASSERT_EQ(came.size(), 5U);
    // Half of 40, 80, 120 and 120, and what a clock in whole milliseconds may round off.
    const std::vector<std::chrono::milliseconds> least{19ms, 39ms, 59ms, 59ms};
    for (size_t i = 0; i < least.size(); ++i) {
        EXPECT_GE(came[i + 1] - came[i], least[i]) << "before retry " << i + 1;
    }
    EXPECT_THAT(balancer.log(), Not(HasSubstr("Lua"))) << "the script fails";
}

TEST_F(Retrying, ARetryThatWouldOutlastItsTimeIsNotBegun) {
    auto again = retrying(model(), 900, 900);
    again.resilience.timeoutSeconds = 1;
    again.resilience.retry->attempts = 9;
    Balancer balancer(again, {{"web", pods(2)}});
    pod(0).status = 503;
    pod(1).status = 503;
    EXPECT_EQ(balancer.get("/").status, 504);
    // At least 450 ms are between two.
    EXPECT_LE(hits(), 3);
}

TEST_F(Retrying, ARetryHasWhatIsLeftOfTheTime) {
    auto again = retrying(model(), 900, 900);
    again.resilience.timeoutSeconds = 2;
    Balancer balancer(again, {{"web", pods(2)}});
    pod(0).status = 503;
    pod(1).hold();
    std::vector<std::shared_future<Answer>> answers{begin(balancer), begin(balancer)};
    for (auto& answer : answers) {
        EXPECT_EQ(answer.get().status, 504);
    }
    EXPECT_EQ(pod(0).hits(), 1);
    EXPECT_EQ(pod(1).hits(), 2) << "who was too late for one pod is not led to the next";
}

TEST_F(Retrying, APodThatRefusesConnectionsIsPassedOverAtOnceForEveryMethod) {
    auto gone = std::make_unique<Pod>("gone");
    auto here = pods(1);
    Balancer balancer(retrying(model(), kForever, kForever), {{"web", {gone.get(), here[0]}}});
    gone.reset();
    auto begun = Clock::now();
    for (const char* method : {"GET", "POST", "GET", "POST", "GET", "POST"}) {
        EXPECT_EQ(balancer.get("/", method).status, 200);
    }
    EXPECT_LT(Clock::now() - begun, kForever / 2 * 1ms);
}

// --- which, and where to

TEST_F(Retrying, OnlyMethodsThatMayBeRepeatedAre) {
    Balancer balancer(retrying(model()), {{"web", pods(1)}});
    pod(0).status = 500;
    for (const char* method : {"POST", "PATCH"}) {
        int before = hits();
        EXPECT_EQ(balancer.get("/", method).status, 500);
        EXPECT_EQ(hits(), before + 1) << method;
    }
    for (const char* method : {"GET", "PUT", "DELETE", "OPTIONS"}) {
        int before = hits();
        EXPECT_EQ(balancer.get("/", method).status, 500);
        EXPECT_EQ(hits(), before + 3) << method;
    }
}

TEST_F(Retrying, GoToAnotherPodWhateverTheAlgorithm) {
    for (auto algorithm : {api::Algorithm::RoundRobin, api::Algorithm::LeastConnections,
                           api::Algorithm::SourceIPHash}) {
        pods_.clear();
        auto again = retrying(model(algorithm));
        again.resilience.retry->attempts = 1;
        Balancer balancer(again, {{"web", pods(2)}});
        // Answers an error, then breaks off.
        for (int status : {500, 0}) {
            pod(0).status = status;
            int before = pod(0).hits();
            for (int i = 1; i <= 12; ++i) {
                auto from = "127.0." + std::to_string(i) + "." + std::to_string(i * 7);
                EXPECT_EQ(balancer.get("/", "GET", from).status, 200) << from << ": " << status;
            }
            EXPECT_GT(pod(0).hits(), before) << "nothing was tried again";
        }
        EXPECT_EQ(pod(1).hits(), 24);
        EXPECT_THAT(balancer.log(), Not(HasSubstr("Lua")));
    }
}

TEST_F(Retrying, WhatBreaksOffAndMayNotBeRepeatedIsAnError) {
    Balancer balancer(retrying(model()), {{"web", pods(2)}});
    pod(0).status = 0;
    int cut = 0;
    for (int i = 0; i < 4; ++i) {
        cut += balancer.get("/", "POST").status == 502 ? 1 : 0;
    }
    EXPECT_EQ(cut, 2);
}

TEST_F(Retrying, ZonesKeepTheirWeights) {
    auto zones = retrying(model(api::Algorithm::WeightedRoundRobin));
    zones.pools = {{.name = "zone-a", .service = "a", .weight = 300},
                   {.name = "zone-b", .service = "b", .weight = 100}};
    auto a = pods(1, "a");
    auto b = pods(1, "b");
    Balancer balancer(zones, {{"zone-a", a}, {"zone-b", b}});
    for (int i = 0; i < 36; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(0).hits(), 27);
    EXPECT_EQ(pod(1).hits(), 9);
    pod(0).status = 500;
    pod(1).status = 500;
    EXPECT_EQ(balancer.get("/").status, 500);
    EXPECT_EQ(hits(), 39) << "two retries";
}

// --- the hop is nobody's business

TEST_F(Retrying, PodsSeeTheClientOnceAndNothingOfTheHop) {
    Balancer balancer(retrying(model()), {{"web", pods(2)}});
    pod(0).status = 503;
    for (int i = 0; i < 4; ++i) {
        auto answer =
            ask(balancer.port(),
                {.from = "127.0.3.4",
                 .headers = "X-Scalableapp-Retry-Number: 1\r\nX-Scalableapp-Retry-Until: 1\r\n"});
        EXPECT_EQ(answer.status, 200);
        EXPECT_THAT(answer.head, Not(HasSubstr("scalableapp")));
    }
    EXPECT_GT(hits(), 4);
    expectNothingOfTheHop();
    for (const auto& pod : pods_) {
        for (const auto& request : pod->requests()) {
            EXPECT_THAT(request.headersNamed("x-forwarded-for"), testing::ElementsAre("127.0.3.4"));
        }
    }
}

TEST_F(Retrying, ClientsHaveThePodsThatTheyHaveWithout) {
    auto hash = model(api::Algorithm::SourceIPHash);
    auto five = pods(5);
    Balancer without(hash, {{"web", five}});
    Balancer with(retrying(hash), {{"web", five}});
    for (int i = 1; i <= 40; ++i) {
        auto from = "127.0." + std::to_string(i) + "." + std::to_string(i * 5);
        EXPECT_EQ(with.get("/", "GET", from).body, without.get("/", "GET", from).body) << from;
    }
}

TEST_F(Retrying, TheBreakerCountsARequestOnce) {
    auto both = retrying(withBreaker(model()));
    both.resilience.retry->attempts = 1;
    Balancer balancer(both, {{"web", pods(2)}});
    pod(0).status = 500;
    pod(1).status = 500;
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(balancer.get("/").status, 500);
    }
    EXPECT_EQ(hits(), 20);
    EXPECT_EQ(balancer.get("/").status, 503);
    EXPECT_EQ(hits(), 20) << "open";
}

TEST_F(Retrying, WhatTheBulkheadRefusesIsNeitherTriedAgainNorAnError) {
    auto bounded = retrying(withBreaker(model()), kForever, kForever);
    bounded.resilience.bulkhead = {.maxConcurrentRequests = 2, .maxPendingRequests = 0};
    Balancer balancer(bounded, {{"web", pods(1)}});
    pod(0).hold();
    auto first = begin(balancer);
    ASSERT_TRUE(soon([&] { return pod(0).atOnce() == 1; }));
    for (int i = 0; i < 12; ++i) {
        auto refused = balancer.get("/");
        EXPECT_EQ(refused.status, 503);
        EXPECT_THAT(refused.head, Not(HasSubstr("scalableapp")));
    }
    EXPECT_THAT(balancer.admin("/circuit").body, HasSubstr("state 0"));
    EXPECT_THAT(balancer.admin("/metrics").body,
                HasSubstr("haproxy_backend_retry_warnings_total{proxy=\"retry\"} 0"));
    pod(0).release();
    EXPECT_EQ(first.get().status, 200);
}

TEST_F(Retrying, ItsOwnAnswersAreFinalAndWhatTheyWouldBeWithout) {
    auto timed = retrying(withBreaker(model()), 900, 900);
    timed.resilience.timeoutSeconds = 1;
    Balancer balancer(timed, {{"web", pods(1)}});
    pod(0).hold();
    auto late = balancer.get("/");
    EXPECT_EQ(late.status, 504);
    EXPECT_THAT(late.head, Not(HasSubstr("scalableapp")));
    EXPECT_EQ(pod(0).hits(), 1);
    Balancer nobody(retrying(withBreaker(model()), kForever, kForever), {});
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(nobody.get("/").status, 503);
    }
    EXPECT_EQ(nobody.get("/").header("Retry-After"), "60") << "they are errors to the breaker";
}

TEST_F(Retrying, DegradationAnswersOnceNothingMoreIsTried) {
    auto degraded = retrying(model());
    degraded.resilience.staticResponse =
        api::StaticResponse{.statusCode = 200, .body = "later", .retryAfterSeconds = 7};
    Balancer balancer(degraded, {{"web", pods(2)}});
    pod(0).status = 0;
    pod(1).status = 0;
    auto answer = balancer.get("/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "later");
    EXPECT_THAT(answer.head, Not(HasSubstr("scalableapp")));
    EXPECT_EQ(hits(), 3);
    pod(0).status = 503;
    pod(1).status = 503;
    EXPECT_EQ(balancer.get("/").status, 503) << "a pod's answer is the pod's";
}

TEST_F(Retrying, WhileItStopsWhatWaitsIsSentAndWhatComesIsServed) {
    Balancer balancer(retrying(model(), 800, 800), {{"web", pods(2)}});
    pod(0).status = 503;
    auto waiting = begin(balancer);
    ASSERT_TRUE(soon([&] { return pod(0).hits() == 1; }));
    balancer.stop();
    EXPECT_EQ(waiting.get().status, 200);
    pod(0).status = 200;
    EXPECT_EQ(balancer.get("/").status, 200) << "for as long as connections may come";
    EXPECT_EQ(hits(), 3);
    expectNothingOfTheHop();
}

}  // namespace
