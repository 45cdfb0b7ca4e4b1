// The ChaosRuns of each generation of a ChaosExperiment, one after the other, and the experiment's
// status from its runs.
//
// A run's name is <experiment>-<generation>, from the second of spec.runs on with "-r" and its
// number behind it, and with "-r0" for the control run that goes before them: no two experiments
// make the same, and whoever tries to start it a second time, after a crash or as a second process,
// finds it there. Its spec is a copy that nobody
// changes, so an edited experiment starts a new run and leaves a running one alone. Who wants it
// again as it is changes spec.runToken, which means nothing else. Deleting the run aborts it, and
// it is not started again (the status remembers the generation). Deleting the experiment takes its
// runs along through their owner reference.
//
// A run that was ended early ends its generation's series, whoever ended it, and so does a control
// run that is not Resilient: what fails without any fault says nothing about one. A change of the
// spec starts anew. While people have it paused (annotation scalableapp.dev/pause: "true"), no run
// is started. Of earlier generations the latest runs are kept (spec.runsHistoryLimit), of this one
// all: its statistics are made of them. Thread safety: reconcile from any thread, for different
// keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "chaos/event_sink.h"
#include "kube/client.h"
#include "runtime/controller.h"

namespace chaos {

class ExperimentReconciler {
  public:
    ExperimentReconciler(kube::Client& client, EventSink events, const base::Clock& clock);

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);

  private:
    // The run of the current generation exists afterwards, or the outcome says what to do, or
    // `inTheWay` which run that is not ours has its name.
    std::optional<runtime::Outcome> start(const base::Json& experiment,
                                          std::vector<base::Json>& runs, std::string& inTheWay,
                                          const std::stop_token& stop);
    kube::ApiResult<void> prune(const base::Json& experiment, std::vector<base::Json>& runs,
                                const std::stop_token& stop);
    void tell(const base::Json& experiment, const base::Json& status);  // an event

    kube::Client& client_;
    EventSink events_;
    const base::Clock& clock_;
};

// The reason of condition Complete where people deleted a run: no other follows.
inline constexpr const char* kSeriesAborted = "Aborted";
// And where a run that is not the experiment's has the name of its next one.
inline constexpr const char* kNameTaken = "NameTaken";

// Pure: the numbers of the runs of one generation, in order; 0 is the control run.
std::vector<int64_t> ordinals(const base::Json& experiment);

// Pure: the run of a number that an experiment asks for now (0: the control run), and the status
// its runs (any order) give it.
std::string runName(const base::Json& experiment, int64_t ordinal);
base::Result<base::Json> runOf(const base::Json& experiment, int64_t ordinal);
base::Json experimentStatus(const base::Json& experiment, const std::vector<base::Json>& runs,
                            base::WallTime now, const std::string& inTheWay = "");

}  // namespace chaos
