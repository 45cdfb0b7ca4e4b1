// What the load balancer tier costs, beside a bare Service in the same run: figures.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

// What one probe met.
struct Load {
    int64_t sent = 0;
    int64_t ok = 0;
    int64_t seconds = 0;
    std::map<int64_t, int64_t> latency;  // how many by the histogram's bucket

    double quantileMs(double share) const {
        auto left = static_cast<int64_t>(share * static_cast<double>(ok));
        for (const auto& [bucket, count] : latency) {
            left -= count;
            if (left <= 0) {
                return upperEdgeMs(bucket);
            }
        }
        return 0;
    }

    // Sixteen buckets to each doubling, microseconds.
    static double upperEdgeMs(int64_t bucket) {
        if (bucket < 16) {
            return static_cast<double>(bucket) / 1000;
        }
        int64_t shift = bucket / 16 - 1;
        return static_cast<double>(((bucket - 16 * shift + 1) << shift) - 1) / 1000;
    }
};

class Overhead : public ClusterTest {
  protected:
    void probe(const std::string& name, const std::string& host, int rate, int seconds) {
        const char* image = std::getenv("OPERATOR_IMAGE");
        apply("apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
              "}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n"
              "  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: "
              "RuntimeDefault}}\n  containers:\n  - name: probe\n    image: " +
              std::string(image == nullptr ? "" : image) +
              "\n    imagePullPolicy: IfNotPresent\n    command: [/usr/bin/scalableapp-probe, "
              "--url=http://" +
              host + "." + ns() + ".svc.cluster.local/, --duration-seconds=" +
              std::to_string(seconds) + ", --requests-per-second=" + std::to_string(rate) +
              "]\n    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: "
              "[ALL]}}\n");
    }

    Load met(const std::string& name) {
        EXPECT_TRUE(eventually(120s, name + " is done", [&] {
            return field("pod", name, "/status/phase") == "Succeeded";
        })) << kubectl({"logs", name, "--tail=3"}).out;
        Load out;
        std::istringstream lines(kubectl({"logs", name}).out);
        for (std::string line; std::getline(lines, line);) {
            auto second = base::parseJson(line);
            // The first seconds open connections.
            if (!second || base::intAt(*second, "/second").value_or(-1) < 3) {
                continue;
            }
            ++out.seconds;
            out.sent += base::intAt(*second, "/sent").value_or(0);
            out.ok += base::intAt(*second, "/ok").value_or(0);
            for (const auto& pair : base::arrayAt(*second, "/latency")) {
                out.latency[pair[0].get<int64_t>()] += pair[1].get<int64_t>();
            }
        }
        return out;
    }
};

TEST_F(Overhead, OfTheLoadBalancerBesideABareService) {
    if (std::getenv("OPERATOR_IMAGE") == nullptr) {
        GTEST_SKIP() << "OPERATOR_IMAGE names no image with scalableapp-probe";
    }
    apply(appYaml("shop", "replicas: 2") + "  loadBalancer: {algorithm: RoundRobin}\n");
    apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: bare}\nspec:\n"
        "  selector: {scalableapp.dev/app: shop, scalableapp.dev/tier: web}\n"
        "  ports: [{port: 80, targetPort: http}]\n");
    ASSERT_TRUE(becomesReady("shop", 180s));
    ASSERT_EQ(field("service", "shop", "/spec/selector/scalableapp.dev~1tier"), "loadBalancer");
    // At the same time, so that whatever else the machine does meets both.
    probe("through", "shop", 100, 20);
    probe("past", "bare", 100, 20);
    auto through = met("through");
    auto past = met("past");
    std::cout << "overhead of the load balancer: p50 " << through.quantileMs(0.5) << " ms, bare "
              << past.quantileMs(0.5) << " ms; p99 " << through.quantileMs(0.99) << " ms, bare "
              << past.quantileMs(0.99) << " ms\n";
    EXPECT_EQ(through.ok, through.sent);
    EXPECT_EQ(past.ok, past.sent);
    EXPECT_LT(through.quantileMs(0.5), past.quantileMs(0.5) + 20);
}

}  // namespace
