// When to look again, where several know a time of their own: the first of them.
//
//   std::optional<std::chrono::milliseconds> lookAgain;
//   plan::sooner(lookAgain, deadline - now);
//   plan::sooner(lookAgain, resize.lookAgain);   // nothing, if that has none
//
// Thread safety: pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace plan {

inline void sooner(std::optional<std::chrono::milliseconds>& time,
                   const std::optional<std::chrono::milliseconds>& other) {
    if (other) {
        time = std::min(time.value_or(*other), *other);
    }
}

// A little after that moment: one that is met to the microsecond would have to be met twice.
inline std::chrono::milliseconds untilAfter(base::WallTime moment, base::WallTime now) {
    return std::chrono::ceil<std::chrono::milliseconds>(moment - now) +
           std::chrono::milliseconds(100);
}

}  // namespace plan
