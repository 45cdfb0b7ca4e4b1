#include "plan/web_state.h"

#include <algorithm>
#include <set>

#include "api/condition.h"
#include "api/labels.h"
#include "plan/children.h"
#include "plan/rollout.h"
#include "plan/status.h"
#include "plan/web_groups.h"
#include "plan/web_pods.h"
#include "plan/web_resize.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

constexpr const char* kZonesCondition = "ZonesSatisfied";
constexpr const char* kZoneLost = "ZoneLost";

// One Deployment of the tier, as it is.
struct Part {
    WebGroup group;
    int64_t wanted = 0;
    int64_t replicas = 0;
    int64_t ready = 0;
    int64_t available = 0;
    std::string doing;
    std::optional<Cause> cause;
    std::optional<ResizeProgress> resize;

    bool satisfied() const { return available >= group.least; }
};

// "0/6 nodes are available: 6 node(s) didn't match ..." says nothing of a zone that no node is in.
void explainZone(const std::string& zone, Cause& cause) {
    if (zone.empty()) {
        return;
    }
    cause.part = zone;
    if (cause.reason == "Unschedulable" &&
        cause.detail.find("node affinity/selector") != std::string::npos) {
        cause.detail = "no node with topology.kubernetes.io/zone=" + zone +
                       " has room: label or add nodes, or take the zone out of `zones` (" +
                       cause.detail + ")";
    }
}

// Its Deployment is paused on the way and counts no pod as up to date then.
void explainResize(const ScalableApp& app, const Json& deployment,
                   const std::vector<const Json*>& children, Part& part) {
    if (auto pod = webTemplate(app, part.group.zone)) {
        part.doing = "Resizing";
        part.resize = resizeProgress(deployment, *pod, children);
    }
}

Part partOf(const ScalableApp& app, const WebGroup& group,
            const std::vector<const Json*>& children) {
    auto workload = workloadOf(group.name, children);
    const auto* deployment = workload.deployment;
    Part out;
    out.group = group;
    out.wanted = deployment == nullptr
                     ? group.least
                     : base::intAt(*deployment, "/spec/replicas").value_or(group.least);
    out.replicas = countAt(deployment, "/status/replicas");
    out.ready = countAt(deployment, "/status/readyReplicas");
    out.available = countAt(deployment, "/status/availableReplicas");
    out.doing = unfinished(workload, out.wanted, out.available, group.least);
    out.cause = rootCause(workload);
    if (out.cause) {
        explainZone(group.zone, *out.cause);
    }
    if (deployment != nullptr && isResizing(*deployment)) {
        explainResize(app, *deployment, children, out);
    }
    return out;
}

// Everything that is known of the tier, read once.
struct Web {
    std::vector<Part> parts;
    std::vector<Part> leaving;
    std::vector<const Json*> readyPods;
    std::optional<std::chrono::milliseconds> lookAgain;

    int64_t sum(int64_t Part::*count) const {
        int64_t out = 0;
        for (const auto* list : {&parts, &leaving}) {
            for (const auto& part : *list) {
                out += part.*count;
            }
        }
        return out;
    }
};

Web webOf(const ScalableApp& app, const Observed& observed) {
    auto children = childrenOf(observed, kWebTier);
    auto handover = handoverOf(app, observed);
    Web out{.parts = {}, .leaving = {}, .readyPods = {}, .lookAgain = handover.lookAgain};
    for (const auto& group : webGroups(app, handover.lost())) {
        out.parts.push_back(partOf(app, group, children));
    }
    for (const auto* deployment : handover.leaving) {
        WebGroup group{.zone = zoneOf(*deployment),
                       .name = base::stringAt(*deployment, "/metadata/name").value_or("")};
        out.leaving.push_back(partOf(app, group, children));
        out.leaving.back().wanted = 0;
    }
    out.readyPods = readyPodsOf(children);
    return out;
}

