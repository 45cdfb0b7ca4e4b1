#include "runtime/owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/objects.h"

namespace {

using testing::HasSubstr;

const kube::ResourceType kShops{"example.dev", "v1", "shops", "Shop", true};
const kube::ResourceType kFleets{"example.dev", "v1", "fleets", "Fleet", false};
const kube::ResourceType kNodes{"", "v1", "nodes", "Node", false};

std::string refusal(const runtime::Owner& owner, const kube::ResourceType& type,
                    const base::Json& child) {
    auto owned = runtime::withController(owner, type, child);
    return owned ? "" : owned.error().message;
}

TEST(Owner, TheReferenceNamesTheControllerByUid) {
    auto pod =
        runtime::withController({kShops, {"ns", "shop"}, "u"}, test::kPods, test::podJson("a"));
    ASSERT_TRUE(pod) << pod.error().message;
    EXPECT_EQ((*pod)["metadata"]["ownerReferences"],
              base::Json::array({{{"apiVersion", "example.dev/v1"},
                                  {"kind", "Shop"},
                                  {"name", "shop"},
                                  {"uid", "u"},
                                  {"controller", true}}}));
}

TEST(Owner, AClusterScopedOneMayOwnAnything) {
    const runtime::Owner fleet{kFleets, {"", "north"}, "u"};
    EXPECT_EQ(refusal(fleet, test::kPods, test::podJson("a")), "");
    EXPECT_EQ(refusal(fleet, kNodes, {{"metadata", {{"name", "n"}}}}), "");
}

TEST(Owner, InAnotherNamespaceIsRefused) {
    EXPECT_EQ(refusal({kShops, {"other", "shop"}, "u"}, test::kPods, test::podJson("a")),
              "Shop other/shop cannot own Pod a: an owner must be in the namespace of what it "
              "owns, which is ns");
    EXPECT_THAT(
        refusal({kShops, {"other", "shop"}, "u"}, test::kPods, {{"metadata", {{"name", "a"}}}}),
        HasSubstr("which is none"));
}

TEST(Owner, OfAClusterScopedChildANamespacedOneIsRefused) {
    EXPECT_EQ(refusal({kShops, {"ns", "shop"}, "u"}, kNodes, {{"metadata", {{"name", "n"}}}}),
              "Shop ns/shop cannot own Node n: a cluster-scoped object cannot have a namespaced "
              "owner");
}

TEST(Owner, ThatWasNeverInAClusterIsRefused) {
    EXPECT_THAT(refusal({kShops, {"ns", "shop"}, ""}, test::kPods, test::podJson("a")),
                HasSubstr("has no UID"));
}

TEST(Owner, ASecondControllerIsRefusedAndAPlainOwnerIsNone) {
    auto pod = test::podJson("a");
    pod["metadata"]["ownerReferences"] = {
        {{"apiVersion", "v1"}, {"kind", "Fan"}, {"name", "f"}, {"uid", "f"}}};
    EXPECT_EQ(refusal({kShops, {"ns", "shop"}, "u"}, test::kPods, pod), "");
    pod["metadata"]["ownerReferences"][0]["controller"] = true;
    EXPECT_THAT(refusal({kShops, {"ns", "shop"}, "u"}, test::kPods, pod),
                HasSubstr("Fan f controls it already"));
}

}  // namespace
