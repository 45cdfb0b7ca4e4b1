// A zone that is lost: the others get its share, and give it back when it is there again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using namespace std::chrono_literals;
using testing::HasSubstr;

// As examples/stages/08-several-zones.yaml: 6, 6 and 3 of fifteen.
constexpr const char* kUneven =
    R"({"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3","weight":50}]})";
constexpr const char* kThreeZones = R"({"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3"}]})";
constexpr const char* kAutoscaled =
    R"({"image":"shop:1","autoscaling":{"minReplicas":5,"maxReplicas":15}})";
constexpr const char* kFixedSix = R"({"image":"shop:1","replicas":6})";
constexpr const char* kUnevenBalanced =
    R"({"zones":[{"name":"z1"},{"name":"z2"},{"name":"z3","weight":50}],
        "loadBalancer":{"algorithm":"RoundRobin"}})";

int64_t bound(Simulation& cluster, const std::string& zone, const char* name) {
    return (*cluster.find("HorizontalPodAutoscaler", "shop-web-" + zone))["spec"][name]
        .get<int64_t>();
}

int64_t replicas(Simulation& cluster, const std::string& zone) {
    return (*cluster.find("Deployment", "shop-web-" + zone))["spec"]["replicas"].get<int64_t>();
}

// As at the height of the day: those that serve have all they may have.
void scaleToTheMost(Simulation& cluster) {
    for (const char* zone : {"z2", "z3"}) {
        auto most = bound(cluster, zone, "maxReplicas");
        (*cluster.find("Deployment", std::string("shop-web-") + zone))["spec"]["replicas"] = most;
    }
    cluster.settle();
}

void lose(Simulation& cluster, const std::string& zone) {
    cluster.breakPods("shop-web-" + zone);
    cluster.settle();
    cluster.pass(31s);
    cluster.settle();
}

TEST(LostZone, TheOthersMayHaveItsShareOfTheMost) {
    Simulation cluster(app(kAutoscaled, kUneven));
    cluster.settle();
    lose(cluster, "z1");
    EXPECT_EQ(bound(cluster, "z2", "maxReplicas") + bound(cluster, "z3", "maxReplicas"), 15);
    EXPECT_EQ(bound(cluster, "z2", "minReplicas") + bound(cluster, "z3", "minReplicas"), 5);
    EXPECT_EQ(bound(cluster, "z1", "maxReplicas"), 6) << "it can come back by itself";
    EXPECT_EQ(cluster.available("web"), 5);
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "False");
    auto zones = *condition(cluster.last, "ZonesSatisfied");
    EXPECT_EQ(zones.reason, "ZoneLost");
    EXPECT_THAT(zones.message, HasSubstr("z1: 0 of 2 pods ready, the other zones have its share"));
}

TEST(LostZone, FixedPodsAreReplacedInTheOthers) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    lose(cluster, "z2");
    EXPECT_EQ(cluster.available("web"), 6);
    EXPECT_EQ(replicas(cluster, "z1"), 3);
    EXPECT_EQ(replicas(cluster, "z3"), 3);
    EXPECT_EQ(replicas(cluster, "z2"), 2);
    cluster.mendPods("shop-web-z2");
    int steps = 0;
    while (cluster.step()) {
        EXPECT_GE(cluster.available("web"), 6);
        ASSERT_LT(++steps, 30);
    }
    EXPECT_EQ(replicas(cluster, "z1"), 2);
    EXPECT_EQ(replicas(cluster, "z3"), 2);
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied")->reason, "Satisfied");
}

