#include "reconcile/observe.h"
#include "api/labels.h"

#include <gtest/gtest.h>

#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using reconcile::Ownership;
using test::typeOf;

kube::Meta meta(const std::string& name, const std::string& uid) {
    kube::Meta out;
    out.key = {"ns", name};
    out.uid = uid;
    return out;
}

kube::Meta ownedBy(const std::string& kind, const std::string& name, const std::string& uid,
                   bool controller = true) {
    kube::Meta out = meta("child", "child");
    out.owners.push_back(
        {.apiVersion = "v1", .kind = kind, .name = name, .uid = uid, .controller = controller});
    return out;
}

TEST(Ownership, IsTheControllersUid) {
    auto app = meta("shop", "u-1");
    EXPECT_EQ(reconcile::ownershipOf(ownedBy("ScalableApp", "shop", "u-1"), app), Ownership::Ours);
    EXPECT_EQ(reconcile::ownershipOf(ownedBy("ScalableApp", "shop", "u-0"), app),
              Ownership::Predecessor);
    EXPECT_EQ(reconcile::ownershipOf(ownedBy("ScalableApp", "other", "u-0"), app),
              Ownership::Foreign);
    EXPECT_EQ(reconcile::ownershipOf(ownedBy("Deployment", "shop", "u-0"), app),
              Ownership::Foreign);
    EXPECT_EQ(reconcile::ownershipOf(ownedBy("ScalableApp", "shop", "u-1", false), app),
              Ownership::Foreign);
    EXPECT_EQ(reconcile::ownershipOf(meta("child", "c"), app), Ownership::Foreign);
}

class Family : public testing::Test {
  protected:
    void add(const std::string& kind, const std::string& name, const std::string& owner,
             const std::string& label = "shop", const Json& spec = nullptr) {
        const auto& type = typeOf(kind);
        Json object = {{"apiVersion", type.apiVersion()},
                       {"kind", kind},
                       {"metadata",
                        {{"namespace", "ns"},
                         {"name", name},
                         {"uid", "uid-" + name},
                         {"resourceVersion", "5"},
                         {"labels", {{api::kAppLabel, label}}}}}};
        if (!owner.empty()) {
            object["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"},
                                                      {"kind", "Any"},
                                                      {"name", "any"},
                                                      {"uid", "uid-" + owner},
                                                      {"controller", true}}};
        }
        if (!spec.is_null()) {
            object["spec"] = spec;
        }
        stores_[kind].upsert(kube::Object::fromJson(object));
    }
    void SetUp() override {
        for (const auto& type : reconcile::childTypes()) {
            observer.watch(type, "", stores_[type.kind]);
        }
    }
    std::vector<std::string> names(const kube::Meta& app) {
        std::vector<std::string> out;
        for (const auto& object : observer.family(app)) {
            out.push_back(object->meta().key.name);
        }
        return out;
    }

    reconcile::Observer observer;

  private:
    std::map<std::string, runtime::Store> stores_;
};

TEST_F(Family, IsTheChainOfOwners) {
    add("Deployment", "web", "shop");
    add("ReplicaSet", "web-1", "web");
    add("Pod", "web-1-a", "web-1");
    add("Service", "svc", "shop");
    EXPECT_EQ(names(meta("shop", "uid-shop")),
              (std::vector<std::string>{"web", "web-1", "web-1-a", "svc"}));
}

TEST_F(Family, LeavesOutStrangersAndPredecessors) {
    add("Deployment", "of-the-one-before", "old-shop");
    add("ReplicaSet", "old-1", "of-the-one-before");
    add("Pod", "old-1-a", "old-1");
    add("Pod", "loose", "");
    add("Service", "of-another", "shop", "other");
    EXPECT_TRUE(names(meta("shop", "uid-shop")).empty());
}

TEST_F(Family, IsSeenWithoutWhatNoPlanReads) {
    const Json resources{{"requests", {{"cpu", "1"}}}};
    const Json pod{
        {"nodeName", "n"},
        {"volumes", {{{"name", "v"}}}},
        {"containers",
         {{{"name", "web"}, {"volumeMounts", {{{"name", "v"}}}}, {"resources", resources}}}}};
    const Json seen{{"nodeName", "n"},
                    {"containers", {{{"name", "web"}, {"resources", resources}}}}};
    add("Deployment", "web", "shop", "shop", {{"template", {{"spec", pod}}}});
    add("ReplicaSet", "web-1", "web", "shop", {{"replicas", 1}, {"template", {{"spec", pod}}}});
    add("Pod", "web-1-a", "web-1", "shop", pod);
    auto children = reconcile::treesOf(observer.family(meta("shop", "uid-shop")));
    ASSERT_EQ(children.size(), 3U);
    EXPECT_EQ(children[0]["spec"], (Json{{"template", {{"spec", pod}}}}))
        << "compared with its intent";
    EXPECT_EQ(children[1]["spec"], (Json{{"replicas", 1}, {"template", {{"spec", seen}}}}));
    EXPECT_EQ(children[2]["spec"], seen);
}

TEST(Observer, ServesEachNamespaceFromItsOwnStore) {
    runtime::Store one;
    runtime::Store two;
    reconcile::Observer observer;
    const auto& pods = typeOf("Pod");
    observer.watch(pods, "one", one);
    observer.watch(pods, "two", two);
    one.advance("7");
    auto scopeOne = reconcile::Observer::scope(pods, "one");
    auto scopeTwo = reconcile::Observer::scope(pods, "two");
    EXPECT_TRUE(observer.reached(scopeOne, "7"));
    EXPECT_FALSE(observer.reached(scopeOne, "8"));
    EXPECT_FALSE(observer.reached(scopeTwo, "7"));
    two.advance("10");
    EXPECT_TRUE(observer.reached(scopeTwo, "9"));
    // Nobody watches there: nothing to wait for.
    EXPECT_TRUE(observer.reached(reconcile::Observer::scope(pods, "three"), "9"));
}

TEST(Resources, AreFoundByVersionAndKind) {
    EXPECT_EQ(reconcile::childType("apps/v1", "Deployment")->plural, "deployments");
    EXPECT_EQ(reconcile::childType("v1", "Service")->apiVersion(), "v1");
    EXPECT_EQ(reconcile::childType("v1", "Deployment"), nullptr);
    EXPECT_EQ(reconcile::childType("v1", "Secret"), nullptr);
}

}  // namespace
