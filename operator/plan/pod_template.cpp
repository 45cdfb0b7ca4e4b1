#include "plan/pod_template.h"

#include <algorithm>

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

bool isMapOfMaps(const Json& value) {
    return value.is_object() && std::all_of(value.begin(), value.end(),
                                            [](const Json& part) { return part.is_object(); });
}

// What others read of a pod they take to be of this form. "": it is; else where it is not.
std::string malformed(const Json& pod) {
    for (const char* map : {"labels", "annotations"}) {
        if (!pod["metadata"].value(map, Json::object()).is_object()) {
            return "`metadata." + std::string(map) + "` must be a map";
        }
    }
    for (const char* list : {"containers", "initContainers"}) {
        std::string field = "`spec." + std::string(list) + "`";
        const auto containers = pod["spec"].value(list, Json::array());
        if (!containers.is_array()) {
            return field + " must be a list";
        }
        for (const auto& container : containers) {
            if (!container.is_object() || !container.value("name", Json()).is_string()) {
                return field + " must have objects with a `name` only";
            }
            if (!isMapOfMaps(container.value("resources", Json::object()))) {
                return field + ": `resources` of \"" + container["name"].get<std::string>() +
                       "\" must be a map with the maps `requests` and `limits`";
            }
        }
    }
    return "";
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
    auto problem = malformed(pod);
    return problem.empty() ? base::Status{}
                           : base::fail("`overrides.podTemplatePatch`: " + problem);
}

// A digest alone says what runs. With a tag beside it, which is read by people only, another tag
// for the same digest would start every pod anew.
std::string withoutIdleTag(const std::string& image) {
    size_t digest = image.find('@');
    size_t tag = image.rfind(':', digest);
    size_t path = image.rfind('/', digest);
    bool tagged = digest != std::string::npos && tag != std::string::npos &&
                  (path == std::string::npos || tag > path);  // and no port of a registry
    return tagged ? image.substr(0, tag) + image.substr(digest) : image;
}

void dropIdleTags(Json& pod) {
    for (const char* list : {"containers", "initContainers"}) {
        auto found = pod["spec"].find(list);
        for (size_t i = 0; found != pod["spec"].end() && i < found->size(); ++i) {
            auto image = (*found)[i].find("image");
            if (image != (*found)[i].end() && image->is_string()) {
                *image = withoutIdleTag(image->get<std::string>());
            }
        }
    }
}

// The server keeps the account under an older name as well, and restores it from there when only
// the newer one is taken back: who writes both takes back both.
void nameAccountTwice(Json& pod) {
    auto account = pod["spec"].find("serviceAccountName");
    if (account != pod["spec"].end()) {
        pod["spec"]["serviceAccount"] = Json(*account);
    }
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
    dropIdleTags(podTemplate);
    nameAccountTwice(podTemplate);
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