// Of the causes of several parts: what needs help before what is known before what only starts.
std::optional<Cause> worstCause(const std::vector<Part>& parts) {
    auto weight = [](const Cause& cause) {
        return (cause.needsHelp ? 2 : 0) + (cause.starting ? 0 : 1);
    };
    std::optional<Cause> out;
    for (const auto& part : parts) {
        if (part.cause && (!out || weight(*part.cause) > weight(*out))) {
            out = part.cause;
        }
    }
    return out;
}

std::string doingOf(const Web& web) {
    for (const auto& part : web.parts) {
        if (!part.doing.empty()) {
            return part.doing;
        }
    }
    return web.leaving.empty() ? "" : "Moving";
}

// ", 2 of 6 resized in place"; empty: none is to be.
std::string resizeText(const Web& web) {
    ResizeProgress all;
    for (const auto& part : web.parts) {
        all.done += part.resize ? part.resize->done : 0;
        all.pods += part.resize ? part.resize->pods : 0;
    }
    return all.pods == 0 ? ""
                         : ", " + std::to_string(all.done) + " of " + std::to_string(all.pods) +
                               " resized in place";
}

std::vector<SinglePoint> singlePoints(const ScalableApp& app, const Web& web) {
    if (leastPods(app) == 1) {
        return {{kWebTier, "the only pod",
                 "there is no second one while it restarts or moves; " +
                     std::string(app.web.autoscaling ? "`autoscaling.minReplicas`" : "`replicas`") +
                     " of 2 or more removes it"}};
    }
    return sharedPlaces(kWebTier, web.readyPods);
}

Json effectiveOf(const ScalableApp& app) {
    Json out;
    if (!app.web.replicas && !app.web.autoscaling) {
        out["replicas"] = app.web.leastReplicas();
    }
    if (leastPods(app) != app.web.leastReplicas()) {
        out["minReplicas"] = leastPods(app);
    }
    if (needsCpuRequest(app)) {
        out["cpuRequest"] = kDefaultCpuRequest;
    }
    return out;
}

std::string selectorText(const ScalableApp& app) {
    return std::string(api::kAppLabel) + "=" + app.name + "," + api::kTierLabel + "=" + kWebTier;
}

// --- zones

Json zoneJson(const std::string& name, int64_t weight, const Part* part) {
    return {{"name", name},
            {"weight", weight},
            {"replicas", part == nullptr ? 0 : part->replicas},
            {"ready", part == nullptr ? 0 : part->ready}};
}

const Part* partIn(const std::vector<Part>& parts, const std::string& zone) {
    auto found = std::find_if(parts.begin(), parts.end(),
                              [&](const Part& part) { return part.group.zone == zone; });
    return found == parts.end() ? nullptr : &*found;
}

Json zonesJson(const ScalableApp& app, const Web& web) {
    auto out = Json::array();
    std::set<std::string> named;
    for (const auto& zone : app.zones) {
        named.insert(zone.name);
        out.push_back(zoneJson(zone.name, zone.weight,
                               partIn(zone.weight > 0 ? web.parts : web.leaving, zone.name)));
    }
    for (const auto& part : web.leaving) {
        if (!part.group.zone.empty() && !named.contains(part.group.zone)) {
            out.push_back(zoneJson(part.group.zone, 0, &part));
        }
    }
    return out;
}

// Whether each zone has its share, and what of the pods is still elsewhere.
ExtraCondition zonesCondition(const Web& web) {
    ExtraCondition out{
        .type = kZonesCondition, .value = true, .reason = "Satisfied", .message = ""};
    auto tell = [&](const Part& part, const std::string& text) {
        out.message += (out.message.empty() ? "" : "; ") +
                       (part.group.zone.empty() ? "no zone" : part.group.zone) + ": " + text;
    };
    for (const auto& part : web.parts) {
        if (!part.satisfied() || part.group.lost) {
            out.value = false;
            out.reason = part.group.lost || out.reason == kZoneLost ? kZoneLost : "ZoneShort";
        }
        tell(part,
             (part.cause && !part.cause->starting ? part.cause->reason + ", " : "") +
                 countOf(part.ready, part.group.least) +
                 (part.group.lost ? ", the other zones have its share until it is back" : ""));
    }
    for (const auto& part : web.leaving) {
        if (out.value) {
            out.value = false;
            out.reason = "Moving";
        }
        tell(part, "leaving, " + std::to_string(part.ready) +
                       (part.ready == 1 ? " pod still serves" : " pods still serve"));
    }
    return out;
}

