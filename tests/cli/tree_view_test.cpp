// The tree of owners, from the objects alone.
#include "cli/tree_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

Json object(const std::string& kind, const std::string& name, const std::string& owner,
            const Json& rest = Json::object()) {
    Json out{{"kind", kind}, {"metadata", {{"name", name}, {"uid", name + "-uid"}}}};
    if (!owner.empty()) {
        out["metadata"]["ownerReferences"] =
            Json::array({{{"uid", owner + "-uid"}, {"controller", true}}});
    }
    out.merge_patch(rest);
    return out;
}

Json pod(const std::string& name, const char* ready) {
    return object("Pod", name, "set",
                  {{"spec", {{"nodeName", "n1"}}},
                   {"status",
                    {{"phase", "Running"},
                     {"conditions", Json::array({{{"type", "Ready"}, {"status", ready}}})}}}});
}

std::vector<Json> children() {
    return {pod("b", "False"),
            pod("a", "True"),
            object("ReplicaSet", "set", "web",
                   {{"spec", {{"replicas", 2}}}, {"status", {{"readyReplicas", 1}}}}),
            object("ReplicaSet", "older", "web", {{"spec", {{"replicas", 0}}}}),
            object("Deployment", "web", "shop",
                   {{"spec", {{"replicas", 2}}}, {"status", {{"readyReplicas", 1}}}}),
            object("Service", "shop-svc", "shop",
                   {{"spec",
                     {{"type", "ClusterIP"},
                      {"clusterIP", "10.0.0.7"},
                      {"ports", Json::array({{{"port", 80}}})}}}})};
}

Json app() {
    return object(
        "ScalableApp", "shop", "",
        {{"status",
          {{"conditions",
            Json::array(
                {{{"type", "Ready"}, {"status", "False"}, {"message", "web: NotReady"}}})}}}});
}

TEST(TreeView, HangsEachObjectUnderItsOwner) {
    EXPECT_EQ(cli::text(cli::treeOf(app(), children())),
              "ScalableApp/shop  web: NotReady  ✖\n"
              "├─ Deployment/web  1 of 2 ready  ✖\n"
              "│  └─ ReplicaSet/set  1 of 2 ready  ✖\n"
              "│     ├─ Pod/a  Running on n1\n"
              "│     └─ Pod/b  Running, not ready on n1  ✖\n"
              "└─ Service/shop-svc  ClusterIP 10.0.0.7:80\n");
}

TEST(TreeView, WhatAnAbsentObjectOwnsHangsUnderTheApplication) {
    auto root = cli::treeOf(app(), {pod("a", "True")});
    ASSERT_EQ(root.children.size(), 1U);
    EXPECT_EQ(root.children[0].name, "a");
}

TEST(TreeView, AnAutoscalerThatCannotMeasureIsMarked) {
    auto scaler =
        object("HorizontalPodAutoscaler", "web", "shop",
               {{"spec", {{"minReplicas", 3}, {"maxReplicas", 9}}},
                {"status",
                 {{"currentReplicas", 3},
                  {"conditions", Json::array({{{"type", "ScalingActive"},
                                               {"status", "False"},
                                               {"reason", "FailedGetResourceMetric"}}})}}}});
    EXPECT_THAT(cli::text(cli::treeOf(app(), {scaler})),
                HasSubstr("3 of 3 to 9, does not scale: FailedGetResourceMetric  ✖"));
    // It never goes on by itself: somebody has set its Deployment to no pod.
    scaler["status"]["conditions"][0]["reason"] = "ScalingDisabled";
    EXPECT_THAT(cli::text(cli::treeOf(app(), {scaler})),
                HasSubstr("does not scale: ScalingDisabled  ✖"));
    scaler["status"]["conditions"][0]["status"] = "True";
    EXPECT_THAT(cli::text(cli::treeOf(app(), {scaler})), Not(HasSubstr("does not scale")));
}

TEST(TreeView, JsonHasTheSameNodes) {
    auto tree = cli::json(cli::treeOf(app(), children()));
    EXPECT_EQ(base::stringAt(tree, "/children/0/children/0/children/1/name"), "b");
    EXPECT_EQ(base::boolAt(tree, "/children/0/children/0/children/1/well"), false);
    EXPECT_EQ(base::boolAt(tree, "/children/1/well"), true);
}

}  // namespace
