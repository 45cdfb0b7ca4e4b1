// The edge tier on a real cluster: it comes and goes under load, a rollout reaches every edge, and
// an origin that is gone is hidden from visitors but not from the status.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;
using Clock = std::chrono::steady_clock;

std::string operatorImage() {
    const char* value = std::getenv("OPERATOR_IMAGE");
    return value != nullptr ? value : "";
}

struct Tally {
    int64_t sent = 0;
    int64_t ok = 0;
    std::string errors;
};

class Cdn : public ClusterTest {
  protected:
    void SetUp() override {
        if (operatorImage().empty()) {
            GTEST_SKIP() << "OPERATOR_IMAGE names no image with scalableapp-probe";
        }
        ClusterTest::SetUp();
    }

    void sendVisitors(const std::string& name, const std::string& path, int requestsPerSecond,
                      int seconds) {
        apply("apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
              "}\nspec:\n"
              "  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n"
              "  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: "
              "RuntimeDefault}}\n"
              "  containers:\n  - name: probe\n    image: " +
              operatorImage() +
              "\n    imagePullPolicy: IfNotPresent\n"
              "    command: [/usr/bin/scalableapp-probe, '--url=http://shop." +
              ns() + ".svc.cluster.local" + path +
              "', --duration-seconds=" + std::to_string(seconds) +
              ", --requests-per-second=" + std::to_string(requestsPerSecond) +
              "]\n    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: "
              "[ALL]}}\n");
    }

    Tally tally(const std::string& visitors) const {
        Tally out;
        std::istringstream lines(kubectl({"logs", visitors}).out);
        for (std::string line; std::getline(lines, line);) {
            auto second = base::parseJson(line);
            if (second && second->contains("second")) {
                out.sent += base::intAt(*second, "/sent").value_or(0);
                out.ok += base::intAt(*second, "/ok").value_or(0);
                const auto errors = second->value("errors", base::Json::object());
                out.errors += errors.empty() ? "" : line + "\n";
            }
        }
        return out;
    }

    void expectNobodyFailed(const std::string& what) {
        auto until = tally("visitors").sent + 400;
        ASSERT_TRUE(
            eventually(60s, "visitors after it", [&] { return tally("visitors").sent > until; }));
        auto all = tally("visitors");
        std::cout << what << ": " << all.sent << " requests, " << all.sent - all.ok << " failed\n";
        EXPECT_EQ(all.sent - all.ok, 0) << what << ": " << all.errors;
    }

    void change(const std::string& patch, const std::string& app = "shop") {
        auto done = kubectl({"patch", "scalableapp", app, "--type=merge", "-p", patch});
        ASSERT_TRUE(done.ok()) << done.err;
        ASSERT_TRUE(eventually(30s, "the operator has seen the change", [&] {
            return field("scalableapp", app, "/status/observedGeneration") ==
                   field("scalableapp", app, "/metadata/generation");
        }));
    }

    std::vector<std::string> edges() const {
        std::vector<std::string> out;
        for (const auto& pod : list("pods", "scalableapp.dev/tier=cdn")) {
            if (base::at(pod, "/metadata/deletionTimestamp") == nullptr) {
                out.push_back(base::stringAt(pod, "/metadata/name").value_or(""));
            }
        }
        return out;
    }

    // The body of an answer, by way of the API server.
    std::string ask(const std::string& pod, int port, const std::string& path) const {
        return cluster({"get", "--raw",
                        "/api/v1/namespaces/" + ns() + "/pods/" + pod + ":" + std::to_string(port) +
                            "/proxy" + path})
            .out;
    }

    bool allSay(const std::string& path, const std::string& text) const {
        auto all = edges();
        for (const auto& edge : all) {
            if (ask(edge, 8080, path).find(text) == std::string::npos) {
                return false;
            }
        }
        return !all.empty();
    }

    int64_t fetched() const {
        int64_t out = 0;
        for (const auto& edge : edges()) {
            auto files = base::parseJson(ask(edge, 8405, "/tally/"));
            for (const auto& file : files ? *files : base::Json::array()) {
                out += file.value("name", "") == "fetched" ? file.value("size", int64_t{0}) : 0;
            }
        }
        return out;
    }

    bool oldWebPodsAreGone(const std::string& version) const {
        for (const auto& pod : list("pods", "scalableapp.dev/tier=web")) {
            if (base::dumpJson(pod).find("\"value\":\"" + version + "\"") == std::string::npos) {
                return false;
            }
        }
        return true;
    }

    static std::string version(const std::string& number) {
        return R"({"spec":{"web":{"env":[{"name":"APP_VERSION","value":")" + number + R"("}]}}})";
    }
};

