#include "plan/stage.h"

namespace plan {

std::string stageOf(const api::ScalableApp& app) {
    if (api::activeZones(app.zones) > 1) {
        return "MultiZone";
    }
    if (app.cdn) {
        return "CDN";
    }
    return app.web.mostReplicas() > 1 ? "LoadBalancer" : "SingleServer";
}

}  // namespace plan
