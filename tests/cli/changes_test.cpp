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

TEST(Change, OtherResourcesInPlaceRestartNothing) {
    auto live = deployment("shop:1", 3);
    live["metadata"]["annotations"] = {{"scalableapp.dev/intent-hash", "1"}};
    auto intent = deployment("shop:1");
    intent["metadata"]["annotations"] = {{"scalableapp.dev/resize", "InPlace 1 now"},
                                         {"scalableapp.dev/template-digest", "2"}};
    auto change = cli::changeOf(intent, &live, Action::Change);
    EXPECT_EQ(change.effect, "gives 3 pods other resources in place");
    EXPECT_TRUE(change.fields.empty());
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

TEST(Change, ACountThatTheSpecFixesIsToldBesideTheObject) {
    auto live = deployment("shop:1", 3);
    live["spec"]["replicas"] = 3;
    auto change = cli::changeOf(live, &live, Action::Keep);
    cli::addCount(change, live, 3);
    EXPECT_EQ(change.action, Action::Keep);
    live["status"]["replicas"] = 0;  // none runs yet
    cli::addCount(change, live, 5);
    EXPECT_EQ(change.action, Action::Change);
    EXPECT_EQ(change.effect, "starts 2 pods");
    ASSERT_EQ(change.fields.size(), 1U);
    EXPECT_EQ(change.fields[0].path + change.fields[0].from + change.fields[0].to,
              "spec.replicas35");
    auto fewer = cli::changeOf(live, &live, Action::Keep);
    cli::addCount(fewer, live, 2);
    EXPECT_EQ(fewer.effect, "stops 1 pod");
    auto made = cli::changeOf(live, nullptr, Action::Make);
    cli::addCount(made, live, 5);
    EXPECT_EQ(made.action, Action::Make);
}

TEST(Change, ASelectorThatChangesMovesRequests) {
    Json service{{"kind", "Service"},
                 {"metadata", {{"name", "shop"}}},
                 {"spec", {{"selector", {{"scalableapp.dev/tier", "web"}}}}}};
    auto next = service;
    next["spec"]["selector"]["scalableapp.dev/tier"] = "loadBalancer";
    EXPECT_EQ(cli::changeOf(next, &service, Action::Change).effect,
              "moves requests from tier \"web\" to tier \"loadBalancer\"");
}

TEST(Change, WhatIsMadeOrGoesIsToldByWhatItMeans) {
    auto zoned = deployment("shop:1");
    EXPECT_EQ(cli::changeOf(zoned, nullptr, Action::Make).effect, "starts pods");
    zoned["metadata"]["labels"]["scalableapp.dev/zone"] = "z2";
    EXPECT_EQ(cli::changeOf(zoned, nullptr, Action::Make).effect, "starts pods in zone z2");
    Json ingress{{"kind", "Ingress"}, {"metadata", {{"name", "shop"}}}};
    EXPECT_EQ(cli::changeOf(ingress, nullptr, Action::Make).effect,
              "opens the way in from outside");
    EXPECT_EQ(cli::changeOf(ingress, &ingress, Action::Remove).effect,
              "closes the way in from outside");
}

TEST(Change, IsToldInALineAndItsFields) {
    auto live = deployment("shop:1", 3);
    std::vector<cli::Change> changes{
        cli::changeOf(deployment("shop:2"), &live, Action::Change),
        cli::changeOf({{"kind", "Service"}, {"metadata", {{"name", "shop"}}}}, nullptr,
                      Action::Make)};
    changes[1].later = true;
    EXPECT_EQ(cli::text("shop in ns", changes),
              "shop in ns\n"
              "  ~ change Deployment shop-web: restarts 3 pods, a few at a time\n"
              "      spec.template.spec.containers[web].image: \"shop:1\" -> \"shop:2\"\n"
              "  + make Service shop, as soon as what takes over serves\n");
    auto json = cli::json("shop", changes);
    EXPECT_EQ(base::stringAt(json, "/changes/1/action"), "make");
    EXPECT_EQ(base::boolAt(json, "/changes/1/later"), true);
    EXPECT_EQ(base::stringAt(json, "/changes/0/fields/0/to"), "\"shop:2\"");
}

}  // namespace
