// Server-side apply: who owns what, and what becomes of it.
#include <gmock/gmock.h>

#include "apiserver/conformance/suite.h"

namespace conformance {
namespace {

using base::Json;
using testing::ElementsAre;

nlohmann::json data(const Answer& answer) {
    return sorted(answer.body.value("data", Json()));
}

Json mapOf(Subject& s, const Json& values) {
    return s.object(kMaps, "a", {{"data", values}});
}

void applyMakesAndKeeps(Subject& s) {
    auto made = s.apply(kMaps, s.map("a", "1"), "one");
    EXPECT_EQ(made.status, 201) << made.body;
    auto again = s.apply(kMaps, s.map("a", "1"), "one");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.version(), made.version());
    EXPECT_EQ(again.body["metadata"]["managedFields"], made.body["metadata"]["managedFields"]);
    EXPECT_EQ(data(s.apply(kMaps, s.map("a", "2"), "one")), sorted({{"value", "2"}}));
}

void whatIsNoLongerNamedGoes(Subject& s) {
    s.apply(kMaps, mapOf(s, {{"mine", "1"}, {"also", "1"}}), "one");
    s.merge(kMaps, "a", {{"data", {{"theirs", "1"}}}});
    auto less = s.apply(kMaps, mapOf(s, {{"mine", "1"}}), "one");
    EXPECT_EQ(data(less), sorted({{"mine", "1"}, {"theirs", "1"}}));
    auto none = s.apply(kMaps, s.object(kMaps, "a"), "one");
    EXPECT_EQ(data(none), sorted({{"theirs", "1"}}));
    EXPECT_TRUE(owned(none.body, "one").is_null());
}

void theFieldsOfAnIntentAreRecorded(Subject& s) {
    auto object = s.deployment("a");
    object["metadata"]["labels"] = {{"x", "1"}};
    object["spec"]["template"]["spec"]["nodeSelector"] = {{"disk", "fast"}};
    auto made = s.apply(kDeployments, object, "one");
    ASSERT_EQ(made.status, 201) << made.body;
    auto leaf = Json::object();
    Json container{
        {".", leaf},
        {"f:image", leaf},
        {"f:name", leaf},
        {"f:ports",
         {{"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}",
           {{".", leaf}, {"f:containerPort", leaf}, {"f:name", leaf}, {"f:protocol", leaf}}}}}};
    Json expected{{"f:metadata", {{"f:labels", {{"f:x", leaf}}}}},
                  {"f:spec",
                   {{"f:selector", leaf},
                    {"f:template",
                     {{"f:metadata", {{"f:labels", {{"f:app", leaf}}}}},
                      {"f:spec",
                       {{"f:containers", {{"k:{\"name\":\"web\"}", container}}},
                        {"f:nodeSelector", leaf}}}}}}}};
    EXPECT_EQ(sorted(owned(made.body, "one")), sorted(expected));
}

void aFieldOfAnotherIsAConflict(Subject& s) {
    s.apply(kMaps, s.map("a", "1"), "one");
    auto refused = s.apply(kMaps, s.map("a", "2"), "two");
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.text("/reason"), "Conflict");
    EXPECT_EQ(refused.text("/details/causes/0/reason"), "FieldManagerConflict");
    EXPECT_EQ(refused.text("/details/causes/0/field"), ".data.value");
    EXPECT_EQ(s.get(kMaps, "a").text("/data/value"), "1");
    auto forced = s.apply(kMaps, s.map("a", "2"), "two", true);
    EXPECT_EQ(forced.text("/data/value"), "2");
    EXPECT_TRUE(owned(forced.body, "one").is_null());
    // Whoever lost a field does not take it away by no longer naming it.
    EXPECT_EQ(s.apply(kMaps, s.object(kMaps, "a"), "one").text("/data/value"), "2");
}

void aSharedFieldStaysWithTheOther(Subject& s) {
    s.apply(kMaps, s.map("a", "1"), "one");
    auto shared = s.apply(kMaps, s.map("a", "1"), "two");
    EXPECT_EQ(shared.status, 200);
    EXPECT_FALSE(owned(shared.body, "one").is_null());
    EXPECT_FALSE(owned(shared.body, "two").is_null());
    EXPECT_EQ(s.apply(kMaps, s.object(kMaps, "a"), "one").text("/data/value"), "1");
    auto last = s.apply(kMaps, s.object(kMaps, "a"), "two");
    EXPECT_EQ(last.text("/data/value"), "");
}

