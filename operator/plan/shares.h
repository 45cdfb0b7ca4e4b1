// A number of pods, split over zones by weight.
//
//   plan::shares(6, {100, 100, 50});    // {2, 3, 1}: they add up to 6
//
// Given out one by one (Webster's method, the first to each zone): one pod more changes one zone's
// share by one, so that scaling never moves pods between zones. Thread safety: pure function.
#pragma once

#include <cstdint>
#include <vector>

namespace plan {

// A zone of weight 0 gets none; with fewer pods than zones the heaviest come first.
std::vector<int64_t> shares(int64_t count, const std::vector<int64_t>& weights);

}  // namespace plan
