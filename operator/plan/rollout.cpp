#include "plan/rollout.h"

#include <algorithm>
#include <set>

#include "plan/web_groups.h"

namespace plan {
namespace {

using base::Json;

// The one place that all ready pods are in; empty: several, one pod only, or not known.
template <typename PlaceOf>
std::string onlyPlace(const std::vector<const Json*>& pods, PlaceOf placeOf) {
    std::set<std::string> places;
    for (const auto* pod : pods) {
        places.insert(placeOf(*pod));
    }
    return pods.size() > 1 && places.size() == 1 ? *places.begin() : "";
}

std::string nodeOfPod(const Json& pod) {
    return base::stringAt(pod, "/spec/nodeName").value_or("");
}

// Named by us, or by the API server (which labels pods with their node's zone since 1.35).
std::string zoneOfPod(const Json& pod) {
    std::string ours = zoneOf(pod);
    return ours.empty()
               ? base::stringAt(pod, "/metadata/labels/topology.kubernetes.io~1zone").value_or("")
               : ours;
}

}  // namespace

int64_t countAt(const Json* object, const char* pointer) {
    return object == nullptr ? 0 : base::intAt(*object, pointer).value_or(0);
}

std::string countOf(int64_t ready, int64_t wanted) {
    return std::to_string(ready) + " of " + std::to_string(wanted) +
           (wanted == 1 ? " pod ready" : " pods ready");
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

std::vector<const Json*> readyPodsOf(const std::vector<const Json*>& children) {
    std::vector<const Json*> out;
    for (const auto* child : children) {
        if (base::stringAt(*child, "/kind") == "Pod" && isReadyPod(*child)) {
            out.push_back(child);
        }
    }
    return out;
}

std::vector<SinglePoint> sharedPlaces(const char* tier, const std::vector<const Json*>& readyPods) {
    std::string node = onlyPlace(readyPods, nodeOfPod);
    if (!node.empty()) {
        return {{tier, "node " + node,
                 "all ready pods run on it; another node with room for a pod removes it"}};
    }
    std::string zone = onlyPlace(readyPods, zoneOfPod);
    if (!zone.empty()) {
        return {{tier, "all replicas in zone " + zone,
                 "nothing serves while the zone is down; a second one in `zones`, or nodes in "
                 "another zone, removes it"}};
    }
    return {};
}

}  // namespace plan
