// The way in from outside: what it is made of, what is told of it, and what keeps it from working.
#include "plan/exposure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* kExposedWeb = R"({"image":"shop:1","replicas":2})";

Simulation exposed(const std::string& loadBalancer, const plan::Surroundings& around = {}) {
    Simulation cluster(app(kExposedWeb, R"({"loadBalancer":)" + loadBalancer + "}"));
    cluster.seen.around = around;
    cluster.settle();
    return cluster;
}

plan::Surroundings withGateways() {
    return {.gatewayApi = true, .gatewayClass = "envoy"};
}

constexpr const char* kIngress = R"({"exposure":"Ingress","host":"shop.example"})";
constexpr const char* kGateway = R"({"exposure":"Gateway","host":"shop.example"})";
constexpr const char* kSafeIngress =
    R"({"exposure":"Ingress","host":"shop.example","tlsSecretName":"shop-tls"})";
constexpr const char* kSafeGateway =
    R"({"exposure":"Gateway","host":"shop.example","tlsSecretName":"shop-tls"})";

std::string endpoint(const plan::Plan& plan, const std::string& name) {
    for (const auto& one : base::arrayAt(plan.status, "/endpoints")) {
        if (one["name"] == name) {
            return one["address"];
        }
    }
    return "";
}

// With sorted keys: their order says nothing.
nlohmann::json specOf(Simulation& cluster, const char* kind) {
    auto* object = cluster.find(kind, "shop");
    EXPECT_NE(object, nullptr) << kind;
    return object == nullptr ? nlohmann::json() : nlohmann::json((*object)["spec"]);
}

nlohmann::json parsed(const char* text) {
    return nlohmann::json::parse(text);
}

TEST(Exposure, InsideTheClusterOnlyThereIsNone) {
    Simulation cluster(app(kExposedWeb));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "Exposed"), nullptr);
    EXPECT_EQ(endpoint(cluster.last, "public"), "");
}

TEST(Exposure, AnIngressLeadsToThePublicService) {
    auto cluster = exposed(kIngress);
    EXPECT_EQ(specOf(cluster, "Ingress"), parsed(R"({"rules":[{"host":"shop.example",
        "http":{"paths":[{"path":"/","pathType":"Prefix",
        "backend":{"service":{"name":"shop","port":{"name":"http"}}}}]}}]})"));
    EXPECT_EQ(endpoint(cluster.last, "public"), "http://shop.example");
    EXPECT_EQ(endpoint(cluster.last, "web"), "http://shop.ns.svc");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

TEST(Exposure, TheClassAndTheCertificateOfAnIngressAreThoseGiven) {
    auto cluster = exposed(kSafeIngress, {.ingressClass = "haproxy"});
    auto spec = specOf(cluster, "Ingress");
    EXPECT_EQ(spec["ingressClassName"], "haproxy");
    EXPECT_EQ(spec["tls"], parsed(R"([{"hosts":["shop.example"],"secretName":"shop-tls"}])"));
    EXPECT_EQ(endpoint(cluster.last, "public"), "https://shop.example");
}

TEST(Exposure, IsTrueOnceThereIsAnAddress) {
    auto cluster = exposed(kIngress);
    EXPECT_EQ(condition(cluster.last, "Exposed")->status, "False");
    EXPECT_EQ(condition(cluster.last, "Exposed")->reason, "WaitingForAddress");
    (*cluster.find("Ingress", "shop"))["status"] =
        *base::parseJson(R"({"loadBalancer":{"ingress":[{"hostname":"lb.example"}]}})");
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Exposed")->status, "True");
    EXPECT_EQ(cluster.last.status["exposure"],
              (Json{{"type", "Ingress"}, {"address", "lb.example"}}));
}

TEST(Exposure, AServicesAddressIsAnEndpoint) {
    auto cluster = exposed(R"({"exposure":"LoadBalancer"})");
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Exposed")->reason, "WaitingForAddress");
    EXPECT_EQ(endpoint(cluster.last, "public"), "");
    (*cluster.find("Service", "shop"))["status"] =
        *base::parseJson(R"({"loadBalancer":{"ingress":[{"ip":"203.0.113.7"}]}})");
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Exposed")->status, "True");
    EXPECT_EQ(endpoint(cluster.last, "public"), "http://203.0.113.7");
}

// --- Gateway API

