// Who gets a request on a real cluster: the shares of each algorithm, who moves when a pod comes or
// goes, what a slow pod costs, and how soon a newcomer is asked. Figures are printed; asserted is
// the promise with room to spare.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/clock.h"
#include "e2e/support/inside.h"

namespace {

using namespace e2e;

constexpr int kBalancerPort = 8080;

class Balancing : public InsideTest {
  protected:
    // Each judges for itself; what is looked at is one of them.
    support::Address balancer() const { return pods("loadBalancer").at(0).at(kBalancerPort); }

    // The balancers know as many pods as there are.
    [[nodiscard]] testing::AssertionResult allAreAsked(size_t count) const {
        return eventually(30s, "every pod is asked", [&] {
            auto all = pods("loadBalancer");
            return std::all_of(all.begin(), all.end(), [&](const Pod& one) {
                return crowd({.to = {one.at(kBalancerPort)}, .clients = 8, .requests = 160})
                           .bodies.size() == count;
            });
        });
    }

    // The smallest and the largest share, in parts of the ideal one.
    static std::pair<double, double> spread(const std::string& name, const support::Met& met) {
        auto ideal = static_cast<double>(met.ok) / static_cast<double>(met.bodies.size());
        double least = 1e9;
        double most = 0;
        for (const auto& [pod, count] : met.bodies) {
            least = std::min(least, static_cast<double>(count) / ideal);
            most = std::max(most, static_cast<double>(count) / ideal);
        }
        std::printf("%s over %zu pods, %ld requests: shares %.2f to %.2f of the ideal\n",
                    name.c_str(), met.bodies.size(), static_cast<long>(met.ok), least, most);
        return {least, most};
    }

    std::set<std::string> names() const {
        std::set<std::string> out;
        for (const auto& pod : pods()) {
            out.insert(pod.name);
        }
        return out;
    }

    support::Met many(const std::string& algorithm) const {
        auto met = crowd({.to = {balancer()}, .clients = 16, .requests = 1600});
        EXPECT_EQ(met.failed, 0) << algorithm;
        return met;
    }

    // By balancer: whether this pod is the one that answers it now.
    std::vector<bool> answers(const std::string& pod) const {
        std::vector<bool> out;
        for (const auto& balancer : balancers_) {
            out.push_back(ask(balancer.at(kBalancerPort)).body.find("\"" + pod + "\"") !=
                          std::string::npos);
        }
        return out;
    }

    // Until every balancer was answered by it; each has three to choose from, in turn.
    base::WallTime allAskedIt(const std::string& pod) const {
        std::vector<bool> asked(balancers_.size());
        auto limit = std::chrono::steady_clock::now() + 60s;
        while (std::count(asked.begin(), asked.end(), false) > 0 &&
               std::chrono::steady_clock::now() < limit) {
            auto now = answers(pod);
            std::transform(now.begin(), now.end(), asked.begin(), asked.begin(),
                           std::logical_or<>());
        }
        EXPECT_EQ(std::count(asked.begin(), asked.end(), false), 0) << pod;
        return std::chrono::system_clock::now();
    }

    // When one of them was last answered by it, looking on for that long.
    base::WallTime lastAnswer(const std::string& pod, std::chrono::seconds span) const {
        auto last = std::chrono::system_clock::now();
        auto limit = std::chrono::steady_clock::now() + span;
        while (std::chrono::steady_clock::now() < limit) {
            auto asked = std::chrono::system_clock::now();
            auto now = answers(pod);
            last = std::count(now.begin(), now.end(), true) > 0 ? asked : last;
        }
        return last;
    }

    std::optional<base::WallTime> readySince(const std::string& pod) const {
        auto object = get("pod", pod).value_or(base::Json::object());
        for (const auto& entry : base::arrayAt(object, "/status/conditions")) {
            base::WallTime since;
            if (base::stringAt(entry, "/type") == "Ready" &&
                base::stringAt(entry, "/status") == "True" &&
                base::parseTime(base::stringAt(entry, "/lastTransitionTime").value_or(""), since)) {
                return since;
            }
        }
        return std::nullopt;
    }

    static double secondsBetween(base::WallTime from, base::WallTime to) {
        return std::chrono::duration<double>(to - from).count();
    }

    static std::string algorithm(const std::string& name) {
        return R"({"spec":{"loadBalancer":{"algorithm":")" + name + R"("}}})";
    }

