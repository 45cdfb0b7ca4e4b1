// The furthest stage of growth that a spec describes, by name; examples/stages has one of each.
//
//   plan::stageOf(app);    // "SingleServer", "LoadBalancer", "CDN", "StatelessWeb", "MultiZone"
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "api/scalable_app.h"

namespace plan {

std::string stageOf(const api::ScalableApp& app);

}  // namespace plan
