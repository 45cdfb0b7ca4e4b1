// What a real HAProxy does with the rendered configuration, on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "plan/balancing.h"

namespace {

using namespace plan_test;
using plan::HaproxyModel;

// Else two of them may be given one port, and each gets the other's visitors.
TEST(OwnPort, IsGivenToNobodyElse) {
    OwnPort port;
    auto same = loopback(port);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_NE(bind(other, reinterpret_cast<sockaddr*>(&same), sizeof same), 0);
    EXPECT_EQ(errno, EADDRINUSE);
    close(other);
}

// --- who gets a request

TEST_F(Balancing, RoundRobinGivesEachTheSame) {
    Balancer balancer(model(), {{"web", pods(4)}});
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    for (const auto& pod : pods_) {
        EXPECT_EQ(pod->hits(), 10) << pod->name();
    }
}

TEST_F(Balancing, WeightedRoundRobinGivesZonesTheirWeightWhateverTheirPods) {
    auto zones = model(api::Algorithm::WeightedRoundRobin);
    zones.pools = {{.name = "zone-a", .service = "a", .weight = 300},
                   {.name = "zone-b", .service = "b", .weight = 100}};
    auto a = pods(1, "a");
    auto b = pods(3, "b");
    Balancer balancer(zones, {{"zone-a", a}, {"zone-b", b}});
    for (int i = 0; i < 36; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(0).hits(), 27);
    for (size_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(pod(i).hits(), 3);
    }
}

TEST_F(Balancing, AZoneWithoutPodsLeavesItsShareToTheOthers) {
    auto zones = model(api::Algorithm::WeightedRoundRobin);
    zones.pools = {{.name = "zone-a", .service = "a"}, {.name = "zone-b", .service = "b"}};
    Balancer balancer(zones, {{"zone-b", pods(1)}});
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(0).hits(), 6);
}

struct Left {
    const char* name;
    std::vector<int64_t> weights;  // of three zones; the first has no pods
    int second;                    // of 120 requests
};

class ZoneOut : public Balancing, public testing::WithParamInterface<Left> {
  protected:
    plan::HaproxyModel zones() const {
        auto out = model(api::Algorithm::WeightedRoundRobin);
        out.pools.clear();
        for (int64_t weight : GetParam().weights) {
            std::string name = std::string("zone-") + static_cast<char>('a' + out.pools.size());
            out.pools.push_back({.name = name, .service = name, .weight = weight});
        }
        return out;
    }
    void expectShares(const plan::HaproxyModel& model) {
        Balancer balancer(model, {{"zone-b", pods(1, "b")}, {"zone-c", pods(1, "c")}});
        for (int i = 0; i < 120; ++i) {
            ASSERT_EQ(balancer.get("/").status, 200);
        }
        EXPECT_NEAR(pod(0).hits(), GetParam().second, 2);
        EXPECT_NEAR(pod(1).hits(), 120 - GetParam().second, 2);
    }
};

TEST_P(ZoneOut, LeavesItsShareToTheOthersByTheirWeights) {
    expectShares(zones());
}

TEST_P(ZoneOut, LeavesItLikewiseWhereRetriesWait) {
    auto again = zones();
    again.resilience.retry.emplace();
    expectShares(again);
}

INSTANTIATE_TEST_SUITE_P(All, ZoneOut,
                         testing::Values(Left{"Equal", {100, 100, 100}, 60},
                                         Left{"Small", {1, 100, 100}, 60},
                                         Left{"Uneven", {100, 300, 100}, 90},
                                         Left{"Large", {1000, 100, 200}, 40}),
                         [](const auto& one) { return one.param.name; });

// How many of twelve requests get to a pod that does not answer, while two others do.
int hitsOfTheSlow(Pod& slow, const std::function<std::shared_future<Answer>()>& begin) {
    for (int i = 0; i < 12; ++i) {
        int before = slow.hits();
        auto answer = begin();
        EXPECT_TRUE(soon([&] { return done(answer) || slow.hits() > before; }));
    }
    return slow.hits();
}

