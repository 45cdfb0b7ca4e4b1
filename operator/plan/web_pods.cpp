#include "plan/web_pods.h"

#include "api/labels.h"
#include "plan/names.h"
#include "plan/pod_template.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

constexpr const char* kContainer = "web";
// After the drain, for requests that are still on their way.
constexpr int64_t kShutdownSeconds = 30;
constexpr int64_t kStartupPeriodSeconds = 2;

Json probe(const ScalableApp& app, int64_t period, int64_t timeout, int64_t failures) {
    return {{"httpGet", {{"path", app.web.health.path}, {"port", kWebPort}, {"scheme", "HTTP"}}},
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
    Json out{
        {"name", kContainer},
        {"image", web.image},
        {"command", web.command},
        {"args", web.args},
        {"ports",
         Json::array({{{"name", kWebPort}, {"containerPort", web.port}, {"protocol", "TCP"}}})},
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

// Within a named zone there is one domain less.
Json spreadOf(const ScalableApp& app, const std::string& zone) {
    std::vector<const char*> domains{kNodeDomain};
    if (zone.empty()) {
        domains.insert(domains.begin(), kZoneDomain);
    }
    return spreadOver(domains, webSelector(app, zone));
}

}  // namespace

Json zoneAffinity(const std::vector<std::string>& zones) {
    Json inZone{{"key", kZoneDomain}, {"operator", "In"}, {"values", zones}};
    Json terms = Json::array({{{"matchExpressions", Json::array({inZone})}}});
    return {{"nodeAffinity",
             {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}};
}

Json webLabels(const ScalableApp& app, const std::string& zone) {
    Json out = labelsFor(app, kWebTier);
    if (!zone.empty()) {
        out[api::kZoneLabel] = zone;
    }
    return out;
}

Json webSelector(const ScalableApp& app, const std::string& zone) {
    Json out = selectorFor(app, kWebTier);
    if (!zone.empty()) {
        out[api::kZoneLabel] = zone;
    }
    return out;
}

bool needsCpuRequest(const ScalableApp& app) {
    const auto& resources = app.web.resources;
    return app.web.autoscaling && !resources.requests.contains("cpu") &&
           !resources.limits.contains("cpu");
}

base::Result<Json> webTemplate(const ScalableApp& app, const std::string& zone) {
    Json labels = webLabels(app, zone);
    Json pod{{"metadata", {{"labels", labels}}},
             {"spec",
              {{"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", app.web.drainSeconds + kShutdownSeconds},
               {"securityContext",
                {{"runAsNonRoot", true}, {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
               {"topologySpreadConstraints", spreadOf(app, zone)},
               {"containers", Json::array({containerOf(app)})}}}};
    if (!zone.empty()) {
        pod["spec"]["affinity"] = zoneAffinity({zone});
    }
    return withOverrides(std::move(pod), app.web.overrides, labels);
}

}  // namespace plan
