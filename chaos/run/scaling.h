// The autoscaler's stopwatch: load step -> metric -> more asked for -> ready -> latency back, and
// whether it overshot, flapped, and came down again.
//
//   run::beginScaling(status, asked);                 // with the intent
//   run::watchScaling(status, seen, asked, ready);    // at every look from then on
//   run::finishScaling(status, series, stepSeries);   // when the series are known
//
// Moments are the controller's, to the precision of its looks (a second at most); the load's begin
// and the latency's return are the probe's.
// Thread safety: pure.
#pragma once

#include "chaos/run/seen.h"

namespace chaos::run {

void beginScaling(Status& status, int64_t asked);
// `ready`: pods that serve now; `asked`: replicas asked for.
void watchScaling(Status& status, const Seen& seen, int64_t asked, int64_t ready);

// Latency is back when from then on no second has a p99 over twice the one before the fault, or
// over 100 ms where that is more, while the load lasts.
void finishScaling(Status& status, const probe::Series& series, const probe::Series& step);

}  // namespace chaos::run
