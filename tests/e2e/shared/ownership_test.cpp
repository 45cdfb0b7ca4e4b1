// What the operator owns it repairs; what others own it leaves alone; at rest it writes nothing.
#include <map>
#include <thread>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class Ownership : public ClusterTest {
  protected:
    std::map<std::string, std::string> versions() {
        std::map<std::string, std::string> out;
        for (const auto& object :
             list("scalableapps,deployments,services,hpa,pdb,leases,events.v1.events.k8s.io")) {
            out[base::stringAt(object, "/kind").value_or("") + "/" +
                base::stringAt(object, "/metadata/name").value_or("")] =
                base::stringAt(object, "/metadata/resourceVersion").value_or("");
        }
        return out;
    }
};

TEST_F(Ownership, ForeignChangeToAnOwnedFieldIsRepaired) {
    apply(appYaml("shop", "replicas: 1"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(kubectl({"set", "image", "deployment/shop-web", "*=evil:1"}).ok());
    EXPECT_TRUE(eventually(15s, "our image is back", [&] {
        return field("deployment", "shop-web", "/spec/template/spec/containers/0/image") ==
               shopImage();
    }));
    ASSERT_TRUE(kubectl({"patch", "service", "shop", "--type=merge", "-p",
                         R"({"spec":{"selector":{"app":"other"}}})"})
                    .ok());
    EXPECT_TRUE(eventually(15s, "our selector is back", [&] {
        return field("service", "shop", "/spec/selector/scalableapp.dev~1app") == "shop";
    }));
}

TEST_F(Ownership, DeletedChildrenComeBack) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(kubectl({"delete", "service/shop", "pdb/shop-web"}).ok());
    EXPECT_TRUE(eventually(15s, "Service and PodDisruptionBudget are back",
                           [&] { return exists("service", "shop") && exists("pdb", "shop-web"); }));
}

TEST_F(Ownership, FieldsOfOthersStay) {
    apply(appYaml("shop", "autoscaling: {minReplicas: 2, maxReplicas: 5}"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(kubectl({"annotate", "deployment/shop-web", "team=blue"}).ok());
    ASSERT_TRUE(kubectl({"annotate", "service/shop", "team=blue"}).ok());
    // The count is the autoscaler's: somebody else's scale-out must not be undone by us.
    ASSERT_TRUE(kubectl({"scale", "deployment/shop-web", "--replicas=4"}).ok());
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"web":{"drainSeconds":3}}})"})
                    .ok());
    EXPECT_TRUE(eventually(20s, "our own change arrives", [&] {
        auto deployment = get("deployment", "shop-web");
        return deployment && base::dumpJson(*deployment).find("\"seconds\":3") != std::string::npos;
    }));
    EXPECT_NE(field("deployment", "shop-web", "/spec/replicas"), "2");
    EXPECT_EQ(field("deployment", "shop-web", "/metadata/annotations/team"), "blue");
    EXPECT_EQ(field("service", "shop", "/metadata/annotations/team"), "blue");
}

TEST_F(Ownership, AtRestNothingIsWritten) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_TRUE(eventually(20s, "nothing reconciles any more", [&] {
        return base::dumpJson(condition("shop", "Reconciling")).find("True") == std::string::npos;
    }));
    std::this_thread::sleep_for(5s);
    auto before = versions();
    std::this_thread::sleep_for(30s);
    EXPECT_EQ(versions(), before);
}

TEST_F(Ownership, AStrangersObjectIsNotTaken) {
    apply("apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: 9}]}\n");
    apply(appYaml("shop", "replicas: 1"));
    EXPECT_TRUE(eventually(15s, "Stalled names the Service", [&] {
        return base::stringAt(condition("shop", "Stalled"), "/message")
                   .value_or("")
                   .find("Service") != std::string::npos;
    }));
    EXPECT_EQ(field("service", "shop", "/spec/ports/0/port"), "9");
    ASSERT_TRUE(kubectl({"delete", "service", "shop"}).ok());
    EXPECT_TRUE(becomesReady("shop"));
}

TEST_F(Ownership, ObserveTouchesNothing) {
    std::string yaml = appYaml("shop", "replicas: 1");
    yaml += "  management: Observe\n";
    apply(yaml);
    EXPECT_TRUE(eventually(15s, "a status", [&] {
        return !field("scalableapp", "shop", "/status/observedGeneration").empty();
    }));
    EXPECT_FALSE(exists("deployment", "shop-web"));
}

}  // namespace
