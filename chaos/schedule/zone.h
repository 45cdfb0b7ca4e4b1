// A time zone by its IANA name, out of the system's own database: what a clock on the wall there
// shows, and for how long it goes on without a jump.
//
//   auto zone = schedule::Zone::named("Europe/Berlin");     // error: no such zone here
//   auto rule = zone->at(now);                              // rule.offset, until rule.end
//
// The database is the machine's (package tzdata), found by the library; an image without one knows
// only UTC.
// Thread safety: values; named() from any thread.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace date {
class time_zone;
}

namespace chaos::schedule {

class Zone {
  public:
    // From `begin` until before `end`, local time is UTC plus `offset`.
    struct Rule {
        base::WallTime begin;
        base::WallTime end;
        std::chrono::seconds offset{0};
    };

    static Zone utc() { return Zone(nullptr); }
    // Empty means UTC. "Local" is nobody's: which machine's?
    static base::Result<Zone> named(const std::string& name);

    Rule at(base::WallTime time) const;

  private:
    explicit Zone(const date::time_zone* zone) : zone_(zone) {}
    const date::time_zone* zone_;
};

}  // namespace chaos::schedule
