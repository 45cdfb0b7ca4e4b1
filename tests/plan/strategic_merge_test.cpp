// A patch of a pod template is merged as the API server's own strategic merge does it.
#include "plan/strategic_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"

namespace {

using base::Json;
using testing::HasSubstr;

Json pod() {
    return *base::parseJson(R"({"metadata":{"labels":{"a":"1"}},"spec":{
        "priorityClassName":"low",
        "securityContext":{"runAsNonRoot":true},
        "tolerations":[{"key":"x"}],
        "containers":[{"name":"web","image":"shop:1","command":["shop"],
                       "env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]}})");
}

Json merged(const std::string& patch) {
    Json out = pod();
    auto done = plan::strategicMerge(out, *base::parseJson(patch));
    EXPECT_TRUE(done) << done.error().message;
    return out;
}

std::string problemOf(const std::string& patch) {
    Json out = pod();
    auto done = plan::strategicMerge(out, *base::parseJson(patch));
    return done ? "" : done.error().message;
}

TEST(StrategicMerge, ASidecarIsAddedAndTheContainerStays) {
    auto out = merged(R"({"spec":{"containers":[{"name":"log","image":"log:1"}]}})");
    ASSERT_EQ(out["spec"]["containers"].size(), 2U);
    EXPECT_EQ(out["spec"]["containers"][0], pod()["spec"]["containers"][0]);
    EXPECT_EQ(out["spec"]["containers"][1]["image"], "log:1");
}

TEST(StrategicMerge, AnItemIsFoundByItsKey) {
    auto out = merged(
        R"({"spec":{"containers":[{"name":"web","tty":true,"env":[{"name":"B","value":"3"},{"name":"C","value":"4"}]}]}})");
    const auto& web = out["spec"]["containers"][0];
    EXPECT_EQ(web["image"], "shop:1");
    EXPECT_EQ(web["tty"], true);
    EXPECT_EQ(
        web["env"],
        *base::parseJson(
            R"([{"name":"A","value":"1"},{"name":"B","value":"3"},{"name":"C","value":"4"}])"));
}

TEST(StrategicMerge, ItemsFieldsAndMapsCanBeTakenAway) {
    auto out = merged(
        R"({"spec":{"priorityClassName":null,"securityContext":{"$patch":"delete"},
            "containers":[{"name":"web","env":[{"name":"A","$patch":"delete"}]}]}})");
    EXPECT_FALSE(out["spec"].contains("priorityClassName"));
    EXPECT_FALSE(out["spec"].contains("securityContext"));
    EXPECT_EQ(out["spec"]["containers"][0]["env"].size(), 1U);
}

TEST(StrategicMerge, WhatHasNoKeyIsReplacedAsAWhole) {
    auto out = merged(
        R"({"spec":{"tolerations":[{"key":"y"}],"securityContext":{"$patch":"replace","runAsUser":7},
            "containers":[{"name":"web","command":["sh"]}]}})");
    EXPECT_EQ(out["spec"]["tolerations"], *base::parseJson(R"([{"key":"y"}])"));
    EXPECT_EQ(out["spec"]["securityContext"], *base::parseJson(R"({"runAsUser":7})"));
    EXPECT_EQ(out["spec"]["containers"][0]["command"], *base::parseJson(R"(["sh"])"));
}

TEST(StrategicMerge, WhatCannotBeMeantIsRefused) {
    EXPECT_THAT(problemOf(R"({"spec":{"containers":[{"image":"x"}]}})"),
                HasSubstr("spec.containers: every item must have `name`"));
    EXPECT_THAT(problemOf(R"({"spec":{"$patch":"merge"}})"), HasSubstr("spec.$patch: must be"));
    EXPECT_THAT(problemOf(R"({"spec":{"$setElementOrder/containers":[]}})"),
                HasSubstr("there is no such directive"));
}

// Whatever the patch makes of the pod: it is named, and edges in front of it are planned all the
// same.
class MalformedPatch : public testing::TestWithParam<const char*> {};

TEST_P(MalformedPatch, IsNamedAndNothingElseFails) {
    base::Json web{{"image", "shop:1"}, {"overrides", {{"podTemplatePatch", GetParam()}}}};
    for (const char* cdn : {R"({})", R"({"cdn":{"paths":[{"match":"/a","ttlSeconds":1}]}})"}) {
        auto plan = plan::planApp(plan_test::app(base::dumpJson(web), cdn),
                                  {.children = {}, .now = plan_test::clockStart()});
        EXPECT_THAT(plan_test::condition(plan, "Ready")->message,
                    HasSubstr("web: InvalidPatch: `overrides.podTemplatePatch`"));
        auto objects = plan::objectsOf(plan_test::app(base::dumpJson(web), cdn));
        ASSERT_EQ(objects.refusals.size(), 1U);
        EXPECT_THAT(objects.refusals[0], HasSubstr("web: InvalidPatch"));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedPatch,
    testing::Values(R"({"spec":)", R"({"spec":{"containers":"x"}})",
                    R"({"spec":{"containers":{"a":1}}})", R"({"spec":{"containers":[1]}})",
                    R"({"spec":{"containers":[{"name":1}]}})",
                    R"({"spec":{"containers":[{"name":"web","resources":"x"}]}})",
                    R"({"spec":{"containers":[{"name":"web","resources":{"limits":1}}]}})",
                    R"({"spec":{"initContainers":"x"}})", R"({"metadata":{"labels":"x"}})"));

TEST(StrategicMerge, IsWhatTheOverrideDoes) {
    auto patch = R"({\"spec\":{\"containers\":[{\"name\":\"log\",\"image\":\"log:1\"}]}})";
    auto plan = plan::planApp(
        plan_test::app(std::string(R"({"image":"shop:1","overrides":{"podTemplatePatch":")") +
                       patch + R"("}})"),
        {.children = {}, .now = plan_test::clockStart()});
    auto containers =
        plan_test::object(plan, "Deployment")["spec"]["template"]["spec"]["containers"];
    ASSERT_EQ(containers.size(), 2U);
    EXPECT_EQ(containers[0]["image"], "shop:1");
}

}  // namespace
