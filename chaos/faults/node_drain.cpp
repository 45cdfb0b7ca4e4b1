// NodeDrain: a node is cordoned and the application's pods are evicted from it, as people do before
// maintenance: the disruption budgets are asked, and a refusal is waited out. Only pods of this
// application are evicted; the node stays cordoned for spec.fault.durationSeconds.
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"

namespace chaos::faults {
namespace {

class NodeDrain final : public Fault {
  public:
    const char* type() const override { return "NodeDrain"; }
    bool lasts() const override { return true; }
    run::Needs needs() const override {
        run::Needs out;
        out.nodes = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site& site) const override {
        return needsNodes(site);
    }

    std::vector<topology::Pod> subjects(const Scene& scene) const override {
        return scene.seen.pods;
    }
    std::optional<int64_t> wanted(const Scene& scene) const override {
        return wantedByWholeApp(scene);
    }

    Plan plan(const Scene& scene, uint64_t seed) const override {
        return planOfNodes(scene, seed, nullptr);
    }

    std::optional<run::Action> strike(const Scene& scene,
                                      const run::Evidence& target) const override {
        return run::EvictPod{scene.run.namespace_, target.name, target.uid,
                             scene.run.spec.fault.graceSeconds};
    }
};

}  // namespace

const Fault& nodeDrain() {
    static const NodeDrain fault;
    return fault;
}

}  // namespace chaos::faults
