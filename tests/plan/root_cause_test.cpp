// Which cause is told of a workload that is not as it should be, and in which words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/objects.h"
#include "plan/plan.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Json podCondition(const char* type, const char* status, const char* message) {
    return {{"type", type},
            {"status", status},
            {"message", message},
            {"lastTransitionTime", base::formatTime(clockStart())}};
}

// What the planner says when no pod could be made, for this reason.
plan::Plan refusedWith(const std::string& message) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    std::erase_if(seen.children, [](const Json& child) { return child["kind"] == "Pod"; });
    (*find(seen, "ReplicaSet"))["status"]["conditions"] =
        Json::array({{{"type", "ReplicaFailure"}, {"status", "True"}, {"message", message}}});
    return plan::planApp(spec, seen);
}

std::string readyMessage(const plan::Plan& plan) {
    return condition(plan, "Ready")->message;
}

struct Cause {
    const char* name;
    Json container;
    std::vector<const char*> words;
    bool stalledAtOnce;
};

TEST(RootCause, IsNamedAndStalls) {
    const std::vector<Cause> cases{
        {"pull",
         {{"state", {{"waiting", {{"reason", "ErrImagePull"}, {"message", "x: not found"}}}}}},
         {"web: ImagePullBackOff \"shop:1\": not found (2 pods, since ",
          "); correct `web.image` or push it"},
         false},
        {"crash",
         {{"state", {{"running", Json::object()}}},
          {"restartCount", 1},
          {"lastState", {{"terminated", {{"reason", "Error"}, {"exitCode", 2}}}}}},
         {"web: CrashLoopBackOff: exit code 2"},
         false},
        {"memory",
         {{"state", {{"terminated", {{"reason", "OOMKilled"}, {"exitCode", 137}}}}}},
         {"web: OOMKilled", "limits.memory"},
         false},
        {"secret",
         {{"state",
           {{"waiting",
             {{"reason", "CreateContainerConfigError"},
              {"message", "secret \"keys\" not found"}}}}}},
         {"secret \"keys\" not found"},
         true},
        {"name",
         {{"state", {{"waiting", {{"reason", "InvalidImageName"}}}}}},
         {"InvalidImageName \"shop:1\""},
         true},
        {"probe",
         {{"state", {{"running", Json::object()}}}},
         {"web: NotReady: GET /healthz at port 8080 does not answer"},
         false}};
    for (const auto& one : cases) {
        auto spec = app();
        auto seen = seenAfter(spec, 0);
        setStates(seen, one.container);
        auto plan = plan::planApp(spec, seen);
        auto message = condition(plan, "Ready")->message;
        for (const char* word : one.words) {
            EXPECT_NE(message.find(word), std::string::npos) << one.name << ": " << message;
        }
        EXPECT_EQ(condition(plan, "Ready")->status, "False");
        EXPECT_EQ(condition(plan, "Stalled") != nullptr, one.stalledAtOnce) << one.name;
        EXPECT_EQ(condition(plan, "Reconciling") == nullptr, one.stalledAtOnce) << one.name;
        remember(spec, plan);
        seen.now += 601s;
        auto late = plan::planApp(spec, seen);
        EXPECT_NE(condition(late, "Stalled"), nullptr) << one.name;
        EXPECT_EQ(condition(late, "Reconciling"), nullptr) << one.name;
        EXPECT_EQ(condition(late, "Ready")->message, message) << "no message that only ages";
        remember(spec, late);
        EXPECT_EQ(plan::planApp(spec, seenAfter(spec)).status["conditions"][0]["status"], "True")
            << "heals";
    }
}

TEST(RootCause, AContainerThatHasNotStartedFailsItsStartupProbe) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    for (auto& child : seen.children) {
        if (child["kind"] == "Pod") {
            child["spec"]["containers"][0]["startupProbe"] = {
                {"httpGet", {{"path", "/first"}, {"port", 8081}}}};
        }
    }
    auto saidOf = [&](bool started) {
        setStates(seen, {{"state", {{"running", Json::object()}}}, {"started", started}});
        return condition(plan::planApp(spec, seen), "Ready")->message;
    };
    EXPECT_THAT(saidOf(false), HasSubstr("GET /first at port 8081 does not answer"));
    EXPECT_THAT(saidOf(true), HasSubstr("GET /healthz at port 8080 does not answer"));
}

TEST(RootCause, QuotaIsNamedWithoutTheNameOfThePod) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    (*find(seen, "ReplicaSet"))["status"]["conditions"] = Json::array(
        {{{"type", "ReplicaFailure"},
          {"status", "True"},
          {"message",
           "pods \"shop-web-1-abcde\" is forbidden: exceeded quota: tight, requested: pods=1"}}});
    auto plan = plan::planApp(spec, seen);
    EXPECT_EQ(condition(plan, "Ready")->message,
              "web: QuotaExceeded: exceeded quota: tight, requested: pods=1");
    EXPECT_NE(condition(plan, "Stalled"), nullptr);
    ASSERT_FALSE(plan.events.empty());
    EXPECT_TRUE(plan.events[0].warning);
}

