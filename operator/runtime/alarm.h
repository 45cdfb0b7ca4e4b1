// The Timer of code that runs on threads: the deadline of work that blocks, the pause between two
// tries.
//
//   runtime::Alarm alarm(clock);
//   auto bell = alarm.at(clock.steady() + 10s, [&] { source.request_stop(); });
//   work(source.get_token());
//   // the bell's end calls it off, and waits for a call that is just running
//
// Bells ring on one thread, which begins with the first of them and sleeps while nothing is due.
// Thread safety: all members from any thread. Blocking: sleep, and the end of a bell.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "runtime/timer.h"

namespace runtime {

class Alarm final : public Timer {
  public:
    explicit Alarm(const base::Clock& clock);
    ~Alarm() override;  // every bell is silent from here on
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    [[nodiscard]] Bell at(base::SteadyTime time, std::function<void()> ring) override;
    [[nodiscard]] Bell every(std::chrono::milliseconds interval,
                             std::function<void()> ring) override;
    void sleep(std::chrono::milliseconds pause, const std::stop_token& stop) override;
    // Reads the clock again: for clocks that jump (tests).
    void wake();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace runtime
