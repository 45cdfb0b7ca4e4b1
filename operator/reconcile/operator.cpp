#include "reconcile/operator.h"

#include "api/labels.h"
#include "reconcile/resources.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

// A rollout tells of itself in bursts (pod, ReplicaSet, Deployment, each several times a second):
// one look at the end of a burst sees what ten looks would.
constexpr std::chrono::milliseconds kBurst = 100ms;

runtime::Controller& makeController(runtime::Manager& manager, int workers, Reconciler& reconciler,
                                    const Observer& observer) {
    runtime::ControllerOptions options;
    options.workers = workers;
    options.reached = [&](const std::string& scope, const std::string& version) {
        return observer.reached(scope, version);
    };
    return manager.controller(
        "scalableapp", options,
        [&](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
            return reconciler.reconcile(key, context);
        });
}

}  // namespace

Operator::Operator(runtime::Manager& manager, const OperatorOptions& options)
    : reconciler_(
          manager.client(), observer_,
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      controller_(makeController(manager, options.workers, reconciler_, observer_)) {
    auto namespaces = options.namespaces;
    if (namespaces.empty()) {
        namespaces.emplace_back();
    }
    for (const auto& one : namespaces) {
        watchApps(manager, one);
        for (const auto& type : childTypes()) {
            watchChildren(manager, type, one);
        }
    }
}

void Operator::watchApps(runtime::Manager& manager, const std::string& namespace_) {
    auto& informer = manager.informer({.type = scalableApps(),
                                       .namespace_ = namespace_,
                                       .labelSelector = "",
                                       .fieldSelector = ""});
    observer_.watch(scalableApps(), namespace_, informer.store());
    informer.onChange([this](const runtime::Store::Change& change, bool initial) {
        const auto& object = change.after ? change.after : change.before;
        controller_.enqueue(object->meta().key, initial ? runtime::kStartupPriority : 0);
    });
}

void Operator::watchChildren(runtime::Manager& manager, const kube::ResourceType& type,
                             const std::string& namespace_) {
    // Scoped by our own label: what others run costs no memory here.
    auto& informer = manager.informer({.type = type,
                                       .namespace_ = namespace_,
                                       .labelSelector = api::kAppLabel,
                                       .fieldSelector = ""});
    observer_.watch(type, namespace_, informer.store());
    informer.onChange([this](const runtime::Store::Change& change, bool initial) {
        // The first list of children needs no reconcile of its own: their apps are listed too.
        if (initial) {
            return;
        }
        for (const auto& object : {change.before, change.after}) {
            if (object != nullptr && !appOf(object->meta()).name.empty()) {
                controller_.enqueueAfter(appOf(object->meta()), kBurst);
            }
        }
    });
}

}  // namespace reconcile