TEST(LostZone, ComesBackWithAsManyPodsAsItTakesOver) {
    Simulation cluster(app(kAutoscaled, kUneven));
    cluster.settle();
    lose(cluster, "z1");
    scaleToTheMost(cluster);
    ASSERT_EQ(cluster.available("web"), 15) << "without z1";
    cluster.mendPods("shop-web-z1");
    int steps = 0;
    while (cluster.step()) {
        EXPECT_GE(cluster.available("web"), 15) << "step " << steps;
        ASSERT_LT(++steps, 30);
    }
    Simulation fresh(app(kAutoscaled, kUneven));
    fresh.settle();
    for (const char* zone : {"z1", "z2", "z3"}) {
        for (const char* name : {"minReplicas", "maxReplicas"}) {
            EXPECT_EQ(bound(cluster, zone, name), bound(fresh, zone, name)) << zone << name;
        }
    }
    EXPECT_EQ(*cluster.find("Deployment", "shop-web-z1")->find("metadata")->find("annotations"),
              *fresh.find("Deployment", "shop-web-z1")->find("metadata")->find("annotations"));
}

TEST(LostZone, KeepsTheOthersFromShrinkingUntilItIsBackAsAWhole) {
    Simulation cluster(app(kAutoscaled, kUneven));
    cluster.settle();
    lose(cluster, "z1");
    scaleToTheMost(cluster);
    auto& status = (*cluster.find("Deployment", "shop-web-z1"))["status"];
    auto mostOfOthers = [&](int64_t back) {
        status["readyReplicas"] = back;
        status["availableReplicas"] = back;
        int64_t out = 0;
        for (const auto& intent : plan::planApp(cluster.app, cluster.seen).intents) {
            bool other = intent.object["metadata"]["name"] != "shop-web-z1";
            if (intent.object["kind"] == "HorizontalPodAutoscaler" && other) {
                out += intent.object["spec"]["maxReplicas"].get<int64_t>();
            }
        }
        return out;
    };
    EXPECT_EQ(mostOfOthers(0), 15);
    EXPECT_EQ(mostOfOthers(5), 15);
    EXPECT_EQ(mostOfOthers(6), 9);
}

TEST(LostZone, IsRememberedWhateverBecomesOfItsPods) {
    Simulation cluster(app(kAutoscaled, kUneven));
    cluster.settle();
    lose(cluster, "z1");
    // Its pods are evicted and made anew: the time of the last change is a new one.
    auto& conditions = (*cluster.find("Deployment", "shop-web-z1"))["status"]["conditions"];
    conditions[0]["lastTransitionTime"] = base::formatTime(cluster.seen.now);
    cluster.settle();
    EXPECT_EQ(bound(cluster, "z2", "maxReplicas"), 10);
}

TEST(LostZone, APodThatIsReplacedIsNone) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    cluster.breakPods("shop-web-z2");
    cluster.settle();
    ASSERT_TRUE(cluster.last.lookAgain);
    EXPECT_LE(*cluster.last.lookAgain, 30s);
    cluster.pass(29s);
    cluster.settle();
    EXPECT_EQ(replicas(cluster, "z1"), 2);
    // The last of its pods stopped to serve only now.
    cluster.seen.children.push_back(base::Json::parse(
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{
            "scalableapp.dev/app":"shop","scalableapp.dev/tier":"web",
            "scalableapp.dev/zone":"z2"}}})"));
    cluster.seen.children.back()["status"]["conditions"] =
        base::Json::array({{{"type", "Ready"},
                            {"status", "False"},
                            {"lastTransitionTime", base::formatTime(cluster.seen.now)}}});
    cluster.pass(29s);
    cluster.settle();
    EXPECT_EQ(replicas(cluster, "z1"), 2);
    cluster.pass(2s);
    cluster.settle();
    EXPECT_EQ(replicas(cluster, "z1"), 3);
}

TEST(LostZone, AStartIsNone) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.breakPods("shop-web-z2");
    cluster.settle();
    cluster.pass(120s);
    cluster.settle();
    EXPECT_EQ(replicas(cluster, "z1"), 2);
    // Its time is over: nobody expects it any more.
    (*cluster.find("Deployment", "shop-web-z2"))["status"]["conditions"][1]["reason"] =
        "ProgressDeadlineExceeded";
    cluster.step();
    EXPECT_EQ(replicas(cluster, "z1"), 3);
}

