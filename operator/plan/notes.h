// What pods that are there already are told, each by itself: an annotation, which their downward
// volume makes a file of.
//
//   plan::tellPods(observed, kEdgeTier, kEpochAnnotation, epoch, intents);
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "plan/tier.h"

namespace plan {

// Adds a note for every pod of the tier that says otherwise and stays. A missing annotation says
// "".
void tellPods(const Observed& observed, const std::string& tier, const std::string& annotation,
              const std::string& value, TierIntents& out);

}  // namespace plan
