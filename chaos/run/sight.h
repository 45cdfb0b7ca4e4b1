// What the controller did not see: it was restarted, another one took over, the API server did not
// answer, a switch took its time. Whatever is first seen at the end of such a gap happened
// somewhere within it, so that a moment has an earliest and a latest time and a measure two bounds.
//
//   run::noteLook(status, seen.lastLook, seen.now);        // at every look while a run is watched
//   auto span = run::between(run::seenAt(status, from), run::lastingSince(status,
//   *status.wholeAt)); if (span->atMost <= limit) { holds } else if (span->atLeast > limit) { is
//   broken } else { ? }
//
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>

#include "chaos/run/status.h"

namespace chaos::run {

// Looks are a second apart at most, plus what reading takes; what is further apart is a gap.
inline constexpr std::chrono::seconds kOutOfSight{3};

// `last`: the last look of this process whose outcome is written down; empty: it knows of none, and
// only what is durable counts. A clock that goes back between two looks is told as clockProblem.
void noteLook(Status& status, std::optional<base::WallTime> last, base::WallTime now);

struct Moment {
    base::WallTime earliest;
    base::WallTime latest;
};
// Of what was seen at that time for the first time.
Moment seenAt(const Status& status, base::WallTime at);
// Of the beginning of what lasts since, as far as anybody saw: it may have been lost and regained
// in a later gap.
Moment lastingSince(const Status& status, base::WallTime at);

struct Span {
    int64_t atLeast = 0;  // milliseconds
    int64_t atMost = 0;
    bool operator==(const Span&) const = default;
};
// Empty when either never happened. Never negative.
std::optional<Span> between(const std::optional<Moment>& from, const std::optional<Moment>& to);

// "nobody watched for 15.9 s from 10:00:03 on (...)": the longest gap, for people; empty: none.
std::string unwatched(const Status& status);

}  // namespace chaos::run
