#include "reconcile/reconciler.h"
#include "api/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using runtime::Outcome;
using test::World;
using testing::HasSubstr;

// --- making

TEST(Reconciler, OnePassMakesEveryChild) {
    World world;
    auto app = world.put(test::autoscaled());
    world.pass();
    auto uid = base::stringAt(app, "/metadata/uid");
    for (const auto& [kind, name] :
         std::vector<std::pair<std::string, std::string>>{{"Deployment", "shop-web"},
                                                          {"Service", "shop"},
                                                          {"HorizontalPodAutoscaler", "shop-web"},
                                                          {"PodDisruptionBudget", "shop-web"}}) {
        auto child = world.find(kind, name);
        ASSERT_TRUE(child) << kind << " " << name;
        EXPECT_EQ(base::stringAt(*child, "/metadata/ownerReferences/0/uid"), uid) << kind;
        EXPECT_EQ(base::stringAt(*child, "/metadata/labels/scalableapp.dev~1app"), "shop") << kind;
    }
    EXPECT_EQ(world.statusWrites(), 1U);
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/status"), "False");
}

TEST(Reconciler, TheSecondPassWritesNothing) {
    World world;
    world.put(test::autoscaled());
    EXPECT_LE(world.settle(), 2);
    world.server->forgetRequests();
    EXPECT_EQ(world.pass().kind() == Outcome::Kind::Retry, false);
    EXPECT_EQ(world.server->mutations(), 0U);
    // And asks the server nothing either but for the caches' own lists.
    world.server->forgetRequests();
    world.reconcile();
    EXPECT_TRUE(world.server->requests().empty());
}

TEST(Reconciler, TellsTheGateOfEveryWrite) {
    World world;
    world.put(test::app());
    world.pass();
    EXPECT_EQ(world.written.size(), world.server->mutations());
    for (const auto& [scope, version] : world.written) {
        EXPECT_FALSE(world.observer.reached(scope, version)) << scope;
    }
    world.sync();
    for (const auto& [scope, version] : world.written) {
        EXPECT_TRUE(world.observer.reached(scope, version)) << scope;
    }
}

// --- keeping

TEST(Reconciler, RepairsAForeignChangeOfAnOwnedField) {
    World world;
    world.put(test::app());
    world.settle();
    auto before = world.children();
    world.server->edit(test::typeOf("Deployment"), {"ns", "shop-web"}, [](Json& object) {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1";
    });
    world.server->edit(test::typeOf("Service"), {"ns", "shop"}, [](Json& object) {
        object["spec"]["selector"]["scalableapp.dev/app"] = "x";
    });
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(world.children(), before);
    EXPECT_EQ(world.server->mutations("/deployments/"), 1U);
    EXPECT_EQ(world.server->mutations("/services/"), 1U);
    EXPECT_EQ(world.server->mutations("/poddisruptionbudgets/"), 0U);
}

TEST(Reconciler, LeavesAloneWhatOthersOwn) {
    World world;
    world.put(test::autoscaled());
    world.settle();
    world.server->edit(test::typeOf("Deployment"), {"ns", "shop-web"}, [](Json& object) {
        object["metadata"]["annotations"]["team"] = "blue";
        object["spec"]["replicas"] = 7;
        object["spec"]["progressDeadlineSeconds"] = 600;  // a server's default
    });
    world.server->edit(test::typeOf("Service"), {"ns", "shop"}, [](Json& object) {
        object["spec"]["clusterIP"] = "10.0.0.9";
        object["metadata"]["labels"]["cost-centre"] = "7";
    });
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(world.server->mutations("/deployments/") + world.server->mutations("/services/"), 0U);
}

TEST(Reconciler, MakesADeletedChildAgain) {
    World world;
    world.put(test::app());
    world.settle();
    auto before = world.children();
    for (const char* kind : {"Service", "Deployment", "PodDisruptionBudget"}) {
        world.server->drop(test::typeOf(kind),
                           {"ns", kind == std::string("Service") ? "shop" : "shop-web"});
    }
    world.pass();
    EXPECT_EQ(world.children(), before);
}

