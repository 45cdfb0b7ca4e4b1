// A test with web pods and a real HAProxy in front of them; skipped where there is no haproxy.
//
//   TEST_F(Balancing, AnswersAreThePods) {
//       Balancer balancer(model(), {{"web", pods(3)}});
//       EXPECT_EQ(balancer.get("/").status, 200);
//   }
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "plan/balancer.h"

namespace plan_test {

class Balancing : public testing::Test {
  protected:
    void SetUp() override {
        if (haproxyBinary().empty()) {
            GTEST_SKIP() << "haproxy is not installed (tests/setup/install test)";
        }
    }

    void TearDown() override {
        for (auto& pod : pods_) {
            pod->release();
        }
        for (auto& one : waiting_) {
            one.wait();
        }
    }

    std::vector<const Pod*> pods(size_t count, const std::string& prefix = "p") {
        std::vector<const Pod*> out;
        for (size_t i = 0; i < count; ++i) {
            pods_.push_back(std::make_unique<Pod>(prefix + std::to_string(i + 1)));
            out.push_back(pods_.back().get());
        }
        return out;
    }

    Pod& pod(size_t index) { return *pods_[index]; }

    int hits() const {
        int out = 0;
        for (const auto& pod : pods_) {
            out += pod->hits();
        }
        return out;
    }

    // A request that nobody waits for yet.
    std::shared_future<Answer> begin(const Balancer& balancer) {
        waiting_.push_back(
            std::async(std::launch::async, [&balancer] { return balancer.get("/"); }).share());
        return waiting_.back();
    }

    static plan::HaproxyModel model(api::Algorithm algorithm = api::Algorithm::RoundRobin) {
        return {.app = "shop",
                .pools = {{.name = "web", .service = "shop-web.ns"}},
                .algorithm = algorithm};
    }

    std::vector<std::unique_ptr<Pod>> pods_;
    std::vector<std::shared_future<Answer>> waiting_;
};

inline bool done(const std::shared_future<Answer>& answer) {
    return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// The window is long because a count that crosses the end of one is weighed and no longer exact.
inline plan::HaproxyModel withBreaker(plan::HaproxyModel model, int64_t openSeconds = 60) {
    model.resilience.circuitBreaker = api::CircuitBreaker{.errorRatePercent = 50,
                                                          .windowSeconds = 3600,
                                                          .minimumRequests = 10,
                                                          .openSeconds = openSeconds,
                                                          .halfOpenRequests = 2};
    return model;
}

}  // namespace plan_test
