#include "reconcile/resources.h"

#include "base/json.h"

namespace reconcile {

const kube::ResourceType& scalableApps() {
    static const kube::ResourceType kType{"scalableapp.dev", "v1alpha1", "scalableapps",
                                          "ScalableApp", true};
    return kType;
}

const kube::ResourceType& chaosRuns() {
    static const kube::ResourceType kType{"scalableapp.dev", "v1alpha1", "chaosruns", "ChaosRun",
                                          true};
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
        {"networking.k8s.io", "v1", "ingresses", "Ingress", true},
    };
    return kTypes;
}

const std::vector<kube::ResourceType>& optionalTypes() {
    static const std::vector<kube::ResourceType> kTypes{
        {"gateway.networking.k8s.io", "v1", "gateways", "Gateway", true},
        {"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", true},
    };
    return kTypes;
}

const base::JsonOutline* outlineOf(const std::string& kind) {
    static const base::JsonOutline kReplicaSets{"/spec/selector",
                                                "/spec/template/metadata",
                                                "/spec/template/spec/affinity",
                                                "/spec/template/spec/containers/args",
                                                "/spec/template/spec/containers/command",
                                                "/spec/template/spec/containers/env",
                                                "/spec/template/spec/containers/envFrom",
                                                "/spec/template/spec/containers/lifecycle",
                                                "/spec/template/spec/containers/livenessProbe",
                                                "/spec/template/spec/containers/ports",
                                                "/spec/template/spec/containers/readinessProbe",
                                                "/spec/template/spec/containers/securityContext",
                                                "/spec/template/spec/containers/startupProbe",
                                                "/spec/template/spec/containers/volumeMounts",
                                                "/spec/template/spec/initContainers",
                                                "/spec/template/spec/securityContext",
                                                "/spec/template/spec/tolerations",
                                                "/spec/template/spec/topologySpreadConstraints",
                                                "/spec/template/spec/volumes"};
    static const base::JsonOutline kPods{"/metadata/generateName",
                                         "/spec/affinity",
                                         "/spec/containers/envFrom",
                                         "/spec/containers/lifecycle",
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
    if (kind == "ReplicaSet") {
        return &kReplicaSets;
    }
    return kind == "Pod" ? &kPods : nullptr;
}

const kube::ResourceType* childType(const std::string& apiVersion, const std::string& kind) {
    for (const auto* types : {&childTypes(), &optionalTypes()}) {
        for (const auto& type : *types) {
            if (type.kind == kind && type.apiVersion() == apiVersion) {
                return &type;
            }
        }
    }
    return nullptr;
}

}  // namespace reconcile
