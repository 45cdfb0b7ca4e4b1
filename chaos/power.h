// The switches of nodes: their power, and their network cable. What throws them is a command that
// people give, because every cloud and every rack has another one:
//
//   COMMAND... off NODE      returns 0 once the node has lost its power for certain
//   COMMAND... on NODE       returns 0 once it is on its way up
//   COMMAND... cut NODE      returns 0 once nothing comes from or to the node any more
//   COMMAND... heal NODE     returns 0 once it is connected again
//
// All may be repeated. NODE is the name of the Kubernetes node. examples/chaos/power-command.sh
// shows one; the local cluster's own is `tests/cluster/cluster node`.
//
//   chaos::PowerCommand power("tests/cluster/cluster node", 120s);
//   auto done = power.set("kn1", false, stop);      // error: what the command said
//   chaos::PowerCommand cable("tests/cluster/cluster node", 120s, {.on = "heal", .off = "cut"});
//
// The command is split at spaces and run as it is, without a shell; its name comes from the flags
// of this process, never from an object of the cluster. Thread safety: set from any thread; a node
// is switched by one at a time (a run and the sweep may both find it due). Blocking: until the
// command ends or its time is over, and before that until the node is free.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace chaos {

class Power {
  public:
    virtual ~Power() = default;
    virtual base::Status set(const std::string& node, bool on, const std::stop_token& stop) = 0;
};

// What a process has of them; null: it has none.
struct Drivers {
    Power* power = nullptr;
    Power* cable = nullptr;
};

struct SwitchWords {
    std::string on = "on";
    std::string off = "off";
};

class PowerCommand final : public Power {
  public:
    PowerCommand(const std::string& command, std::chrono::seconds timeout, SwitchWords words = {});
    base::Status set(const std::string& node, bool on, const std::stop_token& stop) override;

  private:
    base::Status run(std::vector<std::string> words, const std::stop_token& stop) const;

    std::vector<std::string> command_;
    std::chrono::seconds timeout_;
    SwitchWords words_;
    std::mutex mutex_;
    std::condition_variable_any freed_;
    std::set<std::string> busy_;  // nodes
};

}  // namespace chaos
