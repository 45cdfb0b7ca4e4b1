// Ready-made values for tests of the chaos layer: a spec, pods and a probe's series that are all
// right, to be spoiled one by one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/chaos.h"
#include "chaos/probe/samples.h"
#include "chaos/run/status.h"
#include "chaos/topology/topology.h"

namespace chaos::fake {

using namespace std::chrono_literals;

inline const base::WallTime kStart{std::chrono::seconds(1'767'225'600)};

inline api::ChaosExperimentSpec usualSpec() {
    api::ChaosExperimentSpec spec;
    spec.app = "shop";
    spec.load.requestsPerSecond = 50;
    spec.expectations.webErrorPercent = 1;
    spec.expectations.redundancyRestoredSeconds = 60;
    return spec;
}

inline topology::App usualApp(int64_t replicas = 3) {
    topology::App app;
    app.name = "shop";
    app.namespace_ = "ns";
    app.uid = "app-uid";
    app.optedIn = true;
    app.ready = true;
    app.wantedReplicas = replicas;
    return app;
}

inline topology::Pod pod(int number, const std::string& zone = "z1") {
    topology::Pod out;
    out.namespace_ = "ns";
    out.tier = "web";
    out.name = "shop-web-" + std::to_string(number);
    out.uid = "uid-" + std::to_string(number);
    out.node = "node-" + std::to_string(number);
    out.zone = zone;
    out.ready = true;
    return out;
}

inline std::vector<topology::Pod> pods(int count) {
    std::vector<topology::Pod> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(pod(i, "z" + std::to_string(i % 3 + 1)));
    }
    return out;
}

// Deleted at 20.5 s, dead at 22 s.
inline run::Evidence deadTarget() {
    return {.uid = "uid-1",
            .name = "shop-web-1",
            .hit = run::Hit::Dead,
            .deletedAt = kStart + 20500ms,
            .deadAt = kStart + 22s,
            .message = ""};
}

// `count` seconds of `rate` good answers each, from `start` on; `spoil` may change each second.
inline probe::Series series(int64_t count, int64_t rate, base::WallTime start = kStart,
                            const std::function<void(probe::Second&)>& spoil = {}) {
    probe::Series out;
    out.header = probe::Header{.startedAt = start,
                               .target = "http://shop.ns.svc/",
                               .requestsPerSecond = static_cast<int>(rate),
                               .timeout = 2000ms};
    for (int64_t i = 0; i < count; ++i) {
        probe::Second second;
        second.second = i;
        second.writtenAt = start + std::chrono::seconds(i + 1);
        second.sent = rate;
        second.outcomes[0] = rate;
        second.latency.add(2ms, rate);
        second.gapMs = 1000 / rate;
        if (spoil) {
            spoil(second);
        }
        out.seconds.push_back(second);
    }
    return out;
}

// Turns that many of a second's good answers into errors.
inline void fail(probe::Second& second, int64_t count, probe::Outcome how) {
    second.outcomes[0] -= count;
    second.outcomes[static_cast<size_t>(how)] += count;
    second.latency = {};
    second.latency.add(2ms, second.outcomes[0]);
}

}  // namespace chaos::fake
