// scalableapp-operator: turns ScalableApp resources into running objects and keeps them so.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "chaos/sweep_loop.h"
#include "reconcile/operator.h"
#include "runtime/process.h"

namespace {

constexpr const char* kAbout =
    "Turns ScalableApp resources into Deployments, Services, autoscalers and disruption budgets,\n"
    "and keeps them so. Runs in a cluster (no flag needed) or beside one (--kubeconfig).\n";

constexpr const char* kMore =
    "\n"
    "Try it on the cluster of your current kubeconfig context:\n"
    "  kubectl apply --server-side -f crds/\n"
    "  scalableapp-operator --leader-elect=false --log-format text\n";

void declare(CLI::App& app, reconcile::ExposureSettings& exposure) {
    app.add_option("--ingress-class", exposure.ingressClass,
                   "class of the Ingresses that are made; default: the cluster's")
        ->type_name("NAME");
    app.add_option("--gateway-class", exposure.gatewayClass,
                   "class of the Gateways that are made; default: the cluster's only one")
        ->type_name("NAME");
    app.add_option("--gateway", exposure.sharedGateway,
                   "a Gateway that all applications share, none is made; default: each has its own")
        ->check([](const std::string& text) {
            size_t slash = text.find('/');
            bool good = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                        text.find('/', slash + 1) == std::string::npos;
            return good ? std::string() : "\"" + text + "\" is not NAMESPACE/NAME";
        })
        ->type_name("NAMESPACE/NAME");
    app.add_option("--replicas", exposure.operatorReplicas,
                   "how many of this process there are: with one it is told as a single point of "
                   "failure")
        ->check(CLI::Range(0, 100))
        ->type_name("N");
}

// What chaos left behind is given back by the operator too, once it is overdue: the chaos process
// may be gone for good.
constexpr std::chrono::seconds kOverdueBy{30};
constexpr std::chrono::seconds kSweepEvery{30};

struct ChaosFlags {
    bool watch = false;
    bool nodes = false;
    bool policies = false;
};

void declare(CLI::App& app, ChaosFlags& flags) {
    app.add_flag("--watch-chaos-runs", flags.watch,
                 "tell by condition ChaosRunning of an application that it is put to the test");
    app.add_flag("--sweep-nodes", flags.nodes,
                 "give back nodes that a chaos fault holds past its deadline");
    app.add_flag("--sweep-network-policies", flags.policies,
                 "remove NetworkPolicies that a chaos fault left past its deadline");
}

struct Parts {
    Parts(runtime::Manager& manager, const runtime::ProcessOptions& options,
          const reconcile::ExposureSettings& exposure, const ChaosFlags& flags)
        : operator_(manager, {.namespaces = options.namespaces,
                              .workers = options.workers,
                              .chaosRuns = flags.watch,
                              .exposure = exposure}) {
        if (flags.nodes || flags.policies) {
            chaos::SweepOptions what;
            what.nodes = flags.nodes;
            what.policies = flags.policies;
            what.overdueBy = kOverdueBy;
            sweep_.emplace(
                manager,
                chaos::SweepLoopOptions{
                    .namespaces = options.namespaces, .sweep = what, .every = kSweepEvery},
                chaos::Drivers{});
        }
    }

    reconcile::Operator operator_;
    std::optional<chaos::SweepLoop> sweep_;
};

}  // namespace

int main(int argc, char** argv) {
    reconcile::ExposureSettings exposure;
    ChaosFlags flags;
    return runtime::runProcess(
        argc, argv,
        {.name = "scalableapp-operator",
         .about = kAbout,
         .more = kMore,
         .reportingController = "scalableapp.dev/operator",
         .worked = "ScalableApps reconciled"},
        [&](CLI::App& app) {
            declare(app, exposure);
            declare(app, flags);
        },
        [&](runtime::Manager& manager, const runtime::ProcessOptions& options) {
            return std::make_shared<Parts>(manager, options, exposure, flags);
        });
}
