// What several runs of one experiment prove together.
//
//   auto all = report::statistics(runs);           // ChaosRuns as the API server gives them
//   all.failureBoundPermille;                      // 0 failures in 10 runs: 259
//
// The bound is the upper end of the one-sided 95 % interval of Clopper and Pearson ("The use of
// confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934): the
// share of runs that would not be Resilient is at most this, or one was unlucky as one is in
// twenty. Inconclusive runs and control runs prove nothing and are left out. Thread safety: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "chaos/run/sight.h"

namespace chaos::report {

struct Statistics {
    int64_t judged = 0;
    int64_t resilient = 0;
    int64_t inconclusive = 0;
    int64_t failureBoundPermille = 1000;  // rounded up
    // Of the time until whole (after the end of a fault that lasts), where it was seen to become
    // so.
    int64_t recovered = 0;
    int64_t p50Milliseconds = 0;
    int64_t p95Milliseconds = 0;
    int64_t maxMilliseconds = 0;
};

// A measure of a run's status, or of its report, with its bounds; empty: it has none.
std::optional<run::Span> spanOf(const base::Json& of, const std::string& measure);
// The time until whole that counts.
std::optional<run::Span> recoveryOf(const base::Json& of);

Statistics statistics(const std::vector<base::Json>& runs);
base::Json toJson(const Statistics& all);
// Of counts that contradict each other the smaller ones count: no more are Resilient than were
// judged.
Statistics parseStatistics(const base::Json& json);

// A set of runs against one that people have accepted.
struct Regression {
    const char* verdict = "Unknown";  // Worse | Same | Better | Unknown
    std::string message;              // with the numbers
};
// Worse: more runs than before were not Resilient, and chance alone would do that at most once in
// twenty times (Fisher's exact test, one-sided); or the median time until whole is over the 95th
// percentile of the accepted set. Better: the same the other way round. Unknown: fewer than five
// judged runs on either side.
Regression compare(const Statistics& accepted, const Statistics& now);
// The chance of at least so many failures in the second set, were both alike.
double fisher(int64_t failuresBefore, int64_t runsBefore, int64_t failuresNow, int64_t runsNow);

// Upper end for `failures` in `runs`, 0..1; 1 without runs.
double failureBound(int64_t failures, int64_t runs, double confidence = 0.95);
// The smallest value that at least `share` of the sorted values do not exceed.
int64_t quantile(const std::vector<int64_t>& sorted, double share);

}  // namespace chaos::report
