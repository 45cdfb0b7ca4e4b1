// The numbers of a run, out of its status and the probe's series. Clocks: outages and latencies are
// the probe's own; recovery times are the controller's; the two meet only at the edges of the
// phases, where a second on each side is left out of "before" and "after" and charged to "during".
//
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>

#include "chaos/probe/samples.h"
#include "chaos/probes/window.h"
#include "chaos/run/status.h"

namespace chaos::run {

// Precondition: intentAt and observedUntil are set.
Measurements measure(const Status& status, const probe::Series& series);

// The whole series in columns, at most kMaxColumns long; -1 requests where the probe was blind.
Columns columns(const probe::Series& series);

PhaseMeasure toPhase(const probes::Window& window);

// Why the probe's clock cannot be trusted to be ours; empty when it can. `now`: when the log was
// read while the probe was running.
std::string clockProblem(const probe::Series& series, base::WallTime now);

}  // namespace chaos::run
