#include "chaos/controller.h"

#include "chaos/kinds.h"

namespace chaos {
namespace {

using namespace std::chrono_literals;

// How late an expired fault may be found. Looking costs two lists.
constexpr auto kSweepEvery = 5s;
// A driver may have to wait for a cloud.
constexpr auto kPowerTimeout = 120s;
// A switch that the sweep has in hand, ours after it, and what has to be written down then.
constexpr auto kRunDeadline = 2 * kPowerTimeout + 60s;

std::unique_ptr<PowerCommand> driver(const std::string& command, SwitchWords words) {
    return command.empty()
               ? nullptr
               : std::make_unique<PowerCommand>(command, kPowerTimeout, std::move(words));
}

SweepOptions sweepOf(const run::Site& site) {
    SweepOptions out;
    out.nodes = site.nodes;
    out.policies = site.networkPolicies;
    out.runs = false;  // those that are deleted are driven here
    return out;
}

}  // namespace

Controller::Controller(runtime::Manager& manager, const ControllerOptions& options)
    : options_(options),
      power_(driver(options.powerCommand, {})),
      cable_(driver(options.networkCommand, {.on = "heal", .off = "cut"})),
      schedules_(
          manager.client(),
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      experiments_(
          manager.client(),
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.clock()),
      runs_(
          manager.client(),
          {.probeImage = options.probeImage,
           .site = options.site,
           .drivers = {.power = power_.get(), .cable = cable_.get()}},
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock()),
      experimentController_(manager.controller(
          "chaosexperiment", {},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return experiments_.reconcile(key, context);
          })),
      runController_(manager.controller(
          "chaosrun", {.workers = options.workers, .deadline = kRunDeadline},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return runs_.reconcile(key, context);
          })),
      scheduleController_(manager.controller(
          "chaosschedule", {.workers = 1},
          [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
              return schedules_.reconcile(key, context);
          })),
      sweep_(
          manager,
          {.namespaces = options.namespaces, .sweep = sweepOf(options.site), .every = kSweepEvery},
          {.power = power_.get(), .cable = cable_.get()}) {
    auto namespaces = options.namespaces;
    if (namespaces.empty()) {
        namespaces.emplace_back();
    }
    for (const auto& one : namespaces) {
        watch(manager, one);
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