TEST(Reconciler, ALabelTakenAwayComesBack) {
    World world;
    world.put(test::app());
    world.settle();
    world.server->edit(test::typeOf("Service"), {"ns", "shop"},
                       [](Json& object) { object["metadata"]["labels"].erase(api::kAppLabel); });
    world.pass();
    auto service = world.find("Service", "shop");
    EXPECT_EQ(base::stringAt(*service, "/metadata/labels/scalableapp.dev~1app"), "shop");
    EXPECT_TRUE(world.condition("Stalled").empty() ||
                base::textAt(world.condition("Stalled"), "/status") == "False");
}

// --- removing

TEST(Reconciler, ABlockThatGoesTakesItsObjectAlong) {
    World world;
    world.put(test::autoscaled());
    world.settle();
    auto uid = base::stringAt(*world.find("HorizontalPodAutoscaler", "shop-web"), "/metadata/uid");
    world.editApp([](Json& object) {
        object["spec"]["web"].erase("autoscaling");
        object["spec"]["web"]["replicas"] = 3;
    });
    world.server->forgetRequests();
    world.settle();
    EXPECT_FALSE(world.find("HorizontalPodAutoscaler", "shop-web"));
    EXPECT_TRUE(world.find("Deployment", "shop-web"));
    bool preconditioned = false;
    for (const auto& request : world.server->requests()) {
        preconditioned = preconditioned || (request.method == "DELETE" &&
                                            request.body.find(*uid) != std::string::npos);
    }
    EXPECT_TRUE(preconditioned);
}

TEST(Reconciler, ASuccessorOfTheSameNameIsNotRemoved) {
    World world;
    world.put(test::autoscaled());
    world.settle();
    world.editApp([](Json& object) { object["spec"]["web"].erase("autoscaling"); });
    world.sync();
    // After the operator looked, somebody puts an autoscaler of his own in its place.
    world.server->drop(test::typeOf("HorizontalPodAutoscaler"), {"ns", "shop-web"});
    world.put({{"apiVersion", "autoscaling/v2"},
               {"kind", "HorizontalPodAutoscaler"},
               {"metadata", {{"namespace", "ns"}, {"name", "shop-web"}}},
               {"spec", {{"maxReplicas", 99}}}});
    EXPECT_NE(world.reconcile().kind(), Outcome::Kind::Retry);
    EXPECT_EQ(base::intAt(*world.find("HorizontalPodAutoscaler", "shop-web"), "/spec/maxReplicas"),
              99);
}

TEST(Reconciler, ADeletedAppIsLeftToTheGarbageCollector) {
    World world;
    world.put(test::app());
    world.settle();
    world.editApp([](Json& object) {
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        object["metadata"]["finalizers"] = {"foregroundDeletion"};
    });
    world.server->drop(test::typeOf("Service"), {"ns", "shop"});
    world.server->forgetRequests();
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Done);
    EXPECT_EQ(world.server->mutations(), 0U);
    world.server->drop(reconcile::scalableApps(), {"ns", "shop"});
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Done);
}

// --- dying in the middle

class CrashAfter : public testing::TestWithParam<int> {};

