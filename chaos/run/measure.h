// The numbers of a run, out of its status and the probe's series. Clocks: outages and latencies are
// the probe's own; recovery times are the controller's; the two meet only at the edges of the
// phases, where kClocksApart and the second that is cut are left out of "before" and "after" and
// charged to "during": whatever a clock says within that, no request of the fault is called quiet.
//
// Thread safety: pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "chaos/probe/samples.h"
#include "chaos/probes/window.h"
#include "chaos/run/status.h"

namespace chaos::run {

// What the clocks of the probe and of the controller may differ; clockProblem tells of more.
inline constexpr std::chrono::seconds kClocksApart{2};

// `step`: of the visitors that a LoadStep adds. They are visitors, and judged with the others.
// Precondition: intentAt and observedUntil are set.
Measurements measure(const Status& status, const probe::Series& series,
                     const probe::Series& step = {});

// What visitors met before a fault that is intended at that moment, the application being well
// since `wellSince`. The steady state is decided on what the verdict will see.
probes::Window beforeFault(base::WallTime wellSince, const probe::Series& series,
                           base::WallTime intent);

// The whole series in columns, at most kMaxColumns long; -1 requests where the probe was blind.
Columns columns(const probe::Series& series);

PhaseMeasure toPhase(const probes::Window& window);

// Why the probe's clock cannot be trusted to be ours; empty when it can. `now`: when the log was
// read while the probe was running. A line takes time to arrive: of several looks, one without a
// problem is proof enough.
std::string clockProblem(const probe::Series& series, base::WallTime now);

}  // namespace chaos::run
