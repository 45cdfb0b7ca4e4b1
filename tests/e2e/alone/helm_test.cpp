// Upgrading or removing the operator leaves applications alone.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class Chart : public ClusterTest {
  protected:
    // Of every tier: who runs, and how often it was started.
    std::set<std::string> podsOf(const std::string& app) const {
        std::set<std::string> out;
        for (const auto& pod : list("pods", "scalableapp.dev/app=" + app)) {
            auto line =
                base::textAt(pod, "/metadata/name") + " " + base::textAt(pod, "/metadata/uid");
            for (const auto& status : base::arrayAt(pod, "/status/containerStatuses")) {
                line += " " + std::to_string(base::intAt(status, "/restartCount").value_or(-1));
            }
            out.insert(line);
        }
        return out;
    }

    std::string leader() const {
        return cluster({"-n", kSystemNamespace, "get", "lease", "scalableapp-operator", "-o",
                        "jsonpath={.spec.holderIdentity}"})
            .out;
    }
};

TEST_F(Chart, UpgradeRestartsNoApplicationPod) {
    apply(appYaml("shop", "replicas: 2") +
          "  loadBalancer: {algorithm: RoundRobin}\n"
          "  cdn: {replicasPerZone: 2, paths: [{match: '/static/*', ttlSeconds: 60}]}\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    auto before = podsOf("shop");
    ASSERT_GE(before.size(), 6U) << "two of each tier";
    auto old = leader();
    auto values = helm({"-n", kSystemNamespace, "upgrade", "scalableapp", E2E_CHART,
                        "--reuse-values", "--set-string", "podAnnotations.upgraded=yes", "--wait"});
    ASSERT_TRUE(values.ok()) << values.err;
    ASSERT_TRUE(eventually(60s, "the new operator has the lease",
                           [&] { return !leader().empty() && leader() != old; }));
    // What changes no pod: that it is done shows that the new one has looked at all of them.
    ASSERT_TRUE(kubectl({"patch", "scalableapp", "shop", "--type=merge", "-p",
                         R"({"spec":{"progressDeadlineSeconds":601}})"})
                    .ok());
    ASSERT_TRUE(eventually(60s, "the new operator has seen the change", [&] {
        return field("deployment", "shop-lb", "/spec/progressDeadlineSeconds") == "601" &&
               field("deployment", "shop-web", "/spec/progressDeadlineSeconds") == "601";
    }));
    ASSERT_TRUE(becomesReady("shop"));
    EXPECT_EQ(podsOf("shop"), before);
}

// Takes the release away, and gives it back with its values whatever the test finds.
class Uninstall : public ClusterTest {
  protected:
    void SetUp() override {
        if (!havePower()) {
            GTEST_SKIP() << "takes the operator away: on the local cluster only";
        }
        ClusterTest::SetUp();
        auto values = helm({"-n", kSystemNamespace, "get", "values", "scalableapp", "-o", "yaml"});
        ASSERT_TRUE(values.ok()) << values.err;
        file_ = "/tmp/release-values-" + std::to_string(getpid()) + ".yaml";
        std::ofstream(file_) << values.out;
    }
    void TearDown() override {
        install();
        unlink(file_.c_str());
        ClusterTest::TearDown();
    }

    void uninstall() {
        auto gone = helm({"-n", kSystemNamespace, "uninstall", "scalableapp", "--wait"});
        ASSERT_TRUE(gone.ok()) << gone.err;
        removed_ = true;
    }
    void install() {
        if (!removed_) {
            return;
        }
        removed_ = false;
        auto back = helm(
            {"-n", kSystemNamespace, "install", "scalableapp", E2E_CHART, "-f", file_, "--wait"});
        EXPECT_TRUE(back.ok()) << back.err;
    }
    // Nothing of an app, and nothing that waits for somebody who is not there any more.
    void expectNothingOf(const std::string& app) {
        for (const char* kind : {"scalableapps", "deployments", "replicasets", "pods", "services",
                                 "poddisruptionbudgets", "horizontalpodautoscalers", "ingresses"}) {
            std::string selector =
                std::string(kind) == "scalableapps" ? "" : "scalableapp.dev/app=" + app;
            EXPECT_TRUE(eventually(90s, std::string(kind) + " are gone",
                                   [&] { return list(kind, selector).empty(); }));
        }
    }

  private:
    std::string file_;
    bool removed_ = false;
};

TEST_F(Uninstall, InEitherOrderLeavesNothingTerminating) {
    std::string app = appYaml("shop", "replicas: 1") +
                      "  loadBalancer: {algorithm: RoundRobin, exposure: Ingress, host: "
                      "shop.example}\n";
    apply(app);
    ASSERT_TRUE(becomesReady("shop", 180s));
    uninstall();
    EXPECT_TRUE(list("pods", "scalableapp.dev/app=shop,scalableapp.dev/tier=web").size() == 1)
        << "the application goes on";
    ASSERT_TRUE(kubectl({"delete", "scalableapp", "shop", "--wait=false"}).ok());
    expectNothingOf("shop");
    install();
    apply(app);
    ASSERT_TRUE(becomesReady("shop", 180s));
    ASSERT_TRUE(kubectl({"delete", "scalableapp", "shop", "--wait=false"}).ok());
    uninstall();
    expectNothingOf("shop");
}

// A release that holds an application: what `helm --wait` makes of it (kstatus, since Helm 4).
class Release : public ClusterTest {
  protected:
    void SetUp() override {
        ClusterTest::SetUp();
        folder_ = "/tmp/release-chart-" + std::to_string(getpid());
        std::filesystem::create_directories(folder_ + "/templates");
        std::ofstream(folder_ + "/Chart.yaml") << "apiVersion: v2\nname: shop\nversion: 0.1.0\n";
        std::ofstream(folder_ + "/templates/app.yaml")
            << "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\n"
               "metadata: {name: shop}\nspec:\n  progressDeadlineSeconds: 30\n"
               "  web: {image: {{ .Values.image | quote }}, replicas: 1}\n";
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
        ClusterTest::TearDown();
    }

    RunResult deploy(const std::string& verb, const std::string& image) const {
        return helm({"-n", ns(), verb, "shop", folder_, "--wait", "--timeout", "120s",
                     "--set-string", "image=" + image});
    }

  private:
    std::string folder_;
};

TEST_F(Release, WithABrokenImageFailsAndHealsWithAGoodOne) {
    auto broken = deploy("install", "registry.invalid/shop:9");
    EXPECT_FALSE(broken.ok()) << "it was taken for ready";
    EXPECT_NE(broken.err.find("ScalableApp"), std::string::npos) << broken.err;
    EXPECT_NE(broken.err.find("registry.invalid/shop:9"), std::string::npos)
        << "the root cause is missing: " << broken.err;
    auto good = deploy("upgrade", shopImage());
    EXPECT_TRUE(good.ok()) << good.err;
    EXPECT_TRUE(conditionIs("shop", "Ready", "True")) << "Helm went on before it was Ready";
    EXPECT_EQ(field("scalableapp", "shop", "/status/observedGeneration"),
              field("scalableapp", "shop", "/metadata/generation"));
}

TEST_F(Release, IsReadyWhenHelmSaysSo) {
    auto good = deploy("install", shopImage());
    EXPECT_TRUE(good.ok()) << good.err;
    EXPECT_TRUE(conditionIs("shop", "Ready", "True")) << "Helm went on before it was Ready";
}

// As much of the Prometheus operator's definition as the chart fills in, and no more: the API
// server drops what is not in it.
constexpr const char* kServiceMonitors = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: ServiceMonitor, listKind: ServiceMonitorList, plural: servicemonitors, singular: servicemonitor}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [endpoints, selector]
            properties:
              selector:
                type: object
                properties:
                  matchLabels: {type: object, additionalProperties: {type: string}}
              endpoints:
                type: array
                items:
                  type: object
                  properties:
                    port: {type: string}
                    path: {type: string}
                    interval: {type: string, pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
)";

