// The pods of the web tier: what runs in them, where, and what selects them.
//
//   auto pod = plan::webTemplate(app, "z1");   // bound to the zone; "" : wherever there is room
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "base/result.h"

namespace plan {

inline constexpr const char* kWebTier = "web";
inline constexpr const char* kWebPort = "http";  // by name: during a change each pod has its own
inline constexpr const char* kDefaultCpuRequest = "100m";

// The autoscaler measures use against the request: without one it could not work.
bool needsCpuRequest(const api::ScalableApp& app);

base::Json webLabels(const api::ScalableApp& app, const std::string& zone);
base::Json webSelector(const api::ScalableApp& app, const std::string& zone);

// On nodes of these zones only.
base::Json zoneAffinity(const std::vector<std::string>& zones);

// Error: `overrides.podTemplatePatch` does not apply.
base::Result<base::Json> webTemplate(const api::ScalableApp& app, const std::string& zone);

}  // namespace plan
