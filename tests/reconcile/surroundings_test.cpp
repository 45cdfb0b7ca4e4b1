// What is found out about the way in from outside, how often, and what the operator makes of it.
#include "reconcile/surroundings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "reconcile/resources.h"
#include "reconcile/running.h"
#include "reconcile/world.h"

namespace {

using base::Json;
using plan::Presence;
using testing::HasSubstr;
using namespace std::chrono_literals;

const kube::ResourceType kClasses{"gateway.networking.k8s.io", "v1", "gatewayclasses",
                                  "GatewayClass", false};
const kube::ResourceType kSecrets{"", "v1", "secrets", "Secret", true};
// The operator gathers bursts of changes for 100 ms: whoever is silent for longer is done.
constexpr auto kQuiet = 500ms;
constexpr const char* kDiscovery = "/apis/gateway.networking.k8s.io/v1";

// An API server that may or may not have the Gateway API.
class Cluster {
  public:
    Cluster() : server(std::make_shared<test::ApiServer>()) {
        server->onRequest([this](const kube::HttpRequest& request)
                              -> std::optional<kube::ApiResult<kube::HttpResponse>> {
            if (secretsForbidden && request.target.find("/secrets/") != std::string::npos) {
                return kube::HttpResponse{.status = 403, .body = "{}"};
            }
            if (request.target == "/api/v1") {
                ++askedForCore;
                return coreAnswers ? kube::HttpResponse{.status = 200, .body = core}
                                   : kube::HttpResponse{.status = 503, .body = "{}"};
            }
            if (request.target != kDiscovery) {
                return std::nullopt;
            }
            ++asked;
            if (troubled) {
                return kube::HttpResponse{.status = 503, .body = "{}"};
            }
            return gateways ? kube::HttpResponse{.status = 200, .body = discovery()}
                            : kube::HttpResponse{.status = 404, .body = "{}"};
        });
    }

    void addClass(const std::string& name) {
        server->put(kClasses, {{"metadata", {{"name", name}}}});
    }

    std::shared_ptr<test::ApiServer> server;
    std::atomic<bool> gateways = false;
    std::atomic<bool> secretsForbidden = false;
    std::atomic<bool> troubled = false;
    std::atomic<int> asked = 0;
    std::atomic<bool> coreAnswers = true;
    std::string core = R"({"resources":[{"name":"pods"},{"name":"pods/resize"}]})";
    std::atomic<int> askedForCore = 0;

  private:
    static std::string discovery() {
        return R"({"resources":[{"name":"gateways"},{"name":"httproutes"}]})";
    }
};

Json exposed(const char* exposure, const char* secret = nullptr) {
    Json out = test::app();
    out["spec"]["loadBalancer"] = {{"exposure", exposure}, {"host", "shop.example"}};
    if (secret != nullptr) {
        out["spec"]["loadBalancer"]["tlsSecretName"] = secret;
    }
    return out;
}

class Surroundings : public testing::Test {
  protected:
    plan::Surroundings look(const Json& object, reconcile::ExposureSettings settings = {}) {
        reconcile::SurroundingsReader reader(client, std::move(settings), clock);
        return look(reader, object);
    }
    plan::Surroundings look(reconcile::SurroundingsReader& reader, const Json& object) {
        auto got = tryToLook(reader, object);
        EXPECT_TRUE(got.ok());
        return got.valueOr({});
    }
    static kube::ApiResult<plan::Surroundings> tryToLook(reconcile::SurroundingsReader& reader,
                                                         const Json& object) {
        return reader.look(*api::parseScalableApp(object, api::UnknownFields::Ignore), object, {});
    }

