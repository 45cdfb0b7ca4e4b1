// What the tiers made of Deployments tell of themselves in the same words.
//
//   std::string doing = plan::unfinished(workload, wanted, available, least);   // "RollingOut"
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "plan/root_cause.h"
#include "plan/tier.h"

namespace plan {

// 0 where there is no object or no such count.
int64_t countAt(const base::Json* object, const char* pointer);

std::string countOf(int64_t ready, int64_t wanted);  // "2 of 3 pods ready"

// What is left to do, in CamelCase; empty: nothing.
std::string unfinished(const Workload& workload, int64_t wanted, int64_t available, int64_t least);

std::vector<const base::Json*> readyPodsOf(const std::vector<const base::Json*>& children);

// A node or a zone that all of them are in.
std::vector<SinglePoint> sharedPlaces(const char* tier,
                                      const std::vector<const base::Json*>& readyPods);

}  // namespace plan
