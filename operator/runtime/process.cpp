#include "runtime/process.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>

#include "base/log.h"
#include "base/version.h"
#include "kube/config.h"
#include "runtime/manager.h"

namespace runtime {
namespace {

constexpr int kUsage = 2;

constexpr const char* kEndings =
    "Endpoints: /healthz (alive), /readyz (caches are complete), /metrics (Prometheus).\n"
    "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed or lost the lease, 2 wrong usage.\n";

struct Flags {
    std::string kubeconfig;
    std::string context;
    ProcessOptions options;
    bool leaderElect = true;
    std::string leaseNamespace;
    std::string listen = "0.0.0.0:8080";
    std::string logFormat = "json";
    std::string logLevel = "info";
};

void declare(CLI::App& app, const ProcessInfo& info, Flags& flags) {
    app.set_version_flag("--version", info.name + " " + base::version());
    app.footer(kEndings + info.more);
    app.add_option("--kubeconfig", flags.kubeconfig,
                   "kubeconfig file; default: $KUBECONFIG, then the pod's service account, then "
                   "~/.kube/config")
        ->type_name("FILE");
    app.add_option("--context", flags.context, "kubeconfig context; default: its current-context")
        ->type_name("NAME");
    app.add_option("-n,--namespace,--watch-namespace", flags.options.namespaces,
                   "watch this namespace only; may be given several times; default: all")
        ->type_name("NAME")
        ->take_all();
    app.add_flag("--leader-elect,!--no-leader-elect", flags.leaderElect,
                 "take the Lease before writing, so that several replicas can run (the default); "
                 "also --leader-elect=false");
    app.add_option("--lease-namespace", flags.leaseNamespace,
                   "where the Lease \"" + info.name + "\" is; default: the pod's namespace")
        ->type_name("NAME");
    app.add_option("--listen", flags.listen, "address of probes and metrics; port 0: any free one")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    app.add_option("--workers", flags.options.workers, info.worked + " at the same time")
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

int complain(const ProcessInfo& info, const std::string& message) {
    std::cerr << info.name << ": " << message << '\n';
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

int run(const ProcessInfo& info, const Flags& flags, const Compose& compose) {
    auto address = parseAddress(flags.listen);
    if (!address) {
        return complain(info,
                        "--listen: \"" + flags.listen +
                            "\" is not HOST:PORT with a port of 0 to 65535 (such as 0.0.0.0:8080)");
    }
    auto cluster = kube::loadConfig({.kubeconfigPath = flags.kubeconfig, .context = flags.context});
    if (!cluster) {
        return complain(info, cluster.error().message);
    }
    base::startLogging(
        {.format = flags.logFormat == "json" ? base::LogFormat::Json : base::LogFormat::Text,
         .level = levelOf(flags.logLevel)});
    ManagerOptions options;
    options.cluster = *cluster;
    options.name = info.name;
    options.reportingController = info.reportingController;
    options.leaderElection = flags.leaderElect;
    options.leaseNamespace = flags.leaseNamespace;
    options.listenAddress = address->host;
    options.listenPort = address->port;
    base::logInfo("starting", {{"version", base::version()}, {"cluster", cluster->str()}});
    Manager manager(std::move(options));
    auto parts = compose(manager, flags.options);
    return manager.run();
}

// Everything of ours is gone by now. What libraries do when a process ends regularly races with
// cpprestsdk's thread, which does not end before OpenSSL has cleaned up (its issue 1480).
[[noreturn]] void end(int code) {
    std::fflush(nullptr);
    std::_Exit(code);
}

}  // namespace

int runProcess(int argc, char** argv, const ProcessInfo& info,
               const std::function<void(CLI::App&)>& declareMore, const Compose& compose) {
    Flags flags;
    CLI::App app(info.about, info.name);
    declare(app, info, flags);
    declareMore(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        return complain(info, std::string(error.what()) + " (see --help)");
    }
    int code = 1;
    try {
        code = run(info, flags, compose);
    } catch (const std::exception& error) {
        base::logError("cannot go on", {{"error", error.what()}});
    }
    end(code);
}

}  // namespace runtime
