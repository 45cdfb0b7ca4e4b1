// The way in from outside: Ingress and Gateway API objects, and what is told while they cannot
// work.
#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

// As much of the Gateway API's definitions as it takes for the API server to know the kinds.
std::string definition(const std::string& plural, const std::string& kind,
                       const std::string& scope) {
    std::string open = "{type: object, x-kubernetes-preserve-unknown-fields: true}";
    return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n"
           "  name: " +
           plural +
           ".gateway.networking.k8s.io\n"
           "  annotations: {api-approved.kubernetes.io: unapproved}\n"
           "spec:\n  group: gateway.networking.k8s.io\n  scope: " +
           scope + "\n  names: {kind: " + kind + ", listKind: " + kind + "List, plural: " + plural +
           ", singular: " + plural.substr(0, plural.size() - (kind == "GatewayClass" ? 2 : 1)) +
           "}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n"
           "    subresources: {status: {}}\n    schema:\n      openAPIV3Schema:\n"
           "        type: object\n        properties: {spec: " +
           open + ", status: " + open + "}\n---\n";
}

class Exposure : public ClusterTest {
  protected:
    std::string message() const {
        return base::stringAt(condition("shop", "Ready"), "/message").value_or("");
    }
    testing::AssertionResult says(const std::string& type, const std::string& words) {
        return eventually(15s, type + " says " + words, [&] {
            auto text = base::stringAt(condition("shop", type), "/message").value_or("");
            return text.find(words) != std::string::npos;
        });
    }
    std::string publicEndpoint() const {
        auto app = get("scalableapp", "shop").value_or(base::Json());
        for (const auto& one : base::arrayAt(app, "/status/endpoints")) {
            if (base::stringAt(one, "/name") == "public") {
                return base::stringAt(one, "/address").value_or("");
            }
        }
        return "";
    }
    static bool knowsGateways() {
        return cluster({"get", "--raw", "/apis/gateway.networking.k8s.io/v1"}).ok();
    }
    static RunResult gatewayApi(const char* verb) {
        return cluster({verb, "-f", "-"},
                       definition("gateways", "Gateway", "Namespaced") +
                           definition("httproutes", "HTTPRoute", "Namespaced") +
                           definition("gatewayclasses", "GatewayClass", "Cluster"));
    }
};

TEST_F(Exposure, AnIngressWithoutItsCertificateIsNamedAndHeals) {
    std::string app = appYaml("shop", "replicas: 1") +
                      "  loadBalancer: {exposure: Ingress, host: shop.example, tlsSecretName: "
                      "shop-tls}\n";
    apply(app);
    EXPECT_TRUE(says("Exposed", "exposure.tlsSecretNames")) << "it may not look for it yet";
    apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: shop-tls}\n"
        "rules: [{apiGroups: [''], resources: [secrets], resourceNames: [shop-tls], verbs: "
        "[get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
        "metadata: {name: shop-tls}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shop-tls}\n"
        "subjects: [{kind: ServiceAccount, name: scalableapp-operator, namespace: " +
        std::string(kSystemNamespace) + "}]\n");
    ASSERT_TRUE(eventually(15s, "the operator may look", [&] {
        return kubectl({"auth", "can-i", "get", "secret/shop-tls",
                        std::string("--as=system:serviceaccount:") + kSystemNamespace +
                            ":scalableapp-operator"})
            .ok();
    }));
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"loadBalancer":{"host":"www.shop.example"}}})"})
                    .ok());
    EXPECT_TRUE(says("Ready", "SecretMissing \"shop-tls\"")) << message();
    EXPECT_EQ(field("ingress", "shop", "/spec/rules/0/host"), "www.shop.example");
    EXPECT_EQ(field("ingress", "shop", "/spec/tls/0/secretName"), "shop-tls");
    ASSERT_TRUE(
        kubectl({"create", "secret", "generic", "shop-tls", "--from-literal=tls.crt=x"}).ok());
    EXPECT_TRUE(becomesReady("shop"));
    EXPECT_EQ(publicEndpoint(), "https://www.shop.example");
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"loadBalancer":null}})"})
                    .ok());
    EXPECT_TRUE(eventually(20s, "the Ingress is gone", [&] { return !exists("ingress", "shop"); }));
}

TEST_F(Exposure, GatewaysComeWithTheirApi) {
    if (knowsGateways()) {
        GTEST_SKIP() << "this cluster has the Gateway API already";
    }
    apply(appYaml("shop", "replicas: 1") +
          "  loadBalancer: {exposure: Gateway, host: shop.example}\n");
    EXPECT_TRUE(says("Ready", "GatewayAPIMissing")) << message();
    auto installed = gatewayApi("apply");
    EXPECT_TRUE(installed.ok()) << installed.err;
    EXPECT_TRUE(eventually(60s, "it asks for a class", [&] {
        return message().find("GatewayClassUnknown") != std::string::npos;
    })) << message();
    EXPECT_TRUE(cluster({"apply", "-f", "-"},
                        "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\n"
                        "metadata: {name: shop-class}\nspec: {controllerName: example.dev/none}\n")
                    .ok());
    EXPECT_TRUE(becomesReady("shop"));
    EXPECT_EQ(field("gateway", "shop", "/spec/gatewayClassName"), "shop-class");
    EXPECT_EQ(field("httproute", "shop", "/spec/hostnames/0"), "shop.example");
    EXPECT_TRUE(kubectl({"delete", "httproute", "shop"}).ok());
    EXPECT_TRUE(eventually(20s, "the route is back", [&] { return exists("httproute", "shop"); }));
    EXPECT_TRUE(kubectl({"delete", "scalableapp", "shop"}).ok());
    EXPECT_TRUE(eventually(60s, "nothing of it is left", [&] {
        return !exists("httproute", "shop") && !exists("gateway", "shop");
    }));
    EXPECT_TRUE(gatewayApi("delete").ok());
}

}  // namespace
