#include "plan/lost_zones.h"

#include <algorithm>

#include "plan/look_again.h"
#include "plan/rollout.h"
#include "plan/shares.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using base::textAt;
using namespace std::chrono_literals;

// Longer than a pod takes to be replaced elsewhere in its zone.
constexpr auto kLostAfter = 30s;

// What is known of one zone.
struct ZoneSeen {
    const WebGroup& group;
    const Json* deployment = nullptr;
    int64_t asked = 0;
    int64_t available = 0;
    bool upToDate = false;
    bool remembered = false;

    bool whole() const { return upToDate && available >= group.least; }
};

const Json* conditionOf(const Json& object, const char* type) {
    for (const auto& condition : base::arrayAt(object, "/status/conditions")) {
        if (textAt(condition, "/type") == type) {
            return &condition;
        }
    }
    return nullptr;
}

ZoneSeen seenOf(const WebGroup& group, const std::vector<const Json*>& children) {
    ZoneSeen out{.group = group};
    for (const auto* child : children) {
        if (textAt(*child, "/kind") == "Deployment" &&
            textAt(*child, "/metadata/name") == group.name) {
            out.deployment = child;
        }
    }
    if (out.deployment != nullptr) {
        out.asked = countAt(out.deployment, "/spec/replicas");
        out.available = countAt(out.deployment, "/status/availableReplicas");
        out.upToDate = countAt(out.deployment, "/status/observedGeneration") >=
                       countAt(out.deployment, "/metadata/generation");
        const auto* notes = base::at(*out.deployment, "/metadata/annotations");
        out.remembered = notes != nullptr && notes->contains(kLostAnnotation);
    }
    return out;
}

// It had its pods, or its time to get them is over.
bool hadItsTime(const Json& deployment) {
    const auto* progressing = conditionOf(deployment, "Progressing");
    auto reason = progressing == nullptr ? "" : textAt(*progressing, "/reason");
    return reason == "NewReplicaSetAvailable" || reason == "ProgressDeadlineExceeded";
}

// When the last pod of it stopped to serve; empty: it serves, or nobody knows.
std::optional<base::WallTime> goneSince(const ZoneSeen& zone,
                                        const std::vector<const Json*>& children) {
    if (!zone.upToDate || zone.asked == 0 || zone.available > 0 || !hadItsTime(*zone.deployment)) {
        return std::nullopt;
    }
    std::optional<base::WallTime> out;
    auto consider = [&](const Json& object, const char* type) {
        const auto* condition = conditionOf(object, type);
        base::WallTime time;
        if (condition != nullptr && textAt(*condition, "/status") != "True" &&
            base::parseTime(textAt(*condition, "/lastTransitionTime"), time)) {
            out = std::max(out.value_or(time), time);
        }
    };
    consider(*zone.deployment, "Available");
    for (const auto* child : children) {
        if (textAt(*child, "/kind") == "Pod" && zoneOf(*child) == zone.group.zone) {
            consider(*child, "Ready");
        }
    }
    return out;
}

// The pods with which each zone would take its share of those that serve without the lost ones.
std::vector<int64_t> returningPods(const ScalableApp& app, const std::vector<ZoneSeen>& zones) {
    int64_t serving = 0;
    for (const auto& zone : zones) {
        serving += zone.remembered ? 0 : zone.asked;
    }
    auto parts = shares(serving, zoneWeights(app, {}));
    std::vector<int64_t> out;
    for (size_t i = 0; i < app.zones.size(); ++i) {
        if (app.zones[i].weight > 0) {
            const auto& group = zones[out.size()].group;
            out.push_back(std::clamp(parts[i], group.least, std::max(group.most, group.least)));
        }
    }
    return out;
}

// Those that are gone now, if all the others are whole.
std::vector<bool> newlyLost(const std::vector<ZoneSeen>& zones,
                            const std::vector<const Json*>& children, base::WallTime now,
                            LostZones& out) {
    std::vector<bool> lost(zones.size());
    std::optional<std::chrono::milliseconds> wait;
    for (size_t i = 0; i < zones.size(); ++i) {
        auto since = goneSince(zones[i], children);
        lost[i] = since && now - *since >= kLostAfter;
        if (since && !lost[i]) {
            sooner(wait, std::chrono::ceil<std::chrono::milliseconds>(*since + kLostAfter - now));
        }
        if (!since && !zones[i].whole() && !zones[i].remembered) {
            return std::vector<bool>(zones.size());
        }
    }
    out.lookAgain = wait;
    return lost;
}

}  // namespace

LostZones lostZones(const ScalableApp& app, const std::vector<WebGroup>& groups,
                    const std::vector<const Json*>& children, base::WallTime now) {
    LostZones out;
    if (groups.size() < 2) {
        return out;
    }
    std::vector<ZoneSeen> zones;
    for (const auto& group : groups) {
        zones.push_back(seenOf(group, children));
    }
    // Where the operator only observes, nobody gives a share to others: what was given is given.
    auto lost = app.management == api::Management::Observe ? std::vector<bool>(zones.size())
                                                           : newlyLost(zones, children, now, out);
    auto returning = returningPods(app, zones);
    for (size_t i = 0; i < zones.size(); ++i) {
        bool away = zones[i].remembered && zones[i].available < returning[i];
        if (away || lost[i]) {
            out.returning[groups[i].zone] = returning[i];
        }
    }
    // With nobody left to share it among, each keeps its own.
    if (out.returning.size() == groups.size()) {
        out.returning.clear();
    }
    return out;
}

}  // namespace plan
