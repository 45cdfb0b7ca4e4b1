// scalableapp-probe: the visitor a chaos run sends. It loads one URL at a steady rate, looks at
// other places beside, and writes what it met, a JSON line per second, to its standard output. It
// needs no rights in the cluster.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/version.h"
#include "chaos/probe/url.h"
#include "chaos/probe/visitors.h"

namespace {

struct Flags {
    std::string url;
    int requestsPerSecond = 100;
    int durationSeconds = 60;
    int timeoutMilliseconds = 2000;
    std::vector<std::string> views;
    int viewRequestsPerSecond = 5;
};

// The process's exit code when it is to end now.
std::optional<int> parseFlags(int argc, char** argv, Flags& flags) {
    CLI::App app("Loads a URL at a steady rate and writes what it met as JSON lines.",
                 "scalableapp-probe");
    app.set_version_flag("--version", "scalableapp-probe " + std::string(base::version()));
    app.add_option("--url", flags.url, "http://HOST[:PORT][/PATH] to load")->required();
    app.add_option("--requests-per-second", flags.requestsPerSecond, "how many")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--duration-seconds", flags.durationSeconds, "for how long")
        ->check(CLI::Range(1, 90000))
        ->capture_default_str();
    app.add_option("--timeout-milliseconds", flags.timeoutMilliseconds,
                   "a request without an answer by then has failed")
        ->check(CLI::Range(1, 60000))
        ->capture_default_str();
    app.add_option(
        "--view", flags.views,
        "NAME=URL: another place to look at meanwhile, told of by that name; repeatable");
    app.add_option("--view-requests-per-second", flags.viewRequestsPerSecond, "at each of them")
        ->check(CLI::Range(1, 1000))
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

base::Result<chaos::probe::VisitorOptions> optionsOf(const Flags& flags) {
    chaos::probe::VisitorOptions out{
        .requestsPerSecond = flags.requestsPerSecond,
        .viewRequestsPerSecond = flags.viewRequestsPerSecond,
        .timeout = std::chrono::milliseconds(flags.timeoutMilliseconds),
        .duration = std::chrono::seconds(flags.durationSeconds)};
    auto url = chaos::probe::parseUrl(flags.url);
    if (!url) {
        return base::fail("--url " + url.error().message);
    }
    out.url = *url;
    for (const auto& text : flags.views) {
        auto view = chaos::probe::parseNamedUrl(text);
        if (!view) {
            return base::fail("--view " + view.error().message);
        }
        out.views.push_back(std::move(*view));
    }
    return out;
}

void writeLine(const std::string& line) {
    std::cout << line << '\n' << std::flush;
}

// Ends the visits at the first SIGTERM or SIGINT; the thread ends with the process.
void stopOnSignal(chaos::probe::Visitors& visitors) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([signals, &visitors] {
        int got = 0;
        if (sigwait(&signals, &got) == 0) {
            visitors.stop();
        }
    }).detach();
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    if (auto code = parseFlags(argc, argv, flags)) {
        return *code;
    }
    auto options = optionsOf(flags);
    if (!options) {
        std::cerr << "scalableapp-probe: " << options.error().message << '\n';
        return 2;
    }
    chaos::probe::Visitors visitors(std::move(*options), writeLine, base::systemClock());
    stopOnSignal(visitors);
    visitors.run();
    std::cout.flush();
    // The signal thread still waits and refers to them: leave without destroying under it.
    std::_Exit(0);
}
