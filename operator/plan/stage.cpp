#include "plan/stage.h"

namespace plan {

std::string stageOf(const api::ScalableApp& app) {
    if (api::activeZones(app.zones) > 1) {
        return "MultiZone";
    }
    return app.web.mostReplicas() > 1 ? "LoadBalancer" : "SingleServer";
}

}  // namespace plan
