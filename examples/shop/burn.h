// Uses the processor for a while: the load that an autoscaler sees.
//
//   shop::burn(std::chrono::milliseconds(50));
//
// Blocks the calling thread. Thread safety: any thread.
#pragma once

#include <chrono>

namespace shop {

// Counts CPU time of this thread, not the time on the wall: on a throttled or crowded machine it
// takes longer, and the work done stays the same.
void burn(std::chrono::milliseconds cpuTime);

}  // namespace shop
