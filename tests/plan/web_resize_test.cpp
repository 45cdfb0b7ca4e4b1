// Other resources for web pods that run: in place where the cluster can, else by rolling.
#include "plan/web_resize.h"

#include <gtest/gtest.h>

#include "plan/objects.h"
#include "plan/pod_resources.h"
#include "plan/resizing.h"

namespace {

using namespace plan_test;
using base::Json;
using namespace std::chrono_literals;
using Names = std::set<std::string>;

api::ScalableApp withCpu(const std::string& cpu, int replicas = 6, const std::string& spec = "{}") {
    return app(R"({"image":"shop:1","replicas":)" + std::to_string(replicas) +
                   R"(,"resources":{"requests":{"cpu":")" + cpu + R"(","memory":"64Mi"}}})",
               spec);
}

// As many events of falling back to rolling.
size_t fallbacks(const Resizing& cluster) {
    size_t out = 0;
    for (const auto& event : cluster.events) {
        out += event.reason == "ResizeRolls" ? 1U : 0U;
    }
    return out;
}

std::string fallback(const Resizing& cluster) {
    for (const auto& event : cluster.events) {
        if (event.reason == "ResizeRolls") {
            return event.note;
        }
    }
    return "";
}

class WebResize : public testing::Test {
  protected:
    void expectNothingMoves() {
        auto writes = cluster.writes;
        cluster.settle();
        EXPECT_EQ(cluster.writes, writes);
        EXPECT_TRUE(cluster.last.patches.empty());
        EXPECT_EQ(condition(cluster.last, "Ready")->status, "True")
            << base::dumpJson(cluster.last.status);
    }

    Resizing cluster{withCpu("100m")};
    Names pods = [this] {
        cluster.settle();
        return cluster.podNames();
    }();
};

// --- in place

TEST_F(WebResize, NoPodIsReplaced) {
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.podNames(), pods);
    EXPECT_EQ(cluster.rollouts, 0);
    EXPECT_EQ(cluster.cpus(), Names{"200m"});
    EXPECT_EQ(fallbacks(cluster), 0U);
    const auto& deployment = *cluster.find("Deployment", "shop-web");
    EXPECT_FALSE(deployment["spec"].contains("paused"));
    EXPECT_FALSE(deployment["metadata"]["annotations"].contains("scalableapp.dev/resize"));
    expectNothingMoves();
}

TEST_F(WebResize, ACrashAfterAnyWriteEndsTheSame) {
    cluster.app = withCpu("200m");
    Resizing undisturbed = cluster;
    undisturbed.settle();
    size_t all = undisturbed.writes - cluster.writes;
    ASSERT_GT(all, 8U);
    for (size_t write = 1; write <= all; ++write) {
        for (bool controllersFirst : {false, true}) {
            Resizing run = cluster;
            while (run.writes < cluster.writes + write) {
                run.operate(cluster.writes + write - run.writes);
                if (controllersFirst || run.writes < cluster.writes + write) {
                    run.control();
                }
            }
            run.settle();
            EXPECT_EQ(run.podNames(), pods) << write;
            EXPECT_EQ(run.rollouts, 0) << write;
            EXPECT_EQ(run.cpus(), Names{"200m"}) << write;
        }
    }
}

// It may see the Deployment's change before that of the ReplicaSet: it must not be let go then.
TEST_F(WebResize, ADeploymentControllerThatLagsRollsNothing) {
    cluster.lags = true;
    cluster.settle();
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 0);
    EXPECT_EQ(cluster.podNames(), pods);
    EXPECT_EQ(cluster.cpus(), Names{"200m"});
}