TEST(Exposure, AGatewayAndItsRoute) {
    auto cluster = exposed(kSafeGateway, withGateways());
    EXPECT_EQ(specOf(cluster, "Gateway"), parsed(R"({"gatewayClassName":"envoy",
        "listeners":[{"name":"https","hostname":"shop.example","port":443,"protocol":"HTTPS",
        "allowedRoutes":{"namespaces":{"from":"Same"}},
        "tls":{"mode":"Terminate","certificateRefs":[{"group":"","kind":"Secret",
        "name":"shop-tls"}]}},{"name":"http","hostname":"shop.example","port":80,
        "protocol":"HTTP","allowedRoutes":{"namespaces":{"from":"Same"}}}]})"));
    EXPECT_EQ(specOf(cluster, "HTTPRoute"), parsed(R"({"parentRefs":[{
        "group":"gateway.networking.k8s.io","kind":"Gateway","name":"shop",
        "sectionName":"https"}],
        "hostnames":["shop.example"],"rules":[{"matches":[{"path":{"type":"PathPrefix",
        "value":"/"}}],"backendRefs":[{"group":"","kind":"Service","name":"shop","port":80,
        "weight":1}]}]})"));
    EXPECT_EQ(cluster.last.status["effective"]["exposure"]["gatewayClassName"], "envoy");
}

TEST(Exposure, AGatewayWithACertificateSendsPlainHttpThere) {
    auto cluster = exposed(kSafeGateway, withGateways());
    ASSERT_TRUE(cluster.has("HTTPRoute", "shop-redirect"));
    EXPECT_EQ(nlohmann::json((*cluster.find("HTTPRoute", "shop-redirect"))["spec"]),
              parsed(R"({"parentRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway",
        "name":"shop","sectionName":"http"}],"hostnames":["shop.example"],
        "rules":[{"matches":[{"path":{"type":"PathPrefix","value":"/"}}],
        "filters":[{"type":"RequestRedirect",
        "requestRedirect":{"scheme":"https","statusCode":301}}]}]})"));
    (*cluster.find("HTTPRoute", "shop-redirect"))["status"]["parents"] =
        *base::parseJson(R"([{"conditions":[{"type":"Accepted","status":"False",
        "reason":"UnsupportedValue","message":"no redirects"}]}])");
    cluster.step();
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("\"HTTPRoute shop-redirect\""));
    cluster.spec(app(kWeb, std::string(R"({"loadBalancer":)") + kGateway + "}"));
    cluster.settle();
    EXPECT_FALSE(cluster.has("HTTPRoute", "shop-redirect"));
    EXPECT_EQ(specOf(cluster, "Gateway")["listeners"].size(), 1U);
    EXPECT_EQ(specOf(cluster, "HTTPRoute")["parentRefs"][0].count("sectionName"), 0U);
}

TEST(Exposure, WithoutTheGatewayApiItSaysSoAndComesWhenItComes) {
    auto cluster = exposed(kGateway);
    const auto* ready = condition(cluster.last, "Ready");
    EXPECT_EQ(ready->status, "False");
    EXPECT_THAT(ready->message, HasSubstr("exposure: GatewayAPIMissing"));
    EXPECT_THAT(ready->message, HasSubstr("or set `loadBalancer.exposure` to Ingress"));
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True") << "the others serve";
    EXPECT_FALSE(cluster.has("HTTPRoute", "shop"));
    EXPECT_EQ(endpoint(cluster.last, "public"), "");
    ASSERT_TRUE(cluster.last.lookAgain);
    EXPECT_LE(*cluster.last.lookAgain, 15s);
    cluster.seen.around = withGateways();
    cluster.settle();
    EXPECT_TRUE(cluster.has("HTTPRoute", "shop"));
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_EQ(condition(cluster.last, "Stalled"), nullptr);
}

TEST(Exposure, AClassThatCannotBeChosenIsTold) {
    auto cluster = exposed(
        kGateway, {.gatewayApi = true, .gatewayClassProblem = "the cluster has 2 GatewayClasses"});
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("exposure: GatewayClassUnknown: the cluster has 2 GatewayClasses"));
}

TEST(Exposure, WhatWasThereStaysUntilTheNextWayInCanBeMade) {
    auto cluster = exposed(kIngress);
    cluster.spec(app(kExposedWeb, std::string(R"({"loadBalancer":)") + kGateway + "}"));
    cluster.settle();
    EXPECT_TRUE(cluster.has("Ingress", "shop"));
    cluster.seen.around = withGateways();
    cluster.settle();
    EXPECT_FALSE(cluster.has("Ingress", "shop"));
    EXPECT_TRUE(cluster.has("Gateway", "shop"));
    cluster.spec(app(kExposedWeb));
    cluster.settle();
    EXPECT_FALSE(cluster.has("Gateway", "shop"));
    EXPECT_FALSE(cluster.has("HTTPRoute", "shop"));
    EXPECT_EQ(condition(cluster.last, "Exposed"), nullptr);
}

