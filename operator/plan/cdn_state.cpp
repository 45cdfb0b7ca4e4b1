#include "plan/cdn_state.h"

#include <algorithm>
#include <set>

#include "api/condition.h"
#include "plan/cdn.h"
#include "plan/cdn_epoch.h"
#include "plan/cdn_groups.h"
#include "plan/children.h"
#include "plan/entry.h"
#include "plan/nginx.h"
#include "plan/rollout.h"
#include "plan/web_groups.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using namespace std::chrono_literals;

constexpr const char* kStaleCondition = "ServingStale";
// No watch tells what an edge is on and what it reaches.
constexpr std::chrono::milliseconds kAskAgain = 5s;
constexpr std::chrono::milliseconds kAskSoon = 500ms;

std::string nameOf(const Json& object) {
    return base::stringAt(object, "/metadata/name").value_or("");
}

std::string edges(size_t count) {
    return std::to_string(count) + (count == 1 ? " edge" : " edges");
}

// One Deployment of the tier, as it is.
struct Part {
    std::string zone;
    int64_t replicas = 0;
    int64_t ready = 0;
    bool served = false;
    std::string doing;
    std::optional<Cause> cause;
};

Part partOf(const ScalableApp& app, const EdgeGroup& group,
            const std::vector<const Json*>& children) {
    auto workload = workloadOf(group.name, children);
    int64_t wanted = app.cdn->replicasPerZone;
    int64_t available = countAt(workload.deployment, "/status/availableReplicas");
    Part out{.zone = group.zone,
             .replicas = countAt(workload.deployment, "/status/replicas"),
             .ready = countAt(workload.deployment, "/status/readyReplicas"),
             .served = available >= wanted,
             .doing = unfinished(workload, wanted, available, wanted),
             .cause = rootCause(workload)};
    if (out.cause) {
        out.cause->part = group.zone;
    }
    return out;
}

// The epoch, and who is on it.
struct Purge {
    Epoch epoch;
    size_t all = 0;
    size_t onEpoch = 0;
    std::string silent;  // one that did not answer; may be empty

    bool done() const { return epoch.settled && onEpoch == all; }
};

Purge purgeOf(const ScalableApp& app, const Observed& observed) {
    Purge out{.epoch = epochOf(app, observed), .silent = ""};
    for (const auto* pod : servingEdges(observed)) {
        ++out.all;
        auto report = std::find_if(observed.edges.begin(), observed.edges.end(),
                                   [&](const Edge& edge) { return edge.pod == nameOf(*pod); });
        if (report == observed.edges.end()) {
            out.silent = nameOf(*pod);
        } else if (report->epoch == out.epoch.value) {
            ++out.onEpoch;
        }
    }
    return out;
}

// It serves, so that it runs: the operator is kept from asking it.
std::string silence(const std::string& pod) {
    return pod.empty() ? ""
                       : ", " + pod + " is silent: let the operator's pods reach its port " +
                             std::to_string(kEdgeAdminPort) + " (NetworkPolicy)";
}

std::string purgeProgress(const Purge& purge) {
    if (!purge.epoch.settled) {
        return "what is kept is let go of once the last web pod of another revision is gone";
    }
    return std::to_string(purge.onEpoch) + " of " + edges(purge.all) + " on epoch " +
           purge.epoch.value + silence(purge.silent);
}

// --- origins

std::string originText(const api::CdnOrigin& origin) {
    return origin.isWeb()
               ? origin.name
               : origin.name + " (" + origin.host + ":" + std::to_string(origin.port) + ")";
}

bool reaches(const Edge& edge, size_t origin) {
    return origin >= edge.originAnswers.size() || edge.originAnswers[origin];
}

bool reachesNone(const Edge& edge) {
    return !edge.originAnswers.empty() &&
           std::none_of(edge.originAnswers.begin(), edge.originAnswers.end(),
                        [](bool answers) { return answers; });
}