void anUpdateTakesWhatItChanges(Subject& s) {
    s.apply(kMaps, mapOf(s, {{"x", "1"}, {"y", "1"}}), "one");
    auto patched = s.merge(kMaps, "a", {{"data", {{"x", "2"}}}});
    EXPECT_EQ(owned(patched.body, "one")["f:data"], Json({{"f:y", Json::object()}}));
    EXPECT_EQ(owned(patched.body, "user", "Update")["f:data"], Json({{"f:x", Json::object()}}));
    EXPECT_EQ(s.apply(kMaps, mapOf(s, {{"x", "1"}, {"y", "1"}}), "one").status, 409);
    EXPECT_EQ(s.apply(kMaps, mapOf(s, {{"x", "1"}, {"y", "1"}}), "one", true).text("/data/x"), "1");
}

Json environment(Subject& s, const Json& variables) {
    auto object = s.deployment("a");
    object["spec"]["template"]["spec"]["containers"][0]["env"] = variables;
    return object;
}

std::vector<std::string> variablesOf(const Answer& answer) {
    std::vector<std::string> out;
    for (const auto& one : base::arrayAt(answer.body, "/spec/template/spec/containers/0/env")) {
        out.push_back(one.value("name", "") + "=" + one.value("value", ""));
    }
    return out;
}

void itemsOfListsWithKeysHaveOwners(Subject& s) {
    s.apply(kDeployments,
            environment(s, {{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "1"}}}),
            "one");
    auto other = s.object(
        kDeployments, "a",
        {{"spec",
          {{"template",
            {{"spec",
              {{"containers",
                Json::array({{{"name", "web"},
                              {"env", Json::array({{{"name", "C"}, {"value", "1"}}})}}})}}}}}}}});
    auto both = s.apply(kDeployments, other, "two");
    ASSERT_EQ(both.status, 200) << both.body;
    EXPECT_THAT(variablesOf(both), ElementsAre("A=1", "B=1", "C=1"));
    auto less = s.apply(kDeployments, environment(s, {{{"name", "B"}, {"value", "2"}}}), "one");
    EXPECT_THAT(variablesOf(less), ElementsAre("B=2", "C=1"));
    EXPECT_EQ(less.text("/spec/template/spec/containers/0/image"), "web:1");
}

void ownersAndFinalizersAreMerged(Subject& s) {
    auto owner = s.create(kMaps, s.map("owner", "1"));
    auto reference = [&](const Answer& of) {
        return Json{{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"name", of.text("/metadata/name")},
                    {"uid", of.uid()}};
    };
    auto second = s.create(kMaps, s.map("second", "1"));
    auto mine = s.map("a", "1");
    mine["metadata"]["ownerReferences"] = Json::array({reference(owner)});
    mine["metadata"]["finalizers"] = {"example.dev/one"};
    s.apply(kMaps, mine, "one");
    auto theirs = s.object(kMaps, "a");
    theirs["metadata"]["ownerReferences"] = Json::array({reference(second)});
    theirs["metadata"]["finalizers"] = {"example.dev/two"};
    auto both = s.apply(kMaps, theirs, "two");
    EXPECT_EQ(base::arrayAt(both.body, "/metadata/ownerReferences").size(), 2U) << both.body;
    EXPECT_EQ(both.body["metadata"]["finalizers"], Json({"example.dev/one", "example.dev/two"}));
    auto less = s.apply(kMaps, s.map("a", "1"), "one");
    EXPECT_EQ(base::arrayAt(less.body, "/metadata/ownerReferences").size(), 1U);
    EXPECT_EQ(less.body["metadata"]["finalizers"], Json({"example.dev/two"}));
    s.apply(kMaps, s.object(kMaps, "a"), "two");
}

