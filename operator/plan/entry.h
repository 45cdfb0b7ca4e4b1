// The way into an application: which pods the public Service leads to.
//
//   Json service = plan::publicService(app, observed);
//
// Behind an edge tier there is a second such Service, <app>-origin, which the edges ask: it leads
// to where the public one would lead without them.
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

// The same of what is behind the edges, where the public Service leads to them.
std::string innerEntryOf(const api::ScalableApp& app, const Observed& observed);

// Whether any of the two Services leads to this tier's pods.
bool leadsTo(const api::ScalableApp& app, const Observed& observed, const std::string& tier);

// Puts `loadBalancer.annotations` onto the object by which requests come in.
void annotateWayIn(const api::ScalableApp& app, base::Json& object);

base::Json publicService(const api::ScalableApp& app, const Observed& observed);

// Of the edge tier.
base::Json originService(const api::ScalableApp& app, const Observed& observed);

// Whether nothing leads to the leaving Deployments of the web tier any more, nor asks them.
bool mayLeave(const api::ScalableApp& app, const Observed& observed, const Handover& handover);

}  // namespace plan
