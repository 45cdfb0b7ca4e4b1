#include "plan/cdn.h"

#include <algorithm>

#include "api/labels.h"
#include "base/quantity.h"
#include "plan/cdn_epoch.h"
#include "plan/cdn_state.h"
#include "plan/children.h"
#include "plan/diff.h"
#include "plan/entry.h"
#include "plan/names.h"
#include "plan/nginx.h"
#include "plan/notes.h"
#include "plan/patience.h"
#include "plan/pod_template.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

constexpr const char* kContainer = "nginx";
constexpr const char* kConfigAnnotation = "scalableapp.dev/nginx.conf";
constexpr int64_t kUser = 101;  // "nginx" of the image

std::string configOf(const ScalableApp& app) {
    return nginxConfig({.app = app.name,
                        .webHost = originName(app) + "." + app.namespace_ + ".svc.cluster.local",
                        .healthPath = app.web.health.path,
                        .originSeconds = originSeconds(app),
                        .cdn = *app.cdn});
}

Json selectorIn(const ScalableApp& app, const std::string& zone) {
    Json out = selectorFor(app, kEdgeTier);
    if (!zone.empty()) {
        out[api::kZoneLabel] = zone;
    }
    return out;
}

Json mount(const char* name, const char* path, bool readOnly) {
    Json out{{"name", name}, {"mountPath", path}};
    if (readOnly) {
        out["readOnly"] = true;
    }
    return out;
}