    std::vector<Pod> balancers_;
};

TEST_F(Balancing, RequestsAreSpreadAndASlowPodIsSpared) {
    constexpr size_t kPods = 8;
    apply(appYaml("shop", troublesome("replicas: 8")) +
          "  loadBalancer: {algorithm: RoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    std::map<std::string, std::pair<double, double>> shares;
    std::map<std::string, double> p99;
    for (std::string name : {"RoundRobin", "LeastConnections"}) {
        becomes(algorithm(name));
        ASSERT_TRUE(allAreAsked(kPods));
        shares[name] = spread(name, many(name));
        auto slow = pods().at(0);
        trouble(slow, "delay=500");
        p99[name] = many(name).percentile(0.99);
        trouble(slow, "");
    }
    std::printf("one slow pod of 8, p99: RoundRobin %.1f ms, LeastConnections %.1f ms\n",
                p99["RoundRobin"], p99["LeastConnections"]);
    EXPECT_GT(shares["RoundRobin"].first, 0.95);
    EXPECT_LT(shares["RoundRobin"].second, 1.05);
    EXPECT_GT(shares["LeastConnections"].first, 0.25);
    EXPECT_LT(shares["LeastConnections"].second, 3.0);
    EXPECT_LT(p99["LeastConnections"], p99["RoundRobin"]);
}

TEST_F(Balancing, ClientsKeepTheirPodAndFewMoveWhenOneComesOrGoes) {
    constexpr int kClients = 120;
    apply(appYaml("shop", troublesome("replicas: 8")) +
          "  loadBalancer: {algorithm: SourceIPHash}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    auto clients = addresses(kClients);
    auto podsOfClients = [&](size_t balancer) {
        auto met = crowd({.to = {pods("loadBalancer").at(balancer).at(kBalancerPort)},
                          .from = clients,
                          .clients = kClients,
                          .requests = kClients});
        EXPECT_EQ(met.failed, 0);
        return met;
    };
    // Both balancers know the same pods: a visitor may meet either.
    auto agreed = [&](size_t count) {
        support::Met first;
        EXPECT_TRUE(eventually(30s, "both balancers agree", [&] {
            first = podsOfClients(0);
            return first.bodies.size() == count && podsOfClients(1).last == first.last;
        }));
        auto [least, most] = spread("SourceIPHash", first);
        EXPECT_GT(least, 0.2);
        EXPECT_LT(most, 3);
        return first.last;
    };
    auto with8 = agreed(8);
    becomes(R"({"spec":{"web":{"replicas":9}}})");
    auto with9 = agreed(9);
    std::set<std::string> newcomers;
    int moved = 0;
    for (size_t i = 0; i < with8.size(); ++i) {
        if (with8[i] != with9[i]) {
            ++moved;
            newcomers.insert(with9[i]);
        }
    }
    EXPECT_EQ(newcomers.size(), 1U) << "only the new pod takes clients";
    EXPECT_LT(moved, 3 * kClients / 9);
    becomes(R"({"spec":{"web":{"replicas":8}}})");
    auto again = agreed(8);
    std::set<std::string> left(again.begin(), again.end());
    int back = 0;
    for (size_t i = 0; i < with9.size(); ++i) {
        back += again[i] != with9[i] ? 1 : 0;
        EXPECT_TRUE(again[i] == with9[i] || left.count(with9[i]) == 0)
            << "only clients of the pod that goes move";
    }
    std::printf("SourceIPHash, 8 -> 9 -> 8 pods: %.3f and %.3f of the clients moved, ideal %.3f\n",
                static_cast<double>(moved) / kClients, static_cast<double>(back) / kClients,
                1.0 / 9);
}

// Whatever the cluster's DNS keeps; and a pod that goes is asked no more long before it ends.
TEST_F(Balancing, PodsAreFollowedAsTheyComeAndGo) {
    apply(appYaml("shop", troublesome("replicas: 2, drainSeconds: 30")) +
          "  loadBalancer: {algorithm: RoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    ASSERT_TRUE(allAreAsked(2));
    balancers_ = pods("loadBalancer");
    auto before = names();
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"web":{"replicas":3}}})"})
                    .ok());
    std::string newcomer;
    ASSERT_TRUE(eventually(60s, "there is a third pod", [&] {
        for (const auto& pod : list("pods", "scalableapp.dev/tier=web")) {
            auto name = base::stringAt(pod, "/metadata/name").value_or("");
            newcomer = before.count(name) == 0 ? name : newcomer;
        }
        return !newcomer.empty();
    }));
    auto asked = allAskedIt(newcomer);
    auto ready = readySince(newcomer);
    ASSERT_TRUE(ready);
    auto came = secondsBetween(*ready, asked);
    std::printf("a pod got ready: every load balancer asks it %.1f to %.1f s later\n",
                std::max(0.0, came - 1), came);
    EXPECT_LT(came - 1, 2) << "readiness is told in whole seconds";
    auto deleted = std::chrono::system_clock::now();
    ASSERT_TRUE(kubectl({"delete", "pod", newcomer, "--wait=false"}).ok());
    auto went = secondsBetween(deleted, lastAnswer(newcomer, 12s));
    std::printf("a pod goes: a load balancer asks it for the last time %.1f s later\n", went);
    EXPECT_LT(went, 3);
    EXPECT_FALSE(field("pod", newcomer, "/metadata/deletionTimestamp").empty())
        << "it still serves: what is not asked is not so because it has ended";
}

TEST_F(Balancing, ZonesGetTheirWeight) {
    apply(appYaml("shop", troublesome("replicas: 8")) +
          "  zones: [{name: z1, weight: 300}, {name: z2, weight: 100}]\n"
          "  loadBalancer: {algorithm: WeightedRoundRobin}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    ASSERT_TRUE(allAreAsked(pods().size()));
    auto met = many("WeightedRoundRobin");
    int64_t heavy = 0;
    for (const auto& [pod, count] : met.bodies) {
        heavy += pod.find("shop-web-z1") != std::string::npos ? count : 0;
    }
    double share = static_cast<double>(heavy) / static_cast<double>(met.ok);
    std::printf("WeightedRoundRobin 300:100, %zu pods: the heavy zone got %.3f, ideal 0.750\n",
                met.bodies.size(), share);
    EXPECT_NEAR(share, 0.75, 0.02);
}

}  // namespace
