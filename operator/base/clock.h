// Time as a dependency, so that tests own it.
//
//   struct Lease {
//       explicit Lease(const base::Clock& clock) : clock_(clock) {}
//       bool valid() const { return clock_.steady() < until_; }
//   };
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace base {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    // For durations and deadlines: never jumps.
    virtual SteadyTime steady() const = 0;
    // For stamps that people or other machines read: may jump.
    virtual WallTime wall() const = 0;
};

// The machine's clock.
const Clock& systemClock();

// "2026-01-31T12:00:00Z" (metav1.Time), "2026-01-31T12:00:00.123456Z" (metav1.MicroTime: Leases and
// Events) and "2026-01-31T12:00:00.5Z" (RFC 3339 with as many digits as the nanoseconds need).
std::string formatTime(WallTime time);
std::string formatMicroTime(WallTime time);
std::string formatNanoTime(WallTime time);
// Any RFC 3339 time between the years 1678 and 2261; what is finer than a nanosecond is cut off.
// Returns false and leaves `time` alone when the text is no such time.
bool parseTime(std::string_view text, WallTime& time);
// Of any two times: the difference of those that are 292 years apart has no room in a duration.
double secondsBetween(WallTime from, WallTime to);

// "4m", "90s", "2h5m": as kubectl prints an age, at most two units.
std::string formatAge(std::chrono::seconds age);

}  // namespace base
