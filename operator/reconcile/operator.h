// The operator as a whole: which watches it needs, and how a change becomes a reconcile.
//
//   runtime::Manager manager(...);
//   reconcile::Operator parts(manager, {.namespaces = {"shop-ns"}});
//   return manager.run();
//
// Kinds of the Gateway API are watched from the moment an app asks for them and the cluster has
// them. Must outlive the manager's run(). Thread safety: the constructor only, before run().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconcile/observe.h"
#include "reconcile/reconciler.h"
#include "reconcile/surroundings.h"
#include "runtime/informer.h"
#include "runtime/manager.h"

namespace reconcile {

struct OperatorOptions {
    std::vector<std::string> namespaces;  // empty: all
    int workers = 4;
    bool chaosRuns = false;  // watched, to tell ChaosRunning: their definition is installed
    ExposureSettings exposure = {};
};

class Operator {
  public:
    Operator(runtime::Manager& manager, const OperatorOptions& options);
    Operator(const Operator&) = delete;
    Operator& operator=(const Operator&) = delete;

  private:
    void watchApps(runtime::Manager& manager, const std::string& namespace_);
    void watchChildren(runtime::Manager& manager, const kube::ResourceType& type,
                       const std::string& namespace_);
    Reconciler::Around look(const api::ScalableApp& app, const base::Json& object,
                            std::stop_token stop);
    void watchChaos(runtime::Manager& manager, const std::string& namespace_);
    // Kinds that were not there when the process started.
    void watchGatewayApi(runtime::Manager& manager);
    bool gatewaysSeen() const;

    std::vector<std::string> namespaces_;  // the empty one: all
    Observer observer_;
    SurroundingsReader surroundings_;
    Reconciler reconciler_;
    runtime::Controller& controller_;
    std::vector<std::unique_ptr<runtime::Informer>> late_;
};

}  // namespace reconcile
