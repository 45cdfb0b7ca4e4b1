// Single objects: create, read, update, patch.
#include "apiserver/conformance/suite.h"

namespace conformance {
namespace {

using base::Json;

void createAnswersWithWhatTheServerAdds(Subject& s) {
    auto made = s.create(kDeployments, s.deployment("a"));
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_FALSE(made.uid().empty());
    EXPECT_FALSE(made.version().empty());
    EXPECT_EQ(made.text("/metadata/creationTimestamp").size(), 20U);
    EXPECT_EQ(made.generation(), 1);
    EXPECT_EQ(base::intAt(made.body, "/spec/replicas"), 1);
    auto map = s.create(kMaps, s.map("a", "1"));
    EXPECT_EQ(sorted(s.get(kMaps, "a").body), sorted(map.body));
}

void aSecondOfTheNameIsRefused(Subject& s) {
    s.create(kMaps, s.map("a", "1"));
    auto twice = s.create(kMaps, s.map("a", "2"));
    EXPECT_EQ(twice.status, 409);
    EXPECT_EQ(twice.text("/reason"), "AlreadyExists");
    EXPECT_EQ(twice.text("/message"), "configmaps \"a\" already exists");
    EXPECT_EQ(s.get(kMaps, "a").text("/data/value"), "1");
}

void whatIsNotThereIsNotFound(Subject& s) {
    auto got = s.get(kDeployments, "nobody");
    EXPECT_EQ(got.status, 404);
    EXPECT_EQ(got.text("/reason"), "NotFound");
    EXPECT_EQ(got.text("/message"), "deployments.apps \"nobody\" not found");
    EXPECT_EQ(s.update(kMaps, s.map("nobody", "1")).status, 404);
    EXPECT_EQ(s.merge(kMaps, "nobody", {{"data", {{"x", "1"}}}}).status, 404);
    EXPECT_EQ(s.remove(kMaps, "nobody").status, 404);
}

void anUpdateOfAnOldVersionIsAConflict(Subject& s) {
    auto first = s.create(kMaps, s.map("a", "1"));
    auto changed = first.body;
    changed["data"]["value"] = "2";
    EXPECT_EQ(s.update(kMaps, changed).status, 200);
    changed["data"]["value"] = "3";
    auto stale = s.update(kMaps, changed);
    EXPECT_EQ(stale.status, 409);
    EXPECT_EQ(stale.text("/reason"), "Conflict");
    EXPECT_EQ(s.get(kMaps, "a").text("/data/value"), "2");
}

void aWriteToAnotherUidIsRefused(Subject& s) {
    auto object = s.create(kMaps, s.map("a", "1")).body;
    object["metadata"].erase("resourceVersion");
    object["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555";
    object["data"]["value"] = "2";
    EXPECT_EQ(s.update(kMaps, object).status, 409);
    Json patch{{"metadata", {{"uid", "11111111-2222-3333-4444-555555555555"}}},
               {"data", {{"value", "2"}}}};
    auto patched = s.merge(kMaps, "a", patch);
    EXPECT_EQ(patched.status, 422);
    EXPECT_EQ(patched.text("/details/causes/0/field"), "metadata.uid");
    patch["metadata"] = {{"resourceVersion", "1"}};
    EXPECT_EQ(s.merge(kMaps, "a", patch).status, 409);
    EXPECT_EQ(s.get(kMaps, "a").text("/data/value"), "1");
}

void whatChangesNothingKeepsItsVersion(Subject& s) {
    auto made = s.create(kMaps, s.map("a", "1"));
    auto again = s.update(kMaps, made.body);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.version(), made.version());
    EXPECT_EQ(s.merge(kMaps, "a", {{"data", {{"value", "1"}}}}).version(), made.version());
    EXPECT_NE(s.merge(kMaps, "a", {{"data", {{"value", "2"}}}}).version(), made.version());
}

void theGenerationCountsTheSpec(Subject& s) {
    s.create(kDeployments, s.deployment("a"));
    auto labelled = s.merge(kDeployments, "a", {{"metadata", {{"labels", {{"x", "1"}}}}}});
    EXPECT_EQ(labelled.generation(), 1);
    auto status = s.send("PATCH", s.path(kDeployments, "a/status", "fieldManager=user"),
                         {{"status", {{"replicas", 1}}}}, "application/merge-patch+json");
    EXPECT_EQ(status.status, 200) << status.body;
    EXPECT_EQ(status.generation(), 1);
    EXPECT_EQ(s.merge(kDeployments, "a", {{"spec", {{"replicas", 3}}}}).generation(), 2);
}

// A Service: no controller of a small cluster writes its status meanwhile.
void theStatusHasItsOwnDoor(Subject& s) {
    Json conditions = Json::array({{{"type", "Tested"},
                                    {"status", "True"},
                                    {"reason", "Told"},
                                    {"message", ""},
                                    {"lastTransitionTime", "2026-01-01T00:00:00Z"}}});
    auto type = [](const Answer& answer) { return answer.text("/status/conditions/0/type"); };
    auto open = [](const Answer& answer) {
        return base::boolAt(answer.body, "/spec/publishNotReadyAddresses").value_or(false);
    };
    auto object = s.service("a");
    object["status"]["conditions"] = conditions;
    auto made = s.create(kServices, object);
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(type(made), "");
    auto changed = made.body;
    changed["status"]["conditions"] = conditions;
    changed["spec"]["publishNotReadyAddresses"] = true;
    auto updated = s.update(kServices, changed);
    EXPECT_EQ(type(updated), "");
    EXPECT_TRUE(open(updated));
    changed = updated.body;
    changed["status"]["conditions"] = conditions;
    changed["spec"]["publishNotReadyAddresses"] = false;
    auto status = s.send("PUT", s.path(kServices, "a/status"), changed);
    EXPECT_EQ(status.status, 200) << status.body;
    EXPECT_EQ(type(status), "Tested");
    EXPECT_TRUE(open(status));
}

void aLeaseIsUpdatedByVersionOnly(Subject& s) {
    auto made = s.create(kLeases, s.object(kLeases, "a", {{"spec", {{"holderIdentity", "x"}}}}));
    ASSERT_EQ(made.status, 201) << made.body;
    auto blind = made.body;
    blind["metadata"].erase("resourceVersion");
    blind["spec"]["holderIdentity"] = "y";
    auto refused = s.update(kLeases, blind);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("/details/causes/0/field"), "metadata.resourceVersion");
    auto seen = made.body;
    seen["spec"]["holderIdentity"] = "y";
    EXPECT_EQ(s.update(kLeases, seen).text("/spec/holderIdentity"), "y");
    EXPECT_EQ(s.update(kLeases, seen).status, 409);
}

void patchesMergeAndTest(Subject& s) {
    auto object = s.map("a", "1");
    object["data"]["more"] = "x";
    s.create(kMaps, object);
    auto merged = s.merge(kMaps, "a", {{"data", {{"more", nullptr}, {"new", "y"}}}});
    EXPECT_EQ(sorted(merged.body["data"]), sorted({{"new", "y"}, {"value", "1"}}));
    auto type = "application/json-patch+json";
    Json wrong = Json::array({{{"op", "test"}, {"path", "/data/value"}, {"value", "2"}},
                              {{"op", "remove"}, {"path", "/data/value"}}});
    auto refused = s.send("PATCH", s.path(kMaps, "a"), wrong, type);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("/reason"), "Invalid");
    wrong[0]["value"] = "1";
    EXPECT_EQ(s.send("PATCH", s.path(kMaps, "a"), wrong, type).body["data"], Json({{"new", "y"}}));
}

