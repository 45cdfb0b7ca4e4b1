// The edge tier on a real cluster: it comes and goes under load, a rollout reaches every edge, and
// an origin that is gone is hidden from visitors but not from the status.
#include <iostream>

#include "e2e/support/visitors.h"

namespace {

using namespace e2e;

class Cdn : public VisitedTest {
  protected:
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

    // What edges answer that is not new; nothing of those that do not answer at all.
    std::string answersWithout(const std::string& path, const std::string& text) const {
        std::string out;
        for (const auto& edge : edges()) {
            auto answer = ask(edge, 8080, path);
            out += answer.find(text) == std::string::npos ? answer : "";
        }
        return out;
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

    // Said of the spec as it is now, and no longer of the epoch before it.
    bool isReadyOnAnotherEpoch(const std::string& before) const {
        auto app = get("scalableapp", "shop").value_or(base::Json::object());
        auto generation = base::intAt(app, "/metadata/generation");
        for (const auto& one : base::arrayAt(app, "/status/conditions")) {
            if (base::stringAt(one, "/type") == "CDNReady") {
                return base::stringAt(one, "/status") == "True" &&
                       base::intAt(one, "/observedGeneration") == generation &&
                       base::stringAt(app, "/status/cdn/epoch") != before;
            }
        }
        return false;
    }

    static std::string version(const std::string& number) {
        return R"({"spec":{"web":{"env":[{"name":"APP_VERSION","value":")" + number + R"("}]}}})";
    }
};

TEST_F(Cdn, ComesAndGoesUnderLoadAndARolloutReachesEveryEdge) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    sendVisitors({.path = "/static/version", .seconds = 600});
    change(
        R"({"spec":{"cdn":{"replicasPerZone":2,"paths":[{"match":"/static/*","ttlSeconds":3600}]}}})");
    ASSERT_TRUE(becomesReady("shop", 120s));
    EXPECT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "cdn");
    EXPECT_EQ(field("scalableapp", "shop", "/status/cdn/edgesOnEpoch"), "2/2");
    expectNobodyFailed("edges added");

    auto before = field("scalableapp", "shop", "/status/cdn/epoch");
    change(version("two"));
    // The condition is read before the edges are asked: what is old then was old when it was True.
    std::string tooEarly;
    auto isNew = [&] {
        bool ready = isReadyOnAnotherEpoch(before);
        auto old = answersWithout("/static/version", "\"two\"");
        tooEarly += ready ? old : "";
        return allSay("/static/version", "\"two\"");
    };
    ASSERT_TRUE(eventually(90s, "the old web pods are gone", [&] {
        isNew();
        return oldWebPodsAreGone("two");
    }));
    EXPECT_TRUE(eventually(5s, "new content from every edge", isNew));
    ASSERT_TRUE(eventually(30s, "CDNReady on the new epoch", [&] {
        isNew();
        return isReadyOnAnotherEpoch(before);
    }));
    EXPECT_EQ(tooEarly, "") << "given out by an edge while CDNReady was True";
    EXPECT_TRUE(throughout(5s, "no old content after CDNReady",
                           [&] { return answersWithout("/static/version", "\"two\"").empty(); }));
    expectNobodyFailed("rollout behind the edges");

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
