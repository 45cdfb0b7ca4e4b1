// What code that waits needs of time: a call at a given moment, a pause that can be broken off.
// Threads take it from an Alarm; a simulation, which has none, brings its own.
//
//   auto bell = timer.at(clock.steady() + 10s, [&] { source.request_stop(); });
//   auto reminder = timer.every(10s, [&] { warn(); });
//   timer.sleep(800ms, stop);
//   // the bell's end calls it off, and waits for a call that is just running
//
// Thread safety: all members from any thread. Blocking: sleep, and the end of a bell.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/clock.h"

namespace runtime {

class Timer {
  public:
    using Bell = std::shared_ptr<void>;

    virtual ~Timer() = default;
    // A bell must not end inside its own function.
    [[nodiscard]] virtual Bell at(base::SteadyTime time, std::function<void()> ring) = 0;
    // Again and again, the first time after one interval.
    [[nodiscard]] virtual Bell every(std::chrono::milliseconds interval,
                                     std::function<void()> ring) = 0;
    // Returns early when asked to stop.
    virtual void sleep(std::chrono::milliseconds pause, const std::stop_token& stop) = 0;
};

}  // namespace runtime
