#include "chaos/probes/pod.h"

#include "base/json.h"

namespace chaos::probes {
namespace {

constexpr const char* kHostLabel = "kubernetes.io/hostname";
constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";
constexpr int64_t kUser = 65532;

base::Json isOneOf(const char* label, const char* operation, const std::set<std::string>& values) {
    return {{"key", label}, {"operator", operation}, {"values", values}};
}

base::Json affinityOf(const PodRequest& request) {
    auto out = base::Json::object();
    auto wishes = base::Json::array();
    auto musts = base::Json::array();
    auto wish = [&](int weight, const char* label, const char* operation, const auto& values) {
        if (!values.empty()) {
            auto one = isOneOf(label, operation, values);
            wishes.push_back({{"weight", weight},
                              {"preference", {{"matchExpressions", base::Json::array({one})}}}});
        }
    };
    auto must = [&](const char* label, const auto& values) {
        if (request.mustAvoid && !values.empty()) {
            musts.push_back(isOneOf(label, "NotIn", values));
        }
    };
    wish(100, kZoneLabel, "In", request.nearZones);
    wish(100, kZoneLabel, "NotIn", request.avoidZones);
    wish(50, kHostLabel, "NotIn", request.avoidNodes);
    must(kZoneLabel, request.avoidZones);
    must(kHostLabel, request.avoidNodes);
    if (!musts.empty()) {
        base::Json term{{"matchExpressions", musts}};
        out["requiredDuringSchedulingIgnoredDuringExecution"] = {
            {"nodeSelectorTerms", base::Json::array({term})}};
    }
    if (!wishes.empty()) {
        out["preferredDuringSchedulingIgnoredDuringExecution"] = wishes;
    }
    return out;
}

base::Json container(const PodRequest& request) {
    base::Json out{{"name", kContainer}, {"image", request.image}};
    out["command"] = base::Json::array({"scalableapp-probe"});
    auto args =
        base::Json::array({"--url=" + request.url,
                           "--requests-per-second=" + std::to_string(request.requestsPerSecond),
                           "--duration-seconds=" + std::to_string(request.lifetime.count())});
    for (const auto& place : request.places) {
        args.push_back("--view=" + place.name + "=" + place.url);
    }
    if (!request.places.empty()) {
        args.push_back("--view-requests-per-second=" +
                       std::to_string(request.placeRequestsPerSecond));
    }
    out["args"] = std::move(args);
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
    if (auto affinity = affinityOf(request); !affinity.empty()) {
        spec["affinity"]["nodeAffinity"] = std::move(affinity);
    }
    spec["containers"] = base::Json::array({container(request)});
    return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}};
}

}  // namespace chaos::probes