TEST_F(Balancing, LeastConnectionsSparesASlowPod) {
    Balancer fair(model(), {{"web", pods(3)}});
    pod(0).hold();
    EXPECT_EQ(hitsOfTheSlow(pod(0), [&] { return begin(fair); }), 4);
    pod(0).release();
    auto others = pods(3, "q");
    Balancer least(model(api::Algorithm::LeastConnections), {{"web", others}});
    pod(3).hold();
    EXPECT_EQ(hitsOfTheSlow(pod(3), [&] { return begin(least); }), 1);
}

std::vector<std::string> podOfClients(const Balancer& balancer) {
    std::vector<std::string> out;
    for (int i = 1; i <= 120; ++i) {
        std::string from = "127.0." + std::to_string(i) + "." + std::to_string(i * 2 % 250 + 1);
        out.push_back(balancer.get("/", "GET", from).body);
    }
    return out;
}

TEST_F(Balancing, SourceIPHashKeepsAClientsPodAndMovesFew) {
    auto five = pods(5);
    auto four = std::vector<const Pod*>(five.begin(), five.end() - 1);
    auto hash = model(api::Algorithm::SourceIPHash);
    std::vector<std::string> before;
    {
        Balancer balancer(hash, {{"web", four}});
        before = podOfClients(balancer);
        EXPECT_EQ(podOfClients(balancer), before);
    }
    EXPECT_EQ(std::set<std::string>(before.begin(), before.end()).size(), 4U);
    Balancer balancer(hash, {{"web", five}});
    auto after = podOfClients(balancer);
    size_t moved = 0;
    for (size_t i = 0; i < before.size(); ++i) {
        if (after[i] != before[i]) {
            ++moved;
            EXPECT_EQ(after[i], "p5") << "only the new pod takes clients";
        }
    }
    // A fifth of 120 is 24.
    EXPECT_GT(moved, 6U);
    EXPECT_LT(moved, 48U);
    RecordProperty("moved", static_cast<int>(moved));
}

// --- circuit breaker

TEST_F(Balancing, TheBreakerOpensAtItsRateOnly) {
    Balancer balancer(withBreaker(model()), {{"web", pods(5)}});
    pod(0).status = 500;
    pod(3).status = 500;
    for (int i = 0; i < 30; ++i) {
        balancer.get("/");
    }
    EXPECT_EQ(hits(), 30) << "40 % are below the rate";
    pod(2).status = 500;
    EXPECT_TRUE(soon([&] {
        balancer.get("/");
        return balancer.admin("/circuit").body.find("state 2") != std::string::npos;
    }));
}

TEST_F(Balancing, TheBreakerWaitsForEnoughRequests) {
    Balancer balancer(withBreaker(model()), {{"web", pods(1)}});
    pod(0).status = 500;
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(balancer.get("/").status, 500);
    }
    auto refused = balancer.get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Retry-After"), "60");
    EXPECT_EQ(refused.header("Cache-Control"), "no-store");
    EXPECT_EQ(pod(0).hits(), 10) << "an open breaker does not touch the pods";
}

TEST_F(Balancing, HalfOpenLetsExactlyTheProbesThroughAndClosesWhenTheySucceed) {
    Balancer balancer(withBreaker(model(), 2), {{"web", pods(1)}});
    pod(0).status = 500;
    for (int i = 0; i < 11; ++i) {
        balancer.get("/");
    }
    ASSERT_TRUE(balancer.circuitBecomes(1)) << balancer.admin("/circuit").body;
    pod(0).status = 200;
    pod(0).hold();
    auto first = begin(balancer);
    auto second = begin(balancer);
    ASSERT_TRUE(soon([&] { return pod(0).hits() == 12; }));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(balancer.get("/").status, 503);
    }
    EXPECT_EQ(pod(0).hits(), 12);
    pod(0).release();
    EXPECT_EQ(first.get().status, 200);
    EXPECT_EQ(second.get().status, 200);
    EXPECT_TRUE(balancer.circuitBecomes(0));
    EXPECT_EQ(balancer.get("/").status, 200) << "what was counted before is forgotten";
}

