// Leader election on a coordination.k8s.io Lease: at most one process writes.
//
//   runtime::LeaderElector elector(client, {.lease = {"system", "operator"}, .identity = pod},
//                                  runtime::bootClock(), metrics);
//   options.mayWrite = [&] { return elector.holds(); };   // of every other client
//   elector.start(onStarted, onLost);
//
// Time is the local clock since the record last changed, never the stamps in it. holds() turns
// false before another process may take over, whether or not the API server can be reached: that is
// the gate every mutating request passes. The elector's own client has no such gate.
//
// That holds where the lease is deleted by hand, too: who has seen a living holder waits until that
// one's time is over. What remains is a candidate that never saw it, because it started after the
// deletion: it takes what is free at once, and the two overlap until the holder's next renewal
// (2 s) finds the other's name, or until its deadline where that cannot be sent.
//
// Losing the lease is final: the process exits and starts anew.
//
// Thread safety: holds() from any thread. The callbacks run on the elector's thread.
// Source of the algorithm and the figures: client-go tools/leaderelection (15 s / 10 s / 2 s).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "kube/client.h"

namespace runtime {

class Metrics;

struct LeaderOptions {
    kube::ObjectKey lease;
    std::string identity;
    std::chrono::milliseconds leaseDuration{15000};
    std::chrono::milliseconds renewDeadline{10000};
    std::chrono::milliseconds retryPeriod{2000};

    // What is wrong with the figures, in one line; empty: nothing. Safety needs
    // leaseDuration > renewDeadline > 1.2 retryPeriod.
    std::string problem() const;
};

class LeaderElector {
  public:
    LeaderElector(kube::Client& client, LeaderOptions options, const base::Clock& clock,
                  Metrics& metrics);
    ~LeaderElector();  // stop(false)
    LeaderElector(const LeaderElector&) = delete;
    LeaderElector& operator=(const LeaderElector&) = delete;

    void start(std::function<void()> onStarted, std::function<void()> onLost);
    bool holds() const;
    // Who holds it as last seen; empty when unknown.
    std::string holder() const;
    // False when we hold the lease but have not renewed it for longer than it lasts: unhealthy.
    bool healthy() const;
    // Joins; `release` gives the lease up at once (only after every writer has been joined).
    void stop(bool release);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
