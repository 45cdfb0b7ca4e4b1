// The switches of the cluster in memory, and what its nodes do when power comes and goes.
#include "api/labels.h"
#include "chaos/kinds.h"
#include "chaos/support/cluster.h"

namespace chaos::fake {

using base::Json;
using base::stringAt;

base::Status Cluster::FakePower::set(const std::string& node, bool on, const std::stop_token&) {
    if (during) {
        during(node, on);
    }
    std::lock_guard lock(mutex_);
    if (cluster_.dead_ || cluster_.dies()) {
        return base::fail("the process is dead");
    }
    if (cluster_.powerFails) {
        return base::fail("the driver does not answer");
    }
    if (lies) {
        return {};
    }
    calls.push_back((on ? "on " : "off ") + node);
    if (on) {
        off.erase(node);
    } else {
        switchedOff += off.insert(node).second ? 1 : 0;
    }
    cluster_.movePower();
    return {};
}

// True until the containers of a node that got its power back run.
bool Cluster::booting(const std::string& node) {
    if (power.off.count(node) > 0) {
        dark_.insert(node);
        return false;
    }
    if (dark_.erase(node) > 0) {
        booted_[node] = clock.wall() + bootTakes;
    }
    auto boot = booted_.find(node);
    return boot != booted_.end() && clock.wall() < boot->second;
}

void Cluster::showPower(const Json& pod, bool on, bool started) {
    auto wanted = on || !outagesAreNoticed ? "True" : "False";
    if (!started && stringAt(pod, "/status/conditions/0/status") == wanted) {
        return;
    }
    server->edit(kPods, {"ns", *stringAt(pod, "/metadata/name")}, [&](Json& one) {
        one["status"]["conditions"][0]["status"] = wanted;
        if (started) {
            one["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] =
                base::formatTime(clock.wall());
        }
    });
}

void Cluster::movePower() {
    std::lock_guard lock(movesPower_);
    std::map<std::string, bool> boots;
    for (const auto& node : server->all(kNodes)) {
        auto name = *stringAt(node, "/metadata/name");
        boots[name] = booting(name);
    }
    std::set<std::string> started;
    std::erase_if(booted_, [&](const auto& one) {
        return !boots[one.first] && started.insert(one.first).second;
    });
    for (const auto& pod : server->all(kPods)) {
        if (!topology::labelOf(pod, api::kAppLabel).empty()) {
            auto node = stringAt(pod, "/spec/nodeName").value_or("");
            bool on = power.off.count(node) == 0 && cable.off.count(node) == 0 && !boots[node];
            showPower(pod, on, started.count(node) > 0);
        }
    }
}

}  // namespace chaos::fake
