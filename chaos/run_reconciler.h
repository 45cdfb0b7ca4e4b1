// Drives one ChaosRun: looks, asks the machine, writes the status, then acts. Nothing is decided
// here.
//
//   chaos::RunReconciler runs(client, {.probeImage = flag}, sink, metrics, clock);
//   manager.controller("chaosrun", {}, [&](auto& key, auto& context) { return runs.reconcile(key,
//   context); });
//
// Every status write carries the resourceVersion it was decided on: of two processes that decide on
// the same state, one is refused and looks again.
// Thread safety: reconcile from any thread, for
// different keys.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chaos/event_sink.h"
#include "chaos/hindrance.h"
#include "chaos/observe.h"
#include "chaos/power.h"
#include "chaos/run/machine.h"
#include "kube/client.h"
#include "runtime/controller.h"
#include "runtime/metrics.h"

namespace chaos {

struct RunOptions {
    std::string probeImage;
    run::Site site;
    Drivers drivers;  // those of site.power and site.cables; they outlive the reconciler
};

class RunReconciler {
  public:
    RunReconciler(kube::Client& client, RunOptions options, EventSink events,
                  runtime::Metrics& metrics, const base::Clock& clock);

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);

  private:
    // What one turn leaves to the next that follows at once. Nothing depends on it: who does not
    // know it asks again.
    struct Left {
        std::vector<run::ActionResult> results;
        std::vector<std::string> tenantsOf;
    };
    // One look and what follows from it. Nothing: go on at once.
    std::optional<runtime::Outcome> turn(run::Run& run, std::string& version, Left& left,
                                         const std::stop_token& stop);
    kube::ApiResult<run::Seen> look(const run::Run& run, std::vector<std::string> tenantsOf,
                                    const std::stop_token& stop);
    kube::ApiResult<void> write(run::Run& run, std::string& version, const run::Status& status,
                                const std::stop_token& stop);
    std::vector<run::ActionResult> actAll(run::Run& run, std::string& version,
                                          const std::vector<run::Action>& actions,
                                          const std::stop_token& stop);
    run::ActionResult act(run::Run& run, std::string& version, const run::Action& action,
                          const std::stop_token& stop);
    kube::ApiResult<void> hold(run::Run& run, std::string& version, bool on,
                               const std::stop_token& stop);
    std::optional<kube::ApiError> carryOut(const run::Run& run, const run::Action& action,
                                           std::string& problem, const std::stop_token& stop);
    void publish(const run::Run& run, const run::Seen& seen, const std::vector<run::Note>& notes);
    void countFromNought(const run::Run& run);
    void count(const run::Run& run);
    runtime::Outcome afterError(const kube::ApiError& error);
    void goesOn(bool wrote);
    std::optional<base::WallTime> lastLook(const run::Run& run);
    void noteLook(const run::Run& run, const run::Seen& seen);
    void forgetLook(const kube::ObjectKey& key);

    kube::Client& client_;
    RunOptions options_;
    EventSink events_;
    runtime::Metrics& metrics_;
    Observer observer_;
    // From "nobody else disturbs this application" to the write that says we do.
    std::mutex starting_;
    // Of runs that go on: the last look whose outcome is written down.
    struct Look {
        std::string uid;
        base::WallTime at;
    };
    std::mutex looking_;
    std::map<std::string, Look> looks_;  // by namespace and name
    Hindrance hindrance_;
};

// Error: the field that is not as the CustomResourceDefinition promises.
base::Result<run::Run> parseRun(const base::Json& object);

}  // namespace chaos
