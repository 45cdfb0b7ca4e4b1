#include "cli/token.h"

#include <chrono>

#include "base/clock.h"

namespace cli {

std::string freshToken() {
    auto now = base::systemClock().wall();
    auto fraction = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    return base::formatTime(now) + "-" + std::to_string(fraction.count() % 1000000);
}

}  // namespace cli
