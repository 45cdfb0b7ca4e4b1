// How long who waits for whom: no proxy gives up before the one behind it, and none is ended while
// it still has a request.
#include "plan/patience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"

namespace {

using namespace plan_test;
using testing::HasSubstr;

base::Json podOf(const std::string& spec, const std::string& deployment) {
    for (const auto& intent : plan::objectsOf(app(R"({"image":"shop:1"})", spec)).intents) {
        if (intent.object["kind"] == "Deployment" &&
            intent.object["metadata"]["name"] == deployment) {
            return intent.object["spec"]["template"];
        }
    }
    ADD_FAILURE() << "no " << deployment;
    return {};
}

std::string configOf(const base::Json& pod, const char* file) {
    const auto& notes = pod["metadata"]["annotations"];
    return notes[std::string("scalableapp.dev/") + file];
}

int64_t graceOf(const base::Json& pod) {
    return pod["spec"]["terminationGracePeriodSeconds"].get<int64_t>();
}

struct Times {
    const char* name;
    const char* resilience;
    int64_t origin;    // what an edge waits for
    int64_t stop;      // what a balancer has for its requests once it goes
    int64_t edgeStop;  // likewise an edge
};

class Patience : public testing::TestWithParam<Times> {
  protected:
    static std::string spec() {
        return std::string(R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}]},"resilience":)") +
               GetParam().resilience + "}";
    }
    static std::string seconds(const char* name, int64_t value) {
        return std::string(name) + " " + std::to_string(value) + "s";
    }
};

TEST_P(Patience, OfAnEdge) {
    auto pod = podOf(spec(), "shop-edge");
    auto config = configOf(pod, "nginx.conf");
    EXPECT_THAT(config, HasSubstr(seconds("    proxy_read_timeout", GetParam().origin)));
    EXPECT_THAT(config, HasSubstr(seconds("worker_shutdown_timeout", GetParam().edgeStop)));
    EXPECT_EQ(graceOf(pod), 10 + GetParam().edgeStop + 5);
}

TEST_P(Patience, OfALoadBalancer) {
    auto pod = podOf(spec(), "shop-lb");
    EXPECT_THAT(configOf(pod, "haproxy.cfg"),
                HasSubstr(seconds("hard-stop-after", GetParam().stop)));
    EXPECT_EQ(graceOf(pod), 10 + GetParam().stop + 5);
}

constexpr const char* kQueue = R"({"timeoutSeconds":120,"bulkhead":{"maxConcurrentRequests":9}})";

// No more than ten minutes in all, which is as long as whoever empties a node waits.
INSTANTIATE_TEST_SUITE_P(All, Patience,
                         testing::Values(Times{"Default", R"({"circuitBreaker":{}})", 70, 70, 70},
                                         Times{"Short", R"({"timeoutSeconds":3})", 60, 30, 60},
                                         Times{"Long", R"({"timeoutSeconds":120})", 130, 130, 130},
                                         Times{"Queueing", kQueue, 250, 250, 250},
                                         Times{"Longest", R"({"timeoutSeconds":3600})", 3610, 585,
                                               585}),
                         [](const auto& one) { return one.param.name; });

TEST(PatienceOfAnEdge, IsAMinuteWithoutALoadBalancer) {
    auto pod = podOf(R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}]}})", "shop-edge");
    EXPECT_THAT(configOf(pod, "nginx.conf"), HasSubstr("            proxy_read_timeout 60s;"));
    EXPECT_EQ(graceOf(pod), 75);
}

// A request that is passed has the longest of all.
TEST(PatienceOfAnEdge, IsNeverShorterForWhatIsNotKept) {
    auto pod = podOf(R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}]},
                         "resilience":{"timeoutSeconds":3600}})",
                     "shop-edge");
    EXPECT_THAT(configOf(pod, "nginx.conf"),
                testing::Not(HasSubstr("    proxy_read_timeout 3600s;")));
}

}  // namespace
