#include "plan/web.h"

#include <algorithm>
#include <set>

#include "api/labels.h"
#include "plan/names.h"
#include "plan/pod_template.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

constexpr const char* kTier = "web";
constexpr const char* kContainer = "web";
constexpr const char* kPort = "http";
constexpr const char* kDefaultCpuRequest = "100m";
constexpr int64_t kPublicPort = 80;
// After the drain, for requests that are still on their way.
constexpr int64_t kShutdownSeconds = 30;
constexpr int64_t kStartupPeriodSeconds = 2;

std::string nameOf(const ScalableApp& app) {
    return app.name + "-web";
}

// The autoscaler measures use against the request: without one it could not work.
bool needsCpuRequest(const ScalableApp& app) {
    const auto& resources = app.web.resources;
    return app.web.autoscaling && !resources.requests.contains("cpu") &&
           !resources.limits.contains("cpu");
}

Json probe(const ScalableApp& app, int64_t period, int64_t timeout, int64_t failures) {
    return {{"httpGet", {{"path", app.web.health.path}, {"port", kPort}, {"scheme", "HTTP"}}},
            {"periodSeconds", period},
            {"timeoutSeconds", timeout},
            {"failureThreshold", failures}};
}

Json envOf(const ScalableApp& app) {
    auto out = Json::array();
    for (const auto& variable : app.web.env) {
        Json item{{"name", variable.name}};
        if (variable.value) {
            item["value"] = *variable.value;
        }
        for (const auto& [field, reference] :
             {std::pair{"secretKeyRef", variable.secretKeyRef},
              std::pair{"configMapKeyRef", variable.configMapKeyRef}}) {
            if (reference) {
                item["valueFrom"] = {{field, {{"name", reference->name}, {"key", reference->key}}}};
            }
        }
        out.push_back(std::move(item));
    }
    return out;
}

Json resourcesOf(const ScalableApp& app) {
    Json out = Json::object();
    if (!app.web.resources.requests.empty()) {
        out["requests"] = app.web.resources.requests;
    }
    if (needsCpuRequest(app)) {
        out["requests"]["cpu"] = kDefaultCpuRequest;
    }
    if (!app.web.resources.limits.empty()) {
        out["limits"] = app.web.resources.limits;
    }
    return out;
}

Json containerOf(const ScalableApp& app) {
    const auto& web = app.web;
    int64_t startupFailures =
        (web.health.startupSeconds + kStartupPeriodSeconds - 1) / kStartupPeriodSeconds;
    Json out{{"name", kContainer},
             {"image", web.image},
             {"command", web.command},
             {"args", web.args},
             {"ports",
              Json::array({{{"name", kPort}, {"containerPort", web.port}, {"protocol", "TCP"}}})},
             {"env", envOf(app)},
             {"resources", resourcesOf(app)},
             {"startupProbe", probe(app, kStartupPeriodSeconds, 2, startupFailures)},
             {"readinessProbe", probe(app, 5, 2, 2)},
             {"livenessProbe", probe(app, 10, 5, 6)},
             {"securityContext",
              {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}}}};
    if (web.drainSeconds > 0) {
        out["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", web.drainSeconds}}}}}};
    }
    for (const char* field : {"command", "args", "env", "resources"}) {
        if (out[field].empty()) {
            out.erase(field);
        }
    }
    return out;
}

// Softly: a pod in a full zone is better than no pod.
Json spreadOf(const ScalableApp& app) {
    auto out = Json::array();
    for (const char* domain : {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}) {
        out.push_back({{"maxSkew", 1},
                       {"topologyKey", domain},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector", {{"matchLabels", selectorFor(app, kTier)}}},
                       {"matchLabelKeys", Json::array({"pod-template-hash"})}});
    }
    return out;
}