TEST(LostZone, TroubleEverywhereIsNone) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    for (const char* zone : {"z1", "z2", "z3"}) {
        cluster.breakPods(std::string("shop-web-") + zone);
    }
    cluster.settle();
    cluster.pass(60s);
    cluster.settle();
    EXPECT_EQ(replicas(cluster, "z1"), 2);
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied")->reason, "ZoneShort");
}

TEST(LostZone, OneThatIsShortKeepsTheOthersFromGrowing) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    cluster.breakPods("shop-web-z2");
    cluster.settle();
    auto& status = (*cluster.find("Deployment", "shop-web-z3"))["status"];
    status["readyReplicas"] = 1;
    status["availableReplicas"] = 1;
    cluster.pass(60s);
    auto plan = plan::planApp(cluster.app, cluster.seen);
    for (const auto& scale : plan.scales) {
        EXPECT_EQ(scale.replicas, 2) << scale.name;
    }
}

TEST(LostZone, ADrainDoesNotWaitForIt) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    lose(cluster, "z2");
    cluster.spec(app(kFixedSix, R"({"zones":[{"name":"z1"},{"name":"z2"},
                                   {"name":"z3","weight":0}]})"));
    int steps = 0;
    while (cluster.step()) {
        EXPECT_GE(cluster.available("web"), 6) << "step " << steps;
        ASSERT_LT(++steps, 30);
    }
    EXPECT_FALSE(cluster.has("Deployment", "shop-web-z3"));
    EXPECT_EQ(replicas(cluster, "z1"), 6);
}

TEST(LostZone, BringsTheBalancersNoNewConfiguration) {
    Simulation cluster(app(kAutoscaled, kUnevenBalanced));
    cluster.settle();
    auto before = (*cluster.find("Deployment", "shop-lb"))["spec"]["template"];
    lose(cluster, "z1");
    ASSERT_EQ(bound(cluster, "z2", "maxReplicas"), 10);
    EXPECT_EQ((*cluster.find("Deployment", "shop-lb"))["spec"]["template"], before);
}

TEST(LostZone, IsToldOnceWhenItGoesAndWhenItIsBack) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    cluster.breakPods("shop-web-z2");
    cluster.settle();
    cluster.pass(31s);
    std::vector<std::string> told;
    auto listen = [&] {
        for (int i = 0; i < 10; ++i) {
            cluster.step();
            for (const auto& event : cluster.last.events) {
                if (event.reason.starts_with("Zone")) {
                    told.push_back(event.reason);
                }
            }
        }
    };
    listen();
    cluster.mendPods("shop-web-z2");
    listen();
    EXPECT_THAT(told, testing::ElementsAre("ZoneLost", "ZoneBack"));
}

TEST(LostZone, IsNotBackBecauseTheOperatorOnlyObserves) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    lose(cluster, "z2");
    cluster.app.management = api::Management::Observe;
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied")->reason, "ZoneLost");
    EXPECT_TRUE(cluster.last.events.empty());
    EXPECT_NE(condition(cluster.last, "Ready")->reason, "Paused") << "nothing is to be done";
    // Back it is when it is; that its share is given back to it is not the pods' doing.
    cluster.mendPods("shop-web-z2");
    cluster.step();
    cluster.step();
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "ZonesSatisfied")->reason, "Satisfied");
    EXPECT_EQ(condition(cluster.last, "Ready")->reason, "Paused");
    EXPECT_EQ(replicas(cluster, "z1"), 3);
}

TEST(LostZone, GivesNothingToOthersWhereTheOperatorOnlyObserves) {
    Simulation cluster(app(kFixedSix, kThreeZones));
    cluster.settle();
    cluster.app.management = api::Management::Observe;
    lose(cluster, "z2");
    auto zones = *condition(cluster.last, "ZonesSatisfied");
    EXPECT_EQ(zones.reason, "ZoneShort");
    EXPECT_THAT(zones.message, testing::Not(HasSubstr("have its share")));
}

}  // namespace
