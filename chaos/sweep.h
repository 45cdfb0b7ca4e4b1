// Takes back what faults left behind: marks and taints of nodes, cordons, power, NetworkPolicies,
// whose deadline is over or whose run is gone, finished or being deleted. It needs nothing but what
// is written on the objects themselves.
//
//   chaos::Sweep sweep(client, clock, power);
//   auto swept = sweep.once({.all = false}, stop);      // every few seconds, by the leading
//   process swept.reverted;                                     // what was taken back, for people
//
// `all` takes back everything, whatever its deadline: `kubectl scalableapp chaos abort --all`.
// Thread safety: once from one thread at a time. Blocking: until answered or stopped.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chaos/power.h"
#include "kube/client.h"

namespace chaos {

struct SweepOptions {
    bool all = false;
    std::string namespace_;  // of NetworkPolicies; empty: all
    bool nodes = true;
    bool policies = true;
};

struct Swept {
    std::vector<std::string> reverted;
    std::vector<std::string> problems;  // what could not be taken back, and why
};

class Sweep {
  public:
    // `power` may be null: then nodes without power are left to somebody who has a driver.
    Sweep(kube::Client& client, const base::Clock& clock, Power* power);
    Swept once(const SweepOptions& options, const std::stop_token& stop);

  private:
    // Why it may be taken back now; empty: its run still needs it.
    std::string due(const std::string& namespace_, const std::string& run, const std::string& uid,
                    base::WallTime deadline, const std::stop_token& stop);
    void sweepNodes(const SweepOptions& options, Swept& out, const std::stop_token& stop);
    void sweepPolicies(const SweepOptions& options, Swept& out, const std::stop_token& stop);

    kube::Client& client_;
    const base::Clock& clock_;
    Power* power_;
};

}  // namespace chaos
