#include "runtime/boot_clock.h"

#include <ctime>

namespace runtime {
namespace {

class BootClock final : public base::Clock {
  public:
    base::SteadyTime steady() const override {
        timespec now{};
        clock_gettime(CLOCK_BOOTTIME, &now);
        return base::SteadyTime(std::chrono::seconds(now.tv_sec) +
                                std::chrono::nanoseconds(now.tv_nsec));
    }
    base::WallTime wall() const override { return base::systemClock().wall(); }
};

}  // namespace

const base::Clock& bootClock() {
    static const BootClock clock;
    return clock;
}

}  // namespace runtime