TEST_F(Balancing, AFailedProbeOpensItAgain) {
    Balancer balancer(withBreaker(model(), 2), {{"web", pods(1)}});
    pod(0).status = 500;
    for (int i = 0; i < 11; ++i) {
        balancer.get("/");
    }
    ASSERT_TRUE(balancer.circuitBecomes(1));
    EXPECT_EQ(balancer.get("/").status, 500);
    EXPECT_EQ(balancer.get("/").status, 503);
    EXPECT_EQ(pod(0).hits(), 11);
    EXPECT_THAT(balancer.admin("/circuit").body,
                testing::HasSubstr("scalableapp_circuit_opened_total 2"));
}

TEST_F(Balancing, PodsThatDoNotAnswerAreErrorsToo) {
    auto breaker = withBreaker(model());
    auto gone = std::make_unique<Pod>("gone");
    Balancer balancer(breaker, {{"web", {gone.get()}}});
    gone.reset();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(balancer.get("/").status, 503);
    }
    balancer.get("/");
    EXPECT_THAT(balancer.admin("/circuit").body, testing::HasSubstr("state 2"));
}

// --- bulkhead

TEST_F(Balancing, TheBulkheadBoundsPodsAndWaiting) {
    auto bounded = model();
    bounded.balancers = 2;
    bounded.resilience.bulkhead = {.maxConcurrentRequests = 4, .maxPendingRequests = 2};
    Balancer balancer(bounded, {{"web", pods(1)}});
    pod(0).hold();
    auto first = begin(balancer);
    auto second = begin(balancer);
    ASSERT_TRUE(soon([&] { return pod(0).atOnce() == 2; }));
    auto third = begin(balancer);
    ASSERT_TRUE(soon([&] {
        auto metrics = balancer.admin("/metrics").body;
        return metrics.find("haproxy_backend_current_queue{proxy=\"web\"} 1") != std::string::npos;
    }));
    EXPECT_EQ(balancer.get("/").status, 503) << "neither a pod nor the queue has room";
    EXPECT_FALSE(done(third));
    pod(0).release();
    EXPECT_EQ(first.get().status, 200);
    EXPECT_EQ(third.get().status, 200);
    EXPECT_EQ(pod(0).mostAtOnce(), 2);
    EXPECT_EQ(pod(0).hits(), 3);
}

TEST_F(Balancing, NothingWaitsWhereNothingMay) {
    auto bounded = model();
    bounded.resilience.bulkhead = {.maxConcurrentRequests = 2, .maxPendingRequests = 0};
    Balancer balancer(bounded, {{"web", pods(1)}});
    EXPECT_EQ(balancer.get("/").status, 200);
    pod(0).hold();
    auto first = begin(balancer);
    ASSERT_TRUE(soon([&] { return pod(0).atOnce() == 1; }));
    EXPECT_EQ(balancer.get("/").status, 503);
}

// --- retry

TEST_F(Balancing, ARetryGoesToAnotherPodForIdempotentMethodsOnly) {
    auto again = model();
    again.resilience.retry.emplace();
    Balancer balancer(again, {{"web", pods(2)}});
    pod(0).status = 503;
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    int failed = 0;
    for (int i = 0; i < 6; ++i) {
        failed += balancer.get("/", "POST").status == 503 ? 1 : 0;
    }
    EXPECT_EQ(failed, 3);
}

TEST_F(Balancing, RetriesKeepToTheirBudget) {
    auto again = model();
    again.resilience.retry = api::Retry{.attempts = 3, .baseMilliseconds = 1, .budgetPercent = 20};
    Balancer balancer(again, {{"web", pods(2)}});
    pod(0).status = 500;
    const int sent = 400;
    for (int i = 0; i < sent; ++i) {
        balancer.get("/");
    }
    // A fifth more, and the reserve of ten that a quiet time has filled.
    EXPECT_LE(hits(), sent + sent / 5 + 10 + 3);
    EXPECT_GT(hits(), sent + sent / 10);
    RecordProperty("requests", hits());
}

TEST_F(Balancing, APodThatRefusesConnectionsIsPassedOverForEveryMethod) {
    auto gone = std::make_unique<Pod>("gone");
    auto here = pods(1);
    Balancer balancer(model(), {{"web", {gone.get(), here[0]}}});
    gone.reset();
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(balancer.get("/", "POST").status, 200);
    }
}

