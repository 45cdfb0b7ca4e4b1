// NodeStop: the power of nodes is cut by the driver (power.h). Nothing is deleted: the pods die
// with their node, and the cluster has to notice by itself. Power comes back at the deadline.
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

class NodeStop final : public Fault {
  public:
    const char* type() const override { return "NodeStop"; }
    bool lasts() const override { return true; }
    run::Needs needs() const override {
        run::Needs out;
        out.nodes = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site& site) const override {
        auto refusal = needsNodes(site);
        return refusal ? refusal : needsPower(site);
    }

    std::vector<topology::Pod> subjects(const Scene& scene) const override {
        return scene.seen.pods;
    }
    std::optional<int64_t> wanted(const Scene& scene) const override {
        return wantedByWholeApp(scene);
    }

    Plan plan(const Scene& scene, uint64_t seed) const override {
        auto plan = planOfNodes(scene, seed, effects::kNodePower);
        plan.driver = "Power";
        return plan;
    }

    // That the driver says so proves nothing.
    std::string unproved(const run::Run& run, const probe::Series& step) const override {
        auto problem = Fault::unproved(run, step);
        return problem.empty() ? unfelt(run, "the driver says that the power was off") : problem;
    }

    std::optional<run::Action> strike(const Scene&, const run::Evidence&) const override {
        return std::nullopt;
    }
};

}  // namespace

const Fault& nodeStop() {
    static const NodeStop fault;
    return fault;
}

}  // namespace chaos::faults