TEST_P(CrashAfter, AnyWriteTheNextOperatorConverges) {
    World whole;
    whole.put(test::autoscaled());
    whole.settle();

    World first;
    first.put(test::autoscaled());
    int left = GetParam();
    first.server->onRequest([&left](const kube::HttpRequest& request)
                                -> std::optional<kube::ApiResult<kube::HttpResponse>> {
        if (request.method == "GET" || left-- > 0) {
            return std::nullopt;
        }
        kube::ApiError dead;
        dead.kind = kube::ErrorKind::Unreachable;
        return kube::ApiResult<kube::HttpResponse>(base::failWith(dead));
    });
    first.pass();
    first.server->onRequest({});

    World second(first.server);
    second.settle();
    EXPECT_EQ(second.children().size(), whole.children().size());
    for (size_t i = 0; i < whole.children().size(); ++i) {
        auto expected = whole.children()[i];
        auto found = second.children()[i];
        expected["metadata"].erase("ownerReferences");
        found["metadata"].erase("ownerReferences");
        EXPECT_EQ(found, expected);
    }
    second.server->forgetRequests();
    second.pass();
    EXPECT_EQ(second.server->mutations(), 0U);
}

// Four children and the status: the sixth run sees no crash at all.
INSTANTIATE_TEST_SUITE_P(EveryWrite, CrashAfter, testing::Range(0, 6));

TEST(Reconciler, AnUnreachableServerIsTriedAgainWithoutAWordInTheStatus) {
    World world;
    world.put(test::app());
    world.server->failNext(1, "PATCH", "/services/", 429);
    auto outcome = world.pass();
    EXPECT_EQ(outcome.kind(), Outcome::Kind::Retry);
    EXPECT_THAT(outcome.message(), HasSubstr("Service \"shop\""));
    EXPECT_EQ(world.statusWrites(), 0U);
    world.settle();
    EXPECT_TRUE(world.find("Service", "shop"));
}

// --- status and events

// What the Deployment's controller does.
void rolledOut(World& world) {
    auto uid = *base::stringAt(*world.find("Deployment", "shop-web"), "/metadata/uid");
    world.server->edit(test::typeOf("Deployment"), {"ns", "shop-web"}, [](Json& object) {
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
        object["status"] = {{"observedGeneration", object["metadata"]["generation"]},
                            {"replicas", 2},
                            {"updatedReplicas", 2},
                            {"readyReplicas", 2},
                            {"availableReplicas", 2}};
    });
    auto labels = world.find("Deployment", "shop-web")->at("metadata").at("labels");
    world.put({{"apiVersion", "apps/v1"},
               {"kind", "ReplicaSet"},
               {"metadata",
                {{"namespace", "ns"},
                 {"name", "shop-web-1"},
                 {"labels", labels},
                 {"annotations", {{"deployment.kubernetes.io/revision", "1"}}},
                 {"ownerReferences",
                  {{{"apiVersion", "apps/v1"},
                    {"kind", "Deployment"},
                    {"name", "shop-web"},
                    {"uid", uid},
                    {"controller", true}}}}}},
               {"spec", {{"replicas", 2}}},
               {"status", {{"replicas", 2}, {"readyReplicas", 2}}}});
}

TEST(Reconciler, ReadyIsWrittenOnceAndItsEventOnce) {
    World world;
    world.put(test::app());
    world.settle();
    rolledOut(world);
    world.server->forgetRequests();
    world.settle();
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/status"), "True")
        << world.condition("Ready");
    EXPECT_EQ(world.statusWrites(), 1U);
    size_t events = world.events.size();
    auto since = base::textAt(world.condition("Ready"), "/lastTransitionTime");
    for (int i = 0; i < 5; ++i) {
        world.clock.advance(std::chrono::minutes(10));
        world.pass();
    }
    EXPECT_EQ(world.statusWrites(), 1U);
    EXPECT_EQ(world.events.size(), events);
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/lastTransitionTime"), since);
}

TEST(Reconciler, AStatusThatOthersSpoilIsWrittenAgain) {
    World world;
    world.put(test::app());
    world.settle();
    auto before = world.find("ScalableApp", "shop")->at("status");
    world.editApp([](Json& object) { object["status"]["conditions"] = Json::array(); });
    world.settle();
    auto after = world.find("ScalableApp", "shop")->at("status");
    EXPECT_EQ(after["conditions"].size(), before["conditions"].size());
}

}  // namespace
