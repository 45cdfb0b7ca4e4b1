// The chaos controller as a whole: which watches it needs, and how a change becomes a reconcile.
//
//   runtime::Manager manager(...);
//   chaos::Controller parts(manager, {.namespaces = {}, .probeImage = "scalableapp:0.1.0"});
//   return manager.run();
//
// Rights it needs (no wildcard, no exec, no Secrets), verbs in alphabetical order:
//   scalableapp.dev    chaosexperiments         get list watch
//   scalableapp.dev    chaosexperiments/status  patch
//   scalableapp.dev    chaosruns                create delete get list watch
//   scalableapp.dev    chaosschedules           get list watch
//   scalableapp.dev    chaosschedules/status    patch
//   scalableapp.dev    chaosruns/status         patch
//   scalableapp.dev    scalableapps             get
//   ""                 pods                     create delete get list
//   ""                 pods/log                 get
//   ""                 nodes                    get                 (cluster-wide: the zone label)
//   autoscaling        horizontalpodautoscalers list
//   apps               deployments              list
//   policy             poddisruptionbudgets     list
//   events.k8s.io      events                   create patch
//   coordination.k8s.io leases                  create get update   (in its own namespace)
// What is only needed for faults that people allow (Site):
//   ""                 pods                     patch               (containers)
//   ""                 nodes                    list patch          (nodes)
//   ""                 pods/eviction            create              (nodes)
//   ""                 pods                     list                (drivers: cluster-wide)
//   networking.k8s.io  networkpolicies          create delete get list  (networkPolicies)
//   ""                 pods                     delete get list     (operators, in their namespace)
//   coordination.k8s.io leases                  get                 (operators, theirs)
// Where the API server enforces OwnerReferencesPermissionEnforcement: chaosexperiments/finalizers
// and chaosruns/finalizers update (blockOwnerDeletion is false everywhere, so it is not needed
// otherwise).
//
// Must outlive the manager's run().
// Thread safety: the constructor only, before run().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chaos/experiment_reconciler.h"
#include "chaos/power.h"
#include "chaos/run_reconciler.h"
#include "chaos/schedule_reconciler.h"
#include "chaos/sweep_loop.h"
#include "runtime/manager.h"

namespace chaos {

struct ControllerOptions {
    std::vector<std::string> namespaces;  // empty: all
    std::string probeImage;
    int workers = 4;
    run::Site site;
    std::string powerCommand;    // empty: no driver
    std::string networkCommand;  // empty: no driver
};

class Controller {
  public:
    Controller(runtime::Manager& manager, const ControllerOptions& options);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

  private:
    void watch(runtime::Manager& manager, const std::string& namespace_);

    ControllerOptions options_;
    std::unique_ptr<PowerCommand> power_;
    std::unique_ptr<PowerCommand> cable_;
    ScheduleReconciler schedules_;
    ExperimentReconciler experiments_;
    RunReconciler runs_;
    runtime::Controller& experimentController_;
    runtime::Controller& runController_;
    runtime::Controller& scheduleController_;
    SweepLoop sweep_;
};

}  // namespace chaos
