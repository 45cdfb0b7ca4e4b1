#include "plan/objects.h"

#include <gtest/gtest.h>

#include <list>

namespace plan_test {

using base::Json;

api::ScalableApp app(const std::string& web, const std::string& spec) {
    Json object{{"apiVersion", api::kApiVersion},
                {"kind", api::kKind},
                {"metadata",
                 {{"name", "shop"}, {"namespace", "ns"}, {"uid", "app-uid"}, {"generation", 1}}},
                {"spec", *base::parseJson(spec)}};
    object["spec"]["web"] = *base::parseJson(web);
    auto parsed = api::parseScalableApp(object);
    EXPECT_TRUE(parsed.ok()) << (parsed ? "" : parsed.error().message);
    return parsed.ok() ? *parsed : api::ScalableApp{};
}

base::WallTime clockStart() {
    return base::WallTime(std::chrono::seconds(1'800'000'000));
}

namespace {

Json owner(const char* kind, const char* uid) {
    return Json::array({{{"kind", kind}, {"uid", uid}, {"controller", true}}});
}

Json metadata(const std::string& name, const char* ownerKind, const char* ownerUid) {
    return {{"name", name},
            {"namespace", "ns"},
            {"uid", name + "-uid"},
            {"labels", {{"scalableapp.dev/app", "shop"}, {"scalableapp.dev/tier", "web"}}},
            {"annotations", {{"deployment.kubernetes.io/revision", "1"}}},
            {"ownerReferences", owner(ownerKind, ownerUid)},
            {"creationTimestamp", base::formatTime(clockStart())}};
}

Json pod(int number, bool ready) {
    return {
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata",
         metadata("shop-web-1-" + std::to_string(number), "ReplicaSet", "shop-web-1-uid")},
        {"spec",
         {{"nodeName", "node" + std::to_string(number)},
          {"containers",
           Json::array(
               {{{"name", "web"},
                 {"readinessProbe", {{"httpGet", {{"path", "/healthz"}, {"port", "http"}}}}},
                 {"ports", Json::array({{{"name", "http"}, {"containerPort", 8080}}})}}})}}},
        {"status",
         {{"phase", "Running"},
          {"conditions", Json::array({{{"type", "Ready"},
                                       {"status", ready ? "True" : "False"},
                                       {"lastTransitionTime", base::formatTime(clockStart())}}})},
          {"containerStatuses", Json::array({{{"name", "web"},
                                              {"image", "shop:1"},
                                              {"ready", ready},
                                              {"restartCount", 0},
                                              {"state", {{"running", Json::object()}}}}})}}}};
}

}  // namespace

plan::Observed seenAfter(const api::ScalableApp& app, int ready) {
    plan::Observed seen{.children = {}, .now = clockStart()};
    auto first = plan::planApp(app, seen);
    int wanted = static_cast<int>(app.web.leastReplicas());
    ready = ready < 0 ? wanted : ready;
    for (auto& intent : first.intents) {
        Json object = intent.object;
        object["metadata"]["uid"] = base::stringAt(object, "/metadata/name").value() + "-uid";
        if (object["kind"] == "Deployment") {
            object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
            object["metadata"]["generation"] = 1;
            object["spec"]["replicas"] = wanted;
            object["status"] = {{"observedGeneration", 1},
                                {"replicas", wanted},
                                {"updatedReplicas", wanted},
                                {"readyReplicas", ready},
                                {"availableReplicas", ready}};
        }
        seen.children.push_back(object);
    }
    seen.children.push_back({{"apiVersion", "apps/v1"},
                             {"kind", "ReplicaSet"},
                             {"metadata", metadata("shop-web-1", "Deployment", "shop-web-uid")}});
    for (int i = 0; i < wanted; ++i) {
        seen.children.push_back(pod(i, i < ready));
    }
    return seen;
}

Json* find(plan::Observed& seen, const std::string& kind, const std::string& name) {
    for (auto& child : seen.children) {
        if (child["kind"] == kind && (name.empty() || child["metadata"]["name"] == name)) {
            return &child;
        }
    }
    return nullptr;
}

void setStates(plan::Observed& seen, const Json& containerStatus) {
    for (auto& child : seen.children) {
        if (child["kind"] == "Pod" && child["status"]["conditions"][0]["status"] == "False") {
            child["status"]["containerStatuses"][0].update(containerStatus);
        }
    }
}

void remember(api::ScalableApp& app, const plan::Plan& plan) {
    app.conditions = api::parseConditions(base::arrayAt(plan.status, "/conditions"));
}

const api::Condition* condition(const plan::Plan& plan, const std::string& type) {
    static std::list<api::Conditions> kept;
    kept.push_back(api::parseConditions(base::arrayAt(plan.status, "/conditions")));
    return api::findCondition(kept.back(), type);
}

Json object(const plan::Plan& plan, const std::string& kind) {
    for (const auto& intent : plan.intents) {
        if (intent.object["kind"] == kind) {
            return intent.object;
        }
    }
    return Json();
}

}  // namespace plan_test
