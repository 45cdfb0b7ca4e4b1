#include "chaos/faults/fault.h"

#include "chaos/faults/plan.h"

namespace chaos::faults {

std::vector<topology::Pod> Fault::subjects(const Scene& scene) const {
    return tierPods(scene);
}

std::optional<int64_t> Fault::wanted(const Scene& scene) const {
    const auto* tier = topology::tierNamed(scene.run.spec.target.tier);
    if (tier == nullptr) {
        return std::nullopt;
    }
    auto found = scene.seen.desired.find(tier->label);
    return found == scene.seen.desired.end() ? std::nullopt : std::optional(found->second);
}

std::optional<run::Action> Fault::strike(const Scene& scene, const run::Evidence& target) const {
    return run::KillPod{scene.run.namespace_, target.name, target.uid,
                        scene.run.spec.fault.graceSeconds};
}

Look Fault::look(const Scene& scene, run::Evidence& evidence,
                 const std::vector<topology::Pod>& pods) const {
    return faults::look(evidence, pods, *scene.run.status.intentAt, scene.seen.now);
}

std::string Fault::unproved(const run::Run& run, const probe::Series&) const {
    const auto& status = run.status;
    if (status.evidence.empty()) {
        return "no target was ever hit";
    }
    for (const auto& evidence : status.evidence) {
        if (evidence.hit != run::Hit::Dead) {
            return "target " + evidence.name + " was not observed dead: " +
                   (evidence.message.empty() ? std::string(run::name(evidence.hit))
                                             : evidence.message);
        }
    }
    for (const auto& effect : status.effects) {
        if (!effect.appliedAt) {
            return effect.kind + " of " + effect.name + " never came into force";
        }
    }
    return "";
}

}  // namespace chaos::faults