TEST_F(WebResize, AFewAtATimeAndToldSo) {
    cluster.app = withCpu("100m", 12);
    cluster.settle();
    cluster.app = withCpu("200m", 12);
    cluster.operate();
    EXPECT_EQ(cluster.podsAsked(), 3);
    EXPECT_EQ(cluster.operate(), 0U);  // they are on their way
    cluster.control();
    cluster.operate();
    EXPECT_EQ(condition(cluster.last, "Ready")->reason, "Resizing");
    EXPECT_EQ(condition(cluster.last, "WebReady")->message,
              "12 of 12 pods ready, 3 of 12 resized in place");
    // Until the pods have them, the Deployment asks for the old ones and is not paused.
    const auto& deployment = *cluster.find("Deployment", "shop-web");
    EXPECT_EQ(base::textAt(deployment, "/spec/template/spec/containers/0/resources/requests/cpu"),
              "100m");
    EXPECT_FALSE(deployment["spec"].contains("paused"));
}

TEST_F(WebResize, BackAgainOnTheWay) {
    for (int looks = 1; looks < 8; ++looks) {
        Resizing run = cluster;
        run.app = withCpu("200m");
        for (int i = 0; i < looks; ++i) {
            run.operate();
            run.control();
        }
        run.app = withCpu("100m");
        run.settle();
        EXPECT_EQ(run.podNames(), pods) << looks;
        EXPECT_EQ(run.cpus(), Names{"100m"}) << looks;
        run.app = withCpu("300m");
        run.settle();
        EXPECT_EQ(run.podNames(), pods) << looks;
        EXPECT_EQ(run.cpus(), Names{"300m"}) << looks;
    }
}

TEST_F(WebResize, AnotherWishOnTheWay) {
    for (int looks = 1; looks < 12; ++looks) {
        Resizing run = cluster;
        run.app = withCpu("200m");
        for (int i = 0; i < looks; ++i) {
            run.operate();
            run.control();
        }
        run.app = withCpu("300m");
        run.settle();
        EXPECT_EQ(run.podNames(), pods) << looks;
        EXPECT_EQ(run.rollouts, 0) << looks;
        EXPECT_EQ(run.cpus(), Names{"300m"}) << looks;
    }
}

TEST_F(WebResize, PodsThatAnAutoscalerAddsOnTheWayGetThemToo) {
    for (int looks = 1; looks < 10; ++looks) {
        Resizing run = cluster;
        run.app = withCpu("200m");
        for (int i = 0; i < looks; ++i) {
            run.operate();
            run.control();
        }
        run.app = withCpu("200m", 9);
        run.settle();
        EXPECT_EQ(run.podNames().size(), 9U) << looks;
        EXPECT_EQ(run.rollouts, 0) << looks;
        EXPECT_EQ(run.cpus(), Names{"200m"}) << looks;
    }
}

TEST_F(WebResize, WhatOthersMakeOfPodsStays) {
    auto& pod = *cluster.find("Pod", *pods.begin());
    pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "150m";
    cluster.control();
    expectNothingMoves();
}

