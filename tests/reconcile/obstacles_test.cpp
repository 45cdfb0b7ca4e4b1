// What stands between an application and its objects: strangers, quotas, rights, broken servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/labels.h"
#include "reconcile/resources.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using runtime::Outcome;
using test::World;
using testing::HasSubstr;

Json strangersService() {
    return {{"apiVersion", "v1"},
            {"kind", "Service"},
            {"metadata", {{"namespace", "ns"}, {"name", "shop"}}},
            {"spec",
             {{"selector", {{"app.kubernetes.io/name", "other"}}}, {"ports", {{{"port", 9}}}}}}};
}

TEST(Obstacles, AStrangersObjectIsNotTakenOver) {
    for (bool labelled : {false, true}) {
        World world;
        auto service = strangersService();
        if (labelled) {
            service["metadata"]["labels"][api::kAppLabel] = "shop";
        }
        world.put(service);
        world.put(test::app());
        EXPECT_EQ(world.pass().kind(), Outcome::Kind::After);
        EXPECT_EQ(base::intAt(*world.find("Service", "shop"), "/spec/ports/0/port"), 9);
        EXPECT_EQ(world.server->mutations("/services/"), 0U);
        auto stalled = world.condition("Stalled");
        EXPECT_EQ(base::textAt(stalled, "/status"), "True");
        EXPECT_EQ(base::textAt(stalled, "/reason"), "ObjectConflict");
        EXPECT_THAT(base::textAt(stalled, "/message"), HasSubstr("Service \"shop\""));
        EXPECT_THAT(base::textAt(stalled, "/message"), HasSubstr("delete or rename"));
        EXPECT_EQ(base::textAt(world.condition("Ready"), "/status"), "False");
        // The rest of the application stands.
        EXPECT_TRUE(world.find("Deployment", "shop-web"));

        // The same again says nothing again.
        world.settle();
        size_t events = world.events.size();
        world.server->forgetRequests();
        world.clock.advance(std::chrono::seconds(20));
        world.pass();
        EXPECT_EQ(world.server->mutations(), 0U);
        EXPECT_EQ(world.events.size(), events);

        world.server->drop(test::typeOf("Service"), {"ns", "shop"});
        world.settle();
        EXPECT_EQ(base::intAt(*world.find("Service", "shop"), "/spec/ports/0/port"), 80);
        EXPECT_NE(base::textAt(world.condition("Stalled"), "/status"), "True")
            << world.condition("Stalled");
    }
}

// It comes between our question whether there is one and our making it.
TEST(Obstacles, AStrangersObjectIsNotTakenOverInTheLastMoment) {
    World world;
    world.put(test::app());
    kube::Client stranger(world.server, {.fieldManager = "kubectl"});
    bool came = false;
    world.server->onRequest([&](const kube::HttpRequest& request)
                                -> std::optional<kube::ApiResult<kube::HttpResponse>> {
        const bool ours =
            request.method == "PATCH" && request.target.find("/services/shop") != std::string::npos;
        if (ours && !std::exchange(came, true)) {
            EXPECT_TRUE(stranger.create(test::typeOf("Service"), strangersService(), {}).ok());
        }
        return std::nullopt;
    });
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Retry);
    ASSERT_TRUE(came);
    auto service = world.find("Service", "shop");
    EXPECT_EQ(base::arrayAt(*service, "/spec/ports").size(), 1U) << *service;
    EXPECT_EQ(base::at(*service, "/metadata/ownerReferences"), nullptr) << *service;
    world.pass();
    EXPECT_THAT(base::textAt(world.condition("Stalled"), "/message"),
                HasSubstr("Service \"shop\""));
}

TEST(Obstacles, AnObjectThatAnotherControlsIsNamedWithItsOwner) {
    World world;
    auto service = strangersService();
    service["metadata"]["ownerReferences"] = {{{"apiVersion", "example.com/v1"},
                                               {"kind", "Website"},
                                               {"name", "old-shop"},
                                               {"uid", "u-1"},
                                               {"controller", true}}};
    world.put(service);
    world.put(test::app());
    world.pass();
    EXPECT_THAT(base::textAt(world.condition("Stalled"), "/message"),
                HasSubstr("Website \"old-shop\""));
}

