// One life of an application, with the operator's own binary at work on it: made, changed in every
// way, damaged, deleted. Kubernetes' controllers are played by the scenario.
//
//   Scenario run("reference");
//   for (size_t step = 0; step < sieve::life().size(); ++step) {
//       run.act(step);
//       ASSERT_TRUE(run.settle());
//       states.push_back(run.state());
//   }
//
// Thread safety: one thread per scenario; scenarios are independent of each other.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/http_front.h"
#include "apiserver/server.h"
#include "sieve/life.h"
#include "sieve/operator_process.h"

namespace sieve {

// What the operator did, by kind ("deployments").
struct Counts {
    std::map<std::string, int> created;
    std::map<std::string, int> deleted;
    bool operator==(const Counts&) const = default;
    std::string str() const;
};

class Scenario {
  public:
    // `name` is of its files. Several replicas elect a leader, a single one needs none.
    explicit Scenario(const std::string& name, size_t replicas = 1);
    ~Scenario();
    Scenario(const Scenario&) = delete;
    Scenario& operator=(const Scenario&) = delete;

    // What a person does in that step.
    void act(size_t step);
    // Until nothing moves any more; false: it goes on moving.
    bool settle();
    // Until the cluster is in that state; false: it does not get there. A single operator that was
    // killed is started again.
    bool settleAs(const std::string& state);
    bool settleWhen(const std::function<bool()>& holds);
    // Until nothing moves any more and the cluster is in that state. On a busy machine an operator
    // is silent as well before it has begun.
    bool restAs(const std::string& state);
    // Until every replica watches everything and has said its say about what it sees.
    bool awaitWatching();

    // Every object but events and leases, without what differs from run to run.
    std::string state() const;
    // Without events (see Scenario::events) and leases.
    Counts counts() const;
    // Events made, by reason.
    std::map<std::string, int> events() const;
    // Requests of the operator that changed something.
    size_t mutations() const;
    std::vector<std::string> mutationsSince(size_t first) const;
    std::string log() const;

    test::ApiServer& server() { return *server_; }
    OperatorProcess& replica(size_t which) { return *replicas_[which].process; }
    // Who holds the lease; nothing: nobody ever did.
    std::optional<size_t> leader() const;
    // What replicas wrote while another one held the lease. Without events: their thread may fall
    // asleep between the look at the lease and the request.
    std::vector<std::string> trespasses() const;
    // What a defective operator would do, for the checks of the checks.
    void misbehave(size_t which = 0);
    // Right after that write was done, before its answer. From another thread.
    void afterWrite(size_t write, std::function<void()> act);
    // The same of replicas, with writes of reconciles alone: these wait for the answer, and are
    // nowhere else.
    void afterReconciled(size_t write, std::function<void()> act);
    void kill(size_t which = 0);
    void start();

  private:
    struct Replica {
        std::unique_ptr<test::HttpFront> front;  // of its own: it shows who asks
        std::unique_ptr<OperatorProcess> process;
    };

    void add(bool elected);
    void check(size_t who, const std::string& method, const std::string& target, int status);
    bool playControllers();
    bool scaleDeployments();
    bool reportDeployments();

    std::string folder_;
    std::shared_ptr<test::ApiServer> server_;
    std::vector<Replica> replicas_;
    mutable std::mutex mutex_;
    std::vector<std::string> trespasses_;
    size_t reconciled_ = 0;
    size_t actAfter_ = 0;
    std::function<void()> act_;
};

// The undisturbed run, made once per process.
struct Reference {
    std::vector<std::string> states;    // after each step
    std::vector<std::string> versions;  // of the server, then
    std::vector<Counts> counts;         // until then
    std::map<std::string, int> events;
    size_t mutations = 0;
    size_t reconciled = 0;  // of these, without events
    std::string problem;    // empty: it is good
};
const Reference& reference();

// Runs job(0) .. job(count - 1), a few at a time; answers what they had to complain about.
std::vector<std::string> inParallel(size_t count, const std::function<std::string(size_t)>& job,
                                    size_t atATime = 5);

// Where two states part, for people.
std::string difference(const std::string& expected, const std::string& actual);

}  // namespace sieve
