#include "chaos/controller.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "chaos/kinds.h"

namespace chaos {
namespace {

using namespace std::chrono_literals;

// How late an expired fault may be found. Looking costs two lists.
constexpr auto kSweepEvery = 5s;
// A driver may have to wait for a cloud.
constexpr auto kPowerTimeout = 120s;

std::unique_ptr<PowerCommand> driver(const std::string& command) {
    return command.empty() ? nullptr : std::make_unique<PowerCommand>(command, kPowerTimeout);
}

runtime::Controller& controllerOf(runtime::Manager& manager, const char* name, int workers,
                                  runtime::ReconcileFunction reconcile) {
    return manager.controller(name, {.workers = workers, .reached = {}}, std::move(reconcile));
}

}  // namespace

Controller::Controller(runtime::Manager& manager, const ControllerOptions& options)
    : options_(options),
      power_(driver(options.powerCommand)),
      schedules_(
          manager.client(),
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      experiments_(manager.client(), manager.clock()),
      runs_(
          manager.client(),
          {.probeImage = options.probeImage, .site = options.site, .power = power_.get()},
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      experimentController_(manager.controller(
          "chaosexperiment", {},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return experiments_.reconcile(key, context);
          })),
      runController_(controllerOf(
          manager, "chaosrun", options.workers,
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return runs_.reconcile(key, context);
          })),
      scheduleController_(controllerOf(
          manager, "chaosschedule", 1,
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return schedules_.reconcile(key, context);
          })),
      sweep_(manager.client(), manager.clock(), power_.get()) {
    manager.metrics().define("scalableapp_chaos_leftovers_total", runtime::Metrics::Kind::Counter,
                             "Remains of faults found by the sweep, by whether they could be "
                             "taken back");
    auto namespaces = options.namespaces;
    if (namespaces.empty()) {
        namespaces.emplace_back();
    }
    for (const auto& one : namespaces) {
        watch(manager, one);
    }
    if (options_.site.nodes || options_.site.networkPolicies) {
        manager.whileLeading(
            [this, &manager](const std::stop_token& stop) { sweepUntilStopped(manager, stop); });
    }
}

void Controller::sweepUntilStopped(runtime::Manager& manager, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    auto namespaces = options_.namespaces;
    if (namespaces.empty()) {
        namespaces.emplace_back();
    }
    while (!stop.stop_requested()) {
        bool first = true;
        for (const auto& one : namespaces) {
            auto swept = sweep_.once({.namespace_ = one,
                                      .nodes = first && options_.site.nodes,
                                      .policies = options_.site.networkPolicies},
                                     stop);
            first = false;
            for (const auto& what : swept.reverted) {
                base::logWarning("chaos: taken back by the sweep", {{"what", what}});
                manager.metrics().count("scalableapp_chaos_leftovers_total",
                                        {{"result", "Reverted"}});
            }
            for (const auto& what : swept.problems) {
                base::logWarning("chaos: cannot be taken back", {{"what", what}});
                manager.metrics().count("scalableapp_chaos_leftovers_total", {{"result", "Left"}});
            }
        }
        std::unique_lock lock(mutex);
        woken.wait_for(lock, stop, kSweepEvery, [] { return false; });
    }
}

void Controller::watch(runtime::Manager& manager, const std::string& namespace_) {
    auto priority = [](bool initial) { return initial ? runtime::kStartupPriority : 0; };
    auto& experiments = manager.informer({.type = kChaosExperiments,
                                          .namespace_ = namespace_,
                                          .labelSelector = "",
                                          .fieldSelector = ""});
    experiments.onChange([this, priority](const runtime::Store::Change& change, bool initial) {
        if (change.after) {
            experimentController_.enqueue(change.after->meta().key, priority(initial));
        }
    });
    auto& schedules = manager.informer({.type = kChaosSchedules,
                                        .namespace_ = namespace_,
                                        .labelSelector = "",
                                        .fieldSelector = ""});
    schedules.onChange([this, priority](const runtime::Store::Change& change, bool initial) {
        if (change.after) {
            scheduleController_.enqueue(change.after->meta().key, priority(initial));
        }
    });
    auto& runs = manager.informer(
        {.type = kChaosRuns, .namespace_ = namespace_, .labelSelector = "", .fieldSelector = ""});
    runs.onChange([this, priority](const runtime::Store::Change& change, bool initial) {
        const auto& object = change.after ? change.after : change.before;
        const auto& meta = object->meta();
        for (const auto& owner : meta.owners) {
            kube::ObjectKey key{meta.key.namespace_, owner.name};
            if (owner.controller && owner.kind == kChaosExperiments.kind) {
                experimentController_.enqueue(key, priority(initial));
            } else if (owner.controller && owner.kind == kChaosSchedules.kind) {
                scheduleController_.enqueue(key, priority(initial));
            }
        }
        if (change.after) {
            runController_.enqueue(meta.key, priority(initial));
        }
    });
}

}  // namespace chaos
