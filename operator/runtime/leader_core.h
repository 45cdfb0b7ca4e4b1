// One candidate's conduct in an election, without a thread: one attempt a turn, and how long to
// wait until the next.
//
//   runtime::LeaderCore core(client, options, clock, timer, metrics, jitter);
//   while (!stop.stop_requested()) {
//       auto turn = core.step(stop);
//       if (turn.started) { ... }          // ours from now on
//       if (turn.lost) { break; }          // and never again
//       timer.sleep(turn.pause, stop);
//   }
//
// LeaderElector runs it on a thread, the simulation in tests/simulation on a fiber: the same code.
// Thread safety: step, release and resign from one thread; the rest from any. Blocking: step and
// release, for bounded time.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "runtime/election.h"
#include "runtime/leader.h"
#include "runtime/metrics.h"
#include "runtime/timer.h"

namespace runtime {

class LeaderCore {
  public:
    struct Turn {
        bool started = false;  // the lease has become ours
        bool lost = false;     // it was ours: the end
        std::chrono::milliseconds pause{};
    };

    // `jitter` answers a number in [0, 1).
    LeaderCore(kube::Client& client, const LeaderOptions& options, const base::Clock& clock,
               Timer& timer, Metrics& metrics, std::function<double()> jitter);
    ~LeaderCore();
    LeaderCore(const LeaderCore&) = delete;
    LeaderCore& operator=(const LeaderCore&) = delete;

    Turn step(const std::stop_token& stop);
    // Gives the lease up if it is ours (only after every writer has been joined).
    void release();
    // Never ours again from here on.
    void resign();

    const Election& election() const { return election_; }

  private:
    Turn seek(const std::stop_token& stop);
    Turn renew(const std::stop_token& stop);
    Turn lose();
    bool attempt(const std::stop_token& stop, base::SteadyTime until);
    void say(bool ours);

    const LeaderOptions options_;
    const base::Clock& clock_;
    Timer& timer_;
    const Gauge master_;
    const Counter slowPaths_;
    const std::function<double()> jitter_;
    const std::unique_ptr<LeaseClient> leases_;
    Election election_;
    bool leads_ = false;
    std::string saidHolder_;
    bool saidTrouble_ = false;
    size_t countedSlowPaths_ = 0;
};

}  // namespace runtime
