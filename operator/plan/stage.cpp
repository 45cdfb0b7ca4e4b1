#include "plan/stage.h"

namespace plan {

std::string stageOf(const api::ScalableApp& app) {
    return app.web.mostReplicas() > 1 ? "LoadBalancer" : "SingleServer";
}

}  // namespace plan
