#include "reconcile/operator.h"

#include <algorithm>

#include "api/labels.h"
#include "reconcile/resources.h"
#include "runtime/relations.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

// A rollout tells of itself in bursts (pod, ReplicaSet, Deployment, each several times a second):
// one look at the end of a burst sees what ten looks would.
constexpr std::chrono::milliseconds kBurst = 100ms;

// Until what is watched from now on has been listed.
constexpr std::chrono::milliseconds kUnseen = 100ms;

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
    : namespaces_(options.namespaces),
      surroundings_(manager.client(), options.exposure, manager.clock(),
                    [this, &manager] { watchGatewayApi(manager); }),
      reconciler_(
          manager.client(), observer_,
          [&manager](runtime::Event event) { manager.events().record(std::move(event)); },
          manager.metrics(), manager.clock(), askCircuits, askEdges,
          [this](const api::ScalableApp& app, const base::Json& object, std::stop_token stop) {
              return look(app, object, std::move(stop));
          }),
      controller_(makeController(manager, options.workers, reconciler_, observer_)) {
    if (namespaces_.empty()) {
        namespaces_.emplace_back();
    }
    for (const auto& one : namespaces_) {
        watchApps(manager, one);
        for (const auto& type : childTypes()) {
            watchChildren(manager, type, one);
        }
        if (options.chaosRuns) {
            watchChaos(manager, one);
        }
    }
}

void Operator::watchApps(runtime::Manager& manager, const std::string& namespace_) {
    auto& informer = manager.informer({.type = scalableApps(),
                                       .namespace_ = namespace_,
                                       .labelSelector = "",
                                       .fieldSelector = ""});
    observer_.watch(scalableApps(), namespace_, informer.store());
    runtime::relate(informer, controller_, runtime::itself());
}

void Operator::watchChildren(runtime::Manager& manager, const kube::ResourceType& type,
                             const std::string& namespace_) {
    // Scoped by our own label: what others run costs no memory here.
    auto& informer = manager.informer({.type = type,
                                       .namespace_ = namespace_,
                                       .labelSelector = api::kAppLabel,
                                       .fieldSelector = ""});
    observer_.watch(type, namespace_, informer.store());
    // The first list of children needs no reconcile of its own: their apps are listed too.
    runtime::relate(informer, controller_,
                    [](const kube::Meta& child) { return std::vector{appOf(child)}; },
                    {.firstList = false, .burst = kBurst});
}

void Operator::watchChaos(runtime::Manager& manager, const std::string& namespace_) {
    auto& informer = manager.informer({.type = chaosRuns(),
                                       .namespace_ = namespace_,
                                       .labelSelector = api::kChaosLabel,
                                       .fieldSelector = ""});
    observer_.watch(chaosRuns(), namespace_, informer.store());
    runtime::relate(informer, controller_,
                    [](const kube::Meta& run) {
                        auto label = run.labels.find(api::kChaosLabel);
                        auto app = label == run.labels.end() ? "" : label->second.str();
                        return std::vector<kube::ObjectKey>{{run.key.namespace_, app}};
                    },
                    {.firstList = false, .burst = kBurst});
}

Reconciler::Around Operator::look(const api::ScalableApp& app, const base::Json& object,
                                  std::stop_token stop) {
    auto around = surroundings_.look(app, object, std::move(stop));
    if (!around) {
        return runtime::Outcome::retry(around.error().str());
    }
    // What is not listed yet would be taken for missing.
    if (around->gatewayApi && !gatewaysSeen()) {
        return runtime::Outcome::after(kUnseen);
    }
    return std::move(around).value();
}

bool Operator::gatewaysSeen() const {
    return std::all_of(late_.begin(), late_.end(),
                       [](const auto& informer) { return informer->store().synced(); });
}

void Operator::watchGatewayApi(runtime::Manager& manager) {
    for (const auto& type : optionalTypes()) {
        for (const auto& one : namespaces_) {
            auto& informer = *late_.emplace_back(std::make_unique<runtime::Informer>(
                manager.client(),
                runtime::InformerOptions{.type = type,
                                         .namespace_ = one,
                                         .labelSelector = api::kAppLabel,
                                         .fieldSelector = ""},
                manager.clock(), manager.metrics()));
            observer_.watch(type, one, informer.store());
            // Its first list counts: what it shows may be asked for no longer.
            runtime::relate(informer, controller_,
                            [](const kube::Meta& child) { return std::vector{appOf(child)}; },
                            {.firstList = true, .burst = kBurst});
            informer.start();
        }
    }
}

}  // namespace reconcile
