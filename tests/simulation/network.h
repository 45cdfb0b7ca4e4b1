// What lies between the simulated processes and the API server: delay, loss, and a record of every
// write that reached the server, checked as it does.
//
//   Network network(world, server);
//   auto wire = std::make_shared<Wire>(network, "operator-1");
//   kube::Client client(wire, {});          // the real client, on a fiber
//   network.faults = Faults::drawn(world);
//
// A request is applied when it arrives, not when it is sent, and never twice. One that was sent
// arrives within kLongestWay or not at all: what a lease can promise rests on that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "apiserver/server.h"
#include "kube/transport.h"
#include "simulation/world.h"

namespace simulation {

inline constexpr std::chrono::seconds kLongestWay{4};

// Probabilities, per request or per watch.
struct Faults {
    double slow = 0;        // takes up to kLongestWay
    double refused = 0;     // does not reach the server
    double busy = 0;        // 429 or 503
    double failed = 0;      // 500
    double lostAnswer = 0;  // applied, then the connection breaks
    double lateAnswer = 0;  // applied, then 504
    double cut = 0;         // a watch ends soon, in one of several ways
    double stall = 0;       // a watch is silent for up to 40 s: a replica that lags
    double halfOpen = 0;    // a watch is silent until the client gives it up
    double repeat = 0;      // a line of a watch comes twice
    double errorLine = 0;   // a watch says 429, 500 or rubbish, and ends

    // Each kind of fault is in some runs and not in others.
    static Faults drawn(World& world);
};

// What a process is known to be about, for the checks.
struct Intention {
    std::string identity;  // the holder of the lease that its writes need; empty: none needed
    std::map<std::string, std::string> deleting;  // uid by path
};

class Network {
  public:
    Network(World& world, test::ApiServer& server) : world_(world), server_(server) {}

    World& world() { return world_; }
    test::ApiServer& server() { return server_; }

    Faults faults;
    bool outage = false;      // nobody answers
    kube::ObjectKey lease{};  // what writes are checked against; no name: not at all

    // Something has changed on the server: watches look again.
    void changed() { ++changes_; }
    uint64_t changes() const { return changes_; }
    // Every watch ends, as by the server's time limit.
    void cutWatches() { ++cuts_; }
    uint64_t cuts() const { return cuts_; }
    // Called when a write was applied.
    std::function<void()> onWrite;
    // Writes that were applied, those of leases apart.
    size_t writes() const { return writes_; }

    kube::ApiResult<kube::HttpResponse> arrive(const std::string& who, const Intention& intention,
                                               const kube::HttpRequest& request);

  private:
    void check(const std::string& who, const Intention& intention,
               const kube::HttpRequest& request);
    std::string holder() const;

    World& world_;
    test::ApiServer& server_;
    uint64_t changes_ = 0;
    uint64_t cuts_ = 0;
    size_t writes_ = 0;
};

class Wire final : public kube::Transport {
  public:
    Wire(Network& network, std::string who) : network_(network), who_(std::move(who)) {}

    Intention& intention() { return *intention_; }
    void refuseStreamedLists() { streamedLists_ = false; }
    // Lines for which it holds never arrive.
    void lose(std::function<bool(const std::string& line)> lost) { lost_ = std::move(lost); }

    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override;
    kube::ApiResult<void> stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                 std::stop_token stop) override;

  private:
    struct Life;
    struct Pending;
    Life drawLife(const kube::HttpRequest& request);
    kube::ApiResult<void> follow(test::WatchHandle& watch, const Life& life,
                                 const LineHandler& onLine, const std::stop_token& stop);
    void deliver(const std::string& line, const LineHandler& onLine, const std::stop_token& stop);
    World::Duration way() const;

    Network& network_;
    const std::string who_;
    bool streamedLists_ = true;
    std::function<bool(const std::string& line)> lost_;
    // Outlives this object: requests may be on their way when a process ends.
    std::shared_ptr<Intention> intention_ = std::make_shared<Intention>();
};

}  // namespace simulation
