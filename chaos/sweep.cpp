#include "chaos/sweep.h"

#include "base/json.h"
#include "chaos/effects/isolation.h"
#include "chaos/effects/node_mark.h"
#include "chaos/kinds.h"
#include "runtime/finalizer.h"

namespace chaos {
namespace {

using kube::ErrorKind;

// A chaos process lets go by itself before that (run/machine.h).
constexpr std::chrono::seconds kLetGoOverdue{90};
constexpr std::chrono::seconds kRunsOwnTurn{20};

std::pair<std::string, std::string> splitKey(const std::string& key) {
    auto slash = key.find('/');
    return slash == std::string::npos ? std::pair(std::string(), key)
                                      : std::pair(key.substr(0, slash), key.substr(slash + 1));
}

}  // namespace

Sweep::Sweep(kube::Client& client, const base::Clock& clock, Drivers drivers)
    : client_(client), clock_(clock), drivers_(drivers) {}

std::string Sweep::due(const SweepOptions& options, const std::string& namespace_,
                       const std::string& run, const std::string& uid, base::WallTime deadline,
                       const std::stop_token& stop) {
    if (options.all) {
        return "everything is aborted";
    }
    // A run takes its own fault back at the deadline: two at one switch would be one too many.
    if (clock_.wall() >= deadline + options.overdueBy.value_or(kRunsOwnTurn)) {
        return "its deadline is over";
    }
    if (options.overdueBy) {
        return "";
    }
    auto got = client_.get(kChaosRuns, {namespace_, run}, stop);
    if (!got) {
        // An API server that does not answer is no reason to believe that a run is gone.
        return got.error().is(ErrorKind::NotFound) ? "its run is gone" : "";
    }
    auto object = (*got)->json();
    if ((*got)->meta().uid != uid) {
        return "its run is gone";
    }
    if ((*got)->meta().deleting && !runtime::finalizersOf(object).has(kHeldFinalizer)) {
        return "its run is being deleted";
    }
    return base::stringAt(object, "/status/phase") == "Done" ? "its run is over" : "";
}

std::string Sweep::switchOn(const std::string& node, const effects::Mark& mark,
                            const std::stop_token& stop) {
    auto on = [&](bool off, Power* driver, const std::string& byHand) -> std::string {
        if (!off) {
            return "";
        }
        if (driver == nullptr) {
            return byHand;
        }
        auto done = driver->set(node, true, stop);
        return done ? "" : ": " + done.error().message;
    };
    auto problem = on(mark.power, drivers_.power,
                      " may be without power and there is no driver here: switch it on by hand, or "
                      "start the chaos controller with --power-command");
    return problem.empty() ? on(mark.cable, drivers_.cable,
                                " may be cut off and there is no driver here: connect it by hand, "
                                "or start the chaos controller with --network-command")
                           : problem;
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
        auto why = due(options, namespace_, run, mark->uid, mark->deadline, stop);
        if (why.empty()) {
            continue;
        }
        if (auto problem = switchOn(node.name, *mark, stop); !problem.empty()) {
            out.problems.push_back("node " + node.name + problem);
            continue;
        }
        auto patched = client_.patch(kNodes, {"", node.name}, kube::PatchType::MergePatch,
                                     effects::unmarkPatch(node, *mark), stop);
        if (patched) {
            out.reverted.push_back("node " + node.name + " of run " + mark->run + ": " + why);
        } else if (!patched.error().is(ErrorKind::NotFound) &&
                   !patched.error().is(ErrorKind::Conflict)) {
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
        auto why = due(options, meta.key.namespace_, run, uid, deadline, stop);
        if (why.empty()) {
            continue;
        }
        auto removed = client_.remove(kNetworkPolicies, meta.key, meta.uid, stop);
        if (removed) {
            out.reverted.push_back("networkpolicy " + meta.key.str() + ": " + why);
        } else if (!removed.error().is(ErrorKind::NotFound)) {
            out.problems.push_back("networkpolicy " + meta.key.str() + ": " +
                                   removed.error().str());
        }
    }
}

void Sweep::letGoOfRuns(const SweepOptions& options, Swept& out, const std::stop_token& stop) {
    auto list = client_.list(kChaosRuns, {.namespace_ = options.namespace_}, stop);
    if (!list) {
        out.problems.push_back("chaosruns: " + list.error().str());
        return;
    }
    for (const auto& item : list->items) {
        const auto& meta = item->meta();
        auto run = item->json();
        base::WallTime deletedAt;
        auto text = base::stringAt(run, "/metadata/deletionTimestamp").value_or("");
        if (!base::parseTime(text, deletedAt) ||
            (!options.all && clock_.wall() < deletedAt + kLetGoOverdue)) {
            continue;
        }
        auto finalizers = runtime::finalizersOf(run);
        if (!finalizers.has(kHeldFinalizer)) {
            continue;
        }
        auto written =
            runtime::removeFinalizer(client_, kChaosRuns, finalizers, kHeldFinalizer, stop);
        if (written) {
            out.reverted.push_back("run " + meta.key.str() + " was deleted, and is let go");
        } else if (!written.error().is(ErrorKind::NotFound) &&
                   !written.error().is(ErrorKind::Conflict)) {
            out.problems.push_back("run " + meta.key.str() + ": " + written.error().str());
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
    if (options.runs) {
        letGoOfRuns(options, out, stop);
    }
    return out;
}

}  // namespace chaos
