// scalableapp-operator: turns ScalableApp resources into running objects and keeps them so.
#include <CLI/CLI.hpp>

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

}  // namespace

int main(int argc, char** argv) {
    return runtime::runProcess(
        argc, argv,
        {.name = "scalableapp-operator",
         .about = kAbout,
         .more = kMore,
         .reportingController = "scalableapp.dev/operator",
         .worked = "ScalableApps reconciled"},
        [](CLI::App&) {},
        [](runtime::Manager& manager, const runtime::ProcessOptions& options) {
            return std::make_shared<reconcile::Operator>(
                manager, reconcile::OperatorOptions{.namespaces = options.namespaces,
                                                    .workers = options.workers});
        });
}
