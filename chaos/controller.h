// The chaos controller as a whole: which watches it needs, and how a change becomes a reconcile.
//
//   runtime::Manager manager(...);
//   chaos::Controller parts(manager, {.namespaces = {}, .probeImage = "scalableapp:0.1.0"});
//   return manager.run();
//
// Rights it needs (no wildcard, no exec, no Secrets), verbs in alphabetical order:
//   scalableapp.dev    chaosexperiments         get list watch
//   scalableapp.dev    chaosexperiments/status  patch
//   scalableapp.dev    chaosruns                create get list watch
//   scalableapp.dev    chaosruns/status         patch
//   scalableapp.dev    scalableapps             get
//   ""                 pods                     create delete get list
//   ""                 pods/log                 get
//   ""                 nodes                    get                 (cluster-wide: the zone label)
//   apps               deployments              list
//   policy             poddisruptionbudgets     list
//   events.k8s.io      events                   create patch
//   coordination.k8s.io leases                  create get update   (in its own namespace)
// Where the API server enforces OwnerReferencesPermissionEnforcement: chaosexperiments/finalizers
// and chaosruns/finalizers update (blockOwnerDeletion is false everywhere, so it is not needed
// otherwise).
//
// Must outlive the manager's run().
// Thread safety: the constructor only, before run().
#pragma once

#include <string>
#include <vector>

#include "chaos/experiment_reconciler.h"
#include "chaos/run_reconciler.h"
#include "runtime/manager.h"

namespace chaos {

struct ControllerOptions {
    std::vector<std::string> namespaces;  // empty: all
    std::string probeImage;
    int workers = 4;
};

class Controller {
  public:
    Controller(runtime::Manager& manager, const ControllerOptions& options);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

  private:
    void watch(runtime::Manager& manager, const std::string& namespace_);

    ExperimentReconciler experiments_;
    RunReconciler runs_;
    runtime::Controller& experimentController_;
    runtime::Controller& runController_;
};

}  // namespace chaos
