#include "plan/web_groups.h"

#include <algorithm>
#include <cstdlib>

#include "api/labels.h"
#include "plan/children.h"
#include "plan/lost_zones.h"
#include "plan/shares.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

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
    auto parts = shares(handover.total, zoneWeights(app, handover.lost()));
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

std::vector<int64_t> zoneWeights(const ScalableApp& app, const std::set<std::string>& lost) {
    std::vector<int64_t> out;
    for (const auto& zone : app.zones) {
        out.push_back(lost.contains(zone.name) ? 0 : zone.weight);
    }
    return out;
}

std::map<std::string, int64_t> roomsOf(const ScalableApp& app) {
    if (app.zones.empty()) {
        return {{"", app.web.mostReplicas()}};
    }
    std::map<std::string, int64_t> out;
    auto consider = [&](const std::set<std::string>& lost) {
        auto most = shares(app.web.mostReplicas(), zoneWeights(app, lost));
        for (size_t i = 0; i < app.zones.size(); ++i) {
            auto& room = out[app.zones[i].name];
            room = std::max(room, most[i]);
        }
    };
    consider({});
    for (const auto& zone : app.zones) {
        consider({zone.name});
    }
    return out;
}

std::vector<WebGroup> webGroups(const ScalableApp& app, const std::set<std::string>& lost) {
    if (app.zones.empty()) {
        return {{.zone = "",
                 .name = webName(app, ""),
                 .least = app.web.leastReplicas(),
                 .most = app.web.mostReplicas(),
                 .count = app.web.leastReplicas()}};
    }
    auto split = [&](int64_t count, const std::set<std::string>& without) {
        return shares(count, zoneWeights(app, without));
    };
    auto least = split(leastPods(app), {});
    auto most = split(app.web.mostReplicas(), {});
    auto leastOfOthers = lost.empty() ? least : split(leastPods(app), lost);
    auto mostOfOthers = lost.empty() ? most : split(app.web.mostReplicas(), lost);
    std::vector<WebGroup> out;
    for (size_t i = 0; i < app.zones.size(); ++i) {
        const auto& zone = app.zones[i];
        bool isLost = lost.contains(zone.name);
        if (zone.weight > 0) {
            out.push_back({.zone = zone.name,
                           .name = webName(app, zone.name),
                           .least = isLost ? least[i] : leastOfOthers[i],
                           .most = isLost ? most[i] : mostOfOthers[i],
                           .count = isLost ? least[i] : leastOfOthers[i],
                           .lost = isLost});
        }
    }
    return out;
}

Handover handoverOf(const ScalableApp& app, const Observed& observed) {
    auto children = childrenOf(observed, kWebTier);
    auto lost = lostZones(app, webGroups(app), children, observed.now);
    std::set<std::string> names;
    for (const auto& [zone, pods] : lost.returning) {
        names.insert(zone);
    }
    Handover out{.groups = webGroups(app, names), .leaving = {}, .lookAgain = lost.lookAgain};
    for (auto& group : out.groups) {
        group.least = group.lost ? lost.returning.at(group.zone) : group.least;
    }
    // Nobody waits for what is lost.
    auto served = [&](const WebGroup& group) { return group.lost || serves(group, children); };
    bool allServe =
        observed.assumeServing || std::all_of(out.groups.begin(), out.groups.end(), served);
    for (auto& group : out.groups) {
        const auto* deployment = find(children, group.name);
        group.count = group.least;
        if (deployment != nullptr) {
            group.present = base::intAt(*deployment, "/spec/replicas").value_or(0);
            group.atZero = base::intAt(*deployment, "/spec/replicas") == 0;
        }
        if (!allServe && out.groups.size() > 1) {
            group.count = std::max(group.least, group.present);
        }
    }
    for (const auto* child : children) {
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        if (isDeployment(*child) && !going && !isWanted(out.groups, *child)) {
            out.leaving.push_back(child);
        }
    }
    if (out.leaving.empty() || observed.assumeServing) {
        out.leaving.clear();
        return out;
    }
    out.total = app.web.autoscaling ? handoverTotal(app, children)
                                    : app.web.replicas.value_or(leastPods(app));
    raise(app, out);
    out.covered = std::all_of(out.groups.begin(), out.groups.end(), served);
    return out;
}

std::set<std::string> Handover::lost() const {
    std::set<std::string> out;
    for (const auto& group : groups) {
        if (group.lost) {
            out.insert(group.zone);
        }
    }
    return out;
}

std::string zoneOf(const Json& child) {
    const auto* labels = base::at(child, "/metadata/labels");
    return labels == nullptr ? "" : labels->value(api::kZoneLabel, "");
}

}  // namespace plan
