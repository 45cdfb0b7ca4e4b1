#include "runtime/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/objects.h"

namespace {

using kube::ObjectKey;
using runtime::Store;
using test::podPtr;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<kube::ObjectPtr>& objects) {
    std::vector<std::string> out;
    for (const auto& object : objects) {
        out.push_back(object->meta().key.name);
    }
    return out;
}

TEST(Store, IsSyncedOnlyAfterTheFirstList) {
    Store store;
    store.upsert(podPtr("a", "1"));
    EXPECT_FALSE(store.synced());
    store.replace({}, "2");
    EXPECT_TRUE(store.synced());
    EXPECT_EQ(store.size(), 0U);
}

TEST(Store, TellsWhatWasAndWhatIs) {
    Store store;
    auto added = store.upsert(podPtr("a", "1"));
    EXPECT_EQ(added.before, nullptr);
    ASSERT_NE(added.after, nullptr);
    auto changed = store.upsert(podPtr("a", "2"));
    EXPECT_EQ(changed.before, added.after);
    EXPECT_EQ(changed.after->meta().resourceVersion, "2");
    auto removed = store.erase({"ns", "a"}, "3");
    EXPECT_EQ(removed.before, changed.after);
    EXPECT_EQ(removed.after, nullptr);
    EXPECT_EQ(store.get({"ns", "a"}), nullptr);
}

TEST(Store, RepeatedAndLateDeliveriesChangeNothing) {
    Store store;
    store.upsert(podPtr("a", "10"));
    EXPECT_FALSE(store.upsert(podPtr("a", "10")).changed());
    EXPECT_FALSE(store.upsert(podPtr("a", "9")).changed());
    EXPECT_EQ(store.get({"ns", "a"})->meta().resourceVersion, "10");
}

TEST(Store, ALateDeleteDoesNotTakeTheSuccessor) {
    Store store;
    store.upsert(podPtr("a", "10", "second"));
    EXPECT_FALSE(store.erase({"ns", "a"}, "9").changed());
    EXPECT_NE(store.get({"ns", "a"}), nullptr);
    EXPECT_FALSE(store.erase({"ns", "nobody"}, "11").changed());
}

TEST(Store, VersionRisesByObjectsDeletesAndBookmarksAndNeverFalls) {
    Store store;
    store.replace({}, "5");
    EXPECT_EQ(store.resourceVersion(), "5");
    store.upsert(podPtr("a", "9"));
    EXPECT_EQ(store.resourceVersion(), "9");
    store.upsert(podPtr("b", "7"));
    EXPECT_EQ(store.resourceVersion(), "9");
    store.erase({"ns", "a"}, "10");
    EXPECT_EQ(store.resourceVersion(), "10");
    store.advance("100");
    EXPECT_EQ(store.resourceVersion(), "100");
    store.advance("99");
    EXPECT_EQ(store.resourceVersion(), "100");
}

TEST(Store, AListIsTheTruthEvenWithALowerVersion) {
    Store store;
    store.replace({podPtr("a", "100")}, "100");
    store.replace({podPtr("a", "50")}, "60");
    EXPECT_EQ(store.resourceVersion(), "60");
    EXPECT_EQ(store.get({"ns", "a"})->meta().resourceVersion, "50");
}

TEST(Store, IndexesFollowEveryWayOfChanging) {
    Store store;
    store.addIndex("app", runtime::labelIndex("app"));
    store.upsert(podPtr("a", "1", "", "shop"));
    store.upsert(podPtr("b", "2", "", "shop"));
    EXPECT_THAT(names(store.byIndex("app", "ns/shop")), ElementsAre("a", "b"));
    store.upsert(podPtr("a", "3", "", "blog"));
    EXPECT_THAT(names(store.byIndex("app", "ns/shop")), ElementsAre("b"));
    EXPECT_THAT(names(store.byIndex("app", "ns/blog")), ElementsAre("a"));
    store.erase({"ns", "b"}, "4");
    EXPECT_THAT(store.byIndex("app", "ns/shop"), IsEmpty());
    store.replace({podPtr("c", "5", "", "shop")}, "5");
    EXPECT_THAT(names(store.byIndex("app", "ns/shop")), ElementsAre("c"));
    EXPECT_THAT(store.byIndex("app", "ns/blog"), IsEmpty());
    EXPECT_THAT(store.byIndex("unknown", "ns/shop"), IsEmpty());
}

