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
// can be repeated (the probe has a fixed name, a delete carries the UID), and no action is asked
// for that the durable status does not call for. So a process may die after any write and another
// goes on: nothing is injected twice, and where evidence was lost with it the verdict is
// Inconclusive. A run that is being deleted does nothing any more: PodKill leaves nothing, the
// probe is owned by the run.
// Thread safety: pure. Time and chance come in through `Seen`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/chaos.h"
#include "chaos/probe/samples.h"
#include "chaos/probes/pod.h"
#include "chaos/run/status.h"
#include "chaos/topology/topology.h"

namespace chaos::run {

struct Run {
    std::string namespace_;
    std::string name;
    std::string uid;
    bool deleting = false;
    api::ChaosExperimentSpec spec;
    Status status;
};

// The probe's pod as the API shows it.
struct ProbeSeen {
    std::string uid;  // empty: there is none
    bool running = false;
    bool ended = false;  // Succeeded or Failed
    bool deleting = false;
    std::string problem;  // why it does not run: "ImagePullBackOff: ...", "Unschedulable: ..."
};

struct CreateProbe {
    probes::PodRequest pod;
};
struct RemoveProbe {
    std::string name;
    std::string uid;
};
struct KillPod {
    std::string name;
    std::string uid;
    std::optional<int64_t> graceSeconds;  // empty: the pod's own
};
using Action = std::variant<CreateProbe, RemoveProbe, KillPod>;

struct ActionResult {
    Action action;
    // Empty: accepted. Otherwise why not, and whether asking again may help.
    std::string error;
    bool transient = false;
};

struct Seen {
    base::WallTime now;
    uint64_t chance = 0;                     // for a seed, where none is recorded yet
    std::optional<topology::App> app;        // empty: no such ScalableApp
    std::vector<topology::Pod> pods;         // of the tier
    std::optional<int64_t> budget;           // desiredHealthy of its disruption budget
    std::optional<int64_t> desiredReplicas;  // what its Deployments ask for now
    std::string otherRun;                    // a run of the same app that goes first
    ProbeSeen probe;
    std::optional<probe::Series> series;  // empty: could not be read
    std::vector<ActionResult> results;    // of the last step's actions
};

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
};

// What has to be looked at in this phase; everything else in Seen may stay empty.
struct Needs {
    bool otherRuns = false;
    bool app = false;
    bool pods = false;
    bool capacity = false;  // budget and desiredReplicas
    bool probe = false;
    bool series = false;
};
Needs needs(const Status& status);

Step next(const Run& run, const Seen& seen);

// How long a probe may need to start before the steady state is given up.
inline constexpr std::chrono::seconds kProbeStart{60};
// How long the last seconds of a probe may take to arrive in its log.
inline constexpr std::chrono::seconds kProbeLag{12};

}  // namespace chaos::run
