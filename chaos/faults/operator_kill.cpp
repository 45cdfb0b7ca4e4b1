// OperatorKill: the operator's leading process is killed (or any, with spec.target.role Any). The
// application has to go on as if nothing happened, and another operator has to lead. The operator's
// pods carry the same opt-in label as applications do.
#include <algorithm>

#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

constexpr const char* kLeader = "Leader";

class OperatorKill final : public Fault {
  public:
    const char* type() const override { return "OperatorKill"; }
    run::Needs needs() const override {
        run::Needs out;
        out.operators = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site& site) const override {
        if (site.operators) {
            return std::nullopt;
        }
        return Refusal{"FaultNotSupported",
                       "spec.fault.type OperatorKill: the operator has not opted in: install with "
                       "chaos.operatorKill=true (--operator-kill)"};
    }

    std::vector<topology::Pod> subjects(const Scene& scene) const override {
        return scene.seen.operators;
    }
    std::optional<int64_t> wanted(const Scene&) const override { return std::nullopt; }

    Plan plan(const Scene& scene, uint64_t seed) const override {
        auto role = scene.run.spec.target.role;
        auto from = candidates(scene.seen.operators, "",
                               role == "Any" ? "" : (role.empty() ? kLeader : role));
        auto plan = planOf(scene, {});
        auto& out = plan.prediction;
        out.readyBefore = topology::readyCount(scene.seen.operators);
        out.readyAfter = out.readyBefore;
        out.minimum = 0;
        out.wholeWithinSeconds = 60;
        if (from.empty()) {
            refuse(plan, "NoTarget",
                   "no operator pod with role " + quoted(role.empty() ? kLeader : role) +
                       " is in namespace " + quoted(scene.seen.site.operatorNamespace));
            return plan;
        }
        plan.targets = choose(from, 1, seed);
        out.targets.push_back(plan.targets[0].name);
        --out.readyAfter;
        out.message = "operator " + std::to_string(out.readyBefore) + " -> " +
                      std::to_string(out.readyAfter) + " ready: the application goes on";
        return plan;
    }

    std::optional<run::Action> strike(const Scene& scene,
                                      const run::Evidence& target) const override {
        return run::KillPod{scene.seen.site.operatorNamespace, target.name, target.uid,
                            scene.run.spec.fault.graceSeconds.value_or(1)};
    }
};

}  // namespace

const Fault& operatorKill() {
    static const OperatorKill fault;
    return fault;
}

}  // namespace chaos::faults
