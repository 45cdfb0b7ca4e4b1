// Other resources for web pods that serve: in place, without a restart and without a failed
// request.
#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;

class ResizeInPlace : public ClusterTest {
  protected:
    void SetUp() override {
        if (cluster({"get", "--raw", "/api/v1"}).out.find("\"pods/resize\"") == std::string::npos) {
            GTEST_SKIP() << "this cluster cannot resize pods in place: Kubernetes before 1.33";
        }
        ClusterTest::SetUp();
    }

    static std::string resources(const std::string& cpu) {
        return "{requests: {cpu: " + cpu + ", memory: 32Mi}, limits: {memory: 128Mi}}";
    }

    void serve() {
        apply(appYaml("shop", "replicas: 3, resources: " + resources("20m")));
        ASSERT_TRUE(becomesReady("shop"));
        ASSERT_EQ(uids().size(), 3U);
    }

    void askForCpu(const std::string& cpu) {
        apply(appYaml("shop", "replicas: 3, resources: " + resources(cpu)));
        ASSERT_TRUE(eventually(30s, "the operator has seen the change", [&] {
            return field("scalableapp", "shop", "/status/observedGeneration") ==
                   field("scalableapp", "shop", "/metadata/generation");
        }));
    }

    // 50 visitors a second, each with a connection of its own; a line for each answer.
    void sendVisitors() {
        apply(R"(apiVersion: v1
kind: Pod
metadata: {name: visitors}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: visitors
    image: base:1
    imagePullPolicy: IfNotPresent
    command: [curl, -s, -m, "5", --rate, 50/s, -H, "Connection: close", -o, /dev/null,
              -w, "%{http_code}\n", "http://shop/?[1-100000]"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
)");
        ASSERT_TRUE(eventually(60s, "the first visitors are served", [&] {
            return answers()["200"] > 50;
        })) << kubectl({"logs", "visitors", "--tail=5"}).out;
    }

    std::map<std::string, int> answers() {
        std::map<std::string, int> out;
        std::istringstream lines(kubectl({"logs", "visitors"}).out);
        for (std::string line; std::getline(lines, line);) {
            ++out[line];
        }
        return out;
    }

    void expectNobodyFailed() {
        auto until = answers()["200"] + 100;
        ASSERT_TRUE(eventually(60s, "visitors after it", [&] { return answers()["200"] > until; }));
        auto all = answers();
        std::cout << "other resources in place: " << all["200"] << " requests\n";
        EXPECT_EQ(all.size(), 1U) << base::dumpJson(base::Json(all));
    }

    // Of the pods that serve, by name.
    std::map<std::string, std::string> uids() {
        std::map<std::string, std::string> out;
        for (const auto& pod : readyPods("shop")) {
            out[base::textAt(pod, "/metadata/name")] = base::textAt(pod, "/metadata/uid");
        }
        return out;
    }

    std::string shown(const std::string& pod, const std::string& path) {
        return kubectl({"get", "pod", pod, "-o", "jsonpath={" + path + "}"}).out;
    }

    void expectCpu(const std::string& pod, const std::string& cpu) {
        EXPECT_EQ(shown(pod, ".spec.containers[0].resources.requests.cpu"), cpu) << pod;
        EXPECT_EQ(shown(pod, ".status.containerStatuses[0].resources.requests.cpu"), cpu) << pod;
        EXPECT_EQ(shown(pod, ".status.containerStatuses[0].restartCount"), "0") << pod;
    }

    bool happened(const std::string& reason) {
        auto events = list("events");
        return std::any_of(events.begin(), events.end(), [&](const base::Json& event) {
            return base::textAt(event, "/reason") == reason;
        });
    }
};

TEST_F(ResizeInPlace, NoPodRestartsAndNobodyNotices) {
    serve();
    auto before = uids();
    sendVisitors();
    askForCpu("40m");
    ASSERT_TRUE(becomesReady("shop", 180s));
    EXPECT_EQ(uids(), before);
    for (const auto& [pod, uid] : before) {
        expectCpu(pod, "40m");
    }
    EXPECT_EQ(
        field("deployment", "shop-web", "/spec/template/spec/containers/0/resources/requests/cpu"),
        "40m");
    EXPECT_EQ(field("deployment", "shop-web", "/spec/paused"), "");
    EXPECT_EQ(list("replicasets", "scalableapp.dev/app=shop").size(), 1U);
    EXPECT_FALSE(happened("ResizeRolls"));
    // The Deployment's controller, let go again, finds nothing to roll.
    EXPECT_TRUE(throughout(5s, "the same pods", [&] { return uids() == before; }));
    expectNobodyFailed();
    // Pods that come later are as those that were changed.
    ASSERT_TRUE(kubectl({"delete", "pod", before.begin()->first}).ok());
    ASSERT_TRUE(eventually(60s, "three pods again", [&] { return uids().size() == 3; }));
    for (const auto& [pod, uid] : uids()) {
        expectCpu(pod, "40m");
    }
    EXPECT_EQ(list("replicasets", "scalableapp.dev/app=shop").size(), 1U);
}

// More than any node has: it rolls, the first new pod finds no node, the old ones go on serving.
TEST_F(ResizeInPlace, WhatNoNodeHasIsToldAndHurtsNobody) {
    serve();
    auto before = uids();
    askForCpu("1k");
    EXPECT_TRUE(eventually(120s, "the cause is told", [&] {
        return base::textAt(condition("shop", "Ready"), "/reason") == "Unschedulable";
    })) << base::dumpJson(condition("shop", "Ready"));
    EXPECT_NE(base::textAt(condition("shop", "Ready"), "/message").find("Insufficient cpu"),
              std::string::npos);
    EXPECT_TRUE(conditionIs("shop", "WebReady", "True"));
    EXPECT_TRUE(
        eventually(15s, "an event says that it rolls", [&] { return happened("ResizeRolls"); }));
    EXPECT_EQ(uids(), before);
    // What a pod was asked for in vain is taken back: an autoscaler reckons with it.
    EXPECT_TRUE(eventually(30s, "every pod asks for what it has", [&] {
        return std::all_of(before.begin(), before.end(), [&](const auto& pod) {
            return shown(pod.first, ".spec.containers[0].resources.requests.cpu") == "20m";
        });
    }));
    askForCpu("20m");
    ASSERT_TRUE(becomesReady("shop"));
    EXPECT_EQ(uids(), before);
    for (const auto& [pod, uid] : before) {
        expectCpu(pod, "20m");
    }
}

}  // namespace
