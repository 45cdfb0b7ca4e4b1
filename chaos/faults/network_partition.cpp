// NetworkPartition: the application's pods of one zone (of spec.target.tier) are cut off until the
// deadline. By a NetworkPolicy, where people say that their network enforces them: the API server
// takes one anywhere, and a fault that does nothing proves nothing. Otherwise by the driver, which
// cuts the cable of the zone's nodes: these live on and neither hear nor say anything, whatever
// tier is on them.
//
// A policy selects by label, and only pods of an application that names its zones carry theirs: it
// is used where the label means exactly the pods that are in the zone.
#include <algorithm>

#include "api/labels.h"
#include "chaos/effects/isolation.h"
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

constexpr const char* kCable = "Cable";

// Empty: the policy selects those that are in the zone, and no other.
std::string wronglySelected(const Scene& scene) {
    const auto& zone = scene.run.spec.target.zone;
    for (const auto& pod : candidates(tierPods(scene), "", "")) {
        if ((pod.zone == zone) != (pod.zoneLabel == zone)) {
            return pod.name;
        }
    }
    return "";
}

bool byDriver(const run::Site& site) {
    return site.cables && site.nodes;
}

bool byCable(const Scene& scene) {
    if (const auto& driver = scene.run.status.driver; !driver.empty()) {
        return driver == kCable;
    }
    const auto& site = scene.seen.site;
    return !site.networkPolicies || (byDriver(site) && !wronglySelected(scene).empty());
}

// What is cut off together: a cable asks for no tier.
std::vector<topology::Pod> cutPods(const Scene& scene) {
    return byCable(scene) ? scene.seen.pods : tierPods(scene);
}

class NetworkPartition final : public Fault {
  public:
    const char* type() const override { return "NetworkPartition"; }
    bool lasts() const override { return true; }
    bool takesZone() const override { return true; }
    bool kills() const override { return false; }
    run::Needs needs() const override {
        run::Needs out;
        out.policy = true;
        out.nodes = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec& spec,
                                   const run::Site& site) const override {
        if (spec.target.zone.empty()) {
            return Refusal{"NoTarget", "spec.target.zone: name the zone that is to be cut off"};
        }
        if (site.networkPolicies || byDriver(site)) {
            return std::nullopt;
        }
        return Refusal{"FaultNotSupported",
                       "spec.fault.type NetworkPartition: nobody says that this cluster's "
                       "network enforces NetworkPolicies; where it does, install with "
                       "chaos.networkPolicies=true (--network-policies), or give a command that "
                       "cuts nodes off (--network-command, with --node-faults)"};
    }

    std::vector<topology::Pod> subjects(const Scene& scene) const override {
        return cutPods(scene);
    }
    std::optional<int64_t> wanted(const Scene& scene) const override {
        return byCable(scene) ? wantedByWholeApp(scene) : Fault::wanted(scene);
    }

    Plan plan(const Scene& scene, uint64_t) const override {
        const auto& spec = scene.run.spec;
        auto pods = candidates(cutPods(scene), "", "");
        std::vector<run::Target> targets;
        for (const auto& pod : candidates(pods, spec.target.zone, "")) {
            targets.push_back(targetOf(pod));
        }
        bool empty = targets.empty();
        auto plan = planOf(scene, std::move(targets));
        if (empty) {
            refuse(plan, "NoTarget",
                   "no pod of " + quoted(spec.app) + " is in spec.target.zone " +
                       quoted(spec.target.zone));
            return plan;
        }
        if (byCable(scene)) {
            plan.driver = kCable;
            overWholeApp(plan, scene);
            markNodes(plan, scene, nodesIn(scene, spec.target.zone), effects::kNodeCable);
        } else {
            plan.driver = "NetworkPolicy";
            selectable(plan, scene);
            plan.effects.push_back(
                {effects::kIsolation, effects::isolationName(scene.run.name), "", {}, {}, {}});
        }
        // Probes of the kubelet may still pass, so that nobody takes the pods out of service.
        plan.prediction.errorPercent = std::max(plan.prediction.errorPercent, shareOfAll(plan));
        checkCaps(plan, scene, std::ssize(pods));
        checkCapacity(plan, scene);
        return plan;
    }

    std::optional<run::Action> strike(const Scene&, const run::Evidence&) const override {
        return std::nullopt;
    }

    // A policy in the API, or a driver's word, is no proof; visitors that were not answered, or
    // pods that stopped being ready, are.
    std::string unproved(const run::Run& run, const probe::Series&) const override {
        const auto& status = run.status;
        for (const auto& effect : status.effects) {
            if (!effect.appliedAt) {
                return effect.kind + " of " + effect.name + " never came into force";
            }
        }
        auto problem = unfelt(run, "the zone was cut off (" + status.driver + ")");
        return problem.empty() ? "" : problem + ": this network may not enforce it";
    }

  private:
    static void selectable(Plan& plan, const Scene& scene) {
        const auto wrong = wronglySelected(scene);
        if (!wrong.empty()) {
            refuse(plan, "FaultNotSupported",
                   "no NetworkPolicy selects exactly the pods of spec.target.zone " +
                       quoted(scene.run.spec.target.zone) + ": label " + api::kZoneLabel +
                       " of pod " + quoted(wrong) +
                       " does not say where it is. Name the zones in spec.zones of the "
                       "ScalableApp, take a tier that has its pods by zone (Web, CDN), or give a "
                       "command that cuts nodes off (--network-command, with --node-faults)");
        }
    }
};

}  // namespace

const Fault& networkPartition() {
    static const NetworkPartition fault;
    return fault;
}

}  // namespace chaos::faults
