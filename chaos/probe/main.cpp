// scalableapp-probe: the visitor a chaos run sends. It loads one URL at a steady rate and writes
// what it met, a JSON line per second, to its standard output. It needs no rights in the cluster.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/version.h"
#include "chaos/probe/load.h"
#include "chaos/probe/url.h"

namespace {

struct Flags {
    std::string url;
    int requestsPerSecond = 100;
    int durationSeconds = 60;
    int timeoutMilliseconds = 2000;
};

// The process's exit code when it is to end now.
std::optional<int> parseFlags(int argc, char** argv, Flags& flags) {
    CLI::App app("Loads a URL at a steady rate and writes what it met as JSON lines.",
                 "scalableapp-probe");
    app.set_version_flag("--version", base::version());
    app.add_option("--url", flags.url, "http://HOST[:PORT][/PATH] to load")->required();
    app.add_option("--requests-per-second", flags.requestsPerSecond, "how many")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--duration-seconds", flags.durationSeconds, "for how long")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();
    app.add_option("--timeout-milliseconds", flags.timeoutMilliseconds,
                   "a request without an answer by then has failed")
        ->check(CLI::Range(1, 60000))
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        std::cerr << "scalableapp-probe: " << error.what() << " (see --help)\n";
        return 2;
    }
    return std::nullopt;
}

void writeLine(const std::string& line) {
    std::cout << line << '\n' << std::flush;
}

// Ends the load at the first SIGTERM or SIGINT; the thread ends with the process.
void stopOnSignal(chaos::probe::Load& load) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([signals, &load] {
        int got = 0;
        if (sigwait(&signals, &got) == 0) {
            load.stop();
        }
    }).detach();
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    if (auto code = parseFlags(argc, argv, flags)) {
        return *code;
    }
    auto url = chaos::probe::parseUrl(flags.url);
    if (!url) {
        std::cerr << "scalableapp-probe: --url " << url.error().message << '\n';
        return 2;
    }
    const auto& clock = base::systemClock();
    chaos::probe::Recorder recorder(
        [](const auto& second) { writeLine(chaos::probe::writeSecond(second)); });
    chaos::probe::Load load({.host = url->host,
                             .port = url->port,
                             .path = url->path,
                             .requestsPerSecond = flags.requestsPerSecond,
                             .timeout = std::chrono::milliseconds(flags.timeoutMilliseconds),
                             .duration = std::chrono::seconds(flags.durationSeconds)},
                            recorder, clock);
    stopOnSignal(load);
    load.run([&](base::WallTime startedAt) {
        writeLine(chaos::probe::writeHeader(
            {.startedAt = startedAt,
             .target = flags.url,
             .requestsPerSecond = flags.requestsPerSecond,
             .timeout = std::chrono::milliseconds(flags.timeoutMilliseconds)}));
    });
    writeLine(chaos::probe::writeEnd("Finished"));
    std::cout.flush();
    // The signal thread still waits and refers to `load`: leave without destroying under it.
    std::_Exit(0);
}