base::Result<Json> templateOf(const ScalableApp& app) {
    Json pod{{"metadata", {{"labels", labelsFor(app, kTier)}}},
             {"spec",
              {{"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", app.web.drainSeconds + kShutdownSeconds},
               {"securityContext",
                {{"runAsNonRoot", true}, {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
               {"topologySpreadConstraints", spreadOf(app)},
               {"containers", Json::array({containerOf(app)})}}}};
    return withOverrides(std::move(pod), app.web.overrides, labelsFor(app, kTier));
}

base::Result<Json> deploymentOf(const ScalableApp& app) {
    auto pod = templateOf(app);
    if (!pod) {
        return base::fail(pod.error().message);
    }
    Json out = childOf(app, "apps/v1", "Deployment", nameOf(app), kTier);
    out["spec"] = {{"selector", {{"matchLabels", selectorFor(app, kTier)}}},
                   {"progressDeadlineSeconds", app.progressDeadlineSeconds},
                   {"revisionHistoryLimit", 3},
                   {"strategy",
                    {{"type", "RollingUpdate"},
                     {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", "25%"}}}}},
                   {"template", *pod}};
    return out;
}

Json serviceOf(const ScalableApp& app) {
    Json out = childOf(app, "v1", "Service", app.name, kTier);
    // By the port's name: during a change of `port` each pod is met at its own.
    out["spec"] = {{"type", "ClusterIP"},
                   {"selector", selectorFor(app, kTier)},
                   {"ports", Json::array({{{"name", kPort},
                                           {"port", kPublicPort},
                                           {"targetPort", kPort},
                                           {"protocol", "TCP"}}})}};
    return out;
}

Json autoscalerOf(const ScalableApp& app) {
    const auto& scaling = *app.web.autoscaling;
    Json out = childOf(app, "autoscaling/v2", "HorizontalPodAutoscaler", nameOf(app), kTier);
    Json target{{"type", "Utilization"},
                {"averageUtilization", scaling.targetCPUUtilizationPercent}};
    // Up at once and by doubling; down late and by halves: too many pods cost less than too few.
    Json up{{"stabilizationWindowSeconds", 0},
            {"selectPolicy", "Max"},
            {"policies", Json::array({{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}},
                                      {{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}}})}};
    Json down{{"stabilizationWindowSeconds", scaling.scaleDownStabilizationSeconds},
              {"selectPolicy", "Max"},
              {"policies", Json::array({{{"type", "Percent"}, {"value", 50}, {"periodSeconds", 30}},
                                        {{"type", "Pods"}, {"value", 1}, {"periodSeconds", 30}}})}};
    out["spec"] = {
        {"scaleTargetRef",
         {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", nameOf(app)}}},
        {"minReplicas", scaling.minReplicas},
        {"maxReplicas", scaling.maxReplicas},
        {"metrics", Json::array({{{"type", "Resource"},
                                  {"resource", {{"name", "cpu"}, {"target", target}}}}})},
        {"behavior", {{"scaleUp", up}, {"scaleDown", down}}}};
    return out;
}

Json budgetOf(const ScalableApp& app) {
    Json out = childOf(app, "policy/v1", "PodDisruptionBudget", nameOf(app), kTier);
    out["spec"] = {{"selector", {{"matchLabels", selectorFor(app, kTier)}}},
                   {"maxUnavailable", "25%"},
                   {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
    return out;
}

TierIntents intents(const ScalableApp& app) {
    TierIntents out;
    auto deployment = deploymentOf(app);
    if (!deployment) {
        out.problem = Cause{.reason = "InvalidPatch",
                            .subject = "",
                            .detail = deployment.error().message,
                            .since = "",
                            .needsHelp = true};
        return out;
    }
    out.objects.push_back(serviceOf(app));
    // A budget for the only pod would let no node be drained.
    if (app.web.mostReplicas() > 1) {
        out.objects.push_back(budgetOf(app));
    }
    out.objects.push_back(std::move(*deployment));
    if (app.web.autoscaling) {
        out.objects.push_back(autoscalerOf(app));
    } else {
        out.scales.push_back({.apiVersion = "apps/v1",
                              .kind = "Deployment",
                              .namespace_ = app.namespace_,
                              .name = nameOf(app),
                              .replicas = app.web.leastReplicas()});
    }
    return out;
}

// --- what there is

int64_t countAt(const Json* object, const char* pointer) {
    return object == nullptr ? 0 : base::intAt(*object, pointer).value_or(0);
}

std::string countOf(int64_t ready, int64_t wanted) {
    return std::to_string(ready) + " of " + std::to_string(wanted) +
           (wanted == 1 ? " pod ready" : " pods ready");
}

std::vector<SinglePoint> singlePoints(const ScalableApp& app, const Workload& workload) {
    if (app.web.leastReplicas() == 1) {
        return {{kTier, "the only pod",
                 "there is no second one while it restarts or moves; " +
                     std::string(app.web.autoscaling ? "`autoscaling.minReplicas`" : "`replicas`") +
                     " of 2 or more removes it"}};
    }
    std::set<std::string> nodes;
    for (const auto* pod : workload.readyPods) {
        nodes.insert(base::stringAt(*pod, "/spec/nodeName").value_or(""));
    }
    if (workload.readyPods.size() > 1 && nodes.size() == 1) {
        return {{kTier, "node " + *nodes.begin(),
                 "all ready pods run on it; another node with room for a pod removes it"}};
    }
    return {};
}

Json effectiveOf(const ScalableApp& app) {
    Json out;
    if (!app.web.replicas && !app.web.autoscaling) {
        out["replicas"] = app.web.leastReplicas();
    }
    if (needsCpuRequest(app)) {
        out["cpuRequest"] = kDefaultCpuRequest;
    }
    return out;
}

std::string selectorText(const ScalableApp& app) {
    return std::string(api::kAppLabel) + "=" + app.name + "," + api::kTierLabel + "=" + kTier;
}

// What is left to do; empty: nothing.
std::string unfinished(const Workload& workload, int64_t wanted, int64_t available, int64_t least) {
    const auto* deployment = workload.deployment;
    if (!workload.upToDate) {
        return "Creating";
    }
    int64_t all = countAt(deployment, "/status/replicas");
    int64_t updated = countAt(deployment, "/status/updatedReplicas");
    // Pods of an older revision, or too few of this one for the capacity asked for.
    if (all > updated || updated < std::min(wanted, least)) {
        return "RollingOut";
    }
    return available < least ? "WaitingForPods" : "";
}

TierState state(const ScalableApp& app, const std::vector<const Json*>& children) {
    auto workload = workloadOf(nameOf(app), children);
    const auto* deployment = workload.deployment;
    int64_t least = app.web.leastReplicas();
    int64_t wanted =
        deployment == nullptr ? least : base::intAt(*deployment, "/spec/replicas").value_or(least);
    int64_t ready = countAt(deployment, "/status/readyReplicas");
    int64_t available = countAt(deployment, "/status/availableReplicas");

    TierState out;
    out.serving = least > 0 && deployment != nullptr && available >= least;
    out.progress = countOf(ready, wanted);
    out.doing = unfinished(workload, wanted, available, least);
    out.cause = rootCause(workload);
    if (least == 0) {
        out.doing = "ScaledToZero";
        out.progress = "no pod is asked for, nothing answers; raise `replicas` to serve";
        out.cause.reset();
    }
    out.settled = out.doing.empty();
    out.summary = {{"replicas", countAt(deployment, "/status/replicas")},
                   {"ready", ready},
                   {"selector", selectorText(app)},
                   {"summary", std::to_string(ready) + "/" + std::to_string(wanted)}};
    out.effective = effectiveOf(app);
    out.singlePoints = singlePoints(app, workload);
    out.endpoints = {{kTier, "http://" + app.name + "." + app.namespace_ + ".svc"}};
    return out;
}

bool wanted(const ScalableApp&) {
    return true;
}

}  // namespace

Tier webTier() {
    return {.name = kTier,
            .condition = "WebReady",
            .wanted = wanted,
            .intents = intents,
            .state = state};
}

}  // namespace plan