    Cluster cluster;
    test::FakeClock clock;
    kube::Client client{cluster.server, {.fieldManager = "operator"}};
};

TEST_F(Surroundings, AnAppThatAsksForNothingCostsNoRequest) {
    look(test::app());
    look(exposed("Ingress"));
    EXPECT_TRUE(cluster.server->requests().empty());
}

TEST_F(Surroundings, TheOnlyClassIsTaken) {
    cluster.gateways = true;
    EXPECT_THAT(look(exposed("Gateway")).gatewayClassProblem, HasSubstr("no GatewayClass"));
    cluster.addClass("envoy");
    EXPECT_EQ(look(exposed("Gateway")).gatewayClass, "envoy");
    cluster.addClass("other");
    auto several = look(exposed("Gateway"));
    EXPECT_EQ(several.gatewayClass, "");
    EXPECT_THAT(several.gatewayClassProblem, HasSubstr("2 GatewayClasses"));
    EXPECT_THAT(several.gatewayClassProblem, HasSubstr("exposure.gatewayClassName"));
    EXPECT_EQ(look(exposed("Gateway"), {.gatewayClass = "mine"}).gatewayClass, "mine");
    EXPECT_EQ(look(exposed("Gateway"), {.sharedGateway = "a/b"}).gatewayClassProblem, "");
}

TEST_F(Surroundings, TheClusterIsAskedOnceInAWhileAndSeesWhatAppears) {
    int found = 0;
    reconcile::SurroundingsReader reader(client, {.gatewayClass = "x"}, clock, [&] { ++found; });
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(look(reader, exposed("Gateway")).gatewayApi);
    }
    EXPECT_EQ(cluster.asked, 1);
    cluster.gateways = true;
    clock.advance(11s);
    EXPECT_TRUE(look(reader, exposed("Gateway")).gatewayApi);
    clock.advance(11s);
    EXPECT_TRUE(look(reader, exposed("Gateway")).gatewayApi);
    EXPECT_EQ(cluster.asked, 3);
    EXPECT_EQ(found, 1);
}

TEST_F(Surroundings, WhatTheServerCannotSayIsNotTakenForMissing) {
    reconcile::SurroundingsReader reader(client, {.gatewayClass = "x"}, clock);
    cluster.gateways = true;
    cluster.troubled = true;
    auto got = tryToLook(reader, exposed("Gateway"));
    ASSERT_FALSE(got.ok());
    EXPECT_THAT(got.error().message, HasSubstr("Gateway API"));
    cluster.troubled = false;
    EXPECT_TRUE(look(reader, exposed("Gateway")).gatewayApi);
    cluster.troubled = true;
    clock.advance(11s);
    EXPECT_TRUE(look(reader, exposed("Gateway")).gatewayApi) << "what it said before goes on";
}

TEST_F(Surroundings, WhatAnEarlierSpecAskedForIsLookedForStill) {
    cluster.gateways = true;
    Json before = test::app();
    before["status"]["exposure"]["type"] = "Gateway";
    EXPECT_TRUE(look(before, {.gatewayClass = "x"}).gatewayApi);
}

TEST_F(Surroundings, ACertificateIsThereMissingOrUnknown) {
    EXPECT_EQ(look(exposed("Ingress", "shop-tls")).tlsSecret, Presence::Missing);
    cluster.server->put(kSecrets, {{"metadata", {{"name", "shop-tls"}, {"namespace", "ns"}}}});
    EXPECT_EQ(look(exposed("Ingress", "shop-tls")).tlsSecret, Presence::There);
    cluster.secretsForbidden = true;
    EXPECT_EQ(look(exposed("Ingress", "shop-tls")).tlsSecret, Presence::Unknown);
    EXPECT_EQ(look(exposed("Ingress")).tlsSecret, Presence::Unknown);
}

TEST_F(Surroundings, PodsCanBeResizedWhereTheServerSaysSo) {
    Json changed = test::app();
    changed["metadata"]["generation"] = 2;
    changed["status"] = {{"observedGeneration", 1}};
    EXPECT_TRUE(look(changed).resizeInPlace);
    cluster.core = R"({"resources":[{"name":"pods"},{"name":"pods/status"}]})";
    EXPECT_FALSE(look(changed).resizeInPlace);
}

