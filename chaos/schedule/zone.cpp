#include "chaos/schedule/zone.h"

#include <date/tz.h>

#include <algorithm>

namespace chaos::schedule {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

// The library's rules may begin and end where a clock with more digits overflows.
base::WallTime bounded(date::sys_seconds time) {
    constexpr auto kFar = std::chrono::hours(24 * 365 * 250);
    auto since = std::clamp<seconds>(time.time_since_epoch(), -duration_cast<seconds>(kFar),
                                     duration_cast<seconds>(kFar));
    return base::WallTime(since);
}

}  // namespace

base::Result<Zone> Zone::named(const std::string& name) {
    if (name.empty() || name == "UTC" || name == "Etc/UTC") {
        return utc();
    }
    try {
        if (name != "Local") {
            return Zone(date::locate_zone(name));
        }
    } catch (const std::exception&) {
        // Told below: what the library says names files of this machine.
    }
    return base::fail("spec.timeZone \"" + name +
                      "\": no such time zone here: use an IANA name as Europe/Berlin, or leave it "
                      "out for UTC");
}

Zone::Rule Zone::at(base::WallTime time) const {
    auto at = std::chrono::floor<seconds>(time);
    if (zone_ == nullptr) {
        return {bounded(date::sys_seconds::min()), bounded(date::sys_seconds::max()), seconds(0)};
    }
    auto info = zone_->get_info(at);
    return {bounded(info.begin), bounded(info.end), info.offset};
}

}  // namespace chaos::schedule