bool isStale(const Edge& edge) {
    return reachesNone(edge) || edge.staleForErrors;
}

ExtraCondition staleCondition(const ScalableApp& app, const std::vector<Edge>& asked) {
    auto stale = static_cast<size_t>(std::count_if(asked.begin(), asked.end(), isStale));
    bool none = std::any_of(asked.begin(), asked.end(), reachesNone);
    ExtraCondition out{.type = kStaleCondition, .value = stale > 0, .reason = "", .message = ""};
    if (stale == 0) {
        out.reason = "Fresh";
        out.message = "the edges reach an origin";
        return out;
    }
    out.reason = none ? "OriginDown" : "OriginFails";
    out.message = std::to_string(stale) + " of " + edges(asked.size()) +
                  (none ? " reach no origin" : " get errors from their origin") +
                  "; what they keep is given out for " +
                  std::to_string(app.cdn->staleIfErrorSeconds) +
                  " s beyond its time, everything else fails";
    return out;
}

// What the edges among these pods said.
template <typename Belongs>
std::vector<Edge> saidBy(const std::vector<const Json*>& pods, const Observed& observed,
                         Belongs belongs) {
    std::vector<Edge> out;
    for (const auto& edge : observed.edges) {
        if (std::any_of(pods.begin(), pods.end(), [&](const Json* pod) {
                return nameOf(*pod) == edge.pod && belongs(*pod);
            })) {
            out.push_back(edge);
        }
    }
    return out;
}

std::optional<ExtraCondition> stale(const ScalableApp& app, const Observed& observed) {
    // One on its way out has the origins of an earlier spec, and no new visitors.
    auto asked = saidBy(servingEdges(observed), observed, [](const Json& pod) {
        return base::at(pod, "/metadata/deletionTimestamp") == nullptr;
    });
    if (!asked.empty()) {
        return staleCondition(app, asked);
    }
    // Nobody could be asked: what was known stands.
    const auto* before = api::findCondition(app.conditions, kStaleCondition);
    if (before == nullptr) {
        return std::nullopt;
    }
    return ExtraCondition{.type = kStaleCondition,
                          .value = before->status == api::kTrue,
                          .reason = before->reason,
                          .message = before->message};
}

void tellOfStale(const ScalableApp& app, const ExtraCondition& now, TierState& out) {
    const auto* before = api::findCondition(app.conditions, kStaleCondition);
    bool was = before != nullptr && before->status == api::kTrue;
    if (was != now.value) {
        out.events.push_back({.warning = now.value,
                              .reason = now.value ? "ServingStale" : "ServingFresh",
                              .action = "Cache",
                              .note = std::string(kEdgeTier) + ": " + now.message});
    }
}

// An origin that no edge reaches, beside the web tier, which tells of itself. Edges of an older
// configuration have other origins, and those that never had an answer are the ones to ask.
std::optional<Cause> deadOrigin(const ScalableApp& app, const Observed& observed) {
    auto asked = saidBy(childrenOf(observed, kEdgeTier), observed,
                        [&](const Json& pod) { return hasAskedConfig(app, pod); });
    const auto& origins = app.cdn->origins;
    for (size_t i = 0; i < origins.size() && !asked.empty(); ++i) {
        bool dead = std::none_of(asked.begin(), asked.end(),
                                 [&](const Edge& edge) { return reaches(edge, i); });
        if (dead && !origins[i].isWeb()) {
            return Cause{.reason = "OriginUnreachable",
                         .subject = originText(origins[i]),
                         .detail =
                             "no edge gets an answer from it: correct `cdn.origins`, or see "
                             "whether it runs and its name resolves",
                         .since = ""};
        }
    }
    return std::nullopt;
}

// --- together

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

std::vector<SinglePoint> singlePoints(const Observed& observed, int64_t wanted) {
    if (wanted == 1) {
        return {{kEdgeTier, "the only edge",
                 "while it restarts or moves requests wait; `cdn.replicasPerZone` of 2 or more, or "
                 "`zones`, removes it"}};
    }
    return sharedPlaces(kEdgeTier, readyPodsOf(childrenOf(observed, kEdgeTier)));
}

