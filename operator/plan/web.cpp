#include "plan/web.h"

#include <algorithm>

#include "api/labels.h"
#include "plan/children.h"
#include "plan/entry.h"
#include "plan/load_balancer.h"
#include "plan/look_again.h"
#include "plan/lost_zones.h"
#include "plan/names.h"
#include "plan/web_groups.h"
#include "plan/web_pods.h"
#include "plan/web_resize.h"
#include "plan/web_state.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

Json childInZone(const ScalableApp& app, const char* apiVersion, const char* kind,
                 const WebGroup& group) {
    Json out = childOf(app, apiVersion, kind, group.name, kWebTier);
    out["metadata"]["labels"] = webLabels(app, group.zone);
    return out;
}

base::Result<Json> deploymentOf(const ScalableApp& app, const WebGroup& group) {
    auto pod = webTemplate(app, group.zone);
    if (!pod) {
        return base::fail(pod.error().message);
    }
    Json out = childInZone(app, "apps/v1", "Deployment", group);
    if (group.lost) {
        out["metadata"]["annotations"][kLostAnnotation] = "true";
    }
    out["spec"] = {{"selector", {{"matchLabels", webSelector(app, group.zone)}}},
                   {"progressDeadlineSeconds", app.progressDeadlineSeconds},
                   {"revisionHistoryLimit", 3},
                   {"strategy",
                    {{"type", "RollingUpdate"},
                     {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", "25%"}}}}},
                   {"template", *pod}};
    return out;
}

Json autoscalerOf(const ScalableApp& app, const WebGroup& group, int64_t handover) {
    const auto& scaling = *app.web.autoscaling;
    Json out = childInZone(app, "autoscaling/v2", "HorizontalPodAutoscaler", group);
    if (handover > 0) {
        out["metadata"]["annotations"][kHandoverAnnotation] = std::to_string(handover);
    }
    Json target{{"type", "Utilization"},
                {"averageUtilization", scaling.targetCPUUtilizationPercent}};
    // Up at once and by doubling; down late and by halves: too many pods cost less than too few.
    Json up{{"stabilizationWindowSeconds", 0},
            {"selectPolicy", "Max"},
            {"policies", Json::array({{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}},
                                      {{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}}})}};
    Json down{{"stabilizationWindowSeconds", scaling.scaleDownStabilizationSeconds},
              {"selectPolicy", "Max"},
              {"policies", Json::array({{{"type", "Percent"}, {"value", 50}, {"periodSeconds", 30}},
                                        {{"type", "Pods"}, {"value", 1}, {"periodSeconds", 30}}})}};
    out["spec"] = {
        {"scaleTargetRef",
         {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", group.name}}},
        {"minReplicas", group.least},
        {"maxReplicas", std::max(group.most, group.least)},
        {"metrics", Json::array({{{"type", "Resource"},
                                  {"resource", {{"name", "cpu"}, {"target", target}}}}})},
        {"behavior", {{"scaleUp", up}, {"scaleDown", down}}}};
    return out;
}

Json budgetOf(const ScalableApp& app, const WebGroup& group) {
    Json out = childInZone(app, "policy/v1", "PodDisruptionBudget", group);
    out["spec"] = {{"selector", {{"matchLabels", webSelector(app, group.zone)}}},
                   {"maxUnavailable", "25%"},
                   {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
    return out;
}

// One over all pods where a budget by zone would protect nothing (a zone with a single pod), and
// while pods without a zone are there: a pod in two budgets cannot be evicted at all.
bool oneBudget(const Handover& handover) {
    auto single = [](const WebGroup& group) { return group.zone.empty() || group.most <= 1; };
    auto unzoned = [](const Json* leaving) { return zoneOf(*leaving).empty(); };
    return std::any_of(handover.groups.begin(), handover.groups.end(), single) ||
           std::any_of(handover.leaving.begin(), handover.leaving.end(), unzoned);
}

void putBudgets(const ScalableApp& app, const Handover& handover, TierIntents& out) {
    // A budget for the only pod would let no node be drained.
    if (app.web.mostReplicas() <= 1) {
        return;
    }
    if (oneBudget(handover)) {
        out.objects.push_back(budgetOf(app, {.zone = "", .name = webName(app, "")}));
        return;
    }
    for (const auto& group : handover.groups) {
        out.objects.push_back(budgetOf(app, group));
    }
}

void putCount(const ScalableApp& app, const WebGroup& group, const Handover& handover,
              TierIntents& out) {
    Scale scale{.apiVersion = "apps/v1",
                .kind = "Deployment",
                .namespace_ = app.namespace_,
                .name = group.name,
                .replicas = group.count};
    if (app.web.autoscaling) {
        out.objects.push_back(autoscalerOf(app, group, handover.total));
        // Zero switches an autoscaler off, whatever its least is: it is woken, and then let be.
        if (!group.atZero) {
            return;
        }
        scale.replicas = group.least;
    }
    out.scales.push_back(std::move(scale));
}

void putDeployment(const ScalableApp& app, Json wanted, const std::vector<const Json*>& children,
                   const Observed& observed, TierIntents& out) {
    auto resize = resizeOf(app, std::move(wanted), children, observed);
    out.objects.push_back(std::move(resize.deployment));
    out.patches.insert(out.patches.end(), resize.patches.begin(), resize.patches.end());
    out.events.insert(out.events.end(), resize.events.begin(), resize.events.end());
    sooner(out.lookAgain, resize.lookAgain);
}

// None that a balancer might miss, which nobody can tell of it.
void keepPods(Handover& handover) {
    for (auto& group : handover.groups) {
        group.count = std::max(group.count, group.present);
    }
}

TierIntents intents(const ScalableApp& app, const Observed& observed) {
    TierIntents out;
    auto children = childrenOf(observed, kWebTier);
    auto handover = handoverOf(app, observed);
    if (auto until = balancersAskUntil(app, observed)) {
        keepPods(handover);
        sooner(out.lookAgain, untilAfter(*until, observed.now));
    }
    out.objects.push_back(publicService(app, observed));
    putBudgets(app, handover, out);
    for (const auto& group : handover.groups) {
        auto deployment = deploymentOf(app, group);
        if (!deployment) {
            out.problem = Cause{.reason = "InvalidPatch",
                                .subject = "",
                                .detail = deployment.error().message,
                                .since = "",
                                .needsHelp = true};
            return out;
        }
        putDeployment(app, std::move(*deployment), children, observed, out);
        putCount(app, group, handover, out);
    }
    if (!mayLeave(app, observed, handover)) {
        out.staying = handover.leaving;
    }
    return out;
}

bool wanted(const ScalableApp&) {
    return true;
}

}  // namespace

Tier webTier() {
    return {.name = kWebTier,
            .condition = "WebReady",
            .alsoSets = {"ZonesSatisfied"},
            .wanted = wanted,
            .intents = intents,
            .state = webState,
            .hop = webHop};
}

}  // namespace plan
