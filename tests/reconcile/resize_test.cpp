// Other resources for pods that run, request by request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/world.h"

namespace {

using base::Json;
using base::textAt;
using test::World;
using testing::HasSubstr;

constexpr const char* kSet = "shop-web-1";
constexpr const char* kCpu = "/spec/containers/0/resources/requests/cpu";

// An application whose pods run; the Deployment's controller and the kubelets are played here.
class InPlace : public testing::Test {
  protected:
    InPlace() {
        world.around.resizeInPlace = true;
        world.put(
            test::app({{"replicas", 2},
                       {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}}}}));
        world.settle();
        const auto deployment = *world.find("Deployment", "shop-web");
        Json set = child("ReplicaSet", kSet, deployment);
        set["apiVersion"] = "apps/v1";
        set["metadata"]["annotations"] = {{"deployment.kubernetes.io/revision", "1"}};
        set["spec"] = {{"replicas", 2}, {"template", deployment["spec"]["template"]}};
        set = world.put(set);
        for (const auto& name : kPods) {
            Json pod = child("Pod", name, set);
            pod["apiVersion"] = "v1";
            pod["spec"] = set["spec"]["template"]["spec"];
            pod["spec"]["nodeName"] = "n1";
            pod["status"] = {
                {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}};
            world.put(pod);
        }
        control();
        world.settle();
        uids = podUids();
        world.server->forgetRequests();
    }

    static Json child(const char* kind, const std::string& name, const Json& owner) {
        return {{"kind", kind},
                {"metadata",
                 {{"namespace", "ns"},
                  {"name", name},
                  {"labels", owner["metadata"]["labels"]},
                  {"ownerReferences", Json::array({{{"apiVersion", owner["apiVersion"]},
                                                    {"kind", owner["kind"]},
                                                    {"name", owner["metadata"]["name"]},
                                                    {"uid", owner["metadata"]["uid"]},
                                                    {"controller", true}}})}}}};
    }

    void control() {
        const auto set = *world.find("ReplicaSet", kSet);
        edit("Deployment", "shop-web", [&](Json& one) {
            bool same = base::sameJson(one["spec"]["template"], set["spec"]["template"]);
            one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
            one["status"] = {{"observedGeneration", one["metadata"]["generation"]},
                             {"replicas", 2},
                             {"updatedReplicas", same ? 2 : 0},
                             {"readyReplicas", 2},
                             {"availableReplicas", 2}};
        });
        edit("ReplicaSet", kSet, [](Json& one) {
            one["status"] = {{"observedGeneration", one["metadata"]["generation"]},
                             {"replicas", 2}};
        });
        for (const auto& name : kPods) {
            edit("Pod", name, [](Json& one) {
                one["status"]["containerStatuses"] =
                    Json::array({{{"name", "web"},
                                  {"ready", true},
                                  {"restartCount", 0},
                                  {"resources", one["spec"]["containers"][0]["resources"]}}});
            });
        }
    }

    void edit(const std::string& kind, const std::string& name,
              const std::function<void(Json&)>& change) {
        world.server->edit(test::typeOf(kind), {"ns", name}, change);
    }

    void askForCpu(const std::string& cpu) {
        world.editApp([&](Json& app) { app["spec"]["web"]["resources"]["requests"]["cpu"] = cpu; });
    }

    std::vector<std::string> podUids() {
        std::vector<std::string> out;
        for (const auto& name : kPods) {
            out.push_back(textAt(*world.find("Pod", name), "/metadata/uid"));
        }
        return out;
    }

    size_t fallbacks() const {
        return static_cast<size_t>(
            std::count_if(world.events.begin(), world.events.end(),
                          [](const auto& event) { return event.reason == "ResizeRolls"; }));
    }

    const std::vector<std::string> kPods{"shop-web-1-a", "shop-web-1-b"};
    World world;
    std::vector<std::string> uids;
};

TEST_F(InPlace, EveryPodOnceThenTheTemplates) {
    askForCpu("200m");
    for (int i = 0; i < 10; ++i) {
        world.pass();
        control();
    }
    EXPECT_EQ(podUids(), uids);
    for (const auto& name : kPods) {
        EXPECT_EQ(textAt(*world.find("Pod", name), kCpu), "200m");
    }
    EXPECT_EQ(world.server->mutations("/resize"), 2U);
    EXPECT_EQ(world.server->mutations("/replicasets/"), 1U);
    auto deployment = *world.find("Deployment", "shop-web");
    EXPECT_EQ(textAt(deployment, std::string("/spec/template") + kCpu), "200m");
    EXPECT_EQ(base::at(deployment, "/spec/paused"), nullptr);
    EXPECT_EQ(fallbacks(), 0U);
    EXPECT_EQ(textAt(world.condition("Ready"), "/status"), "True");
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(world.server->mutations(), 0U);
}

TEST_F(InPlace, TheGateIsToldOfEveryPatch) {
    askForCpu("200m");
    world.sync();
    world.written.clear();
    world.reconcile();
    EXPECT_EQ(world.server->mutations("/resize"), 1U);
    EXPECT_EQ(world.written.size(), world.server->mutations());
}

TEST_F(InPlace, WhatIsRefusedRollsInTheSamePass) {
    for (int status : {403, 422}) {
        world.server->failNext(1, "PATCH", "/resize", status);
        askForCpu(std::to_string(status) + "m");
        world.pass();
        auto deployment = *world.find("Deployment", "shop-web");
        EXPECT_EQ(textAt(deployment, std::string("/spec/template") + kCpu),
                  std::to_string(status) + "m");
        EXPECT_EQ(base::at(deployment, "/spec/paused"), nullptr);
        EXPECT_NE(textAt(world.condition("Stalled"), "/status"), "True");
        edit("ReplicaSet", kSet,
             [&](Json& one) { one["spec"]["template"] = deployment["spec"]["template"]; });
        control();
        world.settle();
    }
    EXPECT_EQ(fallbacks(), 2U);
    EXPECT_THAT(world.events.back().note, testing::Not(testing::IsEmpty()));
}

TEST_F(InPlace, AServerInTroubleIsAskedAgain) {
    world.server->failNext(1, "PATCH", "/resize", 503);
    askForCpu("200m");
    EXPECT_EQ(world.pass().kind(), runtime::Outcome::Kind::Retry);
    EXPECT_EQ(fallbacks(), 0U);
    world.pass();
    EXPECT_EQ(textAt(*world.find("Pod", kPods[0]), kCpu), "200m");
}

TEST_F(InPlace, APodThatIsGoneMeanwhileStopsNothing) {
    askForCpu("200m");
    world.sync();
    world.server->drop(test::typeOf("Pod"), {"ns", kPods[0]});
    world.reconcile();
    EXPECT_EQ(fallbacks(), 0U);
    EXPECT_NE(textAt(world.condition("Stalled"), "/status"), "True");
}

}  // namespace
