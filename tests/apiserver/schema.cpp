#include "apiserver/schema.h"

#include <map>
#include <optional>
#include <set>

namespace test {
namespace {

using base::Json;
using Kind = Shape::Kind;

struct Rule {
    std::string tail;  // of the path
    Shape shape;
};

// Facts of the kinds' published schemas (x-kubernetes-list-type, -list-map-keys, -map-type).
const std::vector<Rule>& rules() {
    static const std::vector<Rule> kRules{
        {"metadata.ownerReferences", {Kind::KeyedList, {"uid"}}},
        {"metadata.finalizers", {Kind::Set}},
        {"metadata.managedFields", {Kind::Atomic}},
        {"status.conditions", {Kind::KeyedList, {"type"}}},
        {"status.endpoints", {Kind::KeyedList, {"name"}}},
        {"spec.containers", {Kind::KeyedList, {"name"}}},
        {"spec.initContainers", {Kind::KeyedList, {"name"}}},
        {"spec.volumes", {Kind::KeyedList, {"name"}}},
        {"spec.imagePullSecrets", {Kind::KeyedList, {"name"}}},
        {"overrides.imagePullSecrets", {Kind::KeyedList, {"name"}}},
        {"overrides.labels", {Kind::KeyedList, {"name"}}},
        {"overrides.annotations", {Kind::KeyedList, {"name"}}},
        {"spec.hostAliases", {Kind::KeyedList, {"ip"}}},
        {"spec.topologySpreadConstraints", {Kind::KeyedList, {"topologyKey", "whenUnsatisfiable"}}},
        {"ontainers.env", {Kind::KeyedList, {"name"}}},
        {"web.env", {Kind::KeyedList, {"name"}}},
        {"ontainers.ports", {Kind::KeyedList, {"containerPort", "protocol"}}},
        {"ontainers.volumeMounts", {Kind::KeyedList, {"mountPath"}}},
        {"spec.ports", {Kind::KeyedList, {"port", "protocol"}}},
        {"spec.selector", {Kind::Atomic}},
        {"labelSelector", {Kind::Atomic}},
        {"nodeSelector", {Kind::Atomic}},
        {"secretKeyRef", {Kind::Atomic}},
        {"configMapKeyRef", {Kind::Atomic}},
        {"fieldRef", {Kind::Atomic}},
        {"spec.scaleTargetRef", {Kind::Atomic}},
    };
    return kRules;
}

const std::map<std::string, std::string>& kinds() {
    static const std::map<std::string, std::string> kKinds{
        {"pods", "Pod"},
        {"configmaps", "ConfigMap"},
        {"secrets", "Secret"},
        {"services", "Service"},
        {"nodes", "Node"},
        {"namespaces", "Namespace"},
        {"serviceaccounts", "ServiceAccount"},
        {"events", "Event"},
        {"leases", "Lease"},
        {"deployments", "Deployment"},
        {"replicasets", "ReplicaSet"},
        {"horizontalpodautoscalers", "HorizontalPodAutoscaler"},
        {"poddisruptionbudgets", "PodDisruptionBudget"},
        {"scalableapps", "ScalableApp"},
        {"chaosexperiments", "ChaosExperiment"},
        {"chaosruns", "ChaosRun"},
    };
    return kKinds;
}

bool endsAt(const std::string& path, const std::string& tail) {
    return path.ends_with(tail);
}

void fillDeployment(Json& object) {
    if (object.contains("spec") && !object["spec"].contains("replicas")) {
        object["spec"]["replicas"] = 1;
    }
}

void fillService(Json& object) {
    if (!object.contains("spec")) {
        return;
    }
    auto& spec = object["spec"];
    if (!spec.contains("type")) {
        spec["type"] = "ClusterIP";
    }
    if (spec.contains("ports")) {
        for (auto& port : spec["ports"]) {
            if (!port.contains("protocol")) {
                port["protocol"] = "TCP";
            }
        }
    }
}

}  // namespace

Shape shapeAt(const std::string& path, const Json& value) {
    for (const auto& rule : rules()) {
        if (!endsAt(path, rule.tail)) {
            continue;
        }
        bool list = rule.shape.kind == Kind::KeyedList || rule.shape.kind == Kind::Set;
        if (!list || value.is_array()) {
            return rule.shape;
        }
    }
    return {value.is_object() ? Kind::Granular : Kind::Atomic};
}

std::string keyStep(const std::vector<std::string>& keys, const Json& item) {
    nlohmann::json key = nlohmann::json::object();
    for (const auto& name : keys) {
        if (item.is_object() && item.contains(name)) {
            key[name] = nlohmann::json::parse(item[name].dump());
        } else if (name == "protocol") {
            key[name] = "TCP";
        }
    }
    return "k:" + key.dump();
}

void fillIn(const std::string& kind, Json& object) {
    if (kind == "Deployment") {
        fillDeployment(object);
    } else if (kind == "Service") {
        fillService(object);
    }
}

bool hasGeneration(const std::string& kind) {
    static const std::set<std::string> kWithout{
        "ConfigMap", "Secret",    "Service", "ServiceAccount", "Event",
        "Lease",     "Namespace", "Node",    "Endpoints",      "HorizontalPodAutoscaler"};
    return !kWithout.contains(kind);
}

bool isCustom(const std::string& apiVersion) {
    auto group = apiVersion.substr(0, apiVersion.find('/'));
    return group.find('.') != std::string::npos && !group.ends_with(".k8s.io");
}

std::string kindOf(const std::string& plural) {
    auto it = kinds().find(plural);
    return it == kinds().end() ? "" : it->second;
}

}  // namespace test
