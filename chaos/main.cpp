// scalableapp-chaos: breaks applications that allow it, on purpose, and proves whether they hold.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/version.h"
#include "chaos/controller.h"
#include "kube/config.h"
#include "runtime/manager.h"

namespace {

constexpr int kUsage = 2;
constexpr const char* kName = "scalableapp-chaos";

struct Flags {
    std::string kubeconfig;
    std::string context;
    std::vector<std::string> namespaces;
    bool leaderElect = true;
    std::string leaseNamespace;
    std::string listen = "0.0.0.0:8080";
    std::string probeImage;
    int workers = 4;
    std::string logFormat = "json";
    std::string logLevel = "info";
};

constexpr const char* kAbout =
    "Runs ChaosExperiments: predicts, injects a fault into an application that allows it, "
    "measures\n"
    "what visitors met and judges it. Runs in a cluster (no flag needed) or beside one\n"
    "(--kubeconfig).\n";

constexpr const char* kMore =
    "Only ScalableApps labelled scalableapp.dev/chaos: allowed are ever touched.\n"
    "Endpoints: /healthz (alive), /readyz (caches are complete), /metrics (Prometheus).\n"
    "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed or lost the lease, 2 wrong usage.\n"
    "\n"
    "Try it on the cluster of your current kubeconfig context:\n"
    "  scalableapp-chaos --leader-elect=false --log-format text --probe-image scalableapp:0.1.0\n";

void declare(CLI::App& app, Flags& flags) {
    app.set_version_flag("--version", std::string(kName) + " " + base::version());
    app.footer(kMore);
    app.add_option("--kubeconfig", flags.kubeconfig,
                   "kubeconfig file; default: $KUBECONFIG, then the pod's service account, then "
                   "~/.kube/config")
        ->type_name("FILE");
    app.add_option("--context", flags.context, "kubeconfig context; default: its current-context")
        ->type_name("NAME");
    app.add_option("-n,--namespace,--watch-namespace", flags.namespaces,
                   "watch this namespace only; may be given several times; default: all")
        ->type_name("NAME")
        ->take_all();
    app.add_option("--leader-elect", flags.leaderElect,
                   "take the Lease before writing, so that several replicas can run")
        ->type_name("true|false")
        ->expected(0, 1)
        ->default_str("true");
    app.add_option("--lease-namespace", flags.leaseNamespace,
                   "where the Lease \"scalableapp-chaos\" is; default: the pod's namespace")
        ->type_name("NAME");
    app.add_option("--listen", flags.listen, "address of probes and metrics; port 0: any free one")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    app.add_option("--probe-image", flags.probeImage,
                   "image with scalableapp-probe in it: the load comes from a pod of it")
        ->type_name("IMAGE")
        ->required();
    app.add_option("--workers", flags.workers, "ChaosRuns driven at the same time")
        ->check(CLI::Range(1, 64))
        ->type_name("1..64")
        ->capture_default_str();
    app.add_option("--log-format", flags.logFormat, "how to write the log")
        ->check(CLI::IsMember({"json", "text"}))
        ->type_name("json|text")
        ->capture_default_str();
    app.add_option("--log-level", flags.logLevel, "least severe line to log")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
        ->type_name("debug|info|warning|error")
        ->capture_default_str();
}

int complain(const std::string& message) {
    std::cerr << kName << ": " << message << '\n';
    return kUsage;
}

struct Address {
    std::string host;
    uint16_t port;
};

std::optional<Address> parseAddress(const std::string& text) {
    size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon + 1 == text.size()) {
        return std::nullopt;
    }
    int port = 0;
    if (!CLI::detail::lexical_cast(text.substr(colon + 1), port) || port < 0 || port > 65535) {
        return std::nullopt;
    }
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return Address{host.empty() ? "0.0.0.0" : host, static_cast<uint16_t>(port)};
}

base::LogLevel levelOf(const std::string& name) {
    static const std::map<std::string, base::LogLevel> kLevels{{"debug", base::LogLevel::Debug},
                                                               {"info", base::LogLevel::Info},
                                                               {"warning", base::LogLevel::Warning},
                                                               {"error", base::LogLevel::Error}};
    return kLevels.at(name);
}

int run(const Flags& flags) {
    auto address = parseAddress(flags.listen);
    if (!address) {
        return complain("--listen: \"" + flags.listen +
                        "\" is not HOST:PORT with a port of 0 to 65535 (such as 0.0.0.0:8080)");
    }
    auto cluster = kube::loadConfig({.kubeconfigPath = flags.kubeconfig, .context = flags.context});
    if (!cluster) {
        return complain(cluster.error().message);
    }
    base::startLogging(
        {.format = flags.logFormat == "json" ? base::LogFormat::Json : base::LogFormat::Text,
         .level = levelOf(flags.logLevel)});
    runtime::ManagerOptions options;
    options.cluster = *cluster;
    options.name = kName;
    options.reportingController = "scalableapp.dev/chaos";
    options.leaderElection = flags.leaderElect;
    options.leaseNamespace = flags.leaseNamespace;
    options.listenAddress = address->host;
    options.listenPort = address->port;
    base::logInfo("starting", {{"version", base::version()}, {"cluster", cluster->str()}});
    runtime::Manager manager(std::move(options));
    chaos::Controller parts(
        manager,
        {.namespaces = flags.namespaces, .probeImage = flags.probeImage, .workers = flags.workers});
    return manager.run();
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    CLI::App app(kAbout, kName);
    declare(app, flags);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        return complain(std::string(error.what()) + " (see --help)");
    }
    try {
        return run(flags);
    } catch (const std::exception& error) {
        base::logError("cannot go on", {{"error", error.what()}});
        return 1;
    }
}
