#include "chaos/effects/neighbours.h"

#include <algorithm>
#include <set>

namespace chaos::effects {
namespace {

using Nodes = std::set<std::string>;

constexpr const char* kOthersAffected = "OthersAffected";
constexpr size_t kNamed = 3;

Nodes nodesOf(const std::vector<run::Effect>& effects) {
    Nodes out;
    for (const auto& effect : effects) {
        if (takesNode(effect)) {
            out.insert(effect.name);
        }
    }
    return out;
}

bool own(const topology::Tenant& tenant, const run::Run& run) {
    return tenant.namespace_ == run.namespace_ &&
           (tenant.app == run.spec.app || tenant.runUid == run.uid);
}

bool thisProcess(const topology::Tenant& tenant, const run::Site& site) {
    return !site.podName.empty() && tenant.name == site.podName &&
           tenant.namespace_ == site.podNamespace;
}

// Of those who are known to be on these nodes.
template <class Visit>
void eachTenant(const Nodes& nodes, const Scene& scene, Visit visit) {
    for (const auto& node : nodes) {
        auto found = scene.seen.tenants.find(node);
        if (found == scene.seen.tenants.end()) {
            continue;
        }
        for (const auto& tenant : found->second) {
            if (!tenant.ended) {
                visit(node, tenant);
            }
        }
    }
}

// What makes it a node of the control plane; empty: it is none, as far as is known.
std::string controlPlane(const Nodes& nodes, const Scene& scene) {
    std::string out;
    for (const auto& node : scene.seen.nodes) {
        if (node.controlPlane && nodes.count(node.name) > 0) {
            out = "node \"" + node.name + "\" (label " + topology::kControlPlaneLabel + ")";
        }
    }
    eachTenant(nodes, scene, [&](const std::string& node, const topology::Tenant& tenant) {
        if (tenant.controlPlane && out.empty()) {
            out = "node \"" + node + "\" (static pod " + tenant.str() + ")";
        }
    });
    return out;
}

// The node of this process, where nobody would be left to give it back.
std::string stranded(const Nodes& nodes, const Scene& scene) {
    const auto& standIns = scene.seen.standIns;
    bool another = std::any_of(standIns.begin(), standIns.end(),
                               [&](const std::string& node) { return nodes.count(node) == 0; });
    std::string out;
    eachTenant(nodes, scene, [&](const std::string& node, const topology::Tenant& tenant) {
        if (thisProcess(tenant, scene.seen.site) && !another) {
            out = node;
        }
    });
    return out;
}

}  // namespace

bool takesNode(const run::Effect& effect) {
    return effect.kind == kNodePower || effect.kind == kNodeCable;
}

bool known(const run::Effect& effect, const run::Seen& seen) {
    return seen.tenantsRefused || seen.tenants.count(effect.name) > 0;
}

std::vector<std::string> neighbours(const std::vector<run::Effect>& effects, const Scene& scene) {
    std::vector<std::string> out;
    eachTenant(nodesOf(effects), scene, [&](const std::string&, const topology::Tenant& tenant) {
        if (!tenant.ofNode && !own(tenant, scene.run)) {
            out.push_back(tenant.str());
        }
    });
    std::sort(out.begin(), out.end());
    return out;
}

std::optional<Objection> objection(const std::vector<run::Effect>& effects, const Scene& scene) {
    auto nodes = nodesOf(effects);
    if (nodes.empty()) {
        return std::nullopt;
    }
    if (auto node = controlPlane(nodes, scene); !node.empty()) {
        return Objection{kOthersAffected,
                         node +
                             " carries the cluster's control plane and is never taken, with or "
                             "without spec.safety.allowSharedNodes: keep the application off "
                             "it, or name another spec.target.zone"};
    }
    if (scene.seen.tenantsRefused) {
        return Objection{"OthersUnknown",
                         "who else is on node \"" + *nodes.begin() +
                             "\" is not known: let the chaos controller's account list the pods "
                             "of all namespaces (the chart does, with chaos.powerCommand or "
                             "chaos.networkCommand)"};
    }
    if (auto node = stranded(nodes, scene); !node.empty()) {
        return Objection{kOthersAffected,
                         "node \"" + node + "\" carries this chaos process (" +
                             scene.seen.site.podName +
                             "), and no other is ready on a node that stays, so that nobody could "
                             "give it back: run another replica (chaos.replicas), or keep it off "
                             "the nodes of the application"};
    }
    auto others = neighbours(effects, scene);
    // Whoever makes an experiment speaks for his own application; for others an administrator does.
    const bool mayAccept = scene.seen.site.sharedNodes;
    if (others.empty() || (mayAccept && scene.run.spec.safety.allowSharedNodes)) {
        return std::nullopt;
    }
    return Objection{kOthersAffected,
                     "others are on the nodes of the fault: " + firstOf(others) +
                         "; give the application nodes of its own, or accept it with "
                         "spec.safety.allowSharedNodes: true" +
                         (mayAccept ? ""
                                    : ", once an administrator lets experiments do so "
                                      "(--shared-nodes, chaos.sharedNodes in the chart)")};
}

std::string firstOf(const std::vector<std::string>& names) {
    std::string out;
    for (size_t i = 0; i < std::min(names.size(), kNamed); ++i) {
        out += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() <= kNamed ? out
                                  : out + " and " + std::to_string(names.size() - kNamed) + " more";
}

}  // namespace chaos::effects
