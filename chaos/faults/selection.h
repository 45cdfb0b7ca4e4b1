// Who gets hit: a uniform sample that anybody can draw again from the seed that the run recorded.
//
//   std::vector<size_t> hit = faults::sample(pods.size(), 2, seed);   // indexes, ascending
//
// Every subset of that size is equally likely. The same seed and size give the same sample on every
// machine and with every compiler: the generator is written out here.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chaos::faults {

// `count` of the indexes 0..size-1, ascending; all of them when count >= size.
std::vector<size_t> sample(size_t size, size_t count, uint64_t seed);

}  // namespace chaos::faults