// The release with monitors, on a cluster that did not know the kind before; without both at the
// end, whatever the test finds.
class Monitors : public ClusterTest {
  protected:
    void SetUp() override {
        if (!havePower()) {
            GTEST_SKIP() << "defines a kind for the whole cluster: on the local cluster only";
        }
        if (cluster({"get", "crd", kDefinition}).ok()) {
            GTEST_SKIP() << "this cluster has a Prometheus operator of its own";
        }
        ClusterTest::SetUp();
        auto made = cluster({"create", "-f", "-"}, kServiceMonitors);
        ASSERT_TRUE(made.ok()) << made.err;
        defined_ = true;
        auto known = cluster({"wait", std::string("crd/") + kDefinition,
                              "--for=condition=Established", "--timeout=30s"});
        ASSERT_TRUE(known.ok()) << known.err;
        // Helm asks what kinds there are; the API server tells a moment later.
        ASSERT_TRUE(eventually(30s, "the kind is served", [] {
            return cluster({"get", "--raw", "/apis/monitoring.coreos.com/v1"}).ok();
        }));
    }
    void TearDown() override {
        // First the objects: a release with objects of an unknown kind cannot be upgraded.
        if (enabled_) {
            monitors(false);
        }
        if (defined_) {
            auto gone = cluster({"delete", "crd", kDefinition, "--timeout=30s"});
            EXPECT_TRUE(gone.ok()) << gone.err;
        }
        ClusterTest::TearDown();
    }

