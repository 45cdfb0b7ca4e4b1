// The durable memory of one run: `status` of a ChaosRun. Whatever a step of a run depends on is in
// here, so that any process can go on where another one died.
//
//   run::Status status = run::parseStatus(json);        // {} of a new run: phase Pending
//   status.phase = run::Phase::Predicting;
//   client.patch(kChaosRuns, key, MergePatch, {{"status", run::toJson(status)}}, stop, "status");
//
// parseStatus(toJson(s)) == s for every s. Times have microseconds.
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/condition.h"
#include "base/clock.h"
#include "base/json_fwd.h"

namespace chaos::run {

enum class Phase {
    Pending,
    Predicting,
    SteadyState,
    Injecting,
    Observing,
    Reverting,
    Verifying,
    Done
};
const char* name(Phase phase);

enum class Verdict { Resilient, Degraded, Failed, Inconclusive };
const char* name(Verdict verdict);

// The reason of a run that was ended before anything was proved.
inline constexpr const char* kAborted = "Aborted";
inline constexpr const char* kAppChanged = "AppChanged";

struct Target {
    std::string name;
    std::string uid;
    std::string node;
    std::string zone;
    std::string role;
    bool operator==(const Target&) const = default;
};

// How far a target is known to have been hit. Only Dead is proof.
enum class Hit {
    Pending,   // intended, nothing known yet
    Accepted,  // the API server took our delete
    Deleting,  // it carries a deletionTimestamp not older than the intent
    Dead,      // its containers ended, or it left the API after the above
    Missed     // it was not hit by this run: `message` says why
};
const char* name(Hit hit);

struct Evidence {
    std::string uid;
    std::string name;
    Hit hit = Hit::Pending;
    std::optional<base::WallTime> deletedAt;  // when the delete was accepted or first seen
    std::optional<base::WallTime> deadAt;  // when the death was observed: t0 of every recovery time
    std::string message;
    bool operator==(const Evidence&) const = default;
};

// Something that lasts until it is given back (effects/effect.h).
enum class EffectState { Pending, Applied, Reverted };
const char* name(EffectState state);

struct Effect {
    std::string kind;
    std::string name;  // of the object
    std::string uid;
    EffectState state = EffectState::Pending;
    std::optional<base::WallTime> appliedAt;
    std::optional<base::WallTime> revertedAt;
    bool operator==(const Effect&) const = default;
};

// Ready pods of a zone, or of a tier, before the fault and as predicted after it.
struct Remains {
    std::string name;
    int64_t before = 0;
    int64_t after = 0;
    int64_t minimum = 0;  // of a tier; 0 for zones
    bool operator==(const Remains&) const = default;
};

inline constexpr size_t kMaxNeighbours = 10;
struct Prediction {
    std::vector<std::string> targets;
    int64_t readyBefore = 0;
    int64_t readyAfter = 0;
    int64_t minimum = 0;
    std::vector<Remains> tiers;
    std::vector<Remains> zones;
    // At most this share of the requests fails while it lasts; 100: nobody can say.
    int64_t errorPercent = 0;
    int64_t wholeWithinSeconds = 0;  // after the fault (after its end, of one that lasts)
    // Pods of others on nodes that lose power or network: the first of them, and how many.
    std::vector<std::string> neighbours;
    int64_t neighboursCount = 0;
    std::string message;  // "web 6 -> 5 ready, minimum 3: the service goes on"
    bool operator==(const Prediction&) const = default;
};

// What visitors met in one phase.
struct PhaseMeasure {
    int64_t seconds = 0;
    int64_t missingSeconds = 0;
    int64_t requests = 0;
    int64_t failed = 0;
    std::map<std::string, int64_t> errors;
    int64_t reconnected = 0;
    int64_t p50Microseconds = 0;
    int64_t p99Microseconds = 0;
    int64_t longestGapMilliseconds = 0;  // between two good answers
    int64_t disturbedMilliseconds = 0;   // from the first failed request to the last, inclusive
    int64_t slow = 0;                    // good answers over a second, and
    int64_t slowMilliseconds = 0;        // from the first of them to the last
    bool operator==(const PhaseMeasure&) const = default;
};

// What a zone lost and when it had it back. A tier that is whole elsewhere need not be whole here.
struct ZoneMeasure {
    std::string zone;
    int64_t readyBefore = 0;
    int64_t readyLowest = 0;
    std::optional<int64_t>
        wholeMilliseconds;  // from the beginning of the fault; empty: not by the end
    // Where nobody watched when it was whole again; the above is the most that it may be then.
    std::optional<int64_t> wholeAtLeastMilliseconds;
    bool operator==(const ZoneMeasure&) const = default;
};

// What was met at another place on the request's way, in the time of PhaseMeasure's `during`.
struct ViewMeasure {
    std::string name;
    int64_t requests = 0;
    int64_t failed = 0;
    int64_t failedBefore = 0;  // in the time of `before`
    int64_t failedAfter = 0;   // in the time of `after`
    int64_t p50Microseconds = 0;
    int64_t p99Microseconds = 0;
    int64_t longestGapMilliseconds = 0;
    bool operator==(const ViewMeasure&) const = default;
};

// A measure of which nobody saw when it ended: the field of its name is the upper bound.
struct Bound {
    std::string measure;
    int64_t atLeastMilliseconds = 0;
    bool operator==(const Bound&) const = default;
};

// Requests of `during` that may have been sent after the fault: nobody saw when it was over.
struct Undecided {
    int64_t requests = 0;
    int64_t failed = 0;
    bool operator==(const Undecided&) const = default;
};

// Names of those that may have a bound.
inline constexpr const char* kDeleteToDeath = "deleteToDeathMilliseconds";
inline constexpr const char* kWholeAfterDelete = "wholeAfterDeleteMilliseconds";
inline constexpr const char* kWholeAfterDeath = "wholeAfterDeathMilliseconds";
inline constexpr const char* kWholeAfterEnd = "wholeAfterEndMilliseconds";
inline constexpr const char* kDetected = "detectedMilliseconds";

struct Measurements {
    PhaseMeasure before;
    PhaseMeasure during;
    PhaseMeasure after;
    int64_t readyBefore = 0;
    int64_t readyLowest = 0;
    int64_t readyAtEnd = 0;
    std::optional<int64_t> deleteToDeathMilliseconds;
    // From the first delete (capacity is gone from then on) and from the last observed death until
    // as many pods as before serve again, none of them a target.
    std::optional<int64_t> wholeAfterDeleteMilliseconds;
    std::optional<int64_t> wholeAfterDeathMilliseconds;
    std::optional<int64_t> wholeAfterEndMilliseconds;  // of a fault that lasts: from its end
    std::optional<int64_t>
        detectedMilliseconds;  // until the API showed every target as not serving
    // From the first failed request until visitors were answered well again.
    std::optional<int64_t> firstGoodMilliseconds;
    std::optional<Undecided> undecided;
    std::vector<Bound> bounds;
    std::vector<ZoneMeasure> zones;  // those that lost a pod
    std::vector<ViewMeasure> views;  // beside the public Service, outermost first
    // The lower bound of a measure that is `most`; the same where it was seen.
    int64_t atLeast(const std::string& measure, int64_t most) const;
    bool operator==(const Measurements&) const = default;
};

// The autoscaler's stopwatch: moments as they were first seen.
struct Scaling {
    int64_t before = 0;                        // replicas asked for at the intent
    std::optional<base::WallTime> loadAt;      // the added load began
    std::optional<base::WallTime> metricAt;    // a metric was over its target
    std::optional<base::WallTime> desiredAt;   // more replicas were asked for
    std::optional<base::WallTime> readyAt;     // as many as the most asked for were ready
    std::optional<base::WallTime> calmAt;      // latency back within its bound, from the series
    std::optional<base::WallTime> scaledInAt;  // fewer were asked for again, after the load
    int64_t peak = 0;                          // most replicas asked for
    int64_t last = 0;                          // as last seen
    int64_t direction = 0;                     // of the last change: +1, -1
    int64_t reversals = 0;                     // changes of direction while the load lasted
    bool operator==(const Scaling&) const = default;
};

// Ready pods of a zone from then on.
struct Readiness {
    base::WallTime time;
    std::string zone;
    int64_t ready = 0;
    bool operator==(const Readiness&) const = default;
};
inline constexpr size_t kMaxReadiness = 300;

// From one look to the next, further apart than kOutOfSight (run/sight.h).
struct Gap {
    base::WallTime from;
    base::WallTime to;
    bool operator==(const Gap&) const = default;
};
inline constexpr size_t kMaxGaps = 32;

// One line of prediction against observation.
struct Comparison {
    std::string what;
    std::string predicted;
    std::string observed;
    std::optional<bool> holds;  // empty: nobody watched
    bool operator==(const Comparison&) const = default;
};

// The probe's series in columns, kept with the run: one entry per `stepSeconds`.
struct Columns {
    std::optional<base::WallTime> startedAt;
    int64_t stepSeconds = 1;
    std::vector<int64_t> sent;
    std::vector<int64_t> failed;
    std::vector<int64_t> p50Microseconds;
    std::vector<int64_t> p99Microseconds;
    bool operator==(const Columns&) const = default;
};
inline constexpr size_t kMaxColumns = 900;

struct TimelineEntry {
    base::WallTime time;
    std::string what;
    bool operator==(const TimelineEntry&) const = default;
};
inline constexpr size_t kMaxTimeline = 100;

struct Status {
    Phase phase = Phase::Pending;
    std::optional<base::WallTime> startedAt;  // left Pending
    std::optional<base::WallTime> abortAt;    // the run is over by then, whatever happens
    std::optional<base::WallTime> phaseSince;
    std::optional<base::WallTime>
        steadySince;  // the application has been well since, before the fault
    std::optional<base::WallTime> intentAt;    // the intent became durable
    std::optional<base::WallTime> deadline;    // the fault is over by then, whoever gives it back
    std::optional<base::WallTime> detectedAt;  // no target was shown as serving any more
    std::optional<base::WallTime> wholeAt;     // the tier was whole again
    std::optional<base::WallTime> lookedAt;    // the last look that is written down
    std::optional<base::WallTime> observedUntil;
    std::optional<base::WallTime> revertedAt;
    std::optional<base::WallTime> completedAt;
    std::optional<int64_t> seed;  // 0..2^53-1: exact in every JSON reader
    std::string probePodUid;
    std::optional<base::WallTime> probeStartedAt;  // by its own clock: its seconds count from then
    bool stepClockSeen = false;  // the clock of a load step's pod was seen to agree with ours
    std::string probeProblem;    // why the probe's word is not complete
    std::string clockProblem;    // why times of two clocks cannot be compared
    std::string aborted;         // why it was ended early
    std::string driver;          // how: "Composite", "Power"; empty: the API alone
    int64_t intruders = 0;       // pods that came into a failed zone meanwhile and were killed too
    int64_t appGeneration = 0;   // of the application when the intent became durable
    int64_t readyBefore = 0;
    int64_t readyLowest = 0;
    int64_t readyAtEnd = 0;
    std::optional<Prediction> prediction;
    std::vector<Target> targets;
    std::vector<Evidence> evidence;
    std::vector<Effect> effects;
    std::optional<Scaling> scaling;
    std::vector<Readiness> readiness;
    std::vector<Gap> gaps;
    std::optional<Measurements> measurements;
    std::vector<Comparison> comparison;
    std::optional<Columns> series;
    std::optional<Verdict> verdict;
    std::string reason;                // CamelCase: the verdict's cause in one word
    std::vector<std::string> reasons;  // in words, with the numbers
    std::vector<TimelineEntry> timeline;
    api::Conditions conditions;

    bool operator==(const Status&) const = default;
    void tell(base::WallTime now, std::string what);  // onto the timeline
};

Status parseStatus(const base::Json& status);
base::Json toJson(const Status& status);

}  // namespace chaos::run
