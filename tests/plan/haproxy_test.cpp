// The rendered configuration: each clause as text, and as HAProxy itself reads it.
// UPDATE_GOLDEN=1 writes the expected files anew.
#include "plan/haproxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "plan/balancer.h"
#include "plan/haproxy_breaker.h"

namespace {

using plan::HaproxyModel;
using testing::HasSubstr;

struct Case {
    const char* name;
    HaproxyModel model;
};

HaproxyModel model() {
    return {.app = "shop", .pools = {{.name = "web", .service = "shop-web.ns"}}};
}

HaproxyModel zoned(api::Algorithm algorithm) {
    auto out = model();
    out.algorithm = algorithm;
    out.pools = {{.name = "zone-z1", .service = "shop-web-z1.ns", .weight = 200, .slots = 16},
                 {.name = "zone-z2", .service = "shop-web-z2.ns", .weight = 50}};
    return out;
}

HaproxyModel with(void (*change)(HaproxyModel&)) {
    auto out = model();
    change(out);
    return out;
}

std::vector<Case> cases() {
    return {
        {"plain", model()},
        {"least-connections", zoned(api::Algorithm::LeastConnections)},
        {"source-ip-hash",
         with([](HaproxyModel& m) { m.algorithm = api::Algorithm::SourceIPHash; })},
        {"weighted-zones", zoned(api::Algorithm::WeightedRoundRobin)},
        {"timeout", with([](HaproxyModel& m) { m.resilience.timeoutSeconds = 3; })},
        {"breaker", with([](HaproxyModel& m) { m.resilience.circuitBreaker.emplace(); })},
        {"bulkhead", with([](HaproxyModel& m) {
             m.balancers = 3;
             m.resilience.bulkhead = {.maxConcurrentRequests = 200, .maxPendingRequests = 100};
         })},
        {"retry", with([](HaproxyModel& m) { m.resilience.retry.emplace(); })},
        {"retry-at-once",
         with([](HaproxyModel& m) { m.resilience.retry.emplace().baseMilliseconds = 0; })},
        {"degradation", with([](HaproxyModel& m) {
             m.resilience.staticResponse = {
                 .statusCode = 200, .body = "back \"soon\"\n${HOME} %[x]", .retryAfterSeconds = 7};
         })},
        {"everything",
         [] {
             auto m = zoned(api::Algorithm::WeightedRoundRobin);
             m.resilience.timeoutSeconds = 10;
             m.resilience.circuitBreaker.emplace();
             m.resilience.bulkhead = {.maxConcurrentRequests = 20, .maxPendingRequests = 0};
             m.resilience.retry.emplace();
             m.resilience.staticResponse.emplace();
             return m;
         }()},
    };
}

std::string goldenFile(const char* name) {
    return std::string(GOLDEN "/") + name + ".cfg";
}

TEST(Haproxy, IsRenderedAsExpected) {
    for (const auto& one : cases()) {
        auto text = plan::haproxyConfig(one.model);
        if (std::getenv("UPDATE_GOLDEN") != nullptr) {
            std::ofstream(goldenFile(one.name)) << text;
        }
        std::ostringstream expected;
        expected << std::ifstream(goldenFile(one.name)).rdbuf();
        EXPECT_EQ(text, expected.str()) << one.name;
    }
}

TEST(Haproxy, TakesEveryConfiguration) {
    if (plan_test::haproxyBinary().empty()) {
        GTEST_SKIP() << "haproxy is not installed (tests/setup/install test)";
    }
    for (const auto& one : cases()) {
        EXPECT_EQ(plan_test::haproxyRefuses(plan::haproxyConfig(one.model)), "") << one.name;
    }
}

TEST(Haproxy, RefusesABrokenOne) {
    if (plan_test::haproxyBinary().empty()) {
        GTEST_SKIP() << "haproxy is not installed (tests/setup/install test)";
    }
    auto broken = plan::haproxyConfig(model()) + "    http-request retrun status 404\n";
    EXPECT_THAT(plan_test::haproxyRefuses(broken), HasSubstr("retrun"));
}

TEST(Haproxy, NothingInATextEndsItsArgument) {
    EXPECT_EQ(plan::asArgument("zurück 字"), "\"zurück 字\"");
    EXPECT_EQ(plan::asArgument("a b\"c\\d\n$%'#"), "\"a b\\x22c\\x5cd\\x0a\\x24\\x25\\x27\\x23\"");
}

}  // namespace