TEST(RootCause, PodsOfOneCauseCountTogether) {
    auto seen = seenAfter(app(R"({"image":"shop:1","replicas":2})"), 0);
    int n = 0;
    for (auto& child : seen.children) {
        if (base::stringAt(child, "/kind") == "Pod") {
            child["status"]["containerStatuses"][0]["state"] = {
                {"waiting",
                 {{"reason", "CreateContainerConfigError"},
                  {"message", "image will run as root (pod: \"shop-web-" + std::to_string(n++) +
                                  "_ns(uid)\", container: web)"}}}};
        }
    }
    auto plan = plan::planApp(app(R"({"image":"shop:1","replicas":2})"), seen);
    auto message = condition(plan, "Ready")->message;
    EXPECT_NE(message.find("2 pods"), std::string::npos) << message;
    EXPECT_EQ(message.find("(pod:"), std::string::npos) << message;
}

TEST(RootCause, UnschedulableTellsWhatTheNodesLack) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    for (auto& child : seen.children) {
        if (child["kind"] == "Pod") {
            child["spec"].erase("nodeName");
            child["status"] = {{"phase", "Pending"}};
            child["status"]["conditions"].push_back(podCondition(
                "PodScheduled", "False",
                "0/6 nodes are available: 6 Insufficient cpu. preemption: 0/6 nodes help."));
        }
    }
    auto plan = plan::planApp(spec, seen);
    EXPECT_THAT(
        readyMessage(plan),
        HasSubstr("web: Unschedulable: 0/6 nodes are available: 6 Insufficient cpu (2 pods"));
    // Another node may come: it stalls only with the deadline.
    EXPECT_EQ(condition(plan, "Stalled"), nullptr);
    EXPECT_EQ(condition(plan, "WebReady")->status, "False");
}

TEST(RootCause, ANodeThatDoesNotAnswerIsNamed) {
    auto spec = app();
    auto seen = seenAfter(spec, 1);
    setStates(seen, {{"ready", true}, {"state", {{"running", Json::object()}}}});
    EXPECT_THAT(readyMessage(plan::planApp(spec, seen)),
                HasSubstr("web: NodeNotReady \"node1\": the node does not answer (1 pod"));
}

TEST(RootCause, WhatRefusesThePodsIsToldWithoutTheirNames) {
    struct Refusal {
        const char* message;
        const char* text;
        bool needsHelp;
    };
    for (
        const auto& one : std::vector<Refusal>{
            {R"(pods "shop-web-1-" is forbidden: error looking up service account ns/web: serviceaccount "web" not found)",
             R"(web: ServiceAccountMissing: error looking up service account ns/web: serviceaccount "web" not found)",
             true},
            {R"(pods "shop-web-1-x" is forbidden: violates PodSecurity "restricted:latest": host namespaces)",
             R"(web: PodSecurityViolation: violates PodSecurity "restricted:latest": host namespaces)",
             true},
            {R"(pods "shop-web-1-x" is forbidden: maximum cpu usage per Container is 1, but limit is 2)",
             "web: LimitRangeViolation: maximum cpu usage per Container is 1, but limit is 2",
             true},
            {R"(admission webhook "policy.example.com" denied the request: no)",
             R"(web: AdmissionDenied: admission webhook "policy.example.com" denied the request: no)",
             true},
            {R"(Internal error occurred: failed calling webhook "policy.example.com": connection refused)",
             "web: AdmissionWebhookFailed: ", false},
            {R"(pods "shop-web-1-x" is forbidden: something new)",
             "web: PodCreationFailed: something new", true}}) {
        auto plan = refusedWith(one.message);
        EXPECT_THAT(readyMessage(plan), HasSubstr(one.text));
        EXPECT_THAT(readyMessage(plan), Not(HasSubstr("shop-web-1-")));
        EXPECT_EQ(condition(plan, "Stalled") != nullptr, one.needsHelp) << one.text;
    }
}

TEST(RootCause, PullErrorsAreToldInFewWords) {
    for (const auto& [message, words] : std::vector<std::pair<const char*, const char*>>{
             {"failed to resolve: manifest unknown", "not found"},
             {"pull access denied, repository does not exist", "access denied"},
             {"dial tcp: lookup registry.example: no such host", "the registry cannot be found"},
             {"dial tcp 10.0.0.1:443: i/o timeout", "the registry does not answer"},
             {"toomanyrequests: slow down", "the registry asks for fewer requests"},
             {"write layer: no space left on device", "the node's disk is full"}}) {
        auto seen = seenAfter(app(), 0);
        setStates(seen,
                  {{"state", {{"waiting", {{"reason", "ErrImagePull"}, {"message", message}}}}}});
        EXPECT_THAT(readyMessage(plan::planApp(app(), seen)),
                    HasSubstr(std::string("web: ImagePullBackOff \"shop:1\": ") + words));
    }
}

TEST(RootCause, TheDeepestOfSeveralIsTold) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    // The order in which the cache lists the pods must not matter.
    for (bool reversed : {false, true}) {
        int n = 0;
        for (auto& child : seen.children) {
            if (child["kind"] == "Pod") {
                bool image = (n++ == 0) != reversed;
                child["status"]["containerStatuses"][0]["state"] =
                    image ? Json{{"waiting", {{"reason", "ImagePullBackOff"}}}}
                          : Json{{"running", Json::object()}};
            }
        }
        EXPECT_THAT(readyMessage(plan::planApp(spec, seen)),
                    HasSubstr("ImagePullBackOff \"shop:1\" (1 pod"));
    }
}

}  // namespace
