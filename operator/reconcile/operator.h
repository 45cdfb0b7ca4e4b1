// The operator as a whole: which watches it needs, and how a change becomes a reconcile.
//
//   runtime::Manager manager(...);
//   reconcile::Operator parts(manager, {.namespaces = {"shop-ns"}});
//   return manager.run();
//
// Must outlive the manager's run(). Thread safety: the constructor only, before run().
#pragma once

#include <string>
#include <vector>

#include "reconcile/observe.h"
#include "reconcile/reconciler.h"
#include "runtime/manager.h"

namespace reconcile {

struct OperatorOptions {
    std::vector<std::string> namespaces;  // empty: all
    int workers = 4;
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

    Observer observer_;
    Reconciler reconciler_;
    runtime::Controller& controller_;
};

}  // namespace reconcile
