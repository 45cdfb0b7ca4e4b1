// One ChaosRun per generation of a ChaosExperiment, and the experiment's status from its runs.
//
// The run's name is <experiment>-<generation>: whoever tries to start it a second time, after a
// crash or as a second process, finds it there. Its spec is a copy that nobody changes, so an
// edited experiment starts a new run and leaves a running one alone; deleting the run aborts it,
// and it is not started again (the status remembers the generation). Deleting the experiment takes
// its runs along through their owner reference.
// Thread safety: reconcile from any thread, for
// different keys.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "kube/client.h"
#include "runtime/controller.h"

namespace chaos {

class ExperimentReconciler {
  public:
    ExperimentReconciler(kube::Client& client, const base::Clock& clock);

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);

  private:
    // The run of the current generation exists afterwards, or the outcome says what to do.
    std::optional<runtime::Outcome> start(const base::Json& experiment,
                                          std::vector<base::Json>& runs,
                                          const std::stop_token& stop);

    kube::Client& client_;
    const base::Clock& clock_;
};

// Pure: the run an experiment asks for now, and the status its runs (any order) give it.
std::string runName(const base::Json& experiment);
base::Json runOf(const base::Json& experiment);
base::Json experimentStatus(const base::Json& experiment, const std::vector<base::Json>& runs,
                            base::WallTime now);

}  // namespace chaos