TEST(Exposure, ASharedGatewayIsNotMade) {
    auto cluster = exposed(kSafeGateway, {.gatewayApi = true, .sharedGateway = "infra/main"});
    EXPECT_FALSE(cluster.has("Gateway", "shop"));
    EXPECT_FALSE(cluster.has("HTTPRoute", "shop-redirect")) << "its listeners are others' business";
    auto parent = specOf(cluster, "HTTPRoute")["parentRefs"][0];
    EXPECT_EQ(parent["namespace"], "infra");
    EXPECT_EQ(parent["name"], "main");
    EXPECT_THAT(condition(cluster.last, "PartiallyEnforced")->message,
                HasSubstr("`loadBalancer.tlsSecretName`"));
    EXPECT_EQ(condition(cluster.last, "Exposed")->status, "True");
}

Json refused(const char* type) {
    return {{"type", type},
            {"status", "False"},
            {"reason", "InvalidCertificateRef"},
            {"message", "Secret shop-tls not found"}};
}

TEST(Exposure, WhatTheGatewaysControllerRefusesIsTheCause) {
    auto cluster = exposed(kSafeGateway, withGateways());
    (*cluster.find("Gateway", "shop"))["status"]["listeners"] =
        Json::array({{{"name", "https"}, {"conditions", Json::array({refused("ResolvedRefs")})}}});
    cluster.step();
    EXPECT_THAT(condition(cluster.last, "Ready")->message,
                HasSubstr("exposure: InvalidCertificateRef \"Gateway shop\": Secret shop-tls not"));
    auto other = exposed(kGateway, withGateways());
    (*other.find("HTTPRoute", "shop"))["status"]["parents"] =
        Json::array({{{"conditions", Json::array({refused("Accepted")})}}});
    other.step();
    EXPECT_THAT(condition(other.last, "Ready")->message, HasSubstr("\"HTTPRoute shop\""));
}

TEST(Exposure, WhatIsOnItsWayOrOfAnOlderSpecIsNoCause) {
    auto cluster = exposed(kGateway, withGateways());
    auto pending = refused("Programmed");
    pending["reason"] = "Pending";
    auto older = refused("Accepted");
    older["observedGeneration"] = 1;
    auto& gateway = *cluster.find("Gateway", "shop");
    gateway["metadata"]["generation"] = 2;
    gateway["status"]["conditions"] = Json::array({pending, older});
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
}

// --- the certificate

TEST(Exposure, AMissingCertificateIsNamedAndKeepsNothingFromBeingMade) {
    auto cluster = exposed(kSafeIngress, {.tlsSecret = plan::Presence::Missing});
    const auto* ready = condition(cluster.last, "Ready");
    EXPECT_EQ(ready->status, "False");
    EXPECT_THAT(ready->message, HasSubstr("exposure: SecretMissing \"shop-tls\""));
    EXPECT_THAT(ready->message, HasSubstr("kubectl create secret tls shop-tls"));
    EXPECT_TRUE(cluster.has("Ingress", "shop")) << "an issuer may go by it";
    EXPECT_EQ(condition(cluster.last, "Stalled"), nullptr) << "an issuer may make it yet";
    EXPECT_EQ(condition(cluster.last, "WebReady")->status, "True");
    EXPECT_LE(*cluster.last.lookAgain, 15s);
    cluster.seen.around.tlsSecret = plan::Presence::There;
    cluster.step();
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_TRUE(cluster.last.lookAgain) << "no watch tells when it goes";
}

TEST(Exposure, ACertificateThatMayNotBeLookedForIsToldAsUnknown) {
    auto cluster = exposed(kSafeIngress);
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    EXPECT_THAT(condition(cluster.last, "Exposed")->message, HasSubstr("exposure.tlsSecretNames"));
    EXPECT_TRUE(cluster.last.lookAgain) << "the right may be given";
}

// --- what the way in has no words for

