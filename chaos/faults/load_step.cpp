// LoadStep: more visitors, all at once. A second load pod adds spec.fault.requestsPerSecond for
// spec.fault.durationSeconds and ends by itself; what is watched is the autoscaler (run/scaling.h).
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"
#include "chaos/probes/pod.h"

namespace chaos::faults {
namespace {

// Of the requests asked for: less is no such step.
constexpr int64_t kLeastPercent = 80;

class LoadStep final : public Fault {
  public:
    const char* type() const override { return "LoadStep"; }
    bool lasts() const override { return true; }
    bool endsItself() const override { return true; }
    bool over(const Scene& scene) const override { return scene.seen.step.ended; }
    run::Needs needs() const override {
        run::Needs out;
        out.step = true;
        return out;
    }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec& spec,
                                   const run::Site&) const override {
        if (spec.fault.requestsPerSecond) {
            return std::nullopt;
        }
        return Refusal{"NothingToAdd",
                       "spec.fault.requestsPerSecond: say how much load the step adds"};
    }

    Plan plan(const Scene& scene, uint64_t) const override {
        auto plan = planOf(scene, {});
        plan.effects.push_back(
            {effects::kLoadPod, probes::stepName(scene.run.name), "", {}, {}, {}});
        const auto& spec = scene.run.spec;
        plan.prediction.message =
            "web " + std::to_string(spec.load.requestsPerSecond) + " -> " +
            std::to_string(spec.load.requestsPerSecond + *spec.fault.requestsPerSecond) +
            " requests per second on " + std::to_string(plan.prediction.readyBefore) +
            " ready pods" +
            (scene.seen.scaler ? ", the autoscaler may ask for up to " +
                                     std::to_string(scene.seen.scaler->maximum)
                               : ", no autoscaler");
        return plan;
    }

    std::string unproved(const run::Run& run, const probe::Series& step) const override {
        if (run.status.effects.empty() || !run.status.effects[0].appliedAt) {
            return "the added load never started";
        }
        int64_t sent = 0;
        for (const auto& second : step.seconds) {
            sent += second.sent;
        }
        auto seconds = static_cast<int64_t>(step.seconds.size());
        auto asked = run.spec.fault.requestsPerSecond.value_or(0) * seconds;
        if (seconds < 5 || sent * 100 < kLeastPercent * asked) {
            return "the added load was " + std::to_string(sent) + " requests in " +
                   std::to_string(seconds) + " s, of " + std::to_string(asked) + " asked for";
        }
        return "";
    }
};

// A control run: the load, the watching, and no fault.
class Nothing final : public Fault {
  public:
    const char* type() const override { return "Nothing"; }
    bool lasts() const override { return true; }
    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site&) const override {
        return std::nullopt;
    }
    Plan plan(const Scene& scene, uint64_t) const override {
        auto plan = planOf(scene, {});
        plan.prediction.message = "control run: the same load, no fault";
        return plan;
    }
    std::string unproved(const run::Run&, const probe::Series&) const override { return ""; }
};

}  // namespace

const Fault& loadStep() {
    static const LoadStep fault;
    return fault;
}

const Fault& nothing() {
    static const Nothing fault;
    return fault;
}

}  // namespace chaos::faults