TEST_F(Surroundings, OnlyASpecThatChangesAsksForIt) {
    Json changed = test::app();
    changed["metadata"]["generation"] = 2;
    changed["status"] = {{"observedGeneration", 2}};
    look(changed);
    EXPECT_EQ(cluster.askedForCore, 0);
    changed["status"]["conditions"] = Json::array(
        {{{"type", "Reconciling"}, {"status", "True"}, {"reason", "Resizing"}, {"message", ""}}});
    EXPECT_TRUE(look(changed).resizeInPlace);
    reconcile::SurroundingsReader reader(client, {}, clock);
    cluster.coreAnswers = false;
    EXPECT_FALSE(look(reader, changed).resizeInPlace);
    cluster.coreAnswers = true;
    EXPECT_TRUE(look(reader, changed).resizeInPlace) << "what was not answered is asked again";
    auto before = cluster.askedForCore.load();
    clock.advance(5min);
    EXPECT_TRUE(look(reader, changed).resizeInPlace);
    EXPECT_EQ(cluster.askedForCore, before);
    clock.advance(6min);
    look(reader, changed);
    EXPECT_EQ(cluster.askedForCore, before + 1);
}

// --- the operator as it runs

TEST_F(Surroundings, ARunningOperatorMakesARouteAndTakesItAway) {
    auto& server = *cluster.server;
    cluster.gateways = true;
    cluster.addClass("envoy");
    const test::Running running(cluster.server);
    server.put(reconcile::scalableApps(), exposed("Gateway"));
    auto has = [&](const char* kind) {
        return server.find(test::typeOf(kind), {"ns", "shop"}).has_value();
    };
    EXPECT_TRUE(server.waitFor([&] { return has("Gateway") && has("HTTPRoute"); }));
    server.drop(test::typeOf("HTTPRoute"), {"ns", "shop"});
    EXPECT_TRUE(server.waitFor([&] { return has("HTTPRoute"); })) << "it is watched";
    server.edit(reconcile::scalableApps(), {"ns", "shop"},
                [](Json& app) { app["spec"].erase("loadBalancer"); });
    EXPECT_TRUE(server.waitFor([&] { return !has("Gateway") && !has("HTTPRoute"); }));
}

// Its route is there; the new process has only not listed it yet.
TEST_F(Surroundings, ARestartIsNoReasonToCallAnExposedAppUnready) {
    auto& server = *cluster.server;
    cluster.gateways = true;
    cluster.addClass("envoy");
    auto running = std::make_unique<test::Running>(cluster.server);
    server.put(reconcile::scalableApps(), exposed("Gateway"));
    auto exposure = [&] {
        auto app = server.find(reconcile::scalableApps(), {"ns", "shop"});
        const auto conditions = api::parseConditions(base::arrayAt(*app, "/status/conditions"));
        const auto* exposed = api::findCondition(conditions, "Exposed");
        return exposed == nullptr ? "" : exposed->reason;
    };
    auto everythingIsWatched = [&] {
        return server.openWatches() ==
               reconcile::childTypes().size() + reconcile::optionalTypes().size() + 1;
    };
    ASSERT_TRUE(server.waitFor([&] {
        return everythingIsWatched() && exposure() == "WaitingForAddress";
    })) << exposure();
    ASSERT_TRUE(server.waitForQuiet(kQuiet));
    running.reset();
    const size_t before = server.requests().size();
    running = std::make_unique<test::Running>(cluster.server);
    EXPECT_TRUE(server.waitFor(everythingIsWatched));
    EXPECT_TRUE(server.waitForQuiet(kQuiet));
    running.reset();
    const auto requests = server.requests();
    for (size_t i = before; i < requests.size(); ++i) {
        EXPECT_EQ(requests[i].method, "GET") << requests[i].target << ' ' << requests[i].body;
    }
}

}  // namespace