TEST(Obstacles, APredecessorsObjectIsWaitedFor) {
    World world;
    auto service = strangersService();
    service["metadata"]["labels"][api::kAppLabel] = "shop";
    service["metadata"]["ownerReferences"] = {{{"apiVersion", "scalableapp.dev/v1alpha1"},
                                               {"kind", "ScalableApp"},
                                               {"name", "shop"},
                                               {"uid", "the-one-before"},
                                               {"controller", true}}};
    world.put(service);
    world.put(test::app());
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::After);
    EXPECT_EQ(world.server->mutations("/services/"), 0U);
    EXPECT_NE(base::textAt(world.condition("Stalled"), "/status"), "True");
    world.server->drop(test::typeOf("Service"), {"ns", "shop"});
    world.settle();
    EXPECT_EQ(base::intAt(*world.find("Service", "shop"), "/spec/ports/0/port"), 80);
}

TEST(Obstacles, AForbiddenWriteIsToldAndTriedSlowly) {
    World world;
    world.put(test::app());
    world.server->onRequest([](const kube::HttpRequest& request)
                                -> std::optional<kube::ApiResult<kube::HttpResponse>> {
        if (request.method == "GET" || request.target.find("/services/") == std::string::npos) {
            return std::nullopt;
        }
        kube::HttpResponse response;
        response.status = 403;
        response.body =
            R"({"kind":"Status","reason":"Forbidden","message":"exceeded quota: tight, requested: services=1"})";
        return kube::ApiResult<kube::HttpResponse>(response);
    });
    auto outcome = world.pass();
    ASSERT_EQ(outcome.kind(), Outcome::Kind::After);
    EXPECT_GE(outcome.pause(), std::chrono::seconds(5));
    auto stalled = world.condition("Stalled");
    EXPECT_EQ(base::textAt(stalled, "/status"), "True");
    EXPECT_EQ(base::textAt(stalled, "/reason"), "Forbidden");
    EXPECT_THAT(base::textAt(stalled, "/message"), HasSubstr("exceeded quota: tight"));
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/message"),
              base::textAt(stalled, "/message"));
    ASSERT_FALSE(world.events.empty());
    EXPECT_EQ(world.events.back().type, runtime::EventType::Warning);

    world.server->onRequest({});
    world.settle();
    EXPECT_NE(base::textAt(world.condition("Stalled"), "/status"), "True");
}

// As a mutating webhook of a registry mirror does.
void mirrorImages(World& world, const std::string& mirror) {
    auto* server = world.server.get();
    world.server->onRequest(
        [=, within = std::make_shared<bool>(false)](const kube::HttpRequest& request)
            -> std::optional<kube::ApiResult<kube::HttpResponse>> {
            if (*within || request.method != "PATCH" ||
                request.target.find("/deployments/") == std::string::npos) {
                return std::nullopt;
            }
            auto changed = request;
            size_t at = changed.body.find("\"shop:");
            if (at != std::string::npos) {
                changed.body.insert(at + 1, mirror);
            }
            *within = true;
            auto answer = server->send(changed, {});
            *within = false;
            return answer;
        });
}

TEST(Obstacles, AFieldThatAWebhookRewritesIsToldAndCountsAsApplied) {
    World world;
    world.servePods();
    mirrorImages(world, "mirror/");
    world.put(test::app());
    world.settle();
    const char* image = "/spec/template/spec/containers/0/image";
    EXPECT_EQ(base::textAt(*world.find("Deployment", "shop-web"), image), "mirror/shop:1");
    EXPECT_NE(base::textAt(world.condition("Ready"), "/reason"), "Applying");
    auto told = [&] {
        return std::count_if(world.events.begin(), world.events.end(),
                             [](const auto& event) { return event.reason == "FieldRewritten"; });
    };
    ASSERT_EQ(told(), 1);
    const auto& note =
        std::find_if(world.events.begin(), world.events.end(), [](const auto& event) {
            return event.reason == "FieldRewritten";
        })->note;
    EXPECT_THAT(note, HasSubstr("web: Deployment \"shop-web\": " + std::string(image) +
                                " is \"mirror/shop:1\", not \"shop:1\""));
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(world.server->mutations(), 0U) << "nothing is written at rest";

    // Another hand at the same field is none of the webhook's.
    world.server->edit(test::typeOf("Deployment"), {"ns", "shop-web"},
                       [&](Json& object) { object[Json::json_pointer(image)] = "else:1"; });
    world.settle();
    EXPECT_EQ(base::textAt(*world.find("Deployment", "shop-web"), image), "mirror/shop:1");

    world.editApp([](Json& object) { object["spec"]["web"]["image"] = "shop:2"; });
    world.settle();
    EXPECT_EQ(base::textAt(*world.find("Deployment", "shop-web"), image), "mirror/shop:2");
    EXPECT_NE(base::textAt(world.condition("Ready"), "/reason"), "Applying");
    EXPECT_EQ(told(), 2);
}

