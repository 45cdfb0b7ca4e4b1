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

#include <memory>
#include <string>
#include <vector>

#include "apiserver/server.h"
#include "base/json.h"
#include "chaos/experiment_reconciler.h"
#include "chaos/run_reconciler.h"
#include "support/fake_clock.h"

namespace chaos::fake {

class Cluster {
  public:
    Cluster();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    void addApp(const std::string& name, int replicas, bool optedIn);
    void experiment(const std::string& name, const base::Json& spec);
    // Runs the process until every run is Done and nothing is left to do, at most `turns` looks.
    void drive(int turns = 2000);

    std::vector<base::Json> runs() const;
    size_t podDeletes() const { return deleted.size(); }

    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    test::FakeClock clock;
    int crashAfterWrite = -1;  // -1: never
    std::chrono::milliseconds downFor{2000};
    std::vector<std::string> deleted;  // names of application pods that went, in order
    std::vector<runtime::Event> events;
    int writes = 0;  // mutating requests of the process
    runtime::Metrics metrics;

  private:
    struct Process;

    std::optional<kube::ApiResult<kube::HttpResponse>> intercept(const kube::HttpRequest& request);
    void move();
    void addPod(const std::string& app);
    std::string probeLog() const;
    bool idle() const;

    std::unique_ptr<Process> process_;
    bool dead_ = false;
    int podNumber_ = 0;
    std::map<std::string, int> wanted_;
    std::map<std::string, base::WallTime> shortSince_;
    std::optional<base::WallTime> probeStarted_;
    std::set<std::string> known_;
};

}  // namespace chaos::fake
