// Takes back what faults left behind: marks and taints of nodes, cordons, power, NetworkPolicies,
// whose deadline is over or whose run is gone, finished or being deleted. It needs nothing but what
// is written on the objects themselves.
//
//   chaos::Sweep sweep(client, clock, {.power = power});
//   auto swept = sweep.once({.all = false}, stop);      // every few seconds, by the leading
//   process swept.reverted;                                     // what was taken back, for people
//
// `all` takes back everything, whatever its deadline: `kubectl scalableapp chaos abort --all`.
// `overdueBy` leaves to the chaos process what is not long overdue: the operator's own sweep.
// Thread safety: once from one thread at a time. Blocking: until answered or stopped.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chaos/effects/node_mark.h"
#include "chaos/power.h"
#include "kube/client.h"

namespace chaos {

struct SweepOptions {
    bool all = false;
    std::string namespace_;  // of NetworkPolicies; empty: all
    bool nodes = true;
    bool policies = true;
    // Deleted runs that still wait for a chaos process are let go: their marks are found without
    // them.
    bool runs = true;
    std::optional<std::chrono::seconds> overdueBy;
};

struct Swept {
    std::vector<std::string> reverted;
    std::vector<std::string> problems;  // what could not be taken back, and why
};

class Sweep {
  public:
    // Without a driver, nodes that need one are left to somebody who has it.
    Sweep(kube::Client& client, const base::Clock& clock, Drivers drivers);
    Swept once(const SweepOptions& options, const std::stop_token& stop);

  private:
    // Why it may be taken back now; empty: its run still needs it.
    std::string due(const SweepOptions& options, const std::string& namespace_,
                    const std::string& run, const std::string& uid, base::WallTime deadline,
                    const std::stop_token& stop);
    // What keeps the switches of a node from being thrown back; empty: they are.
    std::string switchOn(const std::string& node, const effects::Mark& mark,
                         const std::stop_token& stop);
    void sweepNodes(const SweepOptions& options, Swept& out, const std::stop_token& stop);
    void sweepPolicies(const SweepOptions& options, Swept& out, const std::stop_token& stop);
    void letGoOfRuns(const SweepOptions& options, Swept& out, const std::stop_token& stop);

    kube::Client& client_;
    const base::Clock& clock_;
    Drivers drivers_;
};

}  // namespace chaos
