// test-apiserver: the API server in memory as a process of its own. http_front.h says how to order
// faults.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <mutex>

#include "apiserver/http_front.h"

namespace {

bool write(const std::string& path, const std::string& text) {
    if (path.empty()) {
        return true;
    }
    std::ofstream file(path);
    file << text << std::flush;
    if (!file) {
        std::cerr << "test-apiserver: cannot write " << path << '\n';
    }
    return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
    std::string portFile;
    std::string kubeconfigFile;
    std::string logFile;
    uint64_t seed = 0;
    CLI::App app("A Kubernetes API server in memory, for tests; runs until SIGTERM or SIGINT.");
    app.add_option("--port-file", portFile, "where to write the port, once it listens");
    app.add_option("--kubeconfig-file", kubeconfigFile, "where to write a kubeconfig");
    app.add_option("--log", logFile, "where to write one line per request: METHOD STATUS TARGET");
    app.add_option("--seed", seed, "of uids and versions");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        std::cerr << "test-apiserver: " << error.what() << " (see --help)\n";
        return 2;
    }

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    std::ofstream log;
    std::mutex logMutex;
    if (!logFile.empty()) {
        log.open(logFile);
        if (!log) {
            std::cerr << "test-apiserver: cannot write " << logFile << '\n';
            return 2;
        }
    }
    auto server = std::make_shared<test::ApiServer>(
        test::ServerOptions{.seed = seed, .clock = &base::systemClock()});
    test::HttpFront front(server,
                          [&](const std::string& method, const std::string& target, int status) {
                              std::lock_guard lock(logMutex);
                              log << method << ' ' << status << ' ' << target << std::endl;
                          });
    if (!write(kubeconfigFile, front.kubeconfig()) ||
        !write(portFile, std::to_string(front.port()) + "\n")) {
        return 2;
    }
    int got = 0;
    sigwait(&ends, &got);
    return 0;
}
