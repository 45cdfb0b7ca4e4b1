// Who else is on the nodes that a fault takes power or network from. A driver asks nobody: neither
// whether they have opted in, nor whether the cluster, or this very process, stands there.
//
//   if (auto why = effects::objection(plan.effects, scene)) { refuse; nothing is touched }
//   effects::neighbours(plan.effects, scene);     // whom spec.safety.allowSharedNodes accepts
//
// Looked at before the prediction, before the intent, and once more right before the switches are
// thrown: run/turn.h asks for it (Step::tenantsOf), node by node.
//
// No neighbours are pods of the experiment's own application and of its run, pods that have ended,
// and those that every node has (DaemonSets, static pods): they lose what their node loses on any
// day. Another application that has opted in has opted in to its own experiments.
//
// Nodes of the control plane are never taken. That of this very process only where another one is
// ready on a node that stays: what was done is durable, and whoever leads next gives it back
// (sweep.h); but with the only process, the switches would be without anybody to throw them back.
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chaos/effects/effect.h"

namespace chaos::effects {

// A CamelCase word that is API, and a line for people that names the field and the remedy.
struct Objection {
    const char* reason;
    std::string message;
};

// Whether it takes something from everybody on a node.
bool takesNode(const run::Effect& effect);
// Whether it is known who is on its node, as far as the API server tells.
bool known(const run::Effect& effect, const run::Seen& seen);

// As "namespace/name", in this order; of the nodes that are known.
std::vector<std::string> neighbours(const std::vector<run::Effect>& effects, const Scene& scene);
std::optional<Objection> objection(const std::vector<run::Effect>& effects, const Scene& scene);

// "a/b, a/c, d/e and 4 more"
std::string firstOf(const std::vector<std::string>& names);

}  // namespace chaos::effects