// --- time and degradation

TEST_F(Balancing, AnAnswerThatTakesTooLongIsGivenUp) {
    auto timed = model();
    timed.resilience.timeoutSeconds = 1;
    Balancer balancer(timed, {{"web", pods(1)}});
    pod(0).hold();
    EXPECT_EQ(balancer.get("/").status, 504);
}

TEST_F(Balancing, DegradationAnswersInThePodsPlace) {
    auto degraded = withBreaker(model());
    std::string body = "back \"soon\"\n${HOME} %[x] #1 'a' \\";
    degraded.resilience.staticResponse =
        api::StaticResponse{.statusCode = 200, .body = body, .retryAfterSeconds = 7};
    Balancer balancer(degraded, {});
    for (int i = 0; i < 14; ++i) {
        auto answer = balancer.get("/");
        EXPECT_EQ(answer.status, 200) << i;
        EXPECT_EQ(answer.body, body);
        EXPECT_EQ(answer.header("Retry-After"), "7");
        EXPECT_EQ(answer.header("Cache-Control"), "no-store") << "it is 200, and no answer at all";
        EXPECT_EQ(answer.header("x-scalableapp-degraded"), "");
    }
    EXPECT_THAT(balancer.admin("/circuit").body, testing::HasSubstr("state 2"))
        << "an answer in a pod's place is an error to the breaker, whatever its status";
}

TEST_F(Balancing, TheLongestAnswerIsGivenOutWhole) {
    auto degraded = withBreaker(model());
    degraded.resilience.retry.emplace();
    degraded.resilience.bulkhead = {.maxConcurrentRequests = 9, .maxPendingRequests = 9};
    auto& answer = degraded.resilience.staticResponse.emplace();
    answer.statusCode = 404;
    answer.body = "";
    for (int i = 0; i < 4096; ++i) {
        answer.body += "字";
    }
    auto config = plan::haproxyConfig(degraded);
    EXPECT_LT(config.size(), 64U << 10) << "annotations have 256 KiB in all";
    EXPECT_EQ(haproxyRefuses(config), "");
    Balancer balancer(degraded, {});
    // By errors of its own, and by the breaker.
    for (int i = 0; i < 14; ++i) {
        auto given = balancer.get("/");
        EXPECT_EQ(given.status, 404);
        EXPECT_EQ(given.body, answer.body) << i;
    }
    EXPECT_THAT(balancer.admin("/circuit").body, testing::HasSubstr("state 2"));
}

TEST_F(Balancing, TheBulkheadGivesTheConfiguredAnswer) {
    for (bool retries : {false, true}) {
        auto bounded = model();
        bounded.resilience.bulkhead = {.maxConcurrentRequests = 2, .maxPendingRequests = 0};
        bounded.resilience.staticResponse = api::StaticResponse{.statusCode = 200, .body = "full"};
        if (retries) {
            bounded.resilience.retry.emplace();
        }
        pods_.clear();
        Balancer balancer(bounded, {{"web", pods(1)}});
        EXPECT_EQ(balancer.get("/").body, "p1");
        pod(0).hold();
        auto first = begin(balancer);
        ASSERT_TRUE(soon([&] { return pod(0).atOnce() == 1; }));
        auto refused = balancer.get("/");
        EXPECT_EQ(refused.status, 200);
        EXPECT_EQ(refused.body, "full");
        EXPECT_EQ(refused.header("x-scalableapp-degraded"), "");
        pod(0).release();
        EXPECT_EQ(first.get().body, "p1");
    }
}

TEST_F(Balancing, IsNotReadyBeforeItHasSeenAPodAndStaysReadyWithoutOne) {
    Balancer never(model(), {});
    EXPECT_EQ(never.admin("/readyz").status, 503);
    auto pod = std::make_unique<Pod>("p");
    Balancer once(model(), {{"web", {pod.get()}}});
    pod.reset();
    EXPECT_TRUE(soon([&] { return once.get("/").status == 503; }));
    EXPECT_EQ(once.admin("/readyz").status, 200);
}

}  // namespace
