// The stage of growth that a spec describes, by name.
//
//   plan::stageOf(app);    // "SingleServer", "LoadBalancer", "CDN", "MultiZone"
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "api/scalable_app.h"

namespace plan {

std::string stageOf(const api::ScalableApp& app);

}  // namespace plan
