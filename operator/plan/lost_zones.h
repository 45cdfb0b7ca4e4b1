// Zones that have lost every pod while the others are whole: what they lack is shared among the
// others for as long as that lasts.
//
//   LostZones lost = plan::lostZones(app, webGroups(app), children, observed.now);
//   lost.returning.at("z1");    // with how many pods it has to come back
//
// A zone is lost when it had its pods (a rollout or a start is none of this), has had no ready one
// for half a minute, and every zone that is not in the same state is whole. That is remembered on
// its Deployment until it is back with as many pods as its share of those that serve then: what the
// others gave out in its place goes only when it is there. Thread safety: pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/web_groups.h"

namespace plan {

struct LostZones {
    // By name of the zone: the pods with which it takes its share back.
    std::map<std::string, int64_t> returning;
    // When time alone may make a zone a lost one.
    std::optional<std::chrono::milliseconds> lookAgain;
};

inline constexpr const char* kLostAnnotation = "scalableapp.dev/zone-lost";

// `groups`: those of a spec of which no zone is lost.
LostZones lostZones(const api::ScalableApp& app, const std::vector<WebGroup>& groups,
                    const std::vector<const base::Json*>& children, base::WallTime now);

}  // namespace plan