TEST(Obstacles, AServerErrorIsToldButNotCalledStalled) {
    World world;
    world.put(test::app());
    world.server->failNext(1, "PATCH", "/services/", 500);
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Retry);
    EXPECT_EQ(base::textAt(world.condition("Reconciling"), "/status"), "True");
    EXPECT_NE(base::textAt(world.condition("Stalled"), "/status"), "True");
    EXPECT_THAT(base::textAt(world.condition("Ready"), "/message"), HasSubstr("Service \"shop\""));
}

TEST(Obstacles, ATerminatingNamespaceIsNoNews) {
    World world;
    world.put(test::app());
    world.server->onRequest([](const kube::HttpRequest& request)
                                -> std::optional<kube::ApiResult<kube::HttpResponse>> {
        if (request.method == "GET") {
            return std::nullopt;
        }
        kube::HttpResponse response;
        response.status = 403;
        response.body =
            R"({"kind":"Status","reason":"Forbidden","message":"deployments.apps \"shop-web\" is forbidden: unable to create new content in namespace ns because it is being terminated"})";
        return kube::ApiResult<kube::HttpResponse>(response);
    });
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Done);
    EXPECT_EQ(world.statusWrites(), 0U);
    EXPECT_TRUE(world.events.empty());
}

TEST(Obstacles, AnAppThatVanishesDuringThePassIsNoError) {
    World world;
    world.put(test::app());
    world.sync();
    world.server->drop(reconcile::scalableApps(), {"ns", "shop"});
    EXPECT_EQ(world.reconcile().kind(), Outcome::Kind::Done);
}

TEST(Obstacles, ASpecThatCannotBeReadStallsAndHeals) {
    World world;
    auto broken = test::app();
    broken["spec"]["web"]["port"] = "http";
    world.put(broken);
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Terminal);
    EXPECT_EQ(base::textAt(world.condition("Stalled"), "/reason"), "InvalidSpec");
    EXPECT_THAT(base::textAt(world.condition("Stalled"), "/message"), HasSubstr("spec.web.port"));
    EXPECT_TRUE(world.children().empty());
    world.server->forgetRequests();
    world.pass();
    EXPECT_EQ(world.server->mutations(), 0U);

    world.editApp([](Json& object) { object["spec"]["web"]["port"] = 8080; });
    world.settle();
    EXPECT_NE(base::textAt(world.condition("Stalled"), "/status"), "True");
    EXPECT_TRUE(world.find("Deployment", "shop-web"));
}

TEST(Obstacles, ObserveWritesOnlyTheStatus) {
    World world;
    auto watched = test::app();
    watched["spec"]["management"] = "Observe";
    world.put(watched);
    world.settle();
    EXPECT_TRUE(world.children().empty());
    EXPECT_GE(world.statusWrites(), 1U);
    EXPECT_EQ(world.server->mutations(), world.statusWrites());
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/reason"), "Paused");
    EXPECT_EQ(base::textAt(world.condition("Paused"), "/status"), "True");
}

TEST(Obstacles, ObserveMissesWhatIsDeletedAndHoldsBackWhatIsAsked) {
    World world;
    world.put(test::app());
    world.settle();
    world.editApp([](Json& object) { object["spec"]["management"] = "Observe"; });
    world.settle();
    auto notReadyYet = base::textAt(world.condition("Ready"), "/reason");
    EXPECT_NE(notReadyYet, "Paused") << "all is applied";
    world.server->drop(test::typeOf("Service"), {"ns", "shop"});
    world.settle();
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/reason"), "Paused");
    EXPECT_FALSE(world.find("Service", "shop"));
    world.editApp([](Json& object) { object["spec"]["management"] = "Manage"; });
    world.settle();
    EXPECT_TRUE(world.find("Service", "shop"));
    EXPECT_EQ(base::textAt(world.condition("Ready"), "/reason"), notReadyYet);
}

TEST(Obstacles, NoEventWithoutItsStatus) {
    World world;
    auto service = strangersService();
    world.put(service);
    world.put(test::app());
    world.server->failNext(1, "PATCH", "/status", 500);
    EXPECT_EQ(world.pass().kind(), Outcome::Kind::Retry);
    EXPECT_TRUE(world.events.empty());
    world.pass();
    EXPECT_FALSE(world.events.empty());
}

}  // namespace
