#include "plan/entry.h"

#include "api/labels.h"
#include "plan/children.h"
#include "plan/load_balancer.h"
#include "plan/names.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;

const char* nextEntry(const ScalableApp& app, const Observed& observed) {
    if (!app.hasLoadBalancerTier()) {
        return kWebTier;
    }
    if (observed.assumeServing) {
        return kBalancerTier;
    }
    if (entryOf(app, observed) != kBalancerTier) {
        return balancerCurrent(app, observed) ? kBalancerTier : kWebTier;
    }
    const auto* balancer = findChild(observed, "Deployment", balancerName(app));
    bool any =
        balancer != nullptr && base::intAt(*balancer, "/status/availableReplicas").value_or(0) > 0;
    return any ? kBalancerTier : kWebTier;
}

}  // namespace

std::string entryOf(const ScalableApp& app, const Observed& observed) {
    const auto* service = findChild(observed, "Service", app.name);
    const auto* selector = service == nullptr ? nullptr : base::at(*service, "/spec/selector");
    return selector == nullptr ? "" : selector->value(api::kTierLabel, "");
}

Json publicService(const ScalableApp& app, const Observed& observed) {
    const char* entry = nextEntry(app, observed);
    Json out = childOf(app, "v1", "Service", app.name, kWebTier);
    bool outside = app.loadBalancer.exposure == api::Exposure::LoadBalancer;
    out["spec"] = {{"type", outside ? "LoadBalancer" : "ClusterIP"},
                   {"selector", selectorFor(app, entry)},
                   {"ports", Json::array({{{"name", kWebPort},
                                           {"port", kPublicPort},
                                           {"targetPort", kWebPort},
                                           {"protocol", "TCP"}}})}};
    if (entry == std::string(kWebTier) && !app.zones.empty()) {
        // Its successor PreferSameZone is not known before Kubernetes 1.34; this one is taken by
        // all.
        out["spec"]["trafficDistribution"] = "PreferClose";
    }
    // Each balancer finds the pods in its own order: a client keeps its pod as long as it keeps its
    // balancer.
    bool sticky = app.loadBalancer.algorithm == api::Algorithm::SourceIPHash;
    if (sticky && entry == std::string(kBalancerTier)) {
        out["spec"]["sessionAffinity"] = "ClientIP";
    }
    return out;
}

bool mayLeave(const ScalableApp& app, const Observed& observed, const Handover& handover) {
    if (!handover.covered) {
        return false;
    }
    if (entryOf(app, observed) != kBalancerTier) {
        return true;
    }
    return app.hasLoadBalancerTier() && balancerCurrent(app, observed);
}

}  // namespace plan
