// Sweeps (sweep.h) every few seconds for as long as this process leads, and tells what it found in
// its log and its metrics. The chaos process does so for all that runs left behind; the operator,
// where the chart lets it, only for what is long overdue, in case that no chaos process is there.
//
//   chaos::SweepLoop loop(manager, {.namespaces = {}, .sweep = {.nodes = true}, .every = 5s},
//   {.power = power}); return manager.run();
//
// Must outlive the manager's run(). Thread safety: the constructor only, before run().
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "chaos/sweep.h"
#include "runtime/manager.h"

namespace chaos {

struct SweepLoopOptions {
    std::vector<std::string> namespaces;  // empty: all
    SweepOptions sweep;                   // its namespace is set by the loop
    std::chrono::seconds every{5};
};

class SweepLoop {
  public:
    SweepLoop(runtime::Manager& manager, SweepLoopOptions options, Drivers drivers);
    SweepLoop(const SweepLoop&) = delete;
    SweepLoop& operator=(const SweepLoop&) = delete;

  private:
    void run(runtime::Metrics& metrics, const std::stop_token& stop);

    SweepLoopOptions options_;
    Sweep sweep_;
};

}  // namespace chaos
