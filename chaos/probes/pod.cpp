#include "chaos/probes/pod.h"

#include "base/json.h"

namespace chaos::probes {
namespace {

constexpr const char* kHostLabel = "kubernetes.io/hostname";
constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";
constexpr int64_t kUser = 65532;

void avoid(base::Json& preferences, const char* label, int weight,
           const std::set<std::string>& values) {
    if (values.empty()) {
        return;
    }
    base::Json expression{{"key", label}, {"operator", "NotIn"}, {"values", values}};
    preferences.push_back(
        {{"weight", weight},
         {"preference", {{"matchExpressions", base::Json::array({expression})}}}});
}

base::Json container(const PodRequest& request) {
    base::Json out{{"name", kContainer}, {"image", request.image}};
    out["command"] = base::Json::array({"scalableapp-probe"});
    out["args"] =
        base::Json::array({"--url=" + request.url,
                           "--requests-per-second=" + std::to_string(request.requestsPerSecond),
                           "--duration-seconds=" + std::to_string(request.lifetime.count())});
    out["resources"] = {{"requests", {{"cpu", "50m"}, {"memory", "24Mi"}}},
                        {"limits", {{"memory", "128Mi"}}}};
    out["securityContext"] = {{"allowPrivilegeEscalation", false},
                              {"readOnlyRootFilesystem", true},
                              {"capabilities", {{"drop", base::Json::array({"ALL"})}}}};
    return out;
}

}  // namespace

std::string podName(const std::string& runName) {
    return runName + "-probe";
}

std::string stepName(const std::string& runName) {
    return runName + "-step";
}

std::string urlOf(const std::string& app, const std::string& namespace_, const std::string& path) {
    return "http://" + app + "." + namespace_ + ".svc" + path;
}

base::Json ownerReference(const std::string& runName, const std::string& runUid) {
    return {{"apiVersion", "scalableapp.dev/v1alpha1"},
            {"kind", "ChaosRun"},
            {"name", runName},
            {"uid", runUid},
            {"controller", true},
            {"blockOwnerDeletion", false}};
}

base::Json probePod(const PodRequest& request) {
    base::Json metadata{{"name", request.name}, {"namespace", request.namespace_}};
    metadata["labels"] = {{"app.kubernetes.io/name", "scalableapp-probe"},
                          {"app.kubernetes.io/managed-by", "scalableapp-chaos"},
                          {kRunLabel, request.runName}};
    metadata["ownerReferences"] =
        base::Json::array({ownerReference(request.runName, request.runUid)});

    base::Json spec{{"restartPolicy", "Never"},
                    {"automountServiceAccountToken", false},
                    {"enableServiceLinks", false},
                    {"terminationGracePeriodSeconds", 5}};
    // Should even the probe's own clock fail it, the kubelet ends it.
    spec["activeDeadlineSeconds"] = request.lifetime.count() + 60;
    spec["securityContext"] = {{"runAsNonRoot", true},
                               {"runAsUser", kUser},
                               {"runAsGroup", kUser},
                               {"seccompProfile", {{"type", "RuntimeDefault"}}}};
    auto preferences = base::Json::array();
    avoid(preferences, kZoneLabel, 100, request.avoidZones);
    avoid(preferences, kHostLabel, 50, request.avoidNodes);
    if (request.mustAvoid && !request.avoidZones.empty()) {
        base::Json expression{
            {"key", kZoneLabel}, {"operator", "NotIn"}, {"values", request.avoidZones}};
        base::Json term{{"matchExpressions", base::Json::array({expression})}};
        spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
            {"nodeSelectorTerms", base::Json::array({term})}};
    }
    if (!preferences.empty()) {
        spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] =
            preferences;
    }
    spec["containers"] = base::Json::array({container(request)});
    return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}};
}

}  // namespace chaos::probes
