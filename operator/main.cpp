// scalableapp-operator: turns ScalableApp resources into running objects and keeps them so.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

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

}  // namespace

int main(int argc, char** argv) {
    reconcile::ExposureSettings exposure;
    return runtime::runProcess(
        argc, argv,
        {.name = "scalableapp-operator",
         .about = kAbout,
         .more = kMore,
         .reportingController = "scalableapp.dev/operator",
         .worked = "ScalableApps reconciled"},
        [&](CLI::App& app) { declare(app, exposure); },
        [&](runtime::Manager& manager, const runtime::ProcessOptions& options) {
            return std::make_shared<reconcile::Operator>(
                manager, reconcile::OperatorOptions{.namespaces = options.namespaces,
                                                    .workers = options.workers,
                                                    .exposure = exposure});
        });
}
