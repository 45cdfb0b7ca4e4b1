// Prediction against observation, line by line. A wrong prediction is a finding, not a failure: it
// says that the application is not understood.
//
//   status.comparison = run::compare(status);   // after it was measured
//
// Thread safety: pure.
#pragma once

#include <vector>

#include "chaos/run/status.h"

namespace chaos::run {

std::vector<Comparison> compare(const Status& status);

}  // namespace chaos::run
