// How the web tier does, over all its Deployments.
//
//   TierState state = plan::webState(app, observed);
//
// Thread safety: pure function.
#pragma once

#include "plan/tier.h"

namespace plan {

TierState webState(const api::ScalableApp& app, const Observed& observed);
std::optional<Hop> webHop(const HopEvidence& seen);

}  // namespace plan