void tellOfLost(const ScalableApp& app, const ExtraCondition& now, TierState& out) {
    const auto* before = api::findCondition(app.conditions, kZonesCondition);
    bool was = before != nullptr && before->reason == kZoneLost;
    bool is = now.reason == kZoneLost;
    if (was != is) {
        out.events.push_back({.warning = is,
                              .reason = is ? kZoneLost : "ZoneBack",
                              .action = "Scale",
                              .note = std::string(kWebTier) + ": " + now.message});
    }
}

void putZones(const ScalableApp& app, const Web& web, TierState& out) {
    if (app.zones.empty()) {
        return;
    }
    auto satisfied = std::count_if(web.parts.begin(), web.parts.end(),
                                   [](const Part& part) { return part.satisfied(); });
    out.summary["zones"] = zonesJson(app, web);
    out.summary["zoneSummary"] = std::to_string(satisfied) + "/" + std::to_string(web.parts.size());
    out.conditions.push_back(zonesCondition(web));
    tellOfLost(app, out.conditions.back(), out);
}

// --- for people

// ", zones z1:2 z2:0 (drained)"
std::string zonesTold(const base::Json& app) {
    std::string out;
    for (const auto& zone : base::arrayAt(app, "/status/web/zones")) {
        out += (out.empty() ? ", zones " : " ") + base::stringAt(zone, "/name").value_or("") + ":" +
               std::to_string(base::intAt(zone, "/ready").value_or(0)) +
               (base::intAt(zone, "/weight") == 0 ? " (drained)" : "");
    }
    return out;
}

}  // namespace

TierState webState(const ScalableApp& app, const Observed& observed) {
    auto web = webOf(app, observed);
    int64_t least = leastPods(app);
    int64_t wanted = web.sum(&Part::wanted);
    int64_t ready = web.sum(&Part::ready);

    TierState out;
    out.serving = least > 0 && web.sum(&Part::available) >= least;
    out.progress = countOf(ready, wanted) + resizeText(web);
    out.doing = doingOf(web);
    out.cause = worstCause(web.parts);
    if (least == 0) {
        out.doing = kScaledToZero;
        out.progress = "no pod is asked for, nothing answers; raise `replicas` to serve";
        out.cause.reset();
    }
    out.settled = out.doing.empty();
    out.lookAgain = web.lookAgain;
    out.summary = {{"replicas", web.sum(&Part::replicas)},
                   {"ready", ready},
                   {"selector", selectorText(app)},
                   {"summary", std::to_string(ready) + "/" + std::to_string(wanted)}};
    putZones(app, web, out);
    out.effective = effectiveOf(app);
    out.singlePoints = singlePoints(app, web);
    out.endpoints = {{kWebTier, "http://" + app.name + "." + app.namespace_ + ".svc"}};
    return out;
}

std::optional<Hop> webHop(const HopEvidence& seen) {
    // "2/3": the operator's word for ready and wanted; before it has spoken, what can be seen.
    auto summary = base::stringAt(seen.app, "/status/web/summary")
                       .value_or(std::to_string(seen.readyPods) + "/" + std::to_string(seen.pods));
    Hop hop{.name = kWebTier,
            .detail = summary + " ready, image " +
                      base::stringAt(seen.app, "/spec/web/image").value_or("?"),
            .works = seen.readyPods > 0};
    auto most = base::intAt(seen.app, "/spec/web/autoscaling/maxReplicas");
    if (most) {
        hop.detail +=
            ", scales from " +
            std::to_string(base::intAt(seen.app, "/spec/web/autoscaling/minReplicas").value_or(1)) +
            " to " + std::to_string(*most);
    }
    hop.detail += zonesTold(seen.app);
    return hop;
}

}  // namespace plan