std::string doingOf(const std::vector<Part>& parts, bool leaving, bool isEntry,
                    const Purge& purge) {
    for (const auto& part : parts) {
        if (!part.doing.empty()) {
            return part.doing;
        }
    }
    if (leaving) {
        return "Moving";
    }
    if (!isEntry) {
        return "SwitchingOver";
    }
    if (!purge.epoch.settled) {
        return "WaitingForWeb";
    }
    return purge.onEpoch < purge.all ? "Purging" : "";
}

}  // namespace

TierState cdnState(const ScalableApp& app, const Observed& observed) {
    auto children = childrenOf(observed, kEdgeTier);
    std::vector<Part> parts;
    int64_t replicas = 0;
    int64_t ready = 0;
    bool served = true;
    for (const auto& group : edgeGroups(app)) {
        parts.push_back(partOf(app, group, children));
        replicas += parts.back().replicas;
        ready += parts.back().ready;
        served = served && parts.back().served;
    }
    int64_t wanted = std::ssize(parts) * app.cdn->replicasPerZone;
    bool isEntry = entryOf(app, observed) == kEdgeTier;
    auto purge = purgeOf(app, observed);

    TierState out;
    out.serving = served && isEntry && purge.done();
    out.doing = doingOf(parts, !leavingEdges(app, observed).empty(), isEntry, purge);
    out.settled = out.doing.empty();
    bool purging = out.doing == "WaitingForWeb" || out.doing == "Purging";
    out.progress = purging ? purgeProgress(purge) : countOf(ready, wanted);
    out.cause = worstCause(parts);
    if (!out.cause || out.cause->starting) {
        auto dead = deadOrigin(app, observed);
        out.cause = dead ? dead : out.cause;
    }
    out.summary = {
        {"replicas", replicas},
        {"ready", ready},
        {"summary", std::to_string(ready) + "/" + std::to_string(wanted)},
        {"epoch", purge.epoch.value},
        {"edgesOnEpoch", std::to_string(purge.onEpoch) + "/" + std::to_string(purge.all)},
        {"entry", isEntry ? "Edge" : "Past"}};
    out.singlePoints = singlePoints(observed, wanted);
    out.endpoints = {{"origin", "http://" + originName(app) + "." + app.namespace_ + ".svc"}};
    if (auto state = stale(app, observed)) {
        tellOfStale(app, *state, out);
        out.conditions.push_back(std::move(*state));
    }
    // A web pod that goes is told of; an edge that is silent may be so for long.
    bool soon = purge.epoch.settled && purge.onEpoch < purge.all && purge.silent.empty();
    out.lookAgain = soon ? kAskSoon : kAskAgain;
    return out;
}

// Only where there are edges. Stale answers are its own fault where everything behind it works.
std::optional<Hop> cdnHop(const HopEvidence& seen) {
    if (base::at(seen.app, "/status/cdn") == nullptr) {
        return std::nullopt;
    }
    auto text = [&](const char* pointer) { return base::stringAt(seen.app, pointer).value_or(""); };
    bool entry = text("/status/cdn/entry") == "Edge";
    const auto* stale = api::findCondition(seen.conditions, kStaleCondition);
    bool old = stale != nullptr && stale->status == api::kTrue;
    return Hop{.name = "cdn",
               .detail = text("/status/cdn/summary") + " ready, " +
                         text("/status/cdn/edgesOnEpoch") + " on epoch " +
                         text("/status/cdn/epoch") + (entry ? "" : ", requests go past it") +
                         (old ? ", gives out stale answers" : ""),
               .works = base::intAt(seen.app, "/status/cdn/ready").value_or(0) > 0 && entry &&
                        !(old && seen.restWorks),
               .condition = old && seen.restWorks ? kStaleCondition : ""};
}

}  // namespace plan
