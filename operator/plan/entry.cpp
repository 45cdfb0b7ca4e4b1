#include "plan/entry.h"

#include "api/labels.h"
#include "plan/cdn.h"
#include "plan/children.h"
#include "plan/load_balancer.h"
#include "plan/names.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

std::string entryAt(const Observed& observed, const std::string& name) {
    const auto* service = findChild(observed, "Service", name);
    const auto* selector = service == nullptr ? nullptr : base::at(*service, "/spec/selector");
    return selector == nullptr ? "" : selector->value(api::kTierLabel, "");
}

// Where the Service of this name is to lead, the edges aside.
const char* nextInner(const ScalableApp& app, const Observed& observed, const std::string& name) {
    if (!app.hasLoadBalancerTier()) {
        return kWebTier;
    }
    if (observed.assumeServing) {
        return kBalancerTier;
    }
    if (entryAt(observed, name) != kBalancerTier) {
        return balancerCurrent(app, observed) ? kBalancerTier : kWebTier;
    }
    const auto* balancer = findChild(observed, "Deployment", balancerName(app));
    bool any =
        balancer != nullptr && base::intAt(*balancer, "/status/availableReplicas").value_or(0) > 0;
    return any ? kBalancerTier : kWebTier;
}

const char* nextEntry(const ScalableApp& app, const Observed& observed) {
    if (!app.cdn) {
        return nextInner(app, observed, app.name);
    }
    if (observed.assumeServing) {
        return kEdgeTier;
    }
    bool serve =
        entryOf(app, observed) == kEdgeTier ? edgesServe(observed) : edgesCurrent(app, observed);
    return serve ? kEdgeTier : nextInner(app, observed, app.name);
}

// Whether who asks decides about who answers.
bool goesByAddress(const ScalableApp& app, const std::string& entry) {
    return app.loadBalancer.algorithm == api::Algorithm::SourceIPHash && entry != kWebTier;
}

Json serviceTo(const ScalableApp& app, const std::string& name, const char* tier,
               const char* entry) {
    Json out = childOf(app, "v1", "Service", name, tier);
    out["spec"] = {{"type", "ClusterIP"},
                   {"selector", selectorFor(app, entry)},
                   {"ports", Json::array({{{"name", kWebPort},
                                           {"port", kPublicPort},
                                           {"targetPort", kWebPort},
                                           {"protocol", "TCP"}}})}};
    bool zoned = entry == std::string(kWebTier) || entry == std::string(kEdgeTier);
    if (zoned && !app.zones.empty()) {
        // Its successor PreferSameZone is not known before Kubernetes 1.34; this one is kept by
        // every version from the oldest that is supported on: an older one drops it in silence.
        out["spec"]["trafficDistribution"] = "PreferClose";
    }
    // Each balancer finds the pods in its own order: a client keeps its pod as long as it keeps its
    // balancer.
    if (goesByAddress(app, entry)) {
        out["spec"]["sessionAffinity"] = "ClientIP";
    }
    return out;
}

}  // namespace

std::string entryOf(const ScalableApp& app, const Observed& observed) {
    return entryAt(observed, app.name);
}

std::string innerEntryOf(const ScalableApp& app, const Observed& observed) {
    auto entry = entryOf(app, observed);
    return entry == kEdgeTier ? entryAt(observed, originName(app)) : entry;
}

bool leadsTo(const ScalableApp& app, const Observed& observed, const std::string& tier) {
    return entryOf(app, observed) == tier || entryAt(observed, originName(app)) == tier;
}

void annotateWayIn(const ScalableApp& app, Json& object) {
    for (const auto& annotation : app.loadBalancer.annotations) {
        object["metadata"]["annotations"][annotation.name] = annotation.value;
    }
}

Json publicService(const ScalableApp& app, const Observed& observed) {
    const char* entry = nextEntry(app, observed);
    Json out = serviceTo(app, app.name, kWebTier, entry);
    if (app.loadBalancer.exposure == api::Exposure::LoadBalancer) {
        out["spec"]["type"] = "LoadBalancer";
        // Else a node hands requests on to others in its own name, and all its clients are one.
        if (goesByAddress(app, entry)) {
            out["spec"]["externalTrafficPolicy"] = "Local";
        }
    }
    if (app.loadBalancer.exposure == api::Exposure::LoadBalancer ||
        app.loadBalancer.exposure == api::Exposure::ClusterIP) {
        annotateWayIn(app, out);
    }
    return out;
}

Json originService(const ScalableApp& app, const Observed& observed) {
    const char* entry = nextInner(app, observed, originName(app));
    return serviceTo(app, originName(app), kEdgeTier, entry);
}

bool mayLeave(const ScalableApp& app, const Observed& observed, const Handover& handover) {
    if (!handover.covered || balancersAskUntil(app, observed)) {
        return false;
    }
    if (!leadsTo(app, observed, kBalancerTier)) {
        return true;
    }
    return app.hasLoadBalancerTier() && balancerCurrent(app, observed);
}

}  // namespace plan
