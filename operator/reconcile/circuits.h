// What the load balancers say of their circuit breakers: the one thing an observation holds that
// the API server does not know of.
//
//   auto targets = reconcile::circuitTargets(app, children);
//   observed.circuits = reconcile::askCircuits(targets, stop);
//   observed.silentBalancers = book.record(key, targets, observed.circuits, clock.wall());
//
// A balancer that does not answer in time is left out: it says nothing, and its pod's readiness
// tells the rest. One that is ready and silent for long cannot be reached from here. Thread safety:
// from any thread. Blocking: askCircuits for a second or until `stop` at most, however many targets
// there are (all are asked at once).
#pragma once

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

namespace reconcile {

struct CircuitTarget {
    std::string pod;
    std::string address;  // of the pod
    uint16_t port = 0;
    bool operator==(const CircuitTarget&) const = default;
};

using AskCircuits = std::function<std::vector<plan::Circuit>(const std::vector<CircuitTarget>&,
                                                             const std::stop_token&)>;

// Ready load balancer pods of an app that has a breaker; none for any other app.
std::vector<CircuitTarget> circuitTargets(const api::ScalableApp& app,
                                          const std::vector<base::Json>& children);

std::vector<plan::Circuit> askCircuits(const std::vector<CircuitTarget>& targets,
                                       const std::stop_token& stop);

// Remembers since when balancers do not answer.
class SilenceBook {
  public:
    // How many of the targets have been silent for so long that it is no accident.
    size_t record(const kube::ObjectKey& app, const std::vector<CircuitTarget>& targets,
                  const std::vector<plan::Circuit>& answers, base::WallTime now);
    void forget(const kube::ObjectKey& app);

  private:
    std::mutex mutex_;
    // By app, then by pod: since when.
    std::map<kube::ObjectKey, std::map<std::string, base::WallTime>> silent_;
};

}  // namespace reconcile
