// How the edge tier does: its pods, the epoch they are on, and whether they still reach an origin.
//
//   TierState state = plan::cdnState(app, observed);
//
// Thread safety: pure function.
#pragma once

#include "plan/tier.h"

namespace plan {

TierState cdnState(const api::ScalableApp& app, const Observed& observed);
std::optional<Hop> cdnHop(const HopEvidence& seen);

}  // namespace plan
