// PodKill: deletes pods of a tier. Graceful by default (the pod's own termination grace), abrupt
// with graceSeconds 1; never with grace 0: that would take the object away before the kubelet knows
// whether the process is dead, and a recovery timed from there is fiction. Leaves nothing behind.
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

using std::to_string;

class PodKill final : public Fault {
  public:
    const char* type() const override { return "PodKill"; }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site&) const override {
        return std::nullopt;
    }

    Plan plan(const Scene& scene, uint64_t seed) const override {
        const auto& target = scene.run.spec.target;
        auto pods = tierPods(scene);
        auto from = candidates(pods, target.zone, target.role);
        if (static_cast<int64_t>(from.size()) < target.count) {
            auto plan = planOf(scene, {});
            refuse(plan, "NoTarget",
                   "tier " + quoted(target.tier) + " has " + to_string(from.size()) +
                       " pods to choose from" +
                       (target.zone.empty() ? "" : " in zone " + quoted(target.zone)) +
                       (target.role.empty() ? "" : " of role " + quoted(target.role)) +
                       ", spec.target.count asks for " + to_string(target.count));
            return plan;
        }
        auto plan = planOf(scene, choose(from, static_cast<size_t>(target.count), seed));
        // A pod that is given no time may take the requests with it that it was answering.
        if (scene.run.spec.fault.graceSeconds && plan.prediction.errorPercent == 0) {
            plan.prediction.errorPercent = 1;
        }
        checkCaps(plan, scene, static_cast<int64_t>(candidates(pods, "", "").size()));
        checkCapacity(plan, scene);
        return plan;
    }
};

}  // namespace

const Fault& podKill() {
    static const PodKill fault;
    return fault;
}

}  // namespace chaos::faults