void whatIsWrongIsNamed(Subject& s) {
    auto named = s.create(kMaps, s.map("Not_A_Name", "1"));
    EXPECT_EQ(named.status, 422);
    EXPECT_EQ(named.text("/reason"), "Invalid");
    EXPECT_EQ(named.text("/details/causes/0/field"), "metadata.name");
    auto object = s.deployment("a");
    object["spec"]["template"]["metadata"]["labels"]["app"] = "b";
    auto selector = s.create(kDeployments, object);
    EXPECT_EQ(selector.status, 422);
    EXPECT_EQ(selector.text("/details/causes/0/field"), "spec.template.metadata.labels");
    auto made = s.create(kDeployments, s.deployment("a"));
    made.body["metadata"].erase("resourceVersion");
    made.body["spec"]["selector"]["matchLabels"]["app"] = "b";
    made.body["spec"]["template"]["metadata"]["labels"]["app"] = "b";
    auto moved = s.update(kDeployments, made.body);
    EXPECT_EQ(moved.status, 422);
    EXPECT_EQ(moved.text("/details/causes/0/field"), "spec.selector");
}

void theServerCompletesNames(Subject& s) {
    auto object = s.map("", "1");
    object["metadata"].erase("name");
    object["metadata"]["generateName"] = "some-";
    auto first = s.create(kMaps, object);
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_TRUE(first.text("/metadata/name").starts_with("some-"));
    EXPECT_NE(s.create(kMaps, object).text("/metadata/name"), first.text("/metadata/name"));
    object["metadata"].erase("generateName");
    EXPECT_EQ(s.create(kMaps, object).status, 422);
}

