#include "reconcile/resources.h"

#include "base/json.h"

namespace reconcile {

const kube::ResourceType& scalableApps() {
    static const kube::ResourceType kType{"scalableapp.dev", "v1alpha1", "scalableapps",
                                          "ScalableApp", true};
    return kType;
}

const std::vector<kube::ResourceType>& childTypes() {
    static const std::vector<kube::ResourceType> kTypes{
        {"apps", "v1", "deployments", "Deployment", true},
        {"apps", "v1", "replicasets", "ReplicaSet", true},
        {"", "v1", "pods", "Pod", true},
        {"", "v1", "services", "Service", true},
        {"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true},
        {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true},
    };
    return kTypes;
}

const base::JsonOutline* outlineOf(const kube::ResourceType& type) {
    static const base::JsonOutline kReplicaSets{"/spec/template", "/spec/selector"};
    static const base::JsonOutline kPods{"/metadata/generateName",
                                         "/spec/affinity",
                                         "/spec/containers/args",
                                         "/spec/containers/command",
                                         "/spec/containers/env",
                                         "/spec/containers/envFrom",
                                         "/spec/containers/lifecycle",
                                         "/spec/containers/resources",
                                         "/spec/containers/securityContext",
                                         "/spec/containers/volumeMounts",
                                         "/spec/imagePullSecrets",
                                         "/spec/initContainers",
                                         "/spec/securityContext",
                                         "/spec/tolerations",
                                         "/spec/topologySpreadConstraints",
                                         "/spec/volumes",
                                         "/status/hostIPs",
                                         "/status/podIPs"};
    if (type.kind == "ReplicaSet") {
        return &kReplicaSets;
    }
    return type.kind == "Pod" ? &kPods : nullptr;
}

const kube::ResourceType* childType(const std::string& apiVersion, const std::string& kind) {
    for (const auto& type : childTypes()) {
        if (type.kind == kind && type.apiVersion() == apiVersion) {
            return &type;
        }
    }
    return nullptr;
}

}  // namespace reconcile
