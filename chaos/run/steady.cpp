#include "chaos/run/steady.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "chaos/predict/predict.h"
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

// What the last holdSeconds of traffic lack.
SteadyLook traffic(const api::ChaosExperimentSpec& spec, base::WallTime wellSince,
                   const probe::Series& series) {
    auto hold = std::chrono::seconds(spec.steadyState.holdSeconds);
    auto end = series.startOf(series.seconds.back()) + 1s;
    auto begin = end - hold;
    if (begin < std::max(wellSince, series.header->startedAt)) {
        return {true, kNotMet,
                "the steady state has not held for " + to_string(hold.count()) + " s yet"};
    }
    auto window = probes::over(series, begin, end);
    if (window.missing > 0) {
        return {true, "ProbeBlind", "the probe left out " + to_string(window.missing) + " seconds"};
    }
    auto asked = static_cast<double>(spec.load.requestsPerSecond);
    if (window.perSecond() < verdict::kMinimumRateShare * asked) {
        return {true, "TooLittleTraffic",
                "the probe sends " + to_string(static_cast<int64_t>(window.perSecond())) +
                    " requests per second of " + to_string(spec.load.requestsPerSecond)};
    }
    if (window.errorPercent() > static_cast<double>(spec.steadyState.webErrorPercent)) {
        std::string kinds;
        for (const auto& [kind, count] : toPhase(window).errors) {
            kinds += ", " + to_string(count) + " " + kind;
        }
        return {true, kNotMet,
                percent(window.errorPercent()) + " errors before any fault" + kinds +
                    ", spec.steadyState.webErrorPercent is " +
                    to_string(spec.steadyState.webErrorPercent)};
    }
    auto all = probes::over(series, std::max(wellSince, series.header->startedAt), end);
    if (all.sent < predict::kMinimumRequests) {
        return {true, "TooLittleTraffic",
                to_string(all.sent) + " requests before the fault, at least " +
                    to_string(predict::kMinimumRequests) + " are needed"};
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
    return traffic(spec, status.steadySince.value_or(seen.now), *seen.series);
}

}  // namespace chaos::run
