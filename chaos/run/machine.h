// One run as a pure function: what is known and what is seen -> what is known now and what to do.
//
//   Pending -> Predicting -> SteadyState -> Injecting -> Observing -> Reverting -> Verifying ->
//   Done
//
//   for (;;) {
//       run::Step step = run::next(run, seen);
//       if (step.status != run.status) { write it; stop here when that fails }
//       do step.actions, collect their results, look again with them in `seen.results`
//   }
//
// The order is the safety: a status is durable before any action that follows from it, every action
// can be repeated (pods have fixed names, a delete carries the UID, a patch the version), and no
// action is asked for that the durable status does not call for. So a process may die after any
// write and another goes on: nothing is injected twice, what has to be given back is known from the
// intent on, and where evidence was lost with the process the verdict is Inconclusive.
//
// A run whose fault has to be given back carries a finalizer from before the first effect until the
// last one is gone. Deleted meanwhile, it only takes back, and then goes; after kLetGo it goes in
// any case, and the sweep (sweep.h) does the rest without it. Any other run has no finalizer and
// does nothing once it is being deleted.
//
// Where the API server refuses what has to be seen (a right is missing), people have until the end
// of the run, or of the fault, to mend it. Then it is given back without, and proves nothing.
//
// Knows no fault by name: faults/fault.h is all it asks.
// Thread safety: pure. Time and chance come in through `Seen`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "chaos/run/seen.h"

namespace chaos::run {

struct Note {
    bool warning = false;
    std::string reason;  // CamelCase
    std::string text;
};

struct Step {
    Status status;
    std::vector<Action> actions;
    std::vector<Note>
        notes;  // events on the run and on the app, to send once the status is durable
    std::optional<std::chrono::milliseconds> lookAgain;  // empty: only when something changes
    std::vector<std::string> tenantsOf;  // nodes: who is on them is to be seen next (Needs)
};

Needs needs(const Run& run);
// What suffices to give back what the fault holds, where the API server refuses to show the rest.
Needs needsToGiveBack(const Run& run);
Step next(const Run& run, const Seen& seen);

// How long a probe may need to start before the steady state is given up.
inline constexpr std::chrono::seconds kProbeStart{60};
// How long the last seconds of a probe may take to arrive in its log.
inline constexpr std::chrono::seconds kProbeLag{12};
// How long a deleted run waits for what it holds.
inline constexpr std::chrono::seconds kLetGo{60};

}  // namespace chaos::run
