// What the edges say of themselves: the epoch they are on, the origins they reach, and what they
// gave out.
//
//   auto answers = reconcile::askEdges(reconcile::edgeTargets(app, children, now), stop);
//   observed.edges = book.record(key, answers, clock.wall());      // counts go into the metrics
//
// An edge that does not answer in time is left out. Counters come as the sizes of files, and begin
// anew when a pod does. Thread safety: all of it from any thread. Blocking: askEdges for two
// seconds or until `stop` at most, however many targets there are.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "kube/object.h"
#include "plan/plan.h"
#include "runtime/metrics.h"

namespace reconcile {

struct EdgeTarget {
    std::string pod;
    std::string address;
    size_t origins = 0;
    bool operator==(const EdgeTarget&) const = default;
};

using EdgeCounts = std::map<std::string, int64_t>;  // "hit", "failed", ...

struct EdgeAnswer {
    plan::Edge edge;
    EdgeCounts counts;
};

using AskEdges =
    std::function<std::vector<EdgeAnswer>(const std::vector<EdgeTarget>&, const std::stop_token&)>;

// Edges of an app that run: those that may give something out, and those that wait for an origin.
// None for an app without any.
std::vector<EdgeTarget> edgeTargets(const api::ScalableApp& app,
                                    const std::vector<base::Json>& children, base::WallTime now);

std::vector<EdgeAnswer> askEdges(const std::vector<EdgeTarget>& targets,
                                 const std::stop_token& stop);

// Remembers what every edge counted, to tell what is new of it.
class EdgeBook {
  public:
    explicit EdgeBook(runtime::Metrics& metrics);

    // Adds what is new to the metrics; answers the edges with what they did lately.
    std::vector<plan::Edge> record(const kube::ObjectKey& app,
                                   const std::vector<EdgeAnswer>& answers, base::WallTime now);
    void forget(const kube::ObjectKey& app);

  private:
    struct Sample {
        EdgeCounts counts;
        base::WallTime at;
    };
    struct Page {
        EdgeCounts last;
        Sample older, newer;  // "lately" is since the older one
    };

    void count(const kube::ObjectKey& app, const EdgeCounts& before, const EdgeCounts& now);

    runtime::Metrics& metrics_;
    std::mutex mutex_;
    std::map<kube::ObjectKey, std::map<std::string, Page>> pages_;  // by app, then by pod
};

}  // namespace reconcile