TEST(Exposure, ClausesThatItCannotKeepAreNamed) {
    Simulation cluster(
        app(kExposedWeb, R"({"loadBalancer":{"exposure":"Ingress","host":"shop.example",
        "algorithm":"SourceIPHash"},"resilience":{"timeoutSeconds":3}})"));
    cluster.settle();
    const auto* partly = condition(cluster.last, "PartiallyEnforced");
    ASSERT_NE(partly, nullptr);
    EXPECT_EQ(partly->status, "True");
    EXPECT_THAT(partly->message, HasSubstr("`loadBalancer.algorithm: SourceIPHash`"));
    EXPECT_THAT(partly->message, HasSubstr("`resilience.timeoutSeconds`"));
    EXPECT_THAT(partly->message, Not(HasSubstr("tlsSecretName")));
    EXPECT_EQ(condition(cluster.last, "Ready")->status, "True");
    cluster.spec(app(kExposedWeb, std::string(R"({"loadBalancer":)") + kIngress + "}"));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "PartiallyEnforced"), nullptr);
}

TEST(Exposure, AnnotationsAreThoseOfTheObjectByWhichRequestsComeIn) {
    const std::string annotations = R"(,"annotations":[{"name":"a.example/b","value":"c"}]})";
    auto has = [](Simulation& cluster, const char* kind) {
        auto* object = cluster.find(kind, "shop");
        return object != nullptr && (*object)["metadata"]["annotations"].contains("a.example/b");
    };
    struct Case {
        std::string loadBalancer;
        plan::Surroundings around;
        std::string kind;
    };
    auto shared = withGateways();
    shared.sharedGateway = "infra/public";
    for (const auto& one :
         {Case{R"({"exposure":"ClusterIP")", {}, "Service"},
          Case{R"({"exposure":"LoadBalancer")", {}, "Service"},
          Case{R"({"exposure":"Ingress","host":"a.example")", {}, "Ingress"},
          Case{R"({"exposure":"Gateway","host":"a.example")", withGateways(), "Gateway"},
          Case{R"({"exposure":"Gateway","host":"a.example")", shared, "HTTPRoute"}}) {
        auto cluster = exposed(one.loadBalancer + annotations, one.around);
        for (const char* kind : {"Service", "Ingress", "Gateway", "HTTPRoute"}) {
            EXPECT_EQ(has(cluster, kind), kind == one.kind) << one.loadBalancer << ": " << kind;
        }
    }
}

TEST(Exposure, TheServicesOwnAddressKeepsThemAll) {
    Simulation cluster(app(kExposedWeb, R"({"loadBalancer":{"exposure":"LoadBalancer",
        "algorithm":"SourceIPHash"},"resilience":{"timeoutSeconds":3}})"));
    cluster.settle();
    EXPECT_EQ(condition(cluster.last, "PartiallyEnforced"), nullptr);
    EXPECT_EQ(specOf(cluster, "Service")["externalTrafficPolicy"], "Local")
        << "else a node's clients come from the node's address, and all get one pod";
}

TEST(Exposure, NodesHandRequestsOnWhereTheAddressDecidesNothing) {
    Simulation cluster(app(kExposedWeb, R"({"loadBalancer":{"exposure":"LoadBalancer"}})"));
    cluster.settle();
    auto before = specOf(cluster, "Service");
    EXPECT_FALSE(before.contains("externalTrafficPolicy"));
    for (const char* spec :
         {R"({"loadBalancer":{"exposure":"LoadBalancer","algorithm":"SourceIPHash"}})",
          R"({"loadBalancer":{"exposure":"ClusterIP","algorithm":"SourceIPHash"}})",
          R"({"loadBalancer":{"exposure":"LoadBalancer"}})"}) {
        bool local = std::string(spec).find("LoadBalancer\",\"alg") != std::string::npos;
        cluster.spec(app(kExposedWeb, spec));
        cluster.settle();
        EXPECT_EQ(specOf(cluster, "Service").contains("externalTrafficPolicy"), local) << spec;
    }
    EXPECT_EQ(specOf(cluster, "Service"), before);
}

TEST(Exposure, AtRestItChangesNothing) {
    auto cluster =
        exposed(kSafeGateway,
                {.gatewayApi = true, .gatewayClass = "envoy", .tlsSecret = plan::Presence::There});
    auto status = cluster.last.status;
    cluster.seen.now += 1h;
    EXPECT_FALSE(cluster.step());
    EXPECT_EQ(cluster.last.status, status);
    EXPECT_THAT(cluster.last.events, IsEmpty());
}

// --- the operator itself

TEST(SinglePoints, AnOperatorWithOneReplicaIsOne) {
    for (int replicas : {0, 1, 2}) {
        auto cluster = exposed(kIngress, {.operatorReplicas = replicas});
        bool told = false;
        for (const auto& point : base::arrayAt(cluster.last.status, "/singlePointsOfFailure")) {
            told = told || point["tier"] == "operator";
        }
        EXPECT_EQ(told, replicas == 1) << replicas;
    }
}

}  // namespace
