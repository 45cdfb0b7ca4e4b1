// Deletion: preconditions, finalizers, what becomes of dependents.
#include "apiserver/conformance/suite.h"

namespace conformance {
namespace {

using base::Json;

Json owned(Subject& s, const std::string& name, const std::vector<Answer>& owners,
           bool blocking = false) {
    auto object = s.map(name, "1");
    for (const auto& owner : owners) {
        object["metadata"]["ownerReferences"].push_back({{"apiVersion", "v1"},
                                                         {"kind", "ConfigMap"},
                                                         {"name", owner.text("/metadata/name")},
                                                         {"uid", owner.uid()},
                                                         {"blockOwnerDeletion", blocking}});
    }
    return object;
}

bool gone(Subject& s, const std::string& name) {
    return s.eventually([&] { return s.get(kMaps, name).status == 404; });
}

void aDeletionHasPreconditions(Subject& s) {
    auto made = s.create(kMaps, s.map("a", "1"));
    auto with = [&](const char* field, const std::string& value) {
        return s.remove(kMaps, "a", {{"preconditions", {{field, value}}}}).status;
    };
    EXPECT_EQ(with("uid", "11111111-2222-3333-4444-555555555555"), 409);
    s.merge(kMaps, "a", {{"data", {{"value", "2"}}}});
    EXPECT_EQ(with("resourceVersion", made.version()), 409);
    EXPECT_EQ(s.get(kMaps, "a").status, 200);
    EXPECT_EQ(with("uid", made.uid()), 200);
    EXPECT_EQ(s.get(kMaps, "a").status, 404);
}

void aDeletionAnswersSuccess(Subject& s) {
    s.create(kMaps, s.map("a", "1"));
    auto answer = s.remove(kMaps, "a");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("/kind"), "Status");
    EXPECT_EQ(answer.text("/status"), "Success");
}

void aFinalizerHolds(Subject& s) {
    auto object = s.map("a", "1");
    object["metadata"]["finalizers"] = {"example.dev/hold"};
    s.create(kMaps, object);
    EXPECT_EQ(s.remove(kMaps, "a").status, 200);
    auto leaving = s.get(kMaps, "a");
    ASSERT_EQ(leaving.status, 200);
    EXPECT_FALSE(leaving.text("/metadata/deletionTimestamp").empty());
    EXPECT_EQ(s.remove(kMaps, "a").status, 200);
    EXPECT_EQ(s.get(kMaps, "a").version(), leaving.version());
    // It can be changed, but not be held by others.
    auto more = s.merge(kMaps, "a",
                        {{"metadata", {{"finalizers", {"example.dev/hold", "example.dev/more"}}}}});
    EXPECT_EQ(more.status, 422) << more.body;
    EXPECT_EQ(s.merge(kMaps, "a", {{"data", {{"value", "2"}}}}).status, 200);
    EXPECT_EQ(s.merge(kMaps, "a", {{"metadata", {{"finalizers", nullptr}}}}).status, 200);
    EXPECT_EQ(s.get(kMaps, "a").status, 404);
}

void leavingIsANewGeneration(Subject& s) {
    auto object = s.deployment("a");
    object["metadata"]["finalizers"] = {"example.dev/hold"};
    s.create(kDeployments, object);
    s.remove(kDeployments, "a");
    EXPECT_EQ(s.get(kDeployments, "a").generation(), 2);
    s.merge(kDeployments, "a", {{"metadata", {{"finalizers", nullptr}}}});
    EXPECT_EQ(s.get(kDeployments, "a").status, 404);
}

void dependentsGoWithTheirLastOwner(Subject& s) {
    auto first = s.create(kMaps, s.map("first", "1"));
    auto second = s.create(kMaps, s.map("second", "1"));
    s.create(kMaps, owned(s, "of-one", {first}));
    s.create(kMaps, owned(s, "of-both", {first, second}));
    s.remove(kMaps, "first");
    EXPECT_TRUE(gone(s, "of-one"));
    EXPECT_TRUE(s.eventually([&] {
        return base::arrayAt(s.get(kMaps, "of-both").body, "/metadata/ownerReferences").size() == 1;
    }));
    s.remove(kMaps, "second");
    EXPECT_TRUE(gone(s, "of-both"));
}

void orphansStay(Subject& s) {
    auto owner = s.create(kMaps, s.map("owner", "1"));
    s.create(kMaps, owned(s, "child", {owner}));
    EXPECT_EQ(s.remove(kMaps, "owner", {{"propagationPolicy", "Orphan"}}).status, 200);
    EXPECT_TRUE(gone(s, "owner"));
    auto child = s.get(kMaps, "child");
    EXPECT_EQ(child.status, 200);
    EXPECT_TRUE(base::arrayAt(child.body, "/metadata/ownerReferences").empty());
}

void anOwnerInTheForegroundWaits(Subject& s) {
    auto owner = s.create(kMaps, s.map("owner", "1"));
    auto child = owned(s, "child", {owner}, true);
    child["metadata"]["finalizers"] = {"example.dev/hold"};
    s.create(kMaps, child);
    s.create(kMaps, owned(s, "free", {owner}));
    EXPECT_EQ(s.remove(kMaps, "owner", {{"propagationPolicy", "Foreground"}}).status, 200);
    EXPECT_TRUE(gone(s, "free"));
    EXPECT_TRUE(s.eventually(
        [&] { return !s.get(kMaps, "child").text("/metadata/deletionTimestamp").empty(); }));
    auto waiting = s.get(kMaps, "owner");
    ASSERT_EQ(waiting.status, 200);
    EXPECT_EQ(waiting.body["metadata"]["finalizers"], Json({"foregroundDeletion"}));
    s.merge(kMaps, "child", {{"metadata", {{"finalizers", nullptr}}}});
    EXPECT_TRUE(gone(s, "owner"));
}

}  // namespace

std::vector<Case> deleteCases() {
    return {{"ADeletionHasPreconditions", aDeletionHasPreconditions},
            {"ADeletionAnswersSuccess", aDeletionAnswersSuccess},
            {"AFinalizerHolds", aFinalizerHolds},
            {"LeavingIsANewGeneration", leavingIsANewGeneration},
            {"DependentsGoWithTheirLastOwner", dependentsGoWithTheirLastOwner},
            {"OrphansStay", orphansStay},
            {"AnOwnerInTheForegroundWaits", anOwnerInTheForegroundWaits}};
}

}  // namespace conformance