kube::ObjectPtr ownedPod(const std::string& name, const std::string& version,
                         const std::string& ownerUid) {
    auto json = test::pod(name, version);
    json["metadata"]["ownerReferences"] = {
        {{"apiVersion", "v1"}, {"kind", "App"}, {"name", "other"}, {"uid", "no controller"}},
        {{"apiVersion", "v1"},
         {"kind", "App"},
         {"name", "shop"},
         {"uid", ownerUid},
         {"controller", true}}};
    return kube::Object::fromJson(json);
}

TEST(Store, AnOwnerMadeAnewDoesNotInheritItsPredecessorsChildren) {
    Store store;
    store.addIndex("owner", runtime::ownerIndex());
    store.upsert(ownedPod("left", "1", "first"));
    store.upsert(ownedPod("made", "2", "second"));
    store.upsert(test::podPtr("nobodys", "3"));
    EXPECT_THAT(names(store.byIndex("owner", "first")), ElementsAre("left"));
    EXPECT_THAT(names(store.byIndex("owner", "second")), ElementsAre("made"));
    EXPECT_THAT(store.byIndex("owner", "no controller"), IsEmpty());
}

TEST(Store, ReplaceTellsOnlyWhatDiffers) {
    Store store;
    store.replace({podPtr("same", "1"), podPtr("changed", "2"), podPtr("gone", "3"),
                   podPtr("reborn", "4", "first")},
                  "4");
    auto before = store.get({"ns", "same"});
    auto changes = store.replace({podPtr("same", "1"), podPtr("changed", "5"), podPtr("new", "6"),
                                  podPtr("reborn", "7", "second")},
                                 "7");
    std::vector<std::string> told;
    for (const auto& change : changes) {
        told.push_back((change.before ? change.before->meta().key.name : "-") + ">" +
                       (change.after ? change.after->meta().key.name : "-"));
    }
    EXPECT_THAT(told, testing::UnorderedElementsAre("gone>-", "reborn>-", "changed>changed",
                                                    "->new", "->reborn"));
    EXPECT_EQ(store.get({"ns", "same"}), before);
}

// Whatever order things came in, watching them ends where listing them does.
TEST(Store, ListPathEqualsWatchPath) {
    Store watched;
    Store listed;
    for (Store* store : {&watched, &listed}) {
        store->addIndex("app", runtime::labelIndex("app"));
        store->replace({podPtr("a", "1"), podPtr("b", "2")}, "2");
    }
    watched.upsert(podPtr("c", "3"));
    watched.upsert(podPtr("a", "4", "", "blog"));
    watched.erase({"ns", "b"}, "5");
    watched.upsert(podPtr("b", "6", "second"));
    listed.replace({podPtr("a", "4", "", "blog"), podPtr("b", "6", "second"), podPtr("c", "3")},
                   "6");
    EXPECT_EQ(names(watched.list()), names(listed.list()));
    for (const auto& object : watched.list()) {
        EXPECT_EQ(object->text(), listed.get(object->meta().key)->text());
    }
    EXPECT_EQ(watched.resourceVersion(), listed.resourceVersion());
    for (const char* app : {"ns/shop", "ns/blog"}) {
        EXPECT_EQ(names(watched.byIndex("app", app)), names(listed.byIndex("app", app)));
    }
}

TEST(Store, ALateWordOfAPredecessorIsNoNews) {
    runtime::Store store;
    store.upsert(test::podPtr("a", "12", "uid-new"));
    auto change = store.upsert(test::podPtr("a", "9", "uid-old"));
    EXPECT_FALSE(change.changed());
    EXPECT_EQ(store.get({"ns", "a"})->meta().uid, "uid-new");
    EXPECT_TRUE(store.upsert(test::podPtr("a", "13", "uid-newer")).changed());
}

}  // namespace
