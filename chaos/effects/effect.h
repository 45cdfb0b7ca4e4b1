// What a fault changes and somebody has to give back: a mark on a node, power, its cable, a pod
// that makes load, a NetworkPolicy. One file per kind; the table of kinds is in effect.cpp.
//
//   for (auto& effect : status.effects) {
//       if (auto why = effects::hindered(effect, scene); !why.empty()) { give up }
//       if (auto action = effects::apply(effect, scene)) { ...ask for it... } else { it is there }
//   }
//   ... reverse order: effects::undo(effect, scene)
//
// Both look at what is there before they ask for anything, so that they can be repeated by any
// process after any crash. Every effect carries the run's deadline on itself, where a sweep finds
// it without the run (sweep.h). Thread safety: pure.
#pragma once

#include <optional>
#include <string>

#include "chaos/run/seen.h"

namespace chaos::effects {

struct Scene {
    const run::Run& run;
    const run::Seen& seen;
};

inline constexpr const char* kNodeMark = "NodeMark";
inline constexpr const char* kNodePower = "NodePower";
inline constexpr const char* kNodeCable = "NodeCable";
inline constexpr const char* kLoadPod = "LoadPod";
inline constexpr const char* kIsolation = "Isolation";

// The next action to bring it into force; empty: it is in force, as far as can be seen.
std::optional<run::Action> apply(const run::Effect& effect, const Scene& scene);
// Why it can never come into force: the node is gone, or another run's. Empty: nothing is known.
std::string hindered(const run::Effect& effect, const Scene& scene);
// The next action to take it back; empty: nothing of it is left.
std::optional<run::Action> undo(const run::Effect& effect, const Scene& scene);

}  // namespace chaos::effects
