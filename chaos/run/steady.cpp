#include "chaos/run/steady.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "chaos/probes/window.h"
#include "chaos/run/measure.h"
#include "chaos/verdict/verdict.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::to_string;

constexpr const char* kNotMet = "SteadyStateNotMet";

std::string percent(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f %%", value);
    return text.data();
}

std::string unwell(const api::ChaosExperimentSpec& spec, const Seen& seen) {
    if (!seen.app->ready) {
        return "ScalableApp " + spec.app + " is not Ready: " + seen.app->readyMessage;
    }
    if (seen.app->reconciling) {
        return "a change of ScalableApp " + spec.app + " is being rolled out";
    }
    auto ready = topology::readyCount(topology::ofTier(seen.pods, "web"));
    if (spec.steadyState.minimumReady && ready < seen.app->wantedReplicas) {
        return "web has " + to_string(ready) + " ready pods, its minimum is " +
               to_string(seen.app->wantedReplicas);
    }
    return "";
}

std::string probeMissing(const Seen& seen) {
    if (seen.probe.running && seen.series && seen.series->header && !seen.series->seconds.empty()) {
        return "";
    }
    if (!seen.probe.problem.empty()) {
        return "the probe does not run: " + seen.probe.problem;
    }
    return seen.probe.running ? "the probe has not reported yet" : "the probe is starting";
}

std::string kindsOf(const probes::Window& window) {
    std::string out;
    for (const auto& [kind, count] : toPhase(window).errors) {
        out += ", " + to_string(count) + " " + kind;
    }
    return out;
}

// What the traffic lacks: that of before the fault, were it intended now, and of the last
// holdSeconds that visitors lose nothing.
SteadyLook traffic(const api::ChaosExperimentSpec& spec, base::WallTime wellSince,
                   const probe::Series& series, base::WallTime now) {
    auto hold = spec.steadyState.holdSeconds;
    auto end = series.startOf(series.seconds.back()) + 1s;
    // What has not arrived yet is not missing.
    auto before = beforeFault(wellSince, series, std::min(now, end + kClocksApart));
    if (before.missing > 0) {
        return {false, "ProbeBlind",
                "the probe left out " + to_string(before.missing) + " seconds"};
    }
    if (before.seconds < hold) {
        return {true, kNotMet, "the steady state has not held for " + to_string(hold) + " s yet"};
    }
    auto latest = probes::over(series, end - std::chrono::seconds(hold), end);
    if (latest.errorPercent() > static_cast<double>(spec.steadyState.webErrorPercent)) {
        return {true, kNotMet,
                percent(latest.errorPercent()) + " errors before any fault" + kindsOf(latest) +
                    ", spec.steadyState.webErrorPercent is " +
                    to_string(spec.steadyState.webErrorPercent)};
    }
    if (auto gate = verdict::trafficGate(spec, toPhase(before))) {
        return {true, gate->reason, gate->message};
    }
    return {true, "", ""};
}

}  // namespace

SteadyLook steadyState(const api::ChaosExperimentSpec& spec, const Status& status,
                       const Seen& seen) {
    if (auto problem = unwell(spec, seen); !problem.empty()) {
        return {false, kNotMet, problem};
    }
    if (auto problem = probeMissing(seen); !problem.empty()) {
        return {true, "ProbeNotRunning", problem};
    }
    if (auto problem = clockProblem(*seen.series, seen.now); !problem.empty()) {
        return {true, "ClockSkew", problem};
    }
    return traffic(spec, status.steadySince.value_or(seen.now), *seen.series, seen.now);
}

}  // namespace chaos::run
