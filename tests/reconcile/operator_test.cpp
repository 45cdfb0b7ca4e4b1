// The operator as it runs: threads, watches, queue and all, on an API server in memory.
#include "reconcile/operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/resources.h"
#include "reconcile/running.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using test::Running;
using test::typeOf;
using testing::HasSubstr;

bool has(test::ApiServer& server, const char* kind, const std::string& name,
         const std::string& namespace_ = "ns") {
    return server.find(typeOf(kind), {namespace_, name}).has_value();
}

TEST(Operator, TurnsAnAppIntoObjectsAndKeepsThem) {
    auto server = std::make_shared<test::ApiServer>();
    Running running(server);
    server->put(reconcile::scalableApps(), test::autoscaled());
    ASSERT_TRUE(server->waitFor([&] {
        auto app = server->find(reconcile::scalableApps(), {"ns", "shop"});
        return has(*server, "HorizontalPodAutoscaler", "shop-web") &&
               base::at(*app, "/status/conditions") != nullptr;
    }));
    server->drop(typeOf("Service"), {"ns", "shop"});
    EXPECT_TRUE(server->waitFor([&] { return has(*server, "Service", "shop"); }));
    server->edit(typeOf("Deployment"), {"ns", "shop-web"}, [](Json& object) {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1";
    });
    EXPECT_TRUE(server->waitFor([&] {
        auto deployment = server->find(typeOf("Deployment"), {"ns", "shop-web"});
        return base::stringAt(*deployment, "/spec/template/spec/containers/0/image") == "shop:1";
    }));
    EXPECT_THAT(running.manager.metrics().text(),
                HasSubstr("scalableapp_ready{name=\"shop\",namespace=\"ns\"} 0"));
    server->drop(reconcile::scalableApps(), {"ns", "shop"});
    EXPECT_TRUE(server->waitFor([&] {
        return running.manager.metrics().text().find("scalableapp_ready{") == std::string::npos;
    }));
}

TEST(Operator, WatchesOnlyTheNamespacesItIsGiven) {
    auto server = std::make_shared<test::ApiServer>();
    Running running(server, {"one", "two"});
    for (const char* namespace_ : {"three", "one", "two"}) {
        auto app = test::app();
        app["metadata"]["namespace"] = namespace_;
        server->put(reconcile::scalableApps(), app);
    }
    EXPECT_TRUE(server->waitFor([&] {
        return has(*server, "Deployment", "shop-web", "one") &&
               has(*server, "Deployment", "shop-web", "two");
    }));
    EXPECT_FALSE(has(*server, "Deployment", "shop-web", "three"));
    for (const auto& request : server->requests()) {
        // What the server offers is no object of anybody.
        bool discovery = request.target == "/api/v1";
        EXPECT_TRUE(discovery || request.target.find("/namespaces/") != std::string::npos)
            << request.target;
    }
}

TEST(Operator, ListsNoSecretAndOnlyLabelledChildren) {
    auto server = std::make_shared<test::ApiServer>();
    Running running(server);
    EXPECT_TRUE(server->waitFor(
        [&] { return server->openWatches() == reconcile::childTypes().size() + 1; }));
    for (const auto& request : server->requests()) {
        EXPECT_EQ(request.target.find("secrets"), std::string::npos);
        EXPECT_EQ(request.target.find("configmaps"), std::string::npos);
        if (request.target.find("/scalableapps") == std::string::npos) {
            EXPECT_THAT(request.target, HasSubstr("labelSelector=scalableapp.dev"));
        }
    }
}

}  // namespace
