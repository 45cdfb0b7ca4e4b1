#include "chaos/sweep.h"

#include "base/json.h"
#include "chaos/effects/isolation.h"
#include "chaos/effects/node_mark.h"
#include "chaos/kinds.h"

namespace chaos {
namespace {

using kube::ErrorKind;

std::pair<std::string, std::string> splitKey(const std::string& key) {
    auto slash = key.find('/');
    return slash == std::string::npos ? std::pair(std::string(), key)
                                      : std::pair(key.substr(0, slash), key.substr(slash + 1));
}

}  // namespace

Sweep::Sweep(kube::Client& client, const base::Clock& clock, Power* power)
    : client_(client), clock_(clock), power_(power) {}

std::string Sweep::due(const std::string& namespace_, const std::string& run,
                       const std::string& uid, base::WallTime deadline,
                       const std::stop_token& stop) {
    if (clock_.wall() >= deadline) {
        return "its deadline is over";
    }
    auto got = client_.get(kChaosRuns, {namespace_, run}, stop);
    if (!got) {
        // An API server that does not answer is no reason to believe that a run is gone.
        return got.error().is(ErrorKind::NotFound) ? "its run is gone" : "";
    }
    if ((*got)->meta().uid != uid) {
        return "its run is gone";
    }
    if ((*got)->meta().deleting) {
        return "its run is being deleted";
    }
    return base::stringAt((*got)->json(), "/status/phase") == "Done" ? "its run is over" : "";
}

void Sweep::sweepNodes(const SweepOptions& options, Swept& out, const std::stop_token& stop) {
    auto list =
        client_.list(kNodes, {.labelSelector = std::string(effects::kMarkLabel) + "=true"}, stop);
    if (!list) {
        out.problems.push_back("nodes: " + list.error().str());
        return;
    }
    for (const auto& item : list->items) {
        auto node = topology::parseNode(item->json());
        auto mark = effects::markOf(node);
        if (!mark) {
            out.problems.push_back("node " + node.name + ": annotation " +
                                   topology::kMarkAnnotation +
                                   " cannot be read: restore spec.unschedulable and spec.taints "
                                   "by hand and remove it");
            continue;
        }
        auto [namespace_, run] = splitKey(mark->run);
        auto why = options.all ? "everything is aborted"
                               : due(namespace_, run, mark->uid, mark->deadline, stop);
        if (why.empty()) {
            continue;
        }
        if (mark->power && power_ == nullptr) {
            out.problems.push_back("node " + node.name +
                                   " may be without power and there is no driver here: switch it "
                                   "on by hand, or start the chaos controller with "
                                   "--power-command");
            continue;
        }
        if (mark->power) {
            if (auto on = power_->set(node.name, true, stop); !on) {
                out.problems.push_back("node " + node.name + ": " + on.error().message);
                continue;
            }
        }
        auto patched = client_.patch(kNodes, {"", node.name}, kube::PatchType::MergePatch,
                                     effects::unmarkPatch(node, *mark), stop);
        if (patched) {
            out.reverted.push_back("node " + node.name + " of run " + mark->run + ": " + why);
        } else if (!patched.error().is(ErrorKind::NotFound)) {
            out.problems.push_back("node " + node.name + ": " + patched.error().str());
        }
    }
}

void Sweep::sweepPolicies(const SweepOptions& options, Swept& out, const std::stop_token& stop) {
    auto list =
        client_.list(kNetworkPolicies,
                     {.namespace_ = options.namespace_, .labelSelector = probes::kRunLabel}, stop);
    if (!list) {
        out.problems.push_back("networkpolicies: " + list.error().str());
        return;
    }
    for (const auto& item : list->items) {
        const auto& meta = item->meta();
        auto json = item->json();
        base::WallTime deadline;
        const auto* annotations = base::at(json, "/metadata/annotations");
        if (annotations != nullptr) {
            auto text = annotations->value(effects::kDeadlineAnnotation, "");
            base::parseTime(text, deadline);
        }
        auto run = meta.labels.at(probes::kRunLabel);
        auto uid = meta.owners.empty() ? "" : meta.owners[0].uid;
        auto why = options.all ? "everything is aborted"
                               : due(meta.key.namespace_, run, uid, deadline, stop);
        if (why.empty()) {
            continue;
        }
        auto removed = client_.remove(kNetworkPolicies, meta.key, {.uid = meta.uid}, stop);
        if (removed) {
            out.reverted.push_back("networkpolicy " + meta.key.str() + ": " + why);
        } else if (!removed.error().is(ErrorKind::NotFound)) {
            out.problems.push_back("networkpolicy " + meta.key.str() + ": " +
                                   removed.error().str());
        }
    }
}

Swept Sweep::once(const SweepOptions& options, const std::stop_token& stop) {
    Swept out;
    if (options.nodes) {
        sweepNodes(options, out, stop);
    }
    if (options.policies) {
        sweepPolicies(options, out, stop);
    }
    return out;
}

}  // namespace chaos