Json containerOf(const ScalableApp& app) {
    auto port = [](const char* name, int64_t number) {
        return Json{{"name", name}, {"containerPort", number}, {"protocol", "TCP"}};
    };
    return {{"name", kContainer},
            {"image", app.cdn->image},
            {"command", Json::array({"/bin/sh", "-c", nginxStart()})},
            {"ports", Json::array({port(kWebPort, kEdgePort), port("admin", kEdgeAdminPort)})},
            {"resources", proxyResources(app.cdn->resources)},
            // An hour without any origin: a restart would not bring one, and its pauses would cost
            // time.
            {"startupProbe", adminProbe("/origins", 5, 1, 3600)},
            {"readinessProbe", adminProbe("/healthz", 2, 1, 3)},
            {"livenessProbe", proxyLiveness()},
            {"lifecycle",
             {{"preStop",
               {{"exec", {{"command", {"/bin/sh", "-c", nginxLeave(kProxyDrainSeconds)}}}}}}}},
            {"volumeMounts",
             Json::array({mount("config", kEdgeConfigFolder, true),
                          mount("epoch", kEdgeEpochFolder, true),
                          mount("cache", kEdgeCacheFolder, false), mount("tmp", "/tmp", false)})},
            {"securityContext",
             {{"allowPrivilegeEscalation", false},
              {"readOnlyRootFilesystem", true},
              {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json annotationVolume(const char* name, const char* file, const char* annotation) {
    std::string field = std::string("metadata.annotations['") + annotation + "']";
    Json item{{"path", file}, {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", field}}}};
    return {{"name", name}, {"downwardAPI", {{"items", Json::array({item})}}}};
}

// nginx takes a little more than it was told before it lets go of something.
Json volumesOf(const ScalableApp& app) {
    int64_t mebibytes = app.cdn->cacheSizeMiB + app.cdn->cacheSizeMiB / 4 + 512;
    // As the API server writes it back, or it would seem to have been changed.
    auto room = base::Quantity::parse(std::to_string(mebibytes) + "Mi")->str();
    return Json::array({annotationVolume("config", "nginx.conf", kConfigAnnotation),
                        annotationVolume("epoch", "epoch", kEpochAnnotation),
                        {{"name", "cache"}, {"emptyDir", {{"sizeLimit", room}}}},
                        {{"name", "tmp"}, {"emptyDir", {{"sizeLimit", "512Mi"}}}}});
}

base::Result<Json> podTemplate(const ScalableApp& app, const std::string& zone) {
    Json labels = labelsFor(app, kEdgeTier);
    labels.update(selectorIn(app, zone));
    Json out = proxyPod({.labels = labels,
                         .selector = selectorFor(app, kEdgeTier),
                         .user = kUser,
                         .graceSeconds = proxyGraceSeconds(originSeconds(app)),
                         .container = containerOf(app),
                         .volumes = volumesOf(app)});
    out["spec"]["securityContext"]["fsGroup"] = kUser;
    if (!zone.empty()) {
        out["spec"]["affinity"] = zoneAffinity({zone});
    }
    auto done = withOverrides(std::move(out), app.cdn->overrides, labels);
    if (done) {
        (*done)["metadata"]["annotations"][kConfigAnnotation] = configOf(app);
    }
    return done;
}

// Error: `overrides.podTemplatePatch` does not apply.
base::Result<Json> deploymentOf(const ScalableApp& app, const EdgeGroup& group,
                                const std::string& epoch) {
    auto pod = podTemplate(app, group.zone);
    if (!pod) {
        return base::fail(pod.error().message);
    }
    Json out = childOf(app, "apps/v1", "Deployment", group.name, kEdgeTier);
    out["metadata"]["labels"].update(selectorIn(app, group.zone));
    // Not of the pods: it would be a rollout.
    out["metadata"]["annotations"][kEpochAnnotation] = epoch;
    out["spec"] = {
        {"selector", {{"matchLabels", selectorIn(app, group.zone)}}},
        {"progressDeadlineSeconds", app.progressDeadlineSeconds},
        {"revisionHistoryLimit", 3},
        {"strategy",
         {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}}},
        {"template", std::move(*pod)}};
    return out;
}

Json budgetOf(const ScalableApp& app) {
    Json out = childOf(app, "policy/v1", "PodDisruptionBudget", edgeName(app, ""), kEdgeTier);
    out["spec"] = {{"selector", {{"matchLabels", selectorFor(app, kEdgeTier)}}},
                   {"maxUnavailable", 1},
                   {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
    return out;
}

Cause problemOf(const char* reason, const std::string& subject, const std::string& detail) {
    return {.reason = reason, .subject = subject, .detail = detail, .since = "", .needsHelp = true};
}

// A path that another one before it leaves nothing to.
std::optional<Cause> shadowedPath(const api::Cdn& cdn) {
    for (auto path = cdn.paths.begin(); path != cdn.paths.end(); ++path) {
        auto first = std::find_if(cdn.paths.begin(), path,
                                  [&](const api::CdnPath& before) { return before.covers(*path); });
        if (first != path) {
            return problemOf("PathShadowed", path->match,
                             "`cdn.paths`: it never counts, because \"" + first->match +
                                 "\" before it matches all of it: put it before that one, or "
                                 "remove it");
        }
    }
    return std::nullopt;
}

TierIntents intents(const ScalableApp& app, const Observed& observed) {
    TierIntents out;
    out.problem = shadowedPath(*app.cdn);
    if (out.problem) {
        return out;
    }
    auto epoch = epochOf(app, observed).value;
    auto groups = edgeGroups(app);
    out.objects.push_back(originService(app, observed));
    // A budget for the only pod would let no node be drained.
    if (std::ssize(groups) * app.cdn->replicasPerZone > 1) {
        out.objects.push_back(budgetOf(app));
    }
    for (const auto& group : groups) {
        auto deployment = deploymentOf(app, group, epoch);
        if (!deployment) {
            out.problem = problemOf("InvalidPatch", "", deployment.error().message);
            return out;
        }
        out.objects.push_back(std::move(*deployment));
        out.scales.push_back({.apiVersion = "apps/v1",
                              .kind = "Deployment",
                              .namespace_ = app.namespace_,
                              .name = group.name,
                              .replicas = app.cdn->replicasPerZone});
    }
    if (!edgesCurrent(app, observed)) {
        out.staying = leavingEdges(app, observed);
    }
    // Not by the Deployment's template: that would be a rollout.
    tellPods(observed, kEdgeTier, kEpochAnnotation, epoch, out);
    return out;
}

bool wanted(const ScalableApp& app) {
    return app.cdn.has_value();
}

// Everything, until the public Service leads past the edges; then what the last of them need for
// the requests they still have.
std::vector<const Json*> lingering(const ScalableApp& app, const Observed& observed) {
    auto all = childrenOf(observed, kEdgeTier);
    if (entryOf(app, observed) == kEdgeTier) {
        return all;
    }
    auto isPod = [](const Json* child) { return base::stringAt(*child, "/kind") == "Pod"; };
    const auto* origin = findChild(observed, "Service", originName(app));
    bool needed = origin != nullptr && std::any_of(all.begin(), all.end(), isPod);
    return needed ? std::vector{origin} : std::vector<const Json*>();
}

}  // namespace

bool edgesCurrent(const ScalableApp& app, const Observed& observed) {
    auto groups = edgeGroups(app);
    auto epoch = epochOf(app, observed).value;
    return std::all_of(groups.begin(), groups.end(), [&](const EdgeGroup& group) {
        const auto* deployment = findChild(observed, "Deployment", group.name);
        auto asked = deploymentOf(app, group, epoch);
        if (deployment == nullptr || !asked || differs(*asked, *deployment)) {
            return false;
        }
        auto count = [&](const char* pointer) {
            return base::intAt(*deployment, pointer).value_or(0);
        };
        return count("/status/observedGeneration") >= count("/metadata/generation") &&
               count("/status/updatedReplicas") >= app.cdn->replicasPerZone &&
               count("/status/availableReplicas") >= app.cdn->replicasPerZone &&
               count("/status/replicas") == count("/status/updatedReplicas");
    });
}

bool edgesServe(const Observed& observed) {
    auto children = childrenOf(observed, kEdgeTier);
    return std::any_of(children.begin(), children.end(), [](const Json* child) {
        return base::stringAt(*child, "/kind") == "Deployment" &&
               base::intAt(*child, "/status/availableReplicas").value_or(0) > 0;
    });
}

bool hasAskedConfig(const ScalableApp& app, const Json& pod) {
    const auto* notes = base::at(pod, "/metadata/annotations");
    return notes != nullptr && notes->value(kConfigAnnotation, "") == configOf(app);
}

Tier cdnTier() {
    return {.name = kEdgeTier,
            .condition = "CDNReady",
            .alsoSets = {"ServingStale"},
            .wanted = wanted,
            .intents = intents,
            .state = cdnState,
            .lingering = lingering,
            .hop = cdnHop};
}

}  // namespace plan
