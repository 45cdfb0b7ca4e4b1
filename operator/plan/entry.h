// The way into an application: which pods the public Service leads to.
//
//   Json service = plan::publicService(app, observed);
//
// It leads to the outermost tier that is asked for and serves, and changes over only when all pods
// of the next one are ready; what it led to before goes only when it does so no longer. When no
// load balancer is left, it leads to the web pods: less resilience is better than no answer.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "api/scalable_app.h"
#include "base/json.h"
#include "plan/plan.h"
#include "plan/web_groups.h"

namespace plan {

inline constexpr int64_t kPublicPort = 80;

// The tier whose pods the Service leads to now; empty: there is no Service yet.
std::string entryOf(const api::ScalableApp& app, const Observed& observed);

base::Json publicService(const api::ScalableApp& app, const Observed& observed);

// Whether nothing leads to the leaving Deployments of the web tier any more.
bool mayLeave(const api::ScalableApp& app, const Observed& observed, const Handover& handover);

}  // namespace plan
