#include <algorithm>
#include <set>

#include "chaos/faults/plan.h"
#include "chaos/faults/selection.h"

namespace chaos::faults {
namespace {

// By name, so that a seed means the same nodes however the list arrived.
std::vector<topology::Node> nodesWithTargets(const Scene& scene) {
    std::set<std::string> names;
    const auto& target = scene.run.spec.target;
    for (const auto& pod : candidates(tierPods(scene), target.zone, target.role)) {
        names.insert(pod.node);
    }
    std::vector<topology::Node> out;
    for (const auto& node : scene.seen.nodes) {
        if (names.count(node.name) > 0) {
            out.push_back(node);
        }
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
}

std::vector<run::Target> podsOn(const Scene& scene, const std::vector<topology::Node>& nodes) {
    std::vector<run::Target> out;
    for (const auto& pod : candidates(scene.seen.pods, "", "")) {
        bool on = std::any_of(nodes.begin(), nodes.end(),
                              [&](const topology::Node& node) { return node.name == pod.node; });
        if (on) {
            out.push_back(targetOf(pod));
        }
    }
    return out;
}

}  // namespace

Plan planOfNodes(const Scene& scene, uint64_t seed, const char* lost) {
    auto from = nodesWithTargets(scene);
    auto count = static_cast<size_t>(scene.run.spec.target.count);
    if (from.size() < count) {
        auto plan = planOf(scene, {});
        refuse(plan, "NoTarget",
               std::to_string(from.size()) + " nodes carry such pods, spec.target.count asks for " +
                   std::to_string(count));
        return plan;
    }
    std::vector<topology::Node> nodes;
    for (auto index : sample(from.size(), count, seed)) {
        nodes.push_back(from[index]);
    }
    auto plan = planOf(scene, podsOn(scene, nodes));
    overWholeApp(plan, scene);
    markNodes(plan, scene, nodes, lost);
    if (lost != nullptr) {
        // Until the cluster notices; how soon it does is its own affair.
        plan.prediction.errorPercent = std::max(plan.prediction.errorPercent, shareInZone(plan));
    }
    checkCaps(plan, scene, static_cast<int64_t>(candidates(scene.seen.pods, "", "").size()));
    checkCapacity(plan, scene);
    return plan;
}

std::optional<Refusal> needsNodes(const run::Site& site) {
    if (site.nodes) {
        return std::nullopt;
    }
    return Refusal{"FaultNotSupported",
                   "spec.fault.type: this chaos controller may not cordon nodes: install it with "
                   "chaos.nodeFaults=true (--node-faults)"};
}

std::optional<Refusal> needsPower(const run::Site& site) {
    if (site.power) {
        return std::nullopt;
    }
    return Refusal{"NoPowerDriver",
                   "this chaos controller has no driver for the power of nodes: start it with "
                   "--power-command, or use ZoneOutage with spec.fault.method Composite"};
}

}  // namespace chaos::faults
