#include "chaos/effects/effect.h"

#include <algorithm>

#include "chaos/effects/isolation.h"
#include "chaos/effects/node_mark.h"

namespace chaos::effects {
namespace {

using run::Action;
using run::Effect;
using MaybeAction = std::optional<Action>;

const topology::Node* nodeOf(const Effect& effect, const Scene& scene) {
    const auto& nodes = scene.seen.nodes;
    auto found = std::find_if(nodes.begin(), nodes.end(),
                              [&](const auto& node) { return node.uid == effect.uid; });
    return found == nodes.end() ? nullptr : &*found;
}

bool ours(const std::optional<Mark>& mark, const Scene& scene) {
    return mark && mark->uid == scene.run.uid;
}

// A mark that is not ours, readable or not: the node is somebody else's to give back.
bool foreign(const topology::Node* node, const Scene& scene) {
    return node != nullptr && !node->mark.empty() && !ours(markOf(*node), scene);
}

MaybeAction mark(const Effect& effect, const Scene& scene) {
    const auto* node = nodeOf(effect, scene);
    // A node that is gone cannot be marked, and nothing has to be kept away from it.
    if (node == nullptr || !node->mark.empty()) {
        return std::nullopt;
    }
    const auto& status = scene.run.status;
    auto with = [&](const char* kind) {
        return std::any_of(status.effects.begin(), status.effects.end(),
                           [&](const Effect& e) { return e.kind == kind && e.uid == effect.uid; });
    };
    return run::PatchNode{node->name,
                          markPatch(*node, {.run = scene.run.namespace_ + "/" + scene.run.name,
                                            .uid = scene.run.uid,
                                            .deadline = status.deadline.value_or(scene.seen.now),
                                            .cordoned = node->unschedulable,
                                            .power = with(kNodePower),
                                            .cable = with(kNodeCable)})};
}

MaybeAction unmark(const Effect& effect, const Scene& scene) {
    const auto* node = nodeOf(effect, scene);
    auto mark = node == nullptr ? std::nullopt : markOf(*node);
    if (!ours(mark, scene)) {
        return std::nullopt;
    }
    return run::PatchNode{node->name, unmarkPatch(*node, *mark)};
}

// Whether a switch was thrown is known from the driver's own answer: an API server learns of a dead
// node late, and of one that is back even later.
template <class Switch>
MaybeAction thrown(const Effect& effect, const Scene& scene, bool on) {
    for (const auto& result : scene.seen.results) {
        const auto* one = std::get_if<Switch>(&result.action);
        if (one != nullptr && one->node == effect.name && one->on == on && result.error.empty()) {
            return std::nullopt;
        }
    }
    return Switch{effect.name, on};
}

template <class Switch>
MaybeAction off(const Effect& effect, const Scene& scene) {
    return thrown<Switch>(effect, scene, false);
}

// No switch is thrown before the mark is known to be there; then it may have been, even if nothing
// more is written down. Switched by name: a cloud may delete the object of a node without power.
template <class Switch>
MaybeAction on(const Effect& effect, const Scene& scene) {
    const auto& all = scene.run.status.effects;
    bool marked = std::any_of(all.begin(), all.end(), [&](const Effect& e) {
        return e.kind == kNodeMark && e.uid == effect.uid && e.appliedAt;
    });
    return marked && !foreign(nodeOf(effect, scene), scene) ? thrown<Switch>(effect, scene, true)
                                                            : std::nullopt;
}

std::string unmarkable(const Effect& effect, const Scene& scene) {
    const auto* node = nodeOf(effect, scene);
    if (!foreign(node, scene)) {
        return "";
    }
    auto mark = markOf(*node);
    return "node " + effect.name + " is under the fault of " +
           (mark ? "ChaosRun " + mark->run : std::string("a run that its mark does not name"));
}

std::string unswitchable(const Effect& effect, const Scene& scene) {
    return nodeOf(effect, scene) == nullptr ? "node " + effect.name + " is gone"
                                            : unmarkable(effect, scene);
}

std::string nothingHinders(const Effect&, const Scene&) {
    return "";
}

MaybeAction startLoad(const Effect& effect, const Scene& scene) {
    const auto& run = scene.run;
    if (!scene.seen.step.uid.empty()) {
        return std::nullopt;
    }
    probes::PodRequest pod;
    pod.name = effect.name;
    pod.namespace_ = run.namespace_;
    pod.runName = run.name;
    pod.runUid = run.uid;
    pod.url = probes::urlOf(run.spec.app, run.namespace_, run.spec.load.path);
    pod.requestsPerSecond = static_cast<int>(run.spec.fault.requestsPerSecond.value_or(0));
    pod.lifetime = std::chrono::seconds(run.spec.fault.lasts());
    return run::CreateProbe{std::move(pod)};
}

MaybeAction stopLoad(const Effect& effect, const Scene& scene) {
    const auto& pod = scene.seen.step;
    if (pod.uid.empty() || pod.ended || pod.deleting) {
        return std::nullopt;
    }
    return run::RemoveProbe{effect.name, pod.uid};
}

MaybeAction isolate(const Effect&, const Scene& scene) {
    if (scene.seen.policyUid) {
        return std::nullopt;
    }
    return run::CreatePolicy{isolationPolicy(scene.run)};
}

MaybeAction reconnect(const Effect& effect, const Scene& scene) {
    if (!scene.seen.policyUid) {
        return std::nullopt;
    }
    return run::RemovePolicy{effect.name, *scene.seen.policyUid};
}

struct Kind {
    const char* name;
    MaybeAction (*apply)(const Effect&, const Scene&);
    MaybeAction (*undo)(const Effect&, const Scene&);
    std::string (*hindered)(const Effect&, const Scene&);
};
constexpr Kind kKinds[] = {{kNodeMark, mark, unmark, unmarkable},
                           {kNodePower, off<run::SwitchPower>, on<run::SwitchPower>, unswitchable},
                           {kNodeCable, off<run::SwitchCable>, on<run::SwitchCable>, unswitchable},
                           {kLoadPod, startLoad, stopLoad, nothingHinders},
                           {kIsolation, isolate, reconnect, nothingHinders}};

const Kind* kindOf(const Effect& effect) {
    for (const auto& kind : kKinds) {
        if (effect.kind == kind.name) {
            return &kind;
        }
    }
    return nullptr;
}

}  // namespace

MaybeAction apply(const Effect& effect, const Scene& scene) {
    const auto* kind = kindOf(effect);
    return kind == nullptr ? std::nullopt : kind->apply(effect, scene);
}

std::string hindered(const Effect& effect, const Scene& scene) {
    const auto* kind = kindOf(effect);
    return kind == nullptr ? "" : kind->hindered(effect, scene);
}

MaybeAction undo(const Effect& effect, const Scene& scene) {
    const auto* kind = kindOf(effect);
    return kind == nullptr ? std::nullopt : kind->undo(effect, scene);
}

}  // namespace chaos::effects
