// A clock that stands still until the test moves it.
//
//   test::FakeClock clock;
//   clock.advance(15s);
//
// Thread safety: all members from any thread.
#pragma once

#include <chrono>
#include <mutex>

#include "base/clock.h"

namespace test {

class FakeClock final : public base::Clock {
  public:
    base::SteadyTime steady() const override {
        std::lock_guard lock(mutex_);
        return base::SteadyTime(std::chrono::hours(1)) + passed_;
    }
    base::WallTime wall() const override {
        std::lock_guard lock(mutex_);
        return base::WallTime(std::chrono::seconds(1767225600)) +
               std::chrono::duration_cast<base::WallTime::duration>(passed_);
    }
    void advance(std::chrono::nanoseconds by) {
        std::lock_guard lock(mutex_);
        passed_ += by;
    }

  private:
    mutable std::mutex mutex_;
    std::chrono::nanoseconds passed_{};
};

}  // namespace test
