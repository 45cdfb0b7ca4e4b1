#include "plan/pod_template.h"

#include "plan/strategic_merge.h"

namespace plan {
namespace {

using base::Json;

Json tolerationOf(const api::Toleration& toleration) {
    Json out{{"operator", toleration.operator_}};
    for (const auto& [field, value] :
         {std::pair{"key", toleration.key}, std::pair{"value", toleration.value},
          std::pair{"effect", toleration.effect}}) {
        if (!value.empty()) {
            out[field] = value;
        }
    }
    if (toleration.tolerationSeconds) {
        out["tolerationSeconds"] = *toleration.tolerationSeconds;
    }
    return out;
}

void putFields(Json& pod, const api::Overrides& overrides) {
    for (const auto& label : overrides.labels) {
        pod["metadata"]["labels"][label.name] = label.value;
    }
    for (const auto& annotation : overrides.annotations) {
        pod["metadata"]["annotations"][annotation.name] = annotation.value;
    }
    auto& spec = pod["spec"];
    if (!overrides.nodeSelector.empty()) {
        spec["nodeSelector"] = overrides.nodeSelector;
    }
    for (const auto& toleration : overrides.tolerations) {
        spec["tolerations"].push_back(tolerationOf(toleration));
    }
    for (const auto& secret : overrides.imagePullSecrets) {
        spec["imagePullSecrets"].push_back({{"name", secret}});
    }
    if (!overrides.serviceAccountName.empty()) {
        spec["serviceAccountName"] = overrides.serviceAccountName;
    }
}

base::Status patched(Json& pod, const std::string& text) {
    auto patch = base::parseJson(text);
    if (!patch) {
        return base::fail("`overrides.podTemplatePatch` is no JSON: " + patch.error().message);
    }
    if (!patch->is_object()) {
        return base::fail("`overrides.podTemplatePatch` must be a JSON object");
    }
    for (const auto& [field, value] : patch->items()) {
        if ((field != "metadata" && field != "spec") || !value.is_object()) {
            return base::fail("`overrides.podTemplatePatch` has \"" + field +
                              "\": it may have the objects `metadata` and `spec` only");
        }
    }
    auto merged = strategicMerge(pod, *patch);
    if (!merged) {
        return base::fail("`overrides.podTemplatePatch`: " + merged.error().message);
    }
    for (const char* map : {"labels", "annotations"}) {
        auto found = pod["metadata"].find(map);
        if (found != pod["metadata"].end() && !found->is_object()) {
            return base::fail("`overrides.podTemplatePatch`: `metadata." + std::string(map) +
                              "` must be a map");
        }
    }
    return {};
}

}  // namespace

Json spreadOver(const std::vector<const char*>& domains, const Json& selector) {
    auto out = Json::array();
    for (const char* domain : domains) {
        out.push_back({{"maxSkew", 1},
                       {"topologyKey", domain},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector", {{"matchLabels", selector}}},
                       {"matchLabelKeys", Json::array({"pod-template-hash"})}});
    }
    return out;
}

Json proxyPod(ProxyPod pod) {
    return {{"metadata", {{"labels", std::move(pod.labels)}}},
            {"spec",
             {{"automountServiceAccountToken", false},
              {"enableServiceLinks", false},
              {"terminationGracePeriodSeconds", pod.graceSeconds},
              {"securityContext",
               {{"runAsNonRoot", true},
                {"runAsUser", pod.user},
                {"runAsGroup", pod.user},
                {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
              {"topologySpreadConstraints", spreadOver({kZoneDomain, kNodeDomain}, pod.selector)},
              {"containers", Json::array({std::move(pod.container)})},
              {"volumes", std::move(pod.volumes)}}}};
}

Json adminProbe(const char* path, int64_t timeout, int64_t period, int64_t failures) {
    return {{"httpGet", {{"path", path}, {"port", "admin"}, {"scheme", "HTTP"}}},
            {"periodSeconds", period},
            {"timeoutSeconds", timeout},
            {"failureThreshold", failures}};
}

Json proxyLiveness() {
    return adminProbe("/healthz", 5, 10, 6);
}

base::Result<Json> withOverrides(Json podTemplate, const api::Overrides& overrides,
                                 const Json& labels) {
    putFields(podTemplate, overrides);
    if (!overrides.podTemplatePatch.empty()) {
        auto done = patched(podTemplate, overrides.podTemplatePatch);
        if (!done) {
            return base::fail(done.error().message);
        }
    }
    podTemplate["metadata"]["labels"].update(labels);
    return podTemplate;
}

Json proxyResources(const api::Resources& given) {
    const auto& [requests, limits] = given;
    Json out{{"requests", requests}, {"limits", limits}};
    for (const auto& [name, value] : {std::pair{"cpu", "100m"}, std::pair{"memory", "64Mi"}}) {
        if (!requests.contains(name) && !limits.contains(name)) {
            out["requests"][name] = value;
        }
    }
    if (!requests.contains("memory") && !limits.contains("memory")) {
        out["limits"]["memory"] = "512Mi";
    }
    for (const char* part : {"requests", "limits"}) {
        if (out[part].empty()) {
            out.erase(part);
        }
    }
    return out;
}

}  // namespace plan