void applyHasPreconditions(Subject& s) {
    auto made = s.apply(kMaps, s.map("a", "1"), "one");
    auto wrong = s.map("a", "2");
    wrong["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555";
    auto other = s.apply(kMaps, wrong, "one", true);
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.text("/details/causes/0/field"), "metadata.uid");
    wrong["metadata"]["name"] = "nobody";
    EXPECT_EQ(s.apply(kMaps, wrong, "one").status, 409);
    EXPECT_EQ(s.get(kMaps, "nobody").status, 404);
    auto stale = s.map("a", "2");
    stale["metadata"]["resourceVersion"] = made.version();
    EXPECT_EQ(s.apply(kMaps, stale, "one").status, 200);
    stale["data"]["value"] = "3";
    EXPECT_EQ(s.apply(kMaps, stale, "one").status, 409);
    EXPECT_EQ(s.get(kMaps, "a").text("/data/value"), "2");
    auto nameless =
        s.send("PATCH", s.path(kMaps, "a"), s.map("a", "3"), "application/apply-patch+yaml");
    EXPECT_EQ(nameless.status, 422) << nameless.body;
}

void theStatusIsAppliedByItself(Subject& s) {
    auto first = s.apply(kServices, s.service("a"), "one");
    ASSERT_EQ(first.status, 201) << first.body;
    auto condition = [](const char* type) {
        return Json{{"type", type},
                    {"status", "True"},
                    {"reason", "Told"},
                    {"message", ""},
                    {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
    };
    auto status =
        s.object(kServices, "a",
                 {{"status", {{"conditions", Json::array({condition("A"), condition("B")})}}}});
    auto applied = s.apply(kServices, status, "one", true, "status");
    ASSERT_EQ(applied.status, 200) << applied.body;
    EXPECT_EQ(base::arrayAt(applied.body, "/status/conditions").size(), 2U);
    EXPECT_FALSE(owned(applied.body, "one", "Apply", "status").is_null());
    status["status"]["conditions"].erase(0);
    auto less = s.apply(kServices, status, "one", true, "status");
    ASSERT_EQ(base::arrayAt(less.body, "/status/conditions").size(), 1U) << less.body;
    EXPECT_EQ(less.text("/status/conditions/0/type"), "B");
    // The main resource's intent knows nothing of it.
    auto again = s.apply(kServices, s.service("a"), "one");
    EXPECT_EQ(again.text("/status/conditions/0/type"), "B");
    EXPECT_EQ(again.version(), less.version());
}

void aCountThatIsLetGo(Subject& s) {
    auto counted = s.deployment("a");
    counted["spec"]["replicas"] = 3;
    s.apply(kDeployments, counted, "one");
    // Nobody else wanted it: the default is back.
    auto alone = s.apply(kDeployments, s.deployment("a"), "one");
    EXPECT_EQ(base::intAt(alone.body, "/spec/replicas"), 1);
    s.apply(kDeployments, counted, "one");
    s.merge(kDeployments, "a", {{"spec", {{"replicas", 5}}}});
    auto scaled = s.apply(kDeployments, s.deployment("a"), "one");
    EXPECT_EQ(base::intAt(scaled.body, "/spec/replicas"), 5);
}

}  // namespace

std::vector<Case> applyCases() {
    return {{"ApplyMakesAndKeeps", applyMakesAndKeeps},
            {"WhatIsNoLongerNamedGoes", whatIsNoLongerNamedGoes},
            {"TheFieldsOfAnIntentAreRecorded", theFieldsOfAnIntentAreRecorded},
            {"AFieldOfAnotherIsAConflict", aFieldOfAnotherIsAConflict},
            {"ASharedFieldStaysWithTheOther", aSharedFieldStaysWithTheOther},
            {"AnUpdateTakesWhatItChanges", anUpdateTakesWhatItChanges},
            {"ItemsOfListsWithKeysHaveOwners", itemsOfListsWithKeysHaveOwners},
            {"OwnersAndFinalizersAreMerged", ownersAndFinalizersAreMerged},
            {"ApplyHasPreconditions", applyHasPreconditions},
            {"TheStatusIsAppliedByItself", theStatusIsAppliedByItself},
            {"ACountThatIsLetGo", aCountThatIsLetGo}};
}

}  // namespace conformance
