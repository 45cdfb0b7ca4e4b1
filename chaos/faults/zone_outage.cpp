// ZoneOutage: everything of the application in a zone is gone and kept out until the deadline.
//
// Composite, which works on any cluster: all nodes of the zone are tainted and cordoned, every pod
// of the application there is deleted (grace 1 unless spec.fault.graceSeconds says otherwise), and
// what comes into the zone all the same is deleted too. Pods of others on these nodes are left
// alone. Power: the driver cuts the nodes' power; the cluster has to notice by itself.
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

constexpr int64_t kAbrupt = 1;

class ZoneOutage final : public Fault {
  public:
    const char* type() const override { return "ZoneOutage"; }
    bool lasts() const override { return true; }
    bool takesZone() const override { return true; }
    run::Needs needs() const override {
        run::Needs out;
        out.nodes = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec& spec,
                                   const run::Site& site) const override {
        if (spec.target.zone.empty()) {
            return Refusal{"NoTarget", "spec.target.zone: name the zone that is to fail"};
        }
        if (auto refusal = needsNodes(site)) {
            return refusal;
        }
        return byPower(spec) ? needsPower(site) : std::nullopt;
    }

    std::vector<topology::Pod> subjects(const Scene& scene) const override {
        return scene.seen.pods;
    }
    std::optional<int64_t> wanted(const Scene& scene) const override {
        return wantedByWholeApp(scene);
    }

    Plan plan(const Scene& scene, uint64_t) const override {
        const auto& spec = scene.run.spec;
        std::vector<run::Target> targets;
        for (const auto& pod : candidates(scene.seen.pods, spec.target.zone, "")) {
            targets.push_back(targetOf(pod));
        }
        bool empty = targets.empty();
        auto plan = planOf(scene, std::move(targets));
        plan.driver = byPower(spec) ? "Power" : "Composite";
        auto nodes = nodesIn(scene, spec.target.zone);
        if (empty || nodes.empty()) {
            refuse(plan, "NoTarget",
                   "spec.target.zone " + quoted(spec.target.zone) + " has " +
                       std::to_string(nodes.size()) + " nodes and no pod of " + quoted(spec.app) +
                       ": name a zone where it runs");
            return plan;
        }
        overWholeApp(plan, scene);
        markNodes(plan, scene, nodes, byPower(spec) ? effects::kNodePower : nullptr);
        if (plan.prediction.errorPercent == 0) {
            // Composite: what the dying pods were answering. Power: until the cluster notices.
            plan.prediction.errorPercent = byPower(spec) ? shareOfAll(plan) : 1;
        }
        checkCaps(plan, scene, static_cast<int64_t>(candidates(scene.seen.pods, "", "").size()));
        checkCapacity(plan, scene);
        return plan;
    }

    // That the driver says so proves nothing.
    std::string unproved(const run::Run& run, const probe::Series& step) const override {
        if (!byPower(run.spec)) {
            return Fault::unproved(run, step);
        }
        auto problem = Fault::unproved(run, step);
        return problem.empty() ? unfelt(run, "the driver says that the power was off") : problem;
    }

    std::optional<run::Action> strike(const Scene& scene,
                                      const run::Evidence& target) const override {
        const auto& spec = scene.run.spec;
        if (byPower(spec)) {
            return std::nullopt;
        }
        return run::KillPod{scene.run.namespace_, target.name, target.uid,
                            spec.fault.graceSeconds.value_or(kAbrupt)};
    }

    std::vector<topology::Pod> intruders(const Scene& scene) const override {
        const auto& spec = scene.run.spec;
        return byPower(spec) ? std::vector<topology::Pod>()
                             : candidates(scene.seen.pods, spec.target.zone, "");
    }

  private:
    static bool byPower(const api::ChaosExperimentSpec& spec) {
        return spec.fault.method == "Power";
    }
};

}  // namespace

const Fault& zoneOutage() {
    static const ZoneOutage fault;
    return fault;
}

}  // namespace chaos::faults
