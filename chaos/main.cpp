// scalableapp-chaos: breaks applications that allow it, on purpose, and proves whether they hold.
#include <CLI/CLI.hpp>
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

}  // namespace

int main(int argc, char** argv) {
    std::string probeImage;
    return runtime::runProcess(
        argc, argv,
        {.name = "scalableapp-chaos",
         .about = kAbout,
         .more = kMore,
         .reportingController = "scalableapp.dev/chaos",
         .worked = "ChaosRuns driven"},
        [&](CLI::App& app) {
            app.add_option("--probe-image", probeImage,
                           "image with scalableapp-probe in it: the load comes from a pod of it")
                ->type_name("IMAGE")
                ->required();
        },
        [&](runtime::Manager& manager, const runtime::ProcessOptions& options) {
            return std::make_shared<chaos::Controller>(
                manager, chaos::ControllerOptions{.namespaces = options.namespaces,
                                                  .probeImage = probeImage,
                                                  .workers = options.workers});
        });
}
