// NetworkPartition: the application's pods of one zone (of spec.target.tier) are cut off until the
// deadline. By a NetworkPolicy, where people say that their network enforces them: the API server
// takes one anywhere, and a fault that does nothing proves nothing. Otherwise by the driver, which
// cuts the cable of the zone's nodes: these live on and neither hear nor say anything.
#include <algorithm>

#include "chaos/effects/isolation.h"
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

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
        if (site.networkPolicies || (site.cables && site.nodes)) {
            return std::nullopt;
        }
        return Refusal{"FaultNotSupported",
                       "spec.fault.type NetworkPartition: nobody says that this cluster's "
                       "network enforces NetworkPolicies; where it does, install with "
                       "chaos.networkPolicies=true (--network-policies), or give a command that "
                       "cuts nodes off (--network-command, with --node-faults)"};
    }

    Plan plan(const Scene& scene, uint64_t) const override {
        const auto& spec = scene.run.spec;
        std::vector<run::Target> targets;
        for (const auto& pod : candidates(tierPods(scene), spec.target.zone, "")) {
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
        if (scene.seen.site.networkPolicies) {
            plan.driver = "NetworkPolicy";
            plan.effects.push_back(
                {effects::kIsolation, effects::isolationName(scene.run.name), "", {}, {}, {}});
        } else {
            plan.driver = "Cable";
            markNodes(plan, nodesIn(scene, spec.target.zone), effects::kNodeCable);
        }
        // Probes of the kubelet may still pass, so that nobody takes the pods out of service.
        plan.prediction.errorPercent = std::max(plan.prediction.errorPercent, shareOfAll(plan));
        checkCaps(plan, scene, static_cast<int64_t>(candidates(tierPods(scene), "", "").size()));
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
};

}  // namespace

const Fault& networkPartition() {
    static const NetworkPartition fault;
    return fault;
}

}  // namespace chaos::faults
