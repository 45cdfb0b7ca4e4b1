// Looks at the cluster for a run: live reads only, so that no decision rests on a cache that is
// behind.
//
//   chaos::Observer observer(client, clock);
//   auto seen = observer.look(run, run::needs(run.status), stop);
//   if (!seen) { ... }   // the API server did not answer: nothing is decided
//
// A run reads a handful of objects, a few times a second while its fault moves; without runs
// nothing is read at all.
// Thread safety: look from any thread. Blocking: until answered or stopped.
#pragma once

#include <map>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "chaos/run/machine.h"
#include "kube/client.h"

namespace chaos {

class Observer {
  public:
    Observer(kube::Client& client, const base::Clock& clock, run::Site site);

    kube::ApiResult<run::Seen> look(const run::Run& run, const run::Needs& needs,
                                    const std::stop_token& stop);

  private:
    kube::ApiResult<void> lookAtOtherRuns(const run::Run& run, run::Seen& seen,
                                          const std::stop_token& stop);
    kube::ApiResult<void> lookAtApp(const run::Run& run, run::Seen& seen,
                                    const std::stop_token& stop);
    kube::ApiResult<void> lookAtPods(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop);
    kube::ApiResult<void> lookAtCapacity(const run::Run& run, run::Seen& seen,
                                         const std::stop_token& stop);
    kube::ApiResult<void> lookAtNodes(const run::Run& run, run::Seen& seen,
                                      const std::stop_token& stop);
    kube::ApiResult<void> lookAtTenants(const std::string& node, run::Seen& seen,
                                        const std::stop_token& stop);
    kube::ApiResult<void> lookAtStandIns(run::Seen& seen, const std::stop_token& stop);
    kube::ApiResult<void> lookAtOperators(const run::Run& run, run::Seen& seen,
                                          const std::stop_token& stop);
    kube::ApiResult<void> lookAtStep(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop);
    kube::ApiResult<void> lookAtPolicy(const run::Run& run, run::Seen& seen,
                                       const std::stop_token& stop);
    kube::ApiResult<run::ProbeSeen> ownPod(const run::Run& run, const std::string& name,
                                           const std::stop_token& stop);
    // `lines`: the last ones alone; 0: all.
    kube::ApiResult<std::optional<probe::Series>> logOf(const run::Run& run, const std::string& pod,
                                                        int lines, const std::stop_token& stop);
    kube::ApiResult<void> lookAtProbe(const run::Run& run, run::Seen& seen,
                                      const std::stop_token& stop);
    kube::ApiResult<void> readSeries(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop);
    kube::ApiResult<void> readTail(const run::Run& run, run::Seen& seen,
                                   const std::stop_token& stop);
    kube::ApiResult<void> readStepTail(const run::Run& run, run::Seen& seen,
                                       const std::stop_token& stop);
    kube::ApiResult<void> readLog(const run::Run& run, const run::ProbeSeen& pod,
                                  const std::string& name, int lines,
                                  std::optional<probe::Series>& into, const std::stop_token& stop);
    // Empty: its node names none, or is gone.
    kube::ApiResult<std::string> zoneOf(const std::string& node, const std::stop_token& stop);
    uint64_t chance();

    kube::Client& client_;
    const base::Clock& clock_;
    run::Site site_;
    std::mutex mutex_;
    struct Zone {
        std::string name;
        base::SteadyTime until;  // of this knowledge
    };
    std::map<std::string, Zone> zoneOfNode_;
    std::random_device entropy_;
};

// Why a probe's pod does not run, from its status: "ImagePullBackOff: ...", "Unschedulable: ...".
run::ProbeSeen parseProbe(const base::Json& pod);

}  // namespace chaos
