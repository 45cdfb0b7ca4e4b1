#include "chaos/controller.h"

#include "chaos/kinds.h"

namespace chaos {

Controller::Controller(runtime::Manager& manager, const ControllerOptions& options)
    : experiments_(manager.client(), manager.clock()),
      runs_(
          manager.client(), {.probeImage = options.probeImage},
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      experimentController_(manager.controller(
          "chaosexperiment", {},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return experiments_.reconcile(key, context);
          })),
      runController_(manager.controller(
          "chaosrun", {.workers = options.workers, .reached = {}},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return runs_.reconcile(key, context);
          })) {
    auto namespaces = options.namespaces;
    if (namespaces.empty()) {
        namespaces.emplace_back();
    }
    for (const auto& one : namespaces) {
        watch(manager, one);
    }
}

void Controller::watch(runtime::Manager& manager, const std::string& namespace_) {
    auto& experiments = manager.informer({.type = kChaosExperiments,
                                          .namespace_ = namespace_,
                                          .labelSelector = "",
                                          .fieldSelector = ""});
    experiments.onChange([this](const runtime::Store::Change& change, bool initial) {
        if (change.after) {
            experimentController_.enqueue(change.after->meta().key,
                                          initial ? runtime::kStartupPriority : 0);
        }
    });
    auto& runs = manager.informer(
        {.type = kChaosRuns, .namespace_ = namespace_, .labelSelector = "", .fieldSelector = ""});
    runs.onChange([this](const runtime::Store::Change& change, bool initial) {
        const auto& object = change.after ? change.after : change.before;
        const auto& meta = object->meta();
        for (const auto& owner : meta.owners) {
            if (owner.controller && owner.kind == kChaosExperiments.kind) {
                experimentController_.enqueue({meta.key.namespace_, owner.name},
                                              initial ? runtime::kStartupPriority : 0);
            }
        }
        if (change.after) {
            runController_.enqueue(meta.key, initial ? runtime::kStartupPriority : 0);
        }
    });
}

}  // namespace chaos