void eventsBecomeSeries(Subject& s) {
    Json event = s.object(
        kEvents, "e",
        {{"eventTime", "2026-01-01T00:00:00.000000Z"},
         {"reportingController", "example.dev/tests"},
         {"reportingInstance", "tests-1"},
         {"action", "Test"},
         {"reason", "Tested"},
         {"type", "Normal"},
         {"note", "as told"},
         {"regarding",
          {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"namespace", s.ns()}, {"name", "a"}}}});
    auto made = s.create(kEvents, event);
    ASSERT_EQ(made.status, 201) << made.body;
    auto repeated =
        s.merge(kEvents, "e",
                {{"series", {{"count", 2}, {"lastObservedTime", "2026-01-01T00:00:01.000000Z"}}}});
    EXPECT_EQ(repeated.status, 200) << repeated.body;
    EXPECT_EQ(base::intAt(repeated.body, "/series/count"), 2);
}

void resourcesOfAPodHaveTheirOwnDoor(Subject& s) {
    constexpr const char* kCpu = "/spec/containers/0/resources/requests/cpu";
    // A namespace that was just made has no ServiceAccount yet, and takes no pod until then.
    Answer made;
    ASSERT_TRUE(s.eventually([&] {
        made = s.create(kPods, s.pod("a", {{"requests", {{"cpu", "1m"}, {"memory", "1Mi"}}}}));
        return made.status == 201;
    })) << made.body;
    auto type = "application/json-patch+json";
    Json more = Json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", made.uid()}},
                             {{"op", "add"}, {"path", kCpu}, {"value", "2m"}}});
    auto through = s.send("PATCH", s.path(kPods, "a"), more, type);
    EXPECT_EQ(through.status, 422) << through.body;
    EXPECT_EQ(through.text("/details/causes/0/field"), "spec");
    EXPECT_EQ(s.get(kPods, "a").text(kCpu), "1m");
    more.push_back({{"op", "add"}, {"path", "/metadata/labels"}, {"value", {{"x", "1"}}}});
    auto resized = s.send("PATCH", s.path(kPods, "a/resize"), more, type);
    EXPECT_EQ(resized.status, 200) << resized.body;
    EXPECT_EQ(resized.text(kCpu), "2m");
    EXPECT_EQ(resized.text("/metadata/labels/x"), "");  // nothing else comes through it
    EXPECT_EQ(resized.generation(), made.generation() + 1);
    auto less = s.send("PATCH", s.path(kPods, "a/resize"),
                       Json::array({{{"op", "remove"}, {"path", kCpu}}}), type);
    EXPECT_EQ(less.status, 422) << less.body;
    EXPECT_NE(less.text("/message").find("cannot be removed"), std::string::npos) << less.body;
    EXPECT_EQ(s.send("PATCH", s.path(kPods, "nobody/resize"), more, type).status, 404);
}

}  // namespace

std::vector<Case> objectCases() {
    return {{"CreateAnswersWithWhatTheServerAdds", createAnswersWithWhatTheServerAdds},
            {"ASecondOfTheNameIsRefused", aSecondOfTheNameIsRefused},
            {"WhatIsNotThereIsNotFound", whatIsNotThereIsNotFound},
            {"AnUpdateOfAnOldVersionIsAConflict", anUpdateOfAnOldVersionIsAConflict},
            {"AWriteToAnotherUidIsRefused", aWriteToAnotherUidIsRefused},
            {"WhatChangesNothingKeepsItsVersion", whatChangesNothingKeepsItsVersion},
            {"TheGenerationCountsTheSpec", theGenerationCountsTheSpec},
            {"TheStatusHasItsOwnDoor", theStatusHasItsOwnDoor},
            {"ALeaseIsUpdatedByVersionOnly", aLeaseIsUpdatedByVersionOnly},
            {"PatchesMergeAndTest", patchesMergeAndTest},
            {"WhatIsWrongIsNamed", whatIsWrongIsNamed},
            {"TheServerCompletesNames", theServerCompletesNames},
            {"EventsBecomeSeries", eventsBecomeSeries},
            {"ResourcesOfAPodHaveTheirOwnDoor", resourcesOfAPodHaveTheirOwnDoor}};
}

}  // namespace conformance
