#include "cli/checks.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/json.h"

namespace cli {
namespace {

using base::Json;
using base::textAt;

constexpr const char* kZonePointer = "/metadata/labels/topology.kubernetes.io~1zone";

bool holds(const Json& object, const char* condition) {
    const auto& all = base::arrayAt(object, "/status/conditions");
    return std::any_of(all.begin(), all.end(), [&](const Json& one) {
        return textAt(one, "/type") == condition && textAt(one, "/status") == "True";
    });
}

std::string counted(size_t count, const std::string& word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

Check good(std::string what) {
    return {Verdict::Good, std::move(what), ""};
}

const char* word(Verdict verdict) {
    switch (verdict) {
        case Verdict::Good:
            return "good";
        case Verdict::Warning:
            return "warning";
        case Verdict::Bad:
            break;
    }
    return "bad";
}

const char* mark(Verdict verdict) {
    switch (verdict) {
        case Verdict::Good:
            return "✔ ";
        case Verdict::Warning:
            return "! ";
        case Verdict::Bad:
            break;
    }
    return "✖ ";
}

// Applications need the operator; the chart can leave chaos out.
Check notInstalled(const std::string& component) {
    std::string what = "no " + component + " is installed";
    if (component == "chaos") {
        return {Verdict::Warning, what,
                "experiments are not run: helm upgrade with --set chaos.enabled=true"};
    }
    return {Verdict::Bad, what,
            "helm install scalableapp charts/scalableapp -n scalableapp-system "
            "--create-namespace"};
}

}  // namespace

Check serverCheck(const Json& version) {
    std::string major = textAt(version, "/major");
    std::string minor = textAt(version, "/minor");  // some providers write "30+"
    std::string what = "Kubernetes " + major + "." + minor;
    bool enough = major == "1" && std::atoi(minor.c_str()) >= kOldestMinor;
    if (enough) {
        return good(what);
    }
    return {Verdict::Bad, what,
            "1." + std::to_string(kOldestMinor) + " or newer is needed: upgrade the cluster"};
}

Check metricsCheck(const Json* apiService) {
    if (apiService == nullptr) {
        return {Verdict::Warning, "no metrics API",
                "`autoscaling` needs it: install metrics-server"};
    }
    if (!holds(*apiService, "Available")) {
        return {Verdict::Warning, "the metrics API does not answer",
                "`autoscaling` needs it: kubectl describe apiservice v1beta1.metrics.k8s.io"};
    }
    return good("metrics API");
}

Check nodesCheck(const std::vector<Json>& nodes) {
    std::set<std::string> zones;
    size_t ready = 0;
    for (const auto& node : nodes) {
        if (holds(node, "Ready")) {
            ++ready;
            zones.insert(textAt(node, kZonePointer));
        }
    }
    zones.erase("");
    std::string what = counted(ready, "Ready node") + " in " + counted(zones.size(), "zone");
    if (ready == 0) {
        return {Verdict::Bad, what, "nothing can run: kubectl get nodes"};
    }
    if (ready == 1) {
        return {Verdict::Warning, what,
                "every application is lost with the only node: add another"};
    }
    if (zones.size() < 2) {
        return {Verdict::Warning, what,
                "pods cannot spread over zones: label nodes with topology.kubernetes.io/zone"};
    }
    return good(what);
}

Check rightsCheck(bool allowed) {
    if (allowed) {
        return good("may make definitions and cluster roles");
    }
    return {Verdict::Bad, "may not make definitions and cluster roles",
            "install as a cluster administrator"};
}

Check definitionCheck(const std::string& name, const Json* definition) {
    if (definition == nullptr) {
        return {
            Verdict::Bad, "definition " + name + " is missing",
            "helm install scalableapp charts/scalableapp, or: kubectl apply --server-side -f crds"};
    }
    if (!holds(*definition, "Established")) {
        return {Verdict::Bad, "definition " + name + " is not established",
                "kubectl describe crd " + name};
    }
    return good("definition " + name);
}

Check processCheck(const std::string& component, const std::vector<Json>& deployments) {
    if (deployments.empty()) {
        return notInstalled(component);
    }
    int64_t ready = 0;
    int64_t wanted = 0;
    for (const auto& deployment : deployments) {
        ready += base::intAt(deployment, "/status/readyReplicas").value_or(0);
        wanted += base::intAt(deployment, "/spec/replicas").value_or(1);
    }
    std::string namespace_ = textAt(deployments.front(), "/metadata/namespace");
    std::string what = component + ": " + std::to_string(ready) + " of " + std::to_string(wanted) +
                       " pods ready in " + namespace_;
    std::string look =
        "kubectl -n " + namespace_ + " get pods -l app.kubernetes.io/component=" + component;
    if (ready == 0) {
        return {Verdict::Bad, what, "nothing is reconciled: " + look};
    }
    if (ready < wanted) {
        return {Verdict::Warning, what, look};
    }
    if (wanted == 1 && component == "operator") {
        return {Verdict::Warning, what, "a second replica takes over at once: --set replicas=2"};
    }
    return good(what);
}

Check appsCheck(const std::vector<Json>& apps) {
    size_t ready = 0;
    std::string first;
    for (const auto& app : apps) {
        if (holds(app, "Ready")) {
            ++ready;
        } else if (first.empty()) {
            first = "kubectl scalableapp status " + textAt(app, "/metadata/name") + " -n " +
                    textAt(app, "/metadata/namespace");
        }
    }
    std::string what =
        std::to_string(ready) + " of " + counted(apps.size(), "application") + " Ready";
    return first.empty() ? good(what) : Check{Verdict::Warning, what, first};
}

bool allWell(const std::vector<Check>& checks) {
    return std::none_of(checks.begin(), checks.end(),
                        [](const Check& check) { return check.verdict == Verdict::Bad; });
}

std::string text(const std::vector<Check>& checks) {
    std::string out;
    for (const auto& check : checks) {
        out += mark(check.verdict) + check.what;
        out += check.remedy.empty() ? "\n" : "\n    " + check.remedy + "\n";
    }
    return out;
}

Json json(const std::vector<Check>& checks) {
    auto out = Json::array();
    for (const auto& check : checks) {
        out.push_back(
            {{"verdict", word(check.verdict)}, {"what", check.what}, {"remedy", check.remedy}});
    }
    return out;
}

}  // namespace cli
