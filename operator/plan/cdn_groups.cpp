#include "plan/cdn_groups.h"

#include <algorithm>

#include "plan/children.h"
#include "plan/root_cause.h"

namespace plan {

using api::ScalableApp;
using base::Json;

std::string edgeName(const ScalableApp& app, const std::string& zone) {
    return app.name + "-edge" + (zone.empty() ? "" : "-" + zone);
}

std::string originName(const ScalableApp& app) {
    return app.name + "-origin";
}

std::vector<EdgeGroup> edgeGroups(const ScalableApp& app) {
    std::vector<EdgeGroup> out;
    if (!app.cdn) {
        return out;
    }
    for (const auto& zone : app.zones) {
        if (zone.weight > 0) {
            out.push_back({.zone = zone.name, .name = edgeName(app, zone.name)});
        }
    }
    if (out.empty()) {
        out.push_back({.zone = "", .name = edgeName(app, "")});
    }
    return out;
}

std::vector<const Json*> leavingEdges(const ScalableApp& app, const Observed& observed) {
    auto groups = edgeGroups(app);
    std::vector<const Json*> out;
    for (const auto* child : childrenOf(observed, kEdgeTier)) {
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        auto name = base::stringAt(*child, "/metadata/name").value_or("");
        bool wanted = std::any_of(groups.begin(), groups.end(),
                                  [&](const EdgeGroup& group) { return group.name == name; });
        if (base::stringAt(*child, "/kind") == "Deployment" && !going && !wanted) {
            out.push_back(child);
        }
    }
    return out;
}

bool isPastItsTime(const Json& pod, base::WallTime now) {
    auto phase = base::stringAt(pod, "/status/phase").value_or("");
    if (phase == "Failed" || phase == "Succeeded") {
        return true;
    }
    base::WallTime end;
    auto text = base::stringAt(pod, "/metadata/deletionTimestamp");
    return text && base::parseTime(*text, end) && end < now;
}

std::vector<const Json*> servingEdges(const Observed& observed) {
    std::vector<const Json*> out;
    for (const auto* child : childrenOf(observed, kEdgeTier)) {
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        if (base::stringAt(*child, "/kind") == "Pod" && (going || isReadyPod(*child)) &&
            !isPastItsTime(*child, observed.now)) {
            out.push_back(child);
        }
    }
    return out;
}

std::vector<const Json*> startingEdges(const Observed& observed) {
    std::vector<const Json*> out;
    for (const auto* child : childrenOf(observed, kEdgeTier)) {
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        if (base::stringAt(*child, "/kind") == "Pod" && !going && !isReadyPod(*child) &&
            base::stringAt(*child, "/status/phase") == "Running") {
            out.push_back(child);
        }
    }
    return out;
}

}  // namespace plan
