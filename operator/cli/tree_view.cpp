#include "cli/tree_view.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "cli/pod_state.h"

namespace cli {
namespace {

using base::Json;
using base::textAt;

int64_t countAt(const Json& object, const char* pointer) {
    return base::intAt(object, pointer).value_or(0);
}

struct State {
    std::string words;
    bool well = true;
};

State appState(const Json& app) {
    for (const auto& condition : base::arrayAt(app, "/status/conditions")) {
        if (textAt(condition, "/type") == "Ready") {
            bool ready = textAt(condition, "/status") == "True";
            return {ready ? "Ready" : textAt(condition, "/message"), ready};
        }
    }
    return {"not seen by an operator yet", false};
}

State replicaState(const Json& object) {
    auto wanted = countAt(object, "/spec/replicas");
    auto ready = countAt(object, "/status/readyReplicas");
    return {std::to_string(ready) + " of " + std::to_string(wanted) + " ready", ready >= wanted};
}

State podWords(const Json& pod) {
    std::string words = podState(pod);
    bool serving = isServing(pod);
    if (words == "Running" && !serving) {
        words = "Running, not ready";
    }
    std::string node = textAt(pod, "/spec/nodeName");
    return {node.empty() ? words : words + " on " + node, serving};
}

State serviceState(const Json& service) {
    return {textAt(service, "/spec/type") + " " + textAt(service, "/spec/clusterIP") + ":" +
            std::to_string(countAt(service, "/spec/ports/0/port"))};
}

State autoscalerState(const Json& scaler) {
    std::string words = std::to_string(countAt(scaler, "/status/currentReplicas")) + " of " +
                        std::to_string(countAt(scaler, "/spec/minReplicas")) + " to " +
                        std::to_string(countAt(scaler, "/spec/maxReplicas"));
    for (const auto& condition : base::arrayAt(scaler, "/status/conditions")) {
        if (textAt(condition, "/type") == "ScalingActive" &&
            textAt(condition, "/status") == "False") {
            return {words + ", does not scale: " + textAt(condition, "/reason"), false};
        }
    }
    return {words};
}

State budgetState(const Json& budget) {
    return {"may lose " + std::to_string(countAt(budget, "/status/disruptionsAllowed")) + " of " +
            std::to_string(countAt(budget, "/status/expectedPods"))};
}

// A ReplicaSet of an older revision is kept for a way back and is empty: no news.
bool isLeftover(const Json& object) {
    return textAt(object, "/kind") == "ReplicaSet" && countAt(object, "/spec/replicas") == 0 &&
           countAt(object, "/status/replicas") == 0;
}

State stateOf(const Json& object) {
    static const std::map<std::string, State (*)(const Json&)> kByKind{
        {"Deployment", replicaState},
        {"ReplicaSet", replicaState},
        {"Pod", podWords},
        {"Service", serviceState},
        {"HorizontalPodAutoscaler", autoscalerState},
        {"PodDisruptionBudget", budgetState}};
    auto found = kByKind.find(textAt(object, "/kind"));
    return found == kByKind.end() ? State{} : found->second(object);
}

std::string controllerOf(const Json& object) {
    for (const auto& owner : base::arrayAt(object, "/metadata/ownerReferences")) {
        if (base::boolAt(owner, "/controller") == true) {
            return textAt(owner, "/uid");
        }
    }
    return "";
}

using Owned = std::multimap<std::string, const Json*>;

TreeNode nodeOf(const Json& object, const State& state, const Owned& owned) {
    TreeNode node{.kind = textAt(object, "/kind"),
                  .name = textAt(object, "/metadata/name"),
                  .state = state.words,
                  .well = state.well,
                  .children = {}};
    auto [first, last] = owned.equal_range(textAt(object, "/metadata/uid"));
    for (auto it = first; it != last; ++it) {
        node.children.push_back(nodeOf(*it->second, stateOf(*it->second), owned));
    }
    std::sort(node.children.begin(), node.children.end(), [](const auto& a, const auto& b) {
        return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
    });
    return node;
}

void draw(const TreeNode& node, const std::string& indent, std::string& out) {
    for (size_t i = 0; i < node.children.size(); ++i) {
        const auto& child = node.children[i];
        bool last = i + 1 == node.children.size();
        out += indent + (last ? "└─ " : "├─ ") + child.kind + "/" + child.name;
        if (!child.state.empty()) {
            out += "  " + child.state;
        }
        out += child.well ? "\n" : "  ✖\n";
        draw(child, indent + (last ? "   " : "│  "), out);
    }
}

}  // namespace

TreeNode treeOf(const Json& app, const std::vector<Json>& children) {
    std::string root = textAt(app, "/metadata/uid");
    std::set<std::string> known{root};
    for (const auto& child : children) {
        known.insert(textAt(child, "/metadata/uid"));
    }
    Owned owned;
    for (const auto& child : children) {
        std::string owner = controllerOf(child);
        if (!isLeftover(child)) {
            owned.emplace(known.contains(owner) ? owner : root, &child);
        }
    }
    return nodeOf(app, appState(app), owned);
}

std::string text(const TreeNode& root) {
    std::string out =
        root.kind + "/" + root.name + "  " + root.state + (root.well ? "\n" : "  ✖\n");
    draw(root, "", out);
    return out;
}

Json json(const TreeNode& root) {
    Json out{{"kind", root.kind}, {"name", root.name}, {"state", root.state}, {"well", root.well}};
    for (const auto& child : root.children) {
        out["children"].push_back(json(child));
    }
    return out;
}

}  // namespace cli
