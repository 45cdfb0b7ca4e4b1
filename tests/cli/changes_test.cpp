#include "cli/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::Json;
using cli::Action;
using testing::HasSubstr;

Json deployment(const std::string& image, int replicas = 3) {
    return {{"apiVersion", "apps/v1"},
            {"kind", "Deployment"},
            {"metadata", {{"name", "shop-web"}, {"labels", {{"a", "b"}}}}},
            {"spec",
             {{"template",
               {{"spec",
                 {{"containers",
                   {{{"name", "web"},
                     {"image", image},
                     {"ports", {{{"containerPort", 8080}, {"name", "http"}}}}}}}}}}}}},
            {"status", {{"replicas", replicas}}}};
}

std::vector<std::string> paths(const Json& intent, const Json& live) {
    std::vector<std::string> out;
    for (const auto& field : cli::fieldChanges(intent, live)) {
        out.push_back(field.path + ": " + field.from + " -> " + field.to);
    }
    return out;
}

TEST(FieldChanges, NameTheFieldByItsPath) {
    EXPECT_THAT(
        paths(deployment("shop:2"), deployment("shop:1")),
        testing::ElementsAre("spec.template.spec.containers[web].image: \"shop:1\" -> \"shop:2\""));
}

TEST(FieldChanges, WhatOnlyTheClusterHasIsNotOurs) {
    auto live = deployment("shop:1");
    live["metadata"]["annotations"] = {{"team", "blue"}};
    live["spec"]["replicas"] = 7;
    EXPECT_TRUE(paths(deployment("shop:1"), live).empty());
}

TEST(FieldChanges, TheOperatorsOwnMarkIsNoNews) {
    auto live = deployment("shop:1");
    live["metadata"]["annotations"]["scalableapp.dev/intent-hash"] = "1";
    auto intent = live;
    intent["metadata"]["annotations"]["scalableapp.dev/intent-hash"] = "2";
    EXPECT_TRUE(paths(intent, live).empty());
}

TEST(FieldChanges, ListEntriesComeAndGo) {
    Json one = {{"env", {{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "2"}}}}};
    Json two = {{"env", {{{"name", "B"}, {"value", "3"}}, {{"name", "C"}, {"value", "4"}}}}};
    EXPECT_THAT(paths(two, one),
                testing::ElementsAre("env[B].value: \"2\" -> \"3\"",
                                     "env[C]:  -> {\"name\":\"C\",\"value\":\"4\"}",
                                     "env[A]: {\"name\":\"A\",\"value\":\"1\"} -> "));
    EXPECT_THAT(paths({{"args", {"a", "b"}}}, {{"args", {"b", "a"}}}),
                testing::ElementsAre("args: [\"b\",\"a\"] -> [\"a\",\"b\"]"));
}

TEST(Change, ATemplateThatChangesRestartsPods) {
    auto live = deployment("shop:1", 3);
    auto change = cli::changeOf(deployment("shop:2"), &live, Action::Change);
    EXPECT_THAT(change.effect, HasSubstr("restarts 3 pods"));
    auto labels = deployment("shop:1");
    labels["metadata"]["labels"]["a"] = "c";
    EXPECT_EQ(cli::changeOf(labels, &live, Action::Change).effect, "");
    EXPECT_EQ(cli::changeOf(live, &live, Action::Remove).effect, "stops 3 pods");
    auto single = deployment("shop:1", 1);
    EXPECT_EQ(cli::changeOf(single, &single, Action::Remove).effect, "stops 1 pod");
}

TEST(Change, IsToldInALineAndItsFields) {
    auto live = deployment("shop:1", 3);
    std::vector<cli::Change> changes{
        cli::changeOf(deployment("shop:2"), &live, Action::Change),
        cli::changeOf({{"kind", "Service"}, {"metadata", {{"name", "shop"}}}}, nullptr,
                      Action::Make)};
    EXPECT_EQ(cli::text("shop in ns", changes),
              "shop in ns\n"
              "  ~ change Deployment shop-web: restarts 3 pods, a few at a time\n"
              "      spec.template.spec.containers[web].image: \"shop:1\" -> \"shop:2\"\n"
              "  + make Service shop\n");
    auto json = cli::json("shop", changes);
    EXPECT_EQ(base::stringAt(json, "/changes/1/action"), "make");
    EXPECT_EQ(base::stringAt(json, "/changes/0/fields/0/to"), "\"shop:2\"");
}

}  // namespace
