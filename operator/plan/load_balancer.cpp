#include "plan/load_balancer.h"

#include <algorithm>
#include <set>

#include "plan/children.h"
#include "plan/diff.h"
#include "plan/entry.h"
#include "plan/haproxy.h"
#include "plan/haproxy_pods.h"
#include "plan/haproxy_retry.h"
#include "plan/load_balancer_state.h"
#include "plan/names.h"
#include "plan/notes.h"
#include "plan/patience.h"
#include "plan/pod_template.h"
#include "plan/web_groups.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

constexpr const char* kContainer = "haproxy";
constexpr const char* kConfigAnnotation = "scalableapp.dev/haproxy.cfg";
constexpr const char* kScriptAnnotation = "scalableapp.dev/web-pods.lua";
constexpr const char* kRetryAnnotation = "scalableapp.dev/retry.lua";
constexpr const char* kConfigFolder = "/etc/scalableapp";
constexpr const char* kConfigFile = "haproxy.cfg";
constexpr int64_t kUser = 99;  // "haproxy" of the image

// Rarely another number when bounds change: a new number is a new configuration.
int64_t slotsFor(int64_t most) {
    int64_t slots = 8;
    while (slots < most + most / 4 + 1) {
        slots *= 2;
    }
    return slots;
}

HaproxyPool poolOf(const ScalableApp& app, const std::string& zone, int64_t most) {
    HaproxyPool out{.name = poolName(zone),
                    .service = webName(app, zone) + "." + app.namespace_,
                    .weight = api::kDefaultZoneWeight,
                    .slots = slotsFor(most)};
    for (const auto& one : app.zones) {
        if (one.name == zone && one.weight > 0) {
            out.weight = one.weight;
        }
    }
    return out;
}

// By zone, the most pods that are asked for there.
using ZonesServed = std::vector<std::pair<std::string, int64_t>>;

// As if nothing had left yet: until the others have what they need, balancers stay as they are.
ScalableApp beforeHandover(const ScalableApp& app, const Handover& handover) {
    ScalableApp out = app;
    for (const auto* deployment : handover.leaving) {
        auto zone = std::find_if(out.zones.begin(), out.zones.end(),
                                 [&](const auto& one) { return one.name == zoneOf(*deployment); });
        if (zone != out.zones.end() && zone->weight == 0) {
            zone->weight = api::kDefaultZoneWeight;
        }
    }
    return out;
}

void inOrderOf(const std::vector<api::Zone>& zones, ZonesServed& served) {
    auto place = [&](const std::string& name) {
        return std::find_if(zones.begin(), zones.end(),
                            [&](const auto& zone) { return zone.name == name; });
    };
    std::stable_sort(served.begin(), served.end(),
                     [&](const auto& a, const auto& b) { return place(a.first) < place(b.first); });
}

// Every zone that is to have pods, and what leaves for as long as it is needed: taken out here
// first, so that a drained zone loses its traffic before its pods.
ZonesServed zonesServed(const ScalableApp& app, const Handover& handover) {
    // Not what a zone has now: a lost one must not bring every balancer a new configuration.
    auto rooms = roomsOf(handover.covered ? app : beforeHandover(app, handover));
    auto room = [&](const std::string& zone) {
        auto found = rooms.find(zone);
        return found == rooms.end() ? app.web.mostReplicas() : found->second;
    };
    ZonesServed out;
    for (const auto& group : handover.groups) {
        out.emplace_back(group.zone, std::max(group.most, room(group.zone)));
    }
    for (const auto* deployment : handover.leaving) {
        if (!handover.covered) {
            out.emplace_back(zoneOf(*deployment), room(zoneOf(*deployment)));
        }
    }
    inOrderOf(app.zones, out);
    return out;
}

// What leaves has its name as long as it is there: a balancer that is on its way out may ask it.
std::set<std::string> zonesNamed(const Handover& handover) {
    std::set<std::string> out;
    for (const auto& group : handover.groups) {
        out.insert(group.zone);
    }
    for (const auto* deployment : handover.leaving) {
        out.insert(zoneOf(*deployment));
    }
    return out;
}

