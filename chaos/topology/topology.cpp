#include "chaos/topology/topology.h"

#include <algorithm>
#include <cstdlib>

#include "api/condition.h"
#include "api/labels.h"
#include "api/scalable_app.h"
#include "base/json.h"

namespace chaos::topology {
namespace {

bool readyPod(const base::Json& pod) {
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == "Ready") {
            return base::stringAt(condition, "/status") == "True";
        }
    }
    return false;
}

bool endedPod(const base::Json& pod) {
    auto phase = base::stringAt(pod, "/status/phase");
    if (phase == "Succeeded" || phase == "Failed") {
        return true;
    }
    const auto& containers = base::arrayAt(pod, "/status/containerStatuses");
    return !containers.empty() &&
           std::all_of(containers.begin(), containers.end(), [](const base::Json& container) {
               return base::at(container, "/state/terminated") != nullptr;
           });
}

void readContainer(const base::Json& pod, Pod& out) {
    out.version = base::stringAt(pod, "/metadata/resourceVersion").value_or("");
    out.container.image = base::stringAt(pod, "/spec/containers/0/image").value_or("");
    auto name = base::stringAt(pod, "/spec/containers/0/name");
    for (const auto& container : base::arrayAt(pod, "/status/containerStatuses")) {
        if (base::stringAt(container, "/name") == name) {
            out.container.imageId = base::stringAt(container, "/imageID").value_or("");
            out.container.restarts = base::intAt(container, "/restartCount").value_or(0);
            base::WallTime started;
            if (base::parseTime(base::textAt(container, "/state/running/startedAt"), started)) {
                out.container.startedAt = started;
            }
        }
    }
    const auto* annotations = base::at(pod, "/metadata/annotations");
    out.annotated = annotations != nullptr;
    auto struck = out.annotated ? annotations->value(kStruckAnnotation, "") : "";
    auto space = struck.find(' ');
    if (space != std::string::npos) {
        out.struckBy = struck.substr(0, space);
        out.restartsWhenStruck = std::strtoll(struck.c_str() + space + 1, nullptr, 10);
    }
}

int64_t floorOf(int64_t wanted, std::optional<int64_t> budgetDesiredHealthy) {
    return std::max<int64_t>(1, budgetDesiredHealthy.value_or(wanted - 1));
}

void readTiers(const base::Json& app, App& out) {
    auto number = [&](const char* pointer, int64_t otherwise) {
        return base::intAt(app, pointer).value_or(otherwise);
    };
    auto wanted = number("/spec/web/replicas", api::kDefaultWebReplicas);
    out.wantedReplicas = number("/spec/web/autoscaling/minReplicas", wanted);
    out.startupSeconds = number("/spec/web/health/startupSeconds", out.startupSeconds);
    out.webPort = number("/spec/web/port", out.webPort);
    for (const auto& zone : base::arrayAt(app, "/spec/zones")) {
        out.zones.push_back(base::textAt(zone, "/name"));
    }
    out.balancers = number("/spec/loadBalancer/replicas", api::LoadBalancer().replicas);
    out.edges = number("/spec/cdn/replicasPerZone", api::Cdn().replicasPerZone) *
                std::max<int64_t>(1, std::ssize(out.zones));
}

}  // namespace

std::string labelOf(const base::Json& object, const char* label) {
    if (const auto* labels = base::at(object, "/metadata/labels")) {
        auto found = labels->find(label);
        if (found != labels->end() && found->is_string()) {
            return found->get<std::string>();
        }
    }
    return "";
}

Pod parsePod(const base::Json& pod, const std::map<std::string, std::string>& zoneOfNode) {
    Pod out;
    out.namespace_ = base::stringAt(pod, "/metadata/namespace").value_or("");
    out.name = base::stringAt(pod, "/metadata/name").value_or("");
    out.uid = base::stringAt(pod, "/metadata/uid").value_or("");
    out.tier = labelOf(pod, api::kTierLabel);
    out.node = base::stringAt(pod, "/spec/nodeName").value_or("");
    auto zone = zoneOfNode.find(out.node);
    out.zone = zone == zoneOfNode.end() ? "" : zone->second;
    out.zoneLabel = labelOf(pod, api::kZoneLabel);
    out.role = labelOf(pod, api::kRoleLabel);
    out.ready = readyPod(pod);
    out.ended = endedPod(pod);
    readContainer(pod, out);
    base::WallTime deletion;
    if (base::parseTime(base::stringAt(pod, "/metadata/deletionTimestamp").value_or(""),
                        deletion)) {
        auto grace = base::intAt(pod, "/metadata/deletionGracePeriodSeconds").value_or(0);
        out.deletedAt = deletion - std::chrono::seconds(grace);
    }
    return out;
}

