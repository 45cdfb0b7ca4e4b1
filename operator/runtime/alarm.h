// Calls a function at a given time unless called off before: the deadline of work that blocks.
//
//   runtime::Alarm alarm(clock);
//   auto bell = alarm.at(clock.steady() + 10s, [&] { source.request_stop(); });
//   work(source.get_token());
//   // the bell's end calls it off, and waits for a call that is just running
//
// One thread, asleep while nothing is due. A bell must not end inside its own function.
// Thread safety: all members from any thread.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace runtime {

class Alarm {
  public:
    using Bell = std::shared_ptr<void>;

    explicit Alarm(const base::Clock& clock);
    ~Alarm();  // every bell is silent from here on
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    [[nodiscard]] Bell at(base::SteadyTime time, std::function<void()> ring);
    // Reads the clock again: for clocks that jump (tests).
    void wake();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace runtime
