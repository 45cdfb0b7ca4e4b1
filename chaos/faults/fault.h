// What every fault is, to the run that carries it out. A fault is one file in this folder and one
// line in chaos/registry.cpp; the run's machine knows none of them by name.
//
//   const Fault* fault = faults::named("PodKill");
//   auto plan = fault->plan(scene);            // who, what remains, why not
//   ... the run writes plan.targets and plan.effects down as its intent ...
//   effects::apply(...), then fault->strike(scene, evidence) for each target
//   fault->intruders(scene)                     // while it lasts
//   effects::undo(...)                          // after it
//   fault->unproved(status, series)             // is there evidence that it bit?
//
// To add one: derive, give it its choice and its prediction (helpers in plan.h), say in `strike`
// what is done to a target, list in `plan().effects` what outlasts it. Deadline, sweep, crash
// safety and the order of writes come with the machine. Thread safety: pure, stateless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chaos/effects/effect.h"
#include "chaos/faults/evidence.h"
#include "chaos/run/seen.h"

namespace chaos::faults {

using effects::Scene;

// A CamelCase word that is API, and a line for people that names the field and the remedy.
struct Refusal {
    std::string reason;
    std::string message;
};

struct Plan {
    run::Prediction prediction;
    std::vector<run::Target> targets;
    std::vector<run::Effect> effects;
    std::string driver;
    std::optional<Refusal> refusal;
};

class Fault {
  public:
    virtual ~Fault() = default;
    virtual const char* type() const = 0;
    // Whether it stays in force until a deadline (spec.fault.durationSeconds).
    virtual bool lasts() const { return false; }
    // Whether it ends without being taken back: `over` says when.
    virtual bool endsItself() const { return false; }
    virtual bool over(const Scene&) const { return false; }
    // Whether all of their zone fails: otherwise its visitors go on, and are those to ask.
    virtual bool takesZone() const { return false; }
    // Whether its targets are to die; otherwise they are only named.
    virtual bool kills() const { return true; }
    virtual run::Needs needs() const { return {}; }
    // What cannot be done with this spec, or not here, whatever the cluster looks like.
    virtual std::optional<Refusal> refuses(const api::ChaosExperimentSpec& spec,
                                           const run::Site& site) const = 0;
    virtual Plan plan(const Scene& scene, uint64_t seed) const = 0;
    // The pods among which its targets are and whose capacity it takes.
    virtual std::vector<topology::Pod> subjects(const Scene& scene) const;
    // How many of them are wanted now, where something else than the fault may have changed it.
    virtual std::optional<int64_t> wanted(const Scene& scene) const;
    // What is done to a target that is still there; empty: its death follows from the effects.
    virtual std::optional<run::Action> strike(const Scene& scene,
                                              const run::Evidence& target) const;
    // How far a target is known to have been hit, and whether it is still to be struck.
    virtual Look look(const Scene& scene, run::Evidence& evidence,
                      const std::vector<topology::Pod>& pods) const;
    // Whether a target that was hit serves again itself, instead of being replaced.
    virtual bool targetsReturn() const { return false; }
    // Pods that have to go although they are no targets, because the fault keeps a place empty.
    virtual std::vector<topology::Pod> intruders(const Scene&) const { return {}; }
    // Why nothing proves that the fault was there; empty: it was. `step`: of a pod of its own.
    virtual std::string unproved(const run::Run& run, const probe::Series& step) const;
};

// chaos/registry.cpp
const std::vector<const Fault*>& all();
const Fault* named(const std::string& type);
// The fault of a control run: nothing at all.
const Fault& none();

}  // namespace chaos::faults