App parseApp(const base::Json& app) {
    App out;
    out.name = base::stringAt(app, "/metadata/name").value_or("");
    out.namespace_ = base::stringAt(app, "/metadata/namespace").value_or("");
    out.uid = base::stringAt(app, "/metadata/uid").value_or("");
    out.generation = base::intAt(app, "/metadata/generation").value_or(0);
    out.optedIn = labelOf(app, kOptInLabel) == kOptInValue;
    out.deleting = base::at(app, "/metadata/deletionTimestamp") != nullptr;
    auto conditions = api::parseConditions(base::arrayAt(app, "/status/conditions"));
    if (const auto* ready = api::findCondition(conditions, "Ready")) {
        out.ready = ready->status == api::kTrue;
        out.readyMessage = ready->message;
        base::WallTime since;
        if (out.ready && base::parseTime(ready->lastTransitionTime, since)) {
            out.readySince = since;
        }
    } else {
        out.readyMessage = "it has no Ready condition yet";
    }
    const auto* reconciling = api::findCondition(conditions, "Reconciling");
    out.reconciling = reconciling != nullptr && reconciling->status == api::kTrue;
    readTiers(app, out);
    return out;
}

int64_t readyCount(const std::vector<Pod>& pods) {
    return std::count_if(pods.begin(), pods.end(), [](const Pod& pod) { return pod.serving(); });
}

Node parseNode(const base::Json& node) {
    Node out;
    out.name = base::stringAt(node, "/metadata/name").value_or("");
    out.uid = base::stringAt(node, "/metadata/uid").value_or("");
    out.version = base::stringAt(node, "/metadata/resourceVersion").value_or("");
    out.zone = labelOf(node, kZoneLabel);
    const auto* labels = base::at(node, "/metadata/labels");
    out.controlPlane = labels != nullptr && labels->contains(kControlPlaneLabel);
    out.ready = readyPod(node);
    out.unschedulable = base::boolAt(node, "/spec/unschedulable").value_or(false);
    out.taints = base::arrayAt(node, "/spec/taints");
    if (const auto* annotations = base::at(node, "/metadata/annotations")) {
        auto found = annotations->find(kMarkAnnotation);
        if (found != annotations->end() && found->is_string()) {
            out.mark = found->get<std::string>();
        }
    }
    return out;
}

Scaler parseScalers(const std::vector<base::Json>& autoscalers) {
    Scaler out;
    for (const auto& scaler : autoscalers) {
        out.desired += base::intAt(scaler, "/status/desiredReplicas").value_or(0);
        out.maximum += base::intAt(scaler, "/spec/maxReplicas").value_or(0);
        auto now =
            base::intAt(scaler, "/status/currentMetrics/0/resource/current/averageUtilization");
        auto target = base::intAt(scaler, "/spec/metrics/0/resource/target/averageUtilization");
        out.metricOver |= now && target && *now > *target;
        auto window = base::intAt(scaler, "/spec/behavior/scaleDown/stabilizationWindowSeconds")
                          .value_or(300);
        out.scaleDownAfterSeconds = std::max(out.scaleDownAfterSeconds, window);
    }
    return out;
}

std::map<std::string, int64_t> readyByZone(const std::vector<Pod>& pods) {
    std::map<std::string, int64_t> out;
    for (const auto& pod : pods) {
        out[pod.zone] += pod.serving() ? 1 : 0;
    }
    return out;
}

std::vector<Pod> ofTier(const std::vector<Pod>& pods, const std::string& label) {
    std::vector<Pod> out;
    std::copy_if(pods.begin(), pods.end(), std::back_inserter(out),
                 [&](const Pod& pod) { return pod.tier == label; });
    return out;
}

const Tier* tierNamed(const std::string& name) {
    for (const auto& tier : tiers()) {
        if (name == tier.name) {
            return &tier;
        }
    }
    return nullptr;
}

const Tier* tierLabelled(const std::string& label) {
    for (const auto& tier : tiers()) {
        if (label == tier.label) {
            return &tier;
        }
    }
    return nullptr;
}

int64_t webFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy) {
    return floorOf(app.wantedReplicas, budgetDesiredHealthy);
}

int64_t balancerFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy) {
    return floorOf(app.balancers, budgetDesiredHealthy);
}

int64_t edgeFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy) {
    return floorOf(app.edges, budgetDesiredHealthy);
}

}  // namespace chaos::topology