TEST_F(Cdn, ComesAndGoesUnderLoadAndARolloutReachesEveryEdge) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors("visitors", "/static/version", 100, 600);
    ASSERT_TRUE(eventually(60s, "visitors are served", [&] { return tally("visitors").ok > 100; }));
    change(
        R"({"spec":{"cdn":{"replicasPerZone":2,"paths":[{"match":"/static/*","ttlSeconds":3600},{"match":"/burn","ttlSeconds":3600}]}}})");
    ASSERT_TRUE(becomesReady("shop", 120s));
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "cdn");
    EXPECT_EQ(field("scalableapp", "shop", "/status/cdn/edgesOnEpoch"), "2/2");
    expectNobodyFailed("edges added");

    change(version("two"));
    ASSERT_TRUE(
        eventually(90s, "the old web pods are gone", [&] { return oldWebPodsAreGone("two"); }));
    auto began = Clock::now();
    ASSERT_TRUE(eventually(30s, "new content from every edge",
                           [&] { return allSay("/static/version", "\"two\""); }));
    auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    std::cout << "new content from every edge " << passed.count()
              << " ms after the last old pod was gone\n";
    ASSERT_TRUE(
        eventually(30s, "CDNReady", [&] { return conditionIs("shop", "CDNReady", "True"); }));
    EXPECT_TRUE(throughout(5s, "no old content after CDNReady",
                           [&] { return allSay("/static/version", "\"two\""); }));
    expectNobodyFailed("rollout behind the edges");

    auto before = fetched();
    // Slow enough for a crowd to gather, well below the five seconds after which edges stop waiting
    // for the one who fetches.
    sendVisitors("crowd", "/burn?ms=300", 500, 4);
    ASSERT_TRUE(eventually(60s, "the crowd is served", [&] { return tally("crowd").sent > 1000; }));
    std::cout << "misses at once: " << tally("crowd").sent << " requests, " << fetched() - before
              << " reached the origin from 2 edges\n";
    EXPECT_LE(fetched() - before, 2);

    auto kept = fetched();
    auto purged = plugin({"purge", "shop"});
    EXPECT_TRUE(purged.ok()) << purged.err;
    EXPECT_NE(purged.out.find("2/2 edges on epoch"), std::string::npos) << purged.out;
    EXPECT_TRUE(eventually(20s, "it is fetched anew", [&] { return fetched() > kept; }));
    change(R"({"spec":{"cdn":null}})");
    ASSERT_TRUE(becomesReady("shop", 120s));
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "web");
    EXPECT_TRUE(eventually(60s, "everything of it is gone",
                           [&] { return edges().empty() && !exists("service", "shop-origin"); }));
    expectNobodyFailed("edges removed");
}

TEST_F(Cdn, AnOriginThatIsGoneIsHiddenFromVisitorsAndNotFromTheStatus) {
    apply(appYaml("spare", "replicas: 1"));
    apply(
        appYaml("shop", "replicas: 1") +
        "  cdn: {paths: [{match: '/static/*', ttlSeconds: 1}], staleWhileRevalidateSeconds: 0}\n");
    ASSERT_TRUE(becomesReady("shop", 120s));
    ASSERT_TRUE(allSay("/static/version", "shop-web"));
    change(R"({"spec":{"web":{"replicas":0}}})");
    EXPECT_TRUE(eventually(60s, "ServingStale",
                           [&] { return conditionIs("shop", "ServingStale", "True"); }));
    EXPECT_TRUE(allSay("/static/version", "shop-web")) << "stale";
    std::cout << condition("shop", "ServingStale").value("message", "") << "\n";
    change(R"({"spec":{"web":{"replicas":1}}})");
    EXPECT_TRUE(eventually(60s, "fresh again",
                           [&] { return conditionIs("shop", "ServingStale", "False"); }));

    ASSERT_TRUE(becomesReady("spare"));
    change(R"({"spec":{"cdn":{"origins":[{"name":"web"},{"name":"spare","host":"spare.)" + ns() +
           R"(.svc.cluster.local","port":80}]}}})");
    ASSERT_TRUE(becomesReady("shop", 120s));
    EXPECT_TRUE(allSay("/", "\"shop-web"));
    change(R"({"spec":{"web":{"replicas":0}}})");
    EXPECT_TRUE(eventually(60s, "the second origin", [&] { return allSay("/", "\"spare-web"); }));
    EXPECT_TRUE(conditionIs("shop", "ServingStale", "False"));
    change(R"({"spec":{"web":{"replicas":1}}})");
    EXPECT_TRUE(eventually(60s, "the first again", [&] { return allSay("/", "\"shop-web"); }));
}

}  // namespace
