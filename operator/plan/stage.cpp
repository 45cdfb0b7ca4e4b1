#include "plan/stage.h"

namespace plan {
namespace {

using api::ScalableApp;

// Pods come and go with the load, and nobody is tied to one of them.
bool isStateless(const ScalableApp& app) {
    return app.web.autoscaling && app.loadBalancer.algorithm != api::Algorithm::SourceIPHash;
}

}  // namespace

std::string stageOf(const ScalableApp& app) {
    if (api::activeZones(app.zones) > 1) {
        return "MultiZone";
    }
    if (isStateless(app)) {
        return "StatelessWeb";
    }
    if (app.cdn) {
        return "CDN";
    }
    bool several = app.web.mostReplicas() > 1 || app.hasLoadBalancerTier();
    return several ? "LoadBalancer" : "SingleServer";
}

}  // namespace plan
