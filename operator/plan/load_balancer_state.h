// How the load balancer tier does: its pods, and what their circuit breakers say.
//
//   TierState state = plan::balancerState(app, observed);
//
// Thread safety: pure function.
#pragma once

#include "plan/tier.h"

namespace plan {

TierState balancerState(const api::ScalableApp& app, const Observed& observed);
std::optional<Hop> balancerHop(const HopEvidence& seen);

}  // namespace plan
