#include "plan/web_groups.h"

#include <algorithm>
#include <cstdlib>

#include "api/labels.h"
#include "plan/shares.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

std::vector<int64_t> weightsOf(const ScalableApp& app) {
    std::vector<int64_t> out;
    for (const auto& zone : app.zones) {
        out.push_back(zone.weight);
    }
    return out;
}

std::string nameOf(const Json& object) {
    return base::stringAt(object, "/metadata/name").value_or("");
}

bool isDeployment(const Json& child) {
    return base::stringAt(child, "/kind") == "Deployment";
}

const Json* find(const std::vector<const Json*>& children, const std::string& name) {
    auto found = std::find_if(children.begin(), children.end(), [&](const Json* child) {
        return isDeployment(*child) && nameOf(*child) == name;
    });
    return found == children.end() ? nullptr : *found;
}

bool isWanted(const std::vector<WebGroup>& groups, const Json& deployment) {
    return std::any_of(groups.begin(), groups.end(),
                       [&](const WebGroup& group) { return group.name == nameOf(deployment); });
}

// What the autoscalers together must not fall below until the handover is over. Remembered on the
// autoscalers themselves: the count of pods grows on the way, and would raise its own measure.
int64_t handoverTotal(const ScalableApp& app, const std::vector<const Json*>& children) {
    int64_t total = 0;
    int64_t counted = 0;
    for (const auto* child : children) {
        if (base::stringAt(*child, "/kind") == "HorizontalPodAutoscaler") {
            const auto* notes = base::at(*child, "/metadata/annotations");
            std::string text = notes == nullptr ? "" : notes->value(kHandoverAnnotation, "");
            if (!text.empty()) {
                total = std::strtoll(text.c_str(), nullptr, 10);
                break;
            }
        }
        if (isDeployment(*child)) {
            counted += base::intAt(*child, "/spec/replicas").value_or(0);
        }
    }
    total = total > 0 ? total : counted;
    return std::clamp(total, leastPods(app), app.web.mostReplicas());
}

void raise(const ScalableApp& app, Handover& handover) {
    if (app.zones.empty()) {
        handover.groups.front().least = handover.total;
        return;
    }
    auto parts = shares(handover.total, weightsOf(app));
    size_t next = 0;
    for (size_t i = 0; i < app.zones.size(); ++i) {
        if (app.zones[i].weight > 0) {
            auto& group = handover.groups[next++];
            group.least = std::max(group.least, parts[i]);
        }
    }
}

bool serves(const WebGroup& group, const std::vector<const Json*>& children) {
    const auto* deployment = find(children, group.name);
    return deployment != nullptr &&
           base::intAt(*deployment, "/status/observedGeneration").value_or(0) >=
               base::intAt(*deployment, "/metadata/generation").value_or(0) &&
           base::intAt(*deployment, "/status/availableReplicas").value_or(0) >= group.least;
}

}  // namespace

std::string webName(const ScalableApp& app, const std::string& zone) {
    return app.name + "-web" + (zone.empty() ? "" : "-" + zone);
}

int64_t leastPods(const ScalableApp& app) {
    int64_t least = app.web.leastReplicas();
    return app.web.autoscaling ? std::max(least, api::activeZones(app.zones)) : least;
}

std::vector<WebGroup> webGroups(const ScalableApp& app) {
    if (app.zones.empty()) {
        return {{.zone = "",
                 .name = webName(app, ""),
                 .least = app.web.leastReplicas(),
                 .most = app.web.mostReplicas(),
                 .count = app.web.leastReplicas()}};
    }
    auto least = shares(leastPods(app), weightsOf(app));
    auto most = shares(app.web.mostReplicas(), weightsOf(app));
    std::vector<WebGroup> out;
    for (size_t i = 0; i < app.zones.size(); ++i) {
        if (app.zones[i].weight > 0) {
            out.push_back({.zone = app.zones[i].name,
                           .name = webName(app, app.zones[i].name),
                           .least = least[i],
                           .most = most[i],
                           .count = least[i]});
        }
    }
    return out;
}

Handover handoverOf(const ScalableApp& app, const std::vector<const Json*>& children) {
    Handover out{.groups = webGroups(app), .leaving = {}};
    auto served = [&](const WebGroup& group) { return serves(group, children); };
    bool allServe = std::all_of(out.groups.begin(), out.groups.end(), served);
    for (auto& group : out.groups) {
        const auto* deployment = find(children, group.name);
        group.count = group.least;
        if (deployment != nullptr && !allServe && out.groups.size() > 1) {
            group.count =
                std::max(group.least, base::intAt(*deployment, "/spec/replicas").value_or(0));
        }
    }
    for (const auto* child : children) {
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        if (isDeployment(*child) && !going && !isWanted(out.groups, *child)) {
            out.leaving.push_back(child);
        }
    }
    if (out.leaving.empty()) {
        return out;
    }
    out.total = app.web.autoscaling ? handoverTotal(app, children)
                                    : app.web.replicas.value_or(leastPods(app));
    raise(app, out);
    out.covered = std::all_of(out.groups.begin(), out.groups.end(), served);
    return out;
}

std::string zoneOf(const Json& child) {
    const auto* labels = base::at(child, "/metadata/labels");
    return labels == nullptr ? "" : labels->value(api::kZoneLabel, "");
}

}  // namespace plan
