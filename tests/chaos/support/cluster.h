// The API server in memory with a small cluster behind it: deleted pods are replaced, a probe's pod
// starts and writes its log, time stands still unless the test's loop moves it. The process that
// drives the runs can be killed after any of its writes.
//
//   Cluster cluster;
//   cluster.addApp("shop", 3, true);
//   cluster.experiment("kill", spec);
//   cluster.drive(300);
//   cluster.runs()[0]   // the ChaosRun with its verdict
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "apiserver/server.h"
#include "base/json.h"
#include "chaos/experiment_reconciler.h"
#include "chaos/power.h"
#include "chaos/probe/samples.h"
#include "chaos/run_reconciler.h"
#include "chaos/schedule_reconciler.h"
#include "chaos/sweep.h"
#include "support/fake_clock.h"

namespace chaos::fake {

// The process itself is the pod "chaos-0" of this namespace; without that pod it runs outside.
inline constexpr const char* kChaosNamespace = "chaos-system";

class Cluster {
  public:
    // The switch of nodes: what is off shows its pods as not ready.
    class FakePower final : public Power {
      public:
        explicit FakePower(Cluster& cluster) : cluster_(cluster) {}
        base::Status set(const std::string& node, bool on, const std::stop_token& stop) override;
        std::set<std::string> off;
        bool lies = false;  // says that it was done, and does nothing
        int switchedOff = 0;
        std::vector<std::string> calls;  // "off node-1", as they were done
        // In the thread of the switch, before it is thrown.
        std::function<void(const std::string& node, bool on)> during;

      private:
        Cluster& cluster_;
        std::mutex mutex_;
    };

    Cluster();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    void addNode(const std::string& name, const std::string& zone);
    // A pod of somebody, ready.
    void addNeighbour(const std::string& node, const base::Json& metadata);
    // A disruption budget that wants so many pods healthy.
    void addBudget(const std::string& app, int desiredHealthy);
    // Two pods that opted in, in namespace "system", on a node of their own; the first one leads.
    void addOperators();
    // Marks, cordons, power, policies and pods of runs that are still there.
    std::vector<std::string> leftovers() const;
    void addApp(const std::string& name, int replicas, bool optedIn);
    void experiment(const std::string& name, const base::Json& spec);
    // Runs the process until every run is Done and nothing is left to do, at most `turns` looks.
    void drive(int turns = 2000);

    // The same until something holds, or until the process has died for good.
    void driveUntil(const std::function<bool()>& condition);
    void driveUntilDead();
    Swept sweep(bool all, std::optional<std::chrono::seconds> overdueBy = {});

    std::vector<base::Json> runs() const;
    size_t podDeletes() const { return deleted.size(); }

    test::FakeClock clock;
    std::shared_ptr<test::ApiServer> server =
        std::make_shared<test::ApiServer>(test::ServerOptions{.clock = &clock});
    FakePower power{*this};
    FakePower cable{*this};
    bool enforcesPolicies = true;
    bool hasCable = true;        // a driver that cuts nodes off
    bool sharesNodes = true;     // experiments may accept that others lose a node along
    bool namesZones = true;      // applications carry the zone as a label of their pods
    int restarts = 0;            // of containers, in place
    bool kubeletSleeps = false;  // nothing becomes of another image name
    int refuseEvictions = 0;     // as a disruption budget does
    std::function<void(probe::Second&)> traffic;  // may spoil a second of the probe
    std::chrono::seconds stepClock{0};            // how far that of a step's pod is ahead
    int wholeLogs = 0;                            // logs that were read from the beginning
    int crashAfterWrite = -1;                     // -1: never
    // Another process leads from then on; this one still looks, and may write no more.
    int leaderChangesAfterWrite = -1;
    std::string forbidden;            // nobody may read what has this in its address
    base::WallTime unreachableUntil;  // nobody reaches the API server before
    int deleteAfterWrite = -1;        // of which experiment: the first
    std::function<void()> eachTurn;   // after every look
    std::function<void()> eachWrite;  // before the request after a write
    bool powerFails = false;
    // Whether pods of a node that is off are shown as not ready; else its grace is longer than the
    // fault.
    bool outagesAreNoticed = true;
    std::chrono::seconds bootTakes{0};  // from power on until its containers run
    std::chrono::milliseconds downFor{2000};
    std::vector<std::string> deleted;  // names of application pods that went, in order
    std::vector<runtime::Event> events;
    // Mutating requests of the process; switches are thrown in threads of their own.
    std::atomic<int> writes = 0;
    runtime::Metrics metrics;

  private:
    struct Process;

    std::optional<kube::ApiResult<kube::HttpResponse>> intercept(const kube::HttpRequest& request);
    std::optional<kube::HttpResponse> evict(const kube::HttpRequest& request);
    void deleteInTime();
    void changeLeaderInTime();
    void reconcileAll(Process& process, std::chrono::milliseconds& pause);
    bool dies();  // counts a write; true: the process is dead before it
    void move();
    void moveOwnPod(const base::Json& pod);
    void movePower();
    bool booting(const std::string& node);
    void showPower(const base::Json& pod, bool on, bool started);
    void moveContainers();
    void replace();
    void addPod(const std::string& app);
    std::string logOf(const std::string& target);
    std::string freeNode() const;
    bool idle() const;
    void turn();

    std::mutex movesPower_;
    std::set<std::string> dark_;                    // nodes without power
    std::map<std::string, base::WallTime> booted_;  // when nodes that were run containers again
    std::unique_ptr<Process> process_;
    std::unique_ptr<Process> former_;
    std::mutex countsWrites_;
    std::atomic<bool> dead_ = false;
    int told_ = 0;  // writes that eachWrite knows
    int podNumber_ = 0;
    std::map<std::string, int> wanted_;
    std::map<std::string, base::WallTime> shortSince_;
    std::map<std::string, base::WallTime> started_;  // probes and steps, by pod name
    int wantedOperators_ = 0;
    std::set<std::string> known_;
    std::map<std::string, std::string> images_;  // that containers run, by uid of the pod
};

}  // namespace chaos::fake
