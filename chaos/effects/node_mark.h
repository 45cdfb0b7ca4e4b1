// A node under a fault: cordoned, tainted, and an annotation that says by whom, until when, and
// what the node was like before. One patch sets all of it, one takes all of it back, each with the
// version of the node that it was decided on: what other people changed meanwhile is never
// overwritten.
//
//   auto patch = effects::markPatch(node, {.run = "shop/zone-1", .uid = uid, .deadline = at,
//                                          .cordoned = node.unschedulable});
//   ...
//   if (auto mark = effects::markOf(node)) { patch = effects::unmarkPatch(node, *mark); }
//
// Given back exactly: a node that was cordoned before stays so; taints of others stay.
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "chaos/topology/topology.h"

namespace chaos::effects {

inline constexpr const char* kMarkLabel = "scalableapp.dev/chaos-fault";
inline constexpr const char* kTaint = "scalableapp.dev/chaos";

struct Mark {
    std::string run;  // namespace/name
    std::string uid;  // of the run
    base::WallTime deadline;
    bool cordoned = false;  // it was unschedulable before the fault
    bool power = false;     // its power is switched off with it
    bool cable = false;     // it is cut off with it
    bool operator==(const Mark&) const = default;
};

std::string write(const Mark& mark);
// Empty: there is none, or nobody can read it (then people have to look).
std::optional<Mark> markOf(const topology::Node& node);

base::Json markPatch(const topology::Node& node, const Mark& mark);
base::Json unmarkPatch(const topology::Node& node, const Mark& mark);

}  // namespace chaos::effects
