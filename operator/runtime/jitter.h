// The random part of a pause. Those who decide how long to pause take it as a function, so that a
// test can say what it is.
//
//   LeaderCore core(client, options, clock, alarm, metrics, randomJitter());
#pragma once

#include <functional>

namespace runtime {

// A function that answers another number from [0, 1) at every call. Not for several threads at
// once.
std::function<double()> randomJitter();

}  // namespace runtime