std::string configOf(const ScalableApp& app, const ZonesServed& served) {
    HaproxyModel model{.app = app.name,
                       .pools = {},
                       .healthPath = app.web.health.path,
                       .algorithm = app.loadBalancer.algorithm.value_or(api::Algorithm::RoundRobin),
                       .balancers = app.loadBalancer.replicas,
                       .resilience = app.resilience,
                       .behindEdge = app.cdn.has_value()};
    for (const auto& [zone, most] : served) {
        model.pools.push_back(poolOf(app, zone, most));
    }
    return haproxyConfig(model);
}

Json containerOf(const ScalableApp& app) {
    auto port = [](const char* name, int64_t number) {
        return Json{{"name", name}, {"containerPort", number}, {"protocol", "TCP"}};
    };
    return {
        {"name", kContainer},
        {"image", app.loadBalancer.image},
        {"command", Json::array({"/bin/sh", "-c", haproxyStart()})},
        {"ports", Json::array({port(kWebPort, kBalancerPort), port("admin", kBalancerAdminPort)})},
        {"resources", proxyResources(app.loadBalancer.resources)},
        {"startupProbe", adminProbe("/healthz", 2, 1, 30)},
        {"readinessProbe", adminProbe("/readyz", 2, 1, 3)},
        {"livenessProbe", proxyLiveness()},
        {"lifecycle", {{"preStop", {{"sleep", {{"seconds", kProxyDrainSeconds}}}}}}},
        {"volumeMounts",
         Json::array({{{"name", "config"}, {"mountPath", kConfigFolder}, {"readOnly", true}}})},
        {"securityContext",
         {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json configVolume(const ScalableApp& app) {
    std::vector<std::pair<const char*, const char*>> files{{kConfigFile, kConfigAnnotation},
                                                           {"web-pods.lua", kScriptAnnotation},
                                                           {"web-pods", kPodsAnnotation}};
    if (waitsToRetry(app.resilience)) {
        files.emplace_back("retry.lua", kRetryAnnotation);
    }
    auto items = Json::array();
    for (const auto& [path, annotation] : files) {
        std::string field = std::string("metadata.annotations['") + annotation + "']";
        items.push_back(
            {{"path", path}, {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", field}}}});
    }
    return {{"name", "config"}, {"downwardAPI", {{"items", items}}}};
}

base::Result<Json> podTemplate(const ScalableApp& app, const ZonesServed& served) {
    Json labels = labelsFor(app, kBalancerTier);
    Json out = proxyPod({.labels = labels,
                         .selector = selectorFor(app, kBalancerTier),
                         .user = kUser,
                         .graceSeconds = proxyGraceSeconds(answerSeconds(app.resilience)),
                         .container = containerOf(app),
                         .volumes = Json::array({configVolume(app)})});
    std::vector<std::string> zones;
    for (const auto& zone : app.zones) {
        if (std::any_of(served.begin(), served.end(),
                        [&](const auto& one) { return one.first == zone.name; })) {
            zones.push_back(zone.name);
        }
    }
    if (!zones.empty()) {
        out["spec"]["affinity"] = zoneAffinity(zones);
    }
    auto done = withOverrides(std::move(out), app.loadBalancer.overrides, labels);
    if (done) {
        (*done)["metadata"]["annotations"][kConfigAnnotation] = configOf(app, served);
        (*done)["metadata"]["annotations"][kScriptAnnotation] = podsScript();
        if (waitsToRetry(app.resilience)) {
            (*done)["metadata"]["annotations"][kRetryAnnotation] = retryScript();
        }
    }
    return done;
}

// Error: `overrides.podTemplatePatch` does not apply.
base::Result<Json> deploymentOf(const ScalableApp& app, const ZonesServed& served) {
    auto pod = podTemplate(app, served);
    if (!pod) {
        return base::fail(pod.error().message);
    }
    Json out = childOf(app, "apps/v1", "Deployment", balancerName(app), kBalancerTier);
    out["spec"] = {
        {"selector", {{"matchLabels", selectorFor(app, kBalancerTier)}}},
        {"progressDeadlineSeconds", app.progressDeadlineSeconds},
        {"revisionHistoryLimit", 3},
        {"strategy",
         {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}}},
        {"template", std::move(*pod)}};
    return out;
}

Json budgetOf(const ScalableApp& app) {
    Json out = childOf(app, "policy/v1", "PodDisruptionBudget", balancerName(app), kBalancerTier);
    out["spec"] = {{"selector", {{"matchLabels", selectorFor(app, kBalancerTier)}}},
                   {"maxUnavailable", 1},
                   {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
    return out;
}

// By which HAProxy finds the pods of one Deployment, each at its own port.
Json podsService(const ScalableApp& app, const std::string& zone) {
    Json out = childOf(app, "v1", "Service", webName(app, zone), kBalancerTier);
    out["spec"] = {{"clusterIP", "None"},
                   {"selector", webSelector(app, zone)},
                   {"ports", Json::array({{{"name", kWebPort},
                                           {"port", kBalancerPort},
                                           {"targetPort", kWebPort},
                                           {"protocol", "TCP"}}})}};
    return out;
}

TierIntents intents(const ScalableApp& app, const Observed& observed) {
    TierIntents out;
    auto handover = handoverOf(app, observed);
    auto deployment = deploymentOf(app, zonesServed(app, handover));
    if (!deployment) {
        out.problem = Cause{.reason = "InvalidPatch",
                            .subject = "",
                            .detail = deployment.error().message,
                            .since = "",
                            .needsHelp = true};
        return out;
    }
    for (const auto& zone : zonesNamed(handover)) {
        out.objects.push_back(podsService(app, zone));
    }
    out.objects.push_back(budgetOf(app));
    out.objects.push_back(std::move(*deployment));
    out.scales.push_back({.apiVersion = "apps/v1",
                          .kind = "Deployment",
                          .namespace_ = app.namespace_,
                          .name = balancerName(app),
                          .replicas = app.loadBalancer.replicas});
    tellPods(observed, kBalancerTier, kPodsAnnotation, podsText(observed), out);
    return out;
}

bool wanted(const ScalableApp& app) {
    return app.hasLoadBalancerTier();
}

// Everything, until nothing leads here any more.
std::vector<const Json*> lingering(const ScalableApp& app, const Observed& observed) {
    return leadsTo(app, observed, kBalancerTier) ? childrenOf(observed, kBalancerTier)
                                                 : std::vector<const Json*>();
}

}  // namespace

std::string balancerName(const ScalableApp& app) {
    return app.name + "-lb";
}

bool balancerCurrent(const ScalableApp& app, const Observed& observed) {
    const auto* deployment = findChild(observed, "Deployment", balancerName(app));
    if (deployment == nullptr) {
        return false;
    }
    auto count = [&](const char* pointer) { return base::intAt(*deployment, pointer).value_or(0); };
    auto wanted = deploymentOf(app, zonesServed(app, handoverOf(app, observed)));
    return wanted && !differs(*wanted, *deployment) &&
           count("/status/observedGeneration") >= count("/metadata/generation") &&
           count("/status/updatedReplicas") >= app.loadBalancer.replicas &&
           count("/status/availableReplicas") >= app.loadBalancer.replicas &&
           count("/status/replicas") == count("/status/updatedReplicas");
}

std::optional<base::WallTime> balancersAskUntil(const ScalableApp& app, const Observed& observed) {
    std::optional<base::WallTime> out;
    for (const auto* child : childrenOf(observed, kBalancerTier)) {
        if (base::stringAt(*child, "/kind") != "Pod") {
            continue;
        }
        // What is asked for no longer is deleted, if not yet.
        auto until = observed.now + std::chrono::seconds(kProxyDrainSeconds);
        auto goneAt = base::textAt(*child, "/metadata/deletionTimestamp");
        bool going = goneAt.empty() ? !app.hasLoadBalancerTier() : base::parseTime(goneAt, until);
        if (going && until > observed.now) {
            out = std::max(out.value_or(until), until);
        }
    }
    return out;
}

Tier loadBalancerTier() {
    return {.name = kBalancerTier,
            .condition = "LoadBalancerReady",
            .alsoSets = {"CircuitOpen"},
            .wanted = wanted,
            .intents = intents,
            .state = balancerState,
            .lingering = lingering,
            .hop = balancerHop};
}

}  // namespace plan
