// The edge tier: what it is made of, that no step of its coming and going leaves the public Service
// without pods, and when a new epoch begins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/cdn_epoch.h"
#include "plan/children.h"
#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kWeb = R"({"image":"shop:1","replicas":4})";
constexpr const char* kCdn = R"({"cdn":{"paths":[{"match":"/static/*","ttlSeconds":60}]}})";
constexpr const char* kBoth =
    R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":60}]},"loadBalancer":{"algorithm":"RoundRobin"}})";

std::string entry(Simulation& cluster, const char* service = "shop") {
    return (*cluster.find("Service", service))["spec"]["selector"]["scalableapp.dev/tier"];
}

void settleServed(Simulation& cluster) {
    for (int i = 0; cluster.step(); ++i) {
        ASSERT_LT(i, 40) << "still changing";
        EXPECT_GT(cluster.available(entry(cluster)), 0) << "step " << i;
        if (entry(cluster) == "cdn") {
            ASSERT_TRUE(cluster.has("Service", "shop-origin")) << "step " << i;
            EXPECT_GT(cluster.available(entry(cluster, "shop-origin")), 0) << "step " << i;
        }
    }
}

TEST(Cdn, IsMadeOfTheseObjects) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-edge", "shop-web"));
    EXPECT_THAT(cluster.names("Service"), ElementsAre("shop", "shop-origin"));
    EXPECT_THAT(cluster.names("PodDisruptionBudget"), ElementsAre("shop-web"))
        << "a budget for the only edge would let no node be drained";
    const auto& pod = (*cluster.find("Deployment", "shop-edge"))["spec"]["template"];
    EXPECT_THAT(pod["metadata"]["annotations"]["scalableapp.dev/nginx.conf"].get<std::string>(),
                HasSubstr("shop-origin.ns.svc.cluster.local"));
    EXPECT_FALSE(pod["metadata"]["annotations"].contains("scalableapp.dev/epoch"))
        << "a purge would be a rollout";
    EXPECT_EQ(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    EXPECT_EQ(pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_EQ(cluster.last.status["stage"], "CDN");
    EXPECT_EQ(cluster.last.status["cdn"]["summary"], "1/1");
    EXPECT_EQ(cluster.last.status["cdn"]["entry"], "Edge");
    EXPECT_EQ(cluster.last.status["singlePointsOfFailure"][0]["tier"], "cdn");
}

// Else it is written once more at every start of the operator, and its fate is told as an event.
TEST(Cdn, AsksForRoomInTheApiServersWords) {
    for (const auto& [mebibytes, room] :
         {std::pair{"2048", "3Gi"}, std::pair{"512", "1152Mi"}, std::pair{"1024", "1792Mi"}}) {
        Simulation cluster(
            app(kWeb, std::string(R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}],)") +
                          "\"cacheSizeMiB\":" + mebibytes + "}}"));
        cluster.settle();
        const auto& edge = *cluster.find("Deployment", "shop-edge");
        EXPECT_EQ(base::textAt(edge, "/spec/template/spec/volumes/2/emptyDir/sizeLimit"), room);
    }
}

TEST(Cdn, HasEdgesInEveryZoneThatHasPods) {
    Simulation cluster(app(
        kWeb,
        R"({"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3","weight":0}],"cdn":{"replicasPerZone":2,"paths":[{"match":"/a","ttlSeconds":1}]}})"));
    cluster.settle();
    EXPECT_TRUE(cluster.has("Deployment", "shop-edge-z1"));
    EXPECT_TRUE(cluster.has("Deployment", "shop-edge-z2"));
    EXPECT_FALSE(cluster.has("Deployment", "shop-edge-z3"));
    EXPECT_TRUE(cluster.has("PodDisruptionBudget", "shop-edge"));
    EXPECT_EQ((*cluster.find("Deployment", "shop-edge-z1"))["spec"]["replicas"], 2);
    EXPECT_EQ((*cluster.find("Service", "shop"))["spec"]["trafficDistribution"], "PreferClose");
    EXPECT_EQ(cluster.last.status["cdn"]["summary"], "4/4");
}

TEST(Cdn, ComesAndGoesWithoutAStepThatNobodyServes) {
    Simulation cluster(app(kWeb));
    cluster.settle();
    cluster.spec(app(kWeb, kCdn));
    cluster.step();
    EXPECT_EQ(entry(cluster), "web");
    settleServed(cluster);
    EXPECT_EQ(entry(cluster), "cdn");
    cluster.spec(app(kWeb));
    cluster.step();
    EXPECT_EQ(entry(cluster), "web");
    EXPECT_TRUE(cluster.has("Deployment", "shop-edge")) << "connections are still on their way";
    EXPECT_TRUE(cluster.has("Service", "shop-origin"));
    settleServed(cluster);
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-web"));
    EXPECT_THAT(cluster.names("Service"), ElementsAre("shop"));
    EXPECT_EQ(condition(cluster.last, "CDNReady"), nullptr);
}

TEST(Cdn, StandsInFrontOfTheLoadBalancerWhicheverCameFirst) {
    for (const char* first : {kCdn, R"({"loadBalancer":{"algorithm":"RoundRobin"}})", "{}"}) {
        Simulation cluster(app(kWeb, first));
        cluster.settle();
        cluster.spec(app(kWeb, kBoth));
        settleServed(cluster);
        EXPECT_EQ(entry(cluster), "cdn") << first;
        EXPECT_EQ(entry(cluster, "shop-origin"), "loadBalancer") << first;
        EXPECT_EQ(condition(cluster.last, "LoadBalancerReady")->status, "True") << first;
        cluster.spec(app(kWeb, first));
        settleServed(cluster);
        EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True") << first;
    }
}

TEST(Cdn, WhatTheLastEdgesNeedStaysAsLongAsTheyDo) {
    Simulation cluster(app(kWeb, kBoth));
    cluster.settle();
    Json pod{{"apiVersion", "v1"},
             {"kind", "Pod"},
             {"metadata",
              {{"name", "shop-edge-1"},
               {"namespace", "ns"},
               {"deletionTimestamp", "2026-01-01T00:00:00Z"},
               {"labels", {{"scalableapp.dev/tier", "cdn"}}}}}};
    cluster.seen.children.push_back(pod);
    cluster.spec(app(kWeb));
    for (int i = 0; i < 8; ++i) {
        cluster.step();
    }
    EXPECT_FALSE(cluster.has("Deployment", "shop-edge"));
    EXPECT_TRUE(cluster.has("Service", "shop-origin"));
    EXPECT_TRUE(cluster.has("Deployment", "shop-lb")) << "the Service still leads there";
    std::erase(cluster.seen.children, pod);
    cluster.settle();
    EXPECT_THAT(cluster.names("Service"), ElementsAre("shop"));
    EXPECT_THAT(cluster.names("Deployment"), ElementsAre("shop-web"));
}

TEST(Cdn, EdgesThatNeverGetReadyTakeNoTraffic) {
    Simulation cluster(app(kWeb));
    cluster.settle();
    cluster.breakPods("shop-edge");
    cluster.spec(app(kWeb, kCdn));
    settleServed(cluster);
    EXPECT_EQ(entry(cluster), "web");
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "False");
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
}

// --- the epoch

Json edgePod(const std::string& name, const std::string& epoch = "") {
    Json out{{"apiVersion", "v1"},
             {"kind", "Pod"},
             {"metadata",
              {{"name", name},
               {"namespace", "ns"},
               {"uid", name + "-uid"},
               {"labels", {{"scalableapp.dev/tier", "cdn"}}}}},
             {"status",
              {{"phase", "Running"},
               {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
    if (!epoch.empty()) {
        out["metadata"]["annotations"]["scalableapp.dev/epoch"] = epoch;
    }
    return out;
}

std::string epochIn(const plan::Plan& plan) {
    return plan.status["cdn"]["epoch"];
}

TEST(CdnEpoch, EveryEdgeIsToldAndCountsOnceItSaysSo) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto epoch = epochIn(cluster.last);
    cluster.seen.children.push_back(edgePod("a"));
    cluster.seen.children.push_back(edgePod("b", epoch));
    cluster.step();
    ASSERT_EQ(cluster.last.notes.size(), 1U);
    EXPECT_EQ(cluster.last.notes[0].name, "a");
    EXPECT_EQ(cluster.last.notes[0].uid, "a-uid");
    EXPECT_EQ(cluster.last.notes[0].value, epoch);
    EXPECT_EQ(condition(cluster.last, "CDNReady")->reason, "Purging");
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("b is silent: let the operator's pods reach its port 8405"));
    cluster.seen.edges = {{.pod = "a", .epoch = "older"}, {.pod = "b", .epoch = epoch}};
    cluster.step();
    EXPECT_EQ(cluster.last.status["cdn"]["edgesOnEpoch"], "1/2");
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "False");
    EXPECT_LT(*cluster.last.lookAgain, 1s);
    cluster.seen.edges[0].epoch = epoch;
    cluster.step();
    EXPECT_EQ(cluster.last.status["cdn"]["edgesOnEpoch"], "2/2");
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

TEST(CdnEpoch, ATokenChangesItAtOnceAndNoPodRestarts) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto before = epochIn(cluster.last);
    Json pods = (*cluster.find("Deployment", "shop-edge"))["spec"]["template"];
    cluster.spec(
        app(kWeb, R"({"cdn":{"purgeToken":"x","paths":[{"match":"/static/*","ttlSeconds":60}]}})"));
    cluster.step();
    auto after = epochIn(cluster.last);
    EXPECT_NE(after, before);
    EXPECT_EQ(after.substr(0, 8), before.substr(0, 8)) << "the content is the same";
    EXPECT_EQ((*cluster.find("Deployment", "shop-edge"))["spec"]["template"], pods);
}

Json webPod(const std::string& name, const std::string& image) {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", name}, {"labels", {{"scalableapp.dev/tier", "web"}}}}},
            {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", image}}})}}},
            {"status", {{"phase", "Running"}}}};
}

TEST(CdnEpoch, WaitsForTheLastPodOfTheOldContent) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto before = epochIn(cluster.last);
    cluster.spec(app(R"({"image":"shop:2","replicas":4})", kCdn));
    cluster.step();
    EXPECT_EQ(epochIn(cluster.last), before) << "the rollout has not begun";
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "False");
    auto old = webPod("old", "shop:1");
    old["metadata"]["deletionTimestamp"] = "2099-01-01T00:00:00Z";
    cluster.seen.children.push_back(old);
    for (int i = 0; i < 6; ++i) {
        cluster.step();
    }
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
    EXPECT_EQ(epochIn(cluster.last), before) << "the Deployment is done, the old pod is not";
    EXPECT_EQ(condition(cluster.last, "CDNReady")->reason, "WaitingForWeb");
    std::erase(cluster.seen.children, old);
    cluster.settle();
    EXPECT_NE(epochIn(cluster.last), before);
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "True");
}

TEST(CdnEpoch, APodOfALostNodeHoldsNothingUp) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto lost = webPod("lost", "shop:0");
    lost["metadata"]["deletionTimestamp"] = "2001-01-01T00:00:00Z";
    cluster.seen.children.push_back(lost);
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "True");
}

TEST(CdnEpoch, ARolloutThatIsTakenBackMidwayIsANewOneToo) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto before = epochIn(cluster.last);
    // Forth and back: the same template, two revisions later.
    (*cluster.find("Deployment",
                   "shop-web"))["metadata"]["annotations"]["deployment.kubernetes.io/revision"] =
        "3";
    EXPECT_NE(plan::epochOf(cluster.app, cluster.seen).value, before);
}

// --- origins

// The pod has the configuration of the Deployment's template.
void asTheSpecAsks(Simulation& cluster, Json& pod) {
    const char* config = "scalableapp.dev/nginx.conf";
    const auto& asked = (*cluster.find("Deployment", "shop-edge"))["spec"]["template"];
    pod["metadata"]["annotations"][config] = asked["metadata"]["annotations"][config];
}

TEST(Cdn, AnEdgeWithoutAnyOriginIsToldOf) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto epoch = epochIn(cluster.last);
    cluster.seen.children.push_back(edgePod("a", epoch));
    cluster.seen.edges = {{.pod = "a", .epoch = epoch, .originAnswers = {true}}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "False");
    cluster.seen.edges[0].originAnswers = {false};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "True");
    EXPECT_EQ(condition(cluster.last, "ServingStale")->reason, "OriginDown");
    ASSERT_EQ(cluster.last.events.size(), 1U);
    EXPECT_EQ(cluster.last.events[0].reason, "ServingStale");
    EXPECT_EQ(condition(cluster.last, "CDNReady")->status, "True") << "the edges do their part";
    cluster.seen.edges.clear();
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "True") << "nobody said otherwise";
    cluster.seen.edges = {{.pod = "a", .epoch = epoch, .originAnswers = {true}}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "False");
    cluster.seen.edges[0].staleForErrors = true;
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->reason, "OriginFails");
}

// It was made for the origins of an earlier spec.
TEST(Cdn, AnEdgeOnItsWayOutIsNotAskedForOrigins) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto epoch = epochIn(cluster.last);
    auto old = edgePod("old", epoch);
    old["metadata"]["deletionTimestamp"] = "2099-01-01T00:00:00Z";
    cluster.seen.children.push_back(old);
    cluster.seen.children.push_back(edgePod("new", epoch));
    cluster.seen.edges = {{.pod = "old", .epoch = epoch, .originAnswers = {false}},
                          {.pod = "new", .epoch = epoch, .originAnswers = {true}}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "False");
}

TEST(Cdn, AnOriginThatNobodyReachesIsNamed) {
    Simulation cluster(app(
        kWeb,
        R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}],"origins":[{"name":"web"},{"name":"b","host":"b.example"}]}})"));
    cluster.settle();
    auto epoch = epochIn(cluster.last);
    cluster.seen.children.push_back(edgePod("a", epoch));
    cluster.seen.edges = {{.pod = "a", .epoch = epoch, .originAnswers = {true, false}}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Ready")->message,
              "web: 4 of 4 pods ready; cdn: 1 of 1 pod ready")
        << "an edge of another configuration knows nothing of it";
    asTheSpecAsks(cluster, cluster.seen.children.back());
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("cdn: OriginUnreachable \"b (b.example:443)\""));
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "False");
}

// Edges that never had an answer are not ready; those that are know the origins of before.
TEST(Cdn, TheOnlyOriginThatDoesNotResolveIsNamedByTheEdgesThatWaitForIt) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    auto epoch = epochIn(cluster.last);
    cluster.seen.children.push_back(edgePod("old", epoch));
    asTheSpecAsks(cluster, cluster.seen.children.back());
    cluster.breakPods("shop-edge");
    cluster.spec(app(
        kWeb,
        R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}],"origins":[{"name":"b","host":"nowhere.example"}]}})"));
    cluster.step();
    auto waiting = edgePod("new");
    waiting["status"]["conditions"][0]["status"] = "False";
    asTheSpecAsks(cluster, waiting);
    cluster.seen.children.push_back(waiting);
    cluster.seen.edges = {{.pod = "old", .epoch = epoch, .originAnswers = {true}},
                          {.pod = "new", .epoch = epoch, .originAnswers = {false}}};
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "False");
    EXPECT_EQ(condition(cluster.last, "Ready")->reason, "OriginUnreachable");
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("cdn: OriginUnreachable \"b (nowhere.example:443)\""));
    EXPECT_EQ(condition(cluster.last, "ServingStale")->status, "False")
        << "nobody gets anything from an edge that waits";
}

// --- what cannot be built

std::string cdnWith(const std::string& fields) {
    return R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}],)" + fields + "}}";
}

TEST(Cdn, ItsPodsAreAsOverriddenAndStayOurs) {
    Simulation cluster(app(kWeb, cdnWith(R"("resources":{"limits":{"memory":"1Gi"}},
        "overrides":{"imagePullSecrets":[{"name":"registry"}],"nodeSelector":{"disk":"ssd"},
                     "tolerations":[{"key":"edge"}],"labels":[{"name":"team","value":"a"}],
                     "podTemplatePatch":"{\"metadata\":{\"annotations\":{\"scalableapp.dev/nginx.conf\":\"x\"}}}"})")));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    const auto& pod = (*cluster.find("Deployment", "shop-edge"))["spec"]["template"];
    EXPECT_EQ(pod["spec"]["imagePullSecrets"][0]["name"], "registry");
    EXPECT_EQ(pod["spec"]["nodeSelector"]["disk"], "ssd");
    EXPECT_EQ(pod["spec"]["tolerations"][0]["key"], "edge");
    EXPECT_EQ(pod["metadata"]["labels"]["team"], "a");
    EXPECT_EQ(pod["spec"]["containers"][0]["resources"],
              Json::parse(R"({"requests":{"cpu":"100m"},"limits":{"memory":"1Gi"}})"));
    EXPECT_THAT(pod["metadata"]["annotations"]["scalableapp.dev/nginx.conf"].get<std::string>(),
                HasSubstr("shop-origin"));
}

// `bad` is told and changes nothing of the edges that are there.
void expectRefused(const std::string& bad, const char* reason,
                   const std::vector<const char*>& words) {
    Simulation cluster(app(kWeb, kCdn));
    cluster.settle();
    Json before = *cluster.find("Deployment", "shop-edge");
    cluster.spec(app(kWeb, bad));
    cluster.settle();
    EXPECT_EQ(*cluster.find("Deployment", "shop-edge"), before);
    EXPECT_EQ(entry(cluster), "cdn");
    EXPECT_EQ(condition(cluster.last, "Ready")->reason, reason);
    EXPECT_EQ(condition(cluster.last, "Stalled")->reason, reason);
    for (const char* word : words) {
        EXPECT_THAT(condition(cluster.last, "Ready")->message, HasSubstr(word));
    }
    cluster.spec(app(kWeb, kCdn));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

TEST(Cdn, APatchThatDoesNotApplyIsNamedAndTheEdgesStay) {
    expectRefused(cdnWith(R"("overrides":{"podTemplatePatch":"{\"a\":1}"})"), "InvalidPatch",
                  {"cdn: InvalidPatch", "it may have the objects"});
}

TEST(Cdn, APathThatNeverCountsIsNamedAndTheEdgesStay) {
    expectRefused(
        R"({"cdn":{"paths":[{"match":"/a*","ttlSeconds":1},{"match":"/b","ttlSeconds":1},{"match":"/a/*.css","ttlSeconds":1}]}})",
        "PathShadowed",
        {"cdn: PathShadowed \"/a/*.css\"", "\"/a*\" before it",
         "put it before that one, or remove"});
}

TEST(CdnPath, CoversWhatMatchesNothingElse) {
    auto covers = [](const char* first, const char* second) {
        api::CdnPath a, b;
        a.match = first;
        b.match = second;
        return a.covers(b);
    };
    for (const auto& [first, second] :
         {std::pair{"/*", "/static/*"}, std::pair{"/*", "/"}, std::pair{"/a", "/a"},
          std::pair{"/*.css", "/a/*.css"}, std::pair{"/a*c*", "/abc"},
          std::pair{"/a*b*c", "/a*c*b*bc"}, std::pair{"/**", "/*"}, std::pair{"/*", "/**"},
          std::pair{"/a*", "/a"}}) {
        EXPECT_TRUE(covers(first, second)) << first << " " << second;
    }
    for (const auto& [first, second] :
         {std::pair{"/static/*", "/*"}, std::pair{"/", "/*"}, std::pair{"/a", "/a*"},
          std::pair{"/a*b", "/a*"}, std::pair{"/*.css", "/*"}, std::pair{"/a.c", "/abc"},
          std::pair{"/a*b*c", "/a*c"}, std::pair{"/ab", "/a"}}) {
        EXPECT_FALSE(covers(first, second)) << first << " " << second;
    }
}

}  // namespace
