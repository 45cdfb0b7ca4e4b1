// scalableapp-chaos: breaks applications that allow it, on purpose, and proves whether they hold.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

#include "chaos/controller.h"
#include "runtime/process.h"

namespace {

constexpr const char* kAbout =
    "Runs ChaosExperiments: predicts, injects a fault into an application that allows it, "
    "measures\n"
    "what visitors met and judges it. Runs in a cluster (no flag needed) or beside one\n"
    "(--kubeconfig).\n";

constexpr const char* kMore =
    "Only ScalableApps labelled scalableapp.dev/chaos: allowed are ever touched.\n"
    "\n"
    "Try it on the cluster of your current kubeconfig context:\n"
    "  scalableapp-chaos --leader-elect=false --log-format text --probe-image scalableapp:0.1.0\n";

// Of its own pod, as the chart tells it; empty beside a cluster.
std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
    chaos::ControllerOptions own;
    return runtime::runProcess(
        argc, argv,
        {.name = "scalableapp-chaos",
         .about = kAbout,
         .more = kMore,
         .reportingController = "scalableapp.dev/chaos",
         .worked = "ChaosRuns driven"},
        [&](CLI::App& app) {
            app.add_flag("--node-faults", own.site.nodes,
                         "allow faults that cordon and taint nodes: NodeDrain, NodeStop, "
                         "ZoneOutage, NetworkPartition by a command");
            app.add_flag("--operator-kill", own.site.operators,
                         "allow OperatorKill of operator pods that carry the opt-in label");
            app.add_option("--operator-namespace", own.site.operatorNamespace,
                           "where the operator runs; default: this process's own namespace")
                ->type_name("NAME")
                ->envname("POD_NAMESPACE");
            app.add_flag("--network-policies", own.site.networkPolicies,
                         "this cluster's network enforces NetworkPolicies: allow "
                         "NetworkPartition");
            app.add_option("--power-command", own.powerCommand,
                           "command that switches nodes: run with 'off NODE' and 'on NODE'")
                ->type_name("COMMAND");
            app.add_option("--network-command", own.networkCommand,
                           "command that cuts nodes off: run with 'cut NODE' and 'heal NODE'")
                ->type_name("COMMAND");
            app.add_flag("--shared-nodes", own.site.sharedNodes,
                         "let experiments accept, by spec.safety.allowSharedNodes, that others "
                         "lose a node along with the application");
            app.add_flag("--container-kill", own.site.containers,
                         "allow ContainerKill: pods get another name of their image");
            app.add_option("--probe-image", own.probeImage,
                           "image with scalableapp-probe in it: the load comes from a pod of it")
                ->type_name("IMAGE")
                ->required();
        },
        [&](runtime::Manager& manager, const runtime::ProcessOptions& options) {
            own.namespaces = options.namespaces;
            own.workers = options.workers;
            own.site.podNamespace = environment("POD_NAMESPACE");
            own.site.podName = environment("POD_NAME");
            own.site.power = !own.powerCommand.empty();
            own.site.cables = !own.networkCommand.empty();
            return std::make_shared<chaos::Controller>(manager, own);
        });
}