    void monitors(bool enabled) {
        enabled_ = enabled_ || enabled;
        auto done = helm(
            {"-n", kSystemNamespace, "upgrade", "scalableapp", E2E_CHART, "--reuse-values", "--set",
             std::string("serviceMonitor.enabled=") + (enabled ? "true" : "false"), "--wait"});
        EXPECT_TRUE(done.ok()) << done.err;
        enabled_ = enabled || !done.ok();
    }

    static std::vector<base::Json> inSystem(const std::string& kind, const std::string& selector) {
        auto found = cluster({"-n", kSystemNamespace, "get", kind, "-l", selector, "-o", "json"});
        EXPECT_TRUE(found.ok()) << found.err;
        auto parsed = base::parseJson(found.out);
        std::vector<base::Json> out;
        if (found.ok() && parsed) {
            for (const auto& item : base::arrayAt(*parsed, "/items")) {
                out.push_back(item);
            }
        }
        return out;
    }

    // What Prometheus would do with it: find the one Service, and ask its port by name.
    static void expectScrapes(const base::Json& monitor) {
        auto name = base::textAt(monitor, "/metadata/name");
        std::string selector;
        const auto* labels = base::at(monitor, "/spec/selector/matchLabels");
        ASSERT_TRUE(labels != nullptr && !labels->empty()) << name;
        for (const auto& [key, value] : labels->items()) {
            selector += (selector.empty() ? "" : ",") + key + "=" + value.get<std::string>();
        }
        auto services = inSystem("services", selector);
        ASSERT_EQ(services.size(), 1U) << name << ": " << selector;
        const auto& endpoints = base::arrayAt(monitor, "/spec/endpoints");
        ASSERT_EQ(endpoints.size(), 1U) << name;
        EXPECT_EQ(base::textAt(endpoints[0], "/interval"), "30s") << name;
        auto address = std::string("/api/v1/namespaces/") + kSystemNamespace + "/services/" +
                       base::textAt(services[0], "/metadata/name") + ":" +
                       base::textAt(endpoints[0], "/port") + "/proxy" +
                       base::textAt(endpoints[0], "/path");
        RunResult scraped;
        EXPECT_TRUE(eventually(30s, address + " answers", [&] {
            scraped = cluster({"get", "--raw", address});
            return scraped.ok();
        })) << scraped.err;
        EXPECT_NE(scraped.out.find("# TYPE "), std::string::npos) << address;
    }

    static constexpr const char* kDefinition = "servicemonitors.monitoring.coreos.com";
    static constexpr const char* kOurs = "app.kubernetes.io/instance=scalableapp";

  private:
    bool defined_ = false;
    bool enabled_ = false;
};

TEST_F(Monitors, FindTheMetricsOfEachComponentAndGoWithoutATrace) {
    EXPECT_TRUE(inSystem("servicemonitors", kOurs).empty()) << "nobody has asked for them";
    monitors(true);
    auto made = inSystem("servicemonitors", kOurs);
    EXPECT_FALSE(made.empty());
    // A Service of metrics without a monitor would be one that nobody scrapes.
    size_t services = 0;
    for (const auto& service : inSystem("services", kOurs)) {
        services += base::textAt(service, "/metadata/name").ends_with("-metrics") ? 1 : 0;
    }
    EXPECT_EQ(made.size(), services);
    for (const auto& monitor : made) {
        expectScrapes(monitor);
    }
    monitors(false);
    EXPECT_TRUE(inSystem("servicemonitors", kOurs).empty());
}

}  // namespace
