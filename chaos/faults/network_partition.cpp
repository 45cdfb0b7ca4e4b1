// NetworkPartition: the application's pods of one zone (of spec.target.tier) are cut off by a
// NetworkPolicy until the deadline. Offered only where people say that their network enforces
// policies: the API server takes one anywhere, and a fault that does nothing proves nothing.
#include "chaos/effects/isolation.h"
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

class NetworkPartition final : public Fault {
  public:
    const char* type() const override { return "NetworkPartition"; }
    bool lasts() const override { return true; }
    bool kills() const override { return false; }
    run::Needs needs() const override {
        run::Needs out;
        out.policy = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec& spec,
                                   const run::Site& site) const override {
        if (spec.target.zone.empty()) {
            return Refusal{"NoTarget", "spec.target.zone: name the zone that is to be cut off"};
        }
        if (!site.networkPolicies) {
            return Refusal{"FaultNotSupported",
                           "spec.fault.type NetworkPartition: nobody says that this cluster's "
                           "network enforces NetworkPolicies; where it does, install with "
                           "chaos.networkPolicies=true (--network-policies)"};
        }
        return std::nullopt;
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
        plan.effects.push_back(
            {effects::kIsolation, effects::isolationName(scene.run.name), "", {}, {}, {}});
        // Probes of the kubelet may still pass, so that nobody takes the pods out of service.
        plan.prediction.errorPercent = 100;
        checkCaps(plan, scene, static_cast<int64_t>(candidates(tierPods(scene), "", "").size()));
        checkCapacity(plan, scene);
        return plan;
    }

    std::optional<run::Action> strike(const Scene&, const run::Evidence&) const override {
        return std::nullopt;
    }

    // A policy in the API is no proof; visitors that were not answered, or pods that stopped being
    // ready, are.
    std::string unproved(const run::Run& run, const probe::Series&) const override {
        const auto& status = run.status;
        if (status.effects.empty() || !status.effects[0].appliedAt) {
            return "the NetworkPolicy never came into force";
        }
        bool felt = status.readyLowest < status.readyBefore ||
                    (status.measurements && status.measurements->during.failed > 0);
        return felt ? ""
                    : "the NetworkPolicy was there, and neither visitors nor readiness noticed: "
                      "this network may not enforce it";
    }
};

}  // namespace

const Fault& networkPartition() {
    static const NetworkPartition fault;
    return fault;
}

}  // namespace chaos::faults