TEST_F(WebResize, TheEdgesKeepWhatTheyHave) {
    const std::string edges = R"({"cdn":{"paths":[{"match":"/s/*","ttlSeconds":60}]}})";
    auto epoch = [&] {
        const auto* edge = cluster.find("Deployment", "shop-edge");
        return edge == nullptr ? "" : base::dumpJson((*edge)["metadata"]["annotations"]);
    };
    cluster.app = withCpu("100m", 6, edges);
    cluster.settle();
    auto first = epoch();
    ASSERT_NE(first, "");
    cluster.app = withCpu("200m", 6, edges);
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 0);
    EXPECT_EQ(epoch(), first);
}

// --- by rolling

TEST_F(WebResize, AClusterThatCannotRolls) {
    cluster.seen.around.resizeInPlace = false;
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_EQ(cluster.cpus(), Names{"200m"});
    EXPECT_EQ(fallbacks(cluster), 0U);  // nobody was promised anything
    expectNothingMoves();
}

TEST_F(WebResize, AnythingElseOfTheTemplateRolls) {
    cluster.app = withCpu("200m");
    cluster.app.web.image = "shop:2";
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_EQ(fallbacks(cluster), 0U);
    expectNothingMoves();
}

TEST_F(WebResize, AnImageThatComesOnTheWayRolls) {
    for (int looks = 1; looks < 12; ++looks) {
        Resizing run = cluster;
        run.app = withCpu("200m");
        for (int i = 0; i < looks; ++i) {
            run.operate();
            run.control();
        }
        run.app.web.image = "shop:2";
        run.settle();
        EXPECT_EQ(run.rollouts, 1) << looks;
        EXPECT_EQ(run.cpus(), Names{"200m"}) << looks;
        EXPECT_FALSE((*run.find("Deployment", "shop-web"))["spec"].contains("paused"));
    }
}

TEST_F(WebResize, WhatANodeCannotGiveIsRolledForAndTakenBack) {
    cluster.kubelets[*pods.rbegin()] = "Infeasible";
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_EQ(cluster.cpus(), Names{"200m"});
    EXPECT_EQ(fallbacks(cluster), 1U);
    EXPECT_NE(fallback(cluster).find("pod " + *pods.rbegin() +
                                     " cannot have them on its node: Infeasible, Node didn't"),
              std::string::npos)
        << fallback(cluster);
    expectNothingMoves();
}

// The new pods never come: the old ones must not go on asking for what they cannot have.
TEST_F(WebResize, APodOfARolloutThatHangsAsksForWhatItHas) {
    cluster.kubelets["shop-web-1-"] = "Infeasible";
    cluster.app = withCpu("1k");
    cluster.operate();
    cluster.control();
    cluster.operate();  // gives up
    EXPECT_EQ(cluster.podsAsked(), 1);
    // The Deployment's controller is not there at all.
    cluster.operate();
    EXPECT_EQ(cluster.podsAsked(), 0);
    cluster.settle();
    EXPECT_EQ(cluster.cpus(), Names{"1k"});
    expectNothingMoves();
}

TEST_F(WebResize, WhatPodsHaveGotTheyKeepUntilTheyAreReplaced) {
    cluster.kubelets[*pods.rbegin()] = "Infeasible";
    cluster.app = withCpu("200m");
    for (int looks = 0; looks < 20 && fallbacks(cluster) == 0; ++looks) {
        cluster.control();
        cluster.operate();
    }
    ASSERT_EQ(fallbacks(cluster), 1U);
    cluster.operate();
    ASSERT_EQ(cluster.last.patches.size(), 1U);
    EXPECT_EQ(cluster.last.patches[0].name, *pods.rbegin());
}

TEST_F(WebResize, WhatIsDeferredIsWaitedForALittle) {
    cluster.kubelets["shop-web-1-"] = "Deferred";
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 0);
    ASSERT_TRUE(cluster.last.lookAgain);
    EXPECT_LE(*cluster.last.lookAgain, 31s);
    cluster.seen.now += *cluster.last.lookAgain;
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_NE(fallback(cluster).find("Deferred"), std::string::npos);
    expectNothingMoves();
}

TEST_F(WebResize, AKubeletThatSaysNothingIsGivenHalfTheDeadline) {
    cluster.kubelets["shop-web-1-"] = "";
    cluster.app = withCpu("200m");
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 0);
    ASSERT_TRUE(cluster.last.lookAgain);
    EXPECT_EQ(condition(cluster.last, "Stalled"), nullptr);
    cluster.seen.now += 300s;
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_NE(fallback(cluster).find("not every pod has them after 300 s"), std::string::npos);
    EXPECT_EQ(condition(cluster.last, "Stalled"), nullptr);
    expectNothingMoves();
}

TEST_F(WebResize, WhatTheServerRefusesIsRolledFor) {
    cluster.app = withCpu("200m");
    cluster.seen.resizeRefused = "pods \"x\" is forbidden: exceeded quota";
    cluster.operate();
    cluster.seen.resizeRefused.clear();
    cluster.settle();
    EXPECT_EQ(cluster.rollouts, 1);
    EXPECT_EQ(cluster.podsAsked(), 0);
    EXPECT_FALSE((*cluster.find("Deployment", "shop-web"))["metadata"]["annotations"].contains(
        "scalableapp.dev/resize"));
    EXPECT_NE(fallback(cluster).find("exceeded quota"), std::string::npos);
    expectNothingMoves();
}

TEST_F(WebResize, ARolloutUnderWayGoesOn) {
    cluster.app.web.image = "shop:2";
    cluster.operate();
    cluster.control();
    ASSERT_EQ(cluster.rollouts, 1);
    cluster.control();
    // Both ReplicaSets have pods.
    (*cluster.find("ReplicaSet", "shop-web-1"))["status"]["replicas"] = 1;
    cluster.app = withCpu("200m");
    cluster.app.web.image = "shop:2";
    cluster.operate();
    EXPECT_TRUE(cluster.last.patches.empty());
    EXPECT_NE(fallback(cluster).find("a rollout is under way"), std::string::npos);
}

TEST_F(WebResize, APodThatIsNotReadyIsReplaced) {
    auto& pod = *cluster.find("Pod", *pods.begin());
    pod["status"]["conditions"][0]["status"] = "False";
    pod["status"]["containerStatuses"][0]["restartCount"] = 3;
    cluster.app = withCpu("200m");
    cluster.operate();
    EXPECT_TRUE(cluster.last.patches.empty());
    EXPECT_NE(fallback(cluster).find("is not ready"), std::string::npos);
}

TEST_F(WebResize, APodThatStartsIsWaitedFor) {
    auto& pod = *cluster.find("Pod", *pods.begin());
    pod["status"]["conditions"][0]["status"] = "False";
    cluster.app = withCpu("200m");
    cluster.operate();
    EXPECT_EQ(fallbacks(cluster), 0U);
    EXPECT_FALSE(cluster.last.patches.empty());
}

TEST_F(WebResize, AnEarlierReplicaSetOfTheSameWouldBeRolledTo) {
    cluster.seen.around.resizeInPlace = false;
    cluster.app = withCpu("200m");
    cluster.settle();
    cluster.seen.around.resizeInPlace = true;
    cluster.app = withCpu("100m");
    cluster.settle();
    EXPECT_EQ(cluster.cpus(), Names{"100m"});
    EXPECT_NE(fallback(cluster).find("an earlier ReplicaSet"), std::string::npos);
    expectNothingMoves();
}

TEST_F(WebResize, SomebodysPauseIsRespected) {
    (*cluster.find("Deployment", "shop-web"))["spec"]["paused"] = true;
    cluster.app = withCpu("200m");
    cluster.operate();
    EXPECT_TRUE(cluster.last.patches.empty());
    EXPECT_NE(fallback(cluster).find("somebody has paused"), std::string::npos);
}

TEST(WebResizeZones, EachZoneForItself) {
    const std::string zones = R"({"zones":[{"name":"z1","weight":1},{"name":"z2","weight":1}]})";
    Resizing cluster(withCpu("100m", 6, zones));
    cluster.settle();
    auto before = cluster.podNames();
    cluster.kubelets["shop-web-z2"] = "Infeasible";
    cluster.app = withCpu("200m", 6, zones);
    cluster.settle();
    EXPECT_EQ(cluster.cpus(), Names{"200m"});
    EXPECT_EQ(fallbacks(cluster), 1U);
    for (const auto& name : before) {
        bool stays = name.starts_with("shop-web-z1");
        EXPECT_EQ(cluster.podNames().contains(name), stays) << name;
    }
}

// --- which changes need no restart

struct Change {
    const char* from;
    const char* to;
    const char* problem;  // a part of it; empty: none
};

Json templateWith(const char* resources, const char* policy = "[]") {
    Json container{{"name", "web"}, {"resources", *base::parseJson(resources)}};
    container["resizePolicy"] = *base::parseJson(policy);
    return {{"spec", {{"containers", Json::array({container})}}}};
}

TEST(PodResources, WhatNeedsARestart) {
    const std::vector<Change> changes{
        {R"({"requests":{"cpu":"1"}})", R"({"requests":{"cpu":"2"}})", ""},
        {R"({"requests":{"cpu":"2"}})", R"({"requests":{"cpu":"500m"}})", ""},
        {R"({"requests":{"cpu":"1"}})", R"({"requests":{"cpu":"1","memory":"1Gi"}})", ""},
        {R"({"requests":{"cpu":"1"}})", R"({"requests":{"cpu":"1"},"limits":{"cpu":"2"}})", ""},
        {R"({"limits":{"cpu":"1","memory":"1Gi"}})", R"({"limits":{"cpu":"2","memory":"2Gi"}})",
         ""},
        {R"({"requests":{"memory":"2Gi"},"limits":{"memory":"4Gi"}})",
         R"({"requests":{"memory":"1Gi"},"limits":{"memory":"4Gi"}})", ""},
        {R"({"limits":{"memory":"1024Mi"}})", R"({"limits":{"memory":"1Gi"}})", ""},
        {R"({"requests":{"memory":"1Gi"},"limits":{"memory":"2Gi"}})",
         R"({"requests":{"memory":"1Gi"},"limits":{"memory":"1Gi"}})",
         "`limits.memory` of container web is lowered"},
        {R"({"requests":{"cpu":"1","memory":"1Gi"}})", R"({"requests":{"cpu":"1"}})",
         "`requests.memory` of container web goes"},
        {R"({"requests":{"cpu":"1"},"limits":{"cpu":"2"}})", R"({"requests":{"cpu":"1"}})",
         "`limits.cpu` of container web goes"},
        {"{}", R"({"requests":{"cpu":"1"}})", "from BestEffort to Burstable"},
        {R"({"requests":{"cpu":"1","memory":"1Gi"}})",
         R"({"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}})",
         "from Burstable to Guaranteed"},
        {R"({"requests":{"cpu":"1","ephemeral-storage":"1Gi"}})",
         R"({"requests":{"cpu":"1","ephemeral-storage":"2Gi"}})", "only cpu and memory"},
    };
    for (const auto& change : changes) {
        auto problem = plan::resizeProblem(templateWith(change.from), templateWith(change.to));
        EXPECT_EQ(problem.empty(), std::string(change.problem).empty())
            << change.from << " " << change.to << " " << problem;
        EXPECT_NE(problem.find(change.problem), std::string::npos) << problem;
    }
}

TEST(PodResources, APolicyThatRestartsIsNoResizeInPlace) {
    const char* policy = R"([{"resourceName":"cpu","restartPolicy":"RestartContainer"}])";
    auto problem = plan::resizeProblem(templateWith(R"({"requests":{"cpu":"1"}})", policy),
                                       templateWith(R"({"requests":{"cpu":"2"}})", policy));
    EXPECT_NE(problem.find("RestartContainer"), std::string::npos);
}

TEST(PodResources, APatchTouchesNothingElse) {
    Json pod = templateWith(R"({"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"4"}})");
    pod["metadata"] = {{"uid", "u"}};
    pod["spec"]["containers"].insert(pod["spec"]["containers"].begin(), Json{{"name", "proxy"}});
    auto wanted = templateWith(R"({"requests":{"cpu":"2"}})");
    Json after = pod.patch(plan::podResize(pod, wanted));
    Json expected = pod;
    expected["spec"]["containers"][1]["resources"]["requests"]["cpu"] = "2";
    EXPECT_EQ(after, expected);
    pod["metadata"]["uid"] = "another";
    EXPECT_ANY_THROW(pod.patch(plan::podResize(expected, wanted)));
}

TEST(PodResources, ALimitAloneIsTheRequestToo) {
    Json pod = templateWith(R"({"requests":{"cpu":"1"},"limits":{"cpu":"1"}})");
    pod["metadata"] = {{"uid", "u"}};
    EXPECT_TRUE(plan::hasResources(pod, templateWith(R"({"limits":{"cpu":"1000m"}})")));
    Json after = pod.patch(plan::podResize(pod, templateWith(R"({"limits":{"cpu":"2"}})")));
    EXPECT_EQ(base::textAt(after, "/spec/containers/0/resources/requests/cpu"), "2");
    EXPECT_FALSE(plan::sameResources(templateWith(R"({"limits":{"cpu":"1"}})"), pod));
}

}  // namespace
