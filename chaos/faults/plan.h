// The arithmetic that faults share: who may be hit, what would remain, whether that is enough.
//
//   Plan plan = faults::planOf(scene, targets);     // prediction by tier and zone
//   faults::checkCaps(plan, scene, candidates);     // blast radius
//   faults::checkCapacity(plan, scene);             // minimums, unless an outage is expected
//
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "chaos/faults/fault.h"

namespace chaos::faults {

// Pods that may be chosen: not ended, not being deleted, of that zone and role where one is named;
// in the order of their names, so that a seed means the same pods however the list arrived.
std::vector<topology::Pod> candidates(std::vector<topology::Pod> pods, const std::string& zone,
                                      const std::string& role);

std::vector<run::Target> choose(const std::vector<topology::Pod>& candidates, size_t count,
                                uint64_t seed);
run::Target targetOf(const topology::Pod& pod);

// Of the tier that spec.target names.
std::vector<topology::Pod> tierPods(const Scene& scene);

// What would remain without the targets: of each tier, and in each zone of the tier that
// spec.target names.
Plan planOf(const Scene& scene, std::vector<run::Target> targets);

// How much of what visitors ask the targets answered before, at most and in percent: what fails as
// long as nobody has noticed that they are gone. Of a zone's own visitors, where their zone goes on
// (a Service may keep them in it), and of all visitors, on their way through each tier.
int64_t shareInZone(const Plan& plan);
int64_t shareOfAll(const Plan& plan);

// What remains in one number, and in each zone, for faults that hit every tier.
void overWholeApp(Plan& plan, const Scene& scene);
std::optional<int64_t> wantedByWholeApp(const Scene& scene);

// Each keeps the first refusal: a plan that is refused stays so.
void refuse(Plan& plan, const std::string& reason, const std::string& message);
void checkCaps(Plan& plan, const Scene& scene, int64_t pods);
void checkCapacity(Plan& plan, const Scene& scene);

// The nodes of a zone; a refusal where one of them is under another fault.
std::vector<topology::Node> nodesIn(const Scene& scene, const std::string& zone);
// `lost`: the effect that takes something from each node (kNodePower, kNodeCable); null: the mark
// alone. A refusal where others would lose it too, as far as it is known who is there.
void markNodes(Plan& plan, const Scene& scene, const std::vector<topology::Node>& nodes,
               const char* lost);

// For faults of whole nodes: spec.target.count of those that carry pods such as spec.target names,
// with everything of the application that is on them. `lost` as above.
Plan planOfNodes(const Scene& scene, uint64_t seed, const char* lost);

// Why this process cannot do it here; empty: it can.
std::optional<Refusal> needsNodes(const run::Site& site);
std::optional<Refusal> needsPower(const run::Site& site);

// Why nobody but the driver says that something was cut off: neither readiness nor visitors
// noticed. Empty: one of them did.
std::string unfelt(const run::Run& run, const std::string& what);

std::string quoted(const std::string& text);

}  // namespace chaos::faults
