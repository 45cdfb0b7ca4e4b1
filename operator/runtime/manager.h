// One process: starts its parts in order, stops them in reverse, answers probes and metrics.
//
//   runtime::Manager manager({.cluster = *kube::loadConfig({}), .name = "scalableapp-operator"});
//   auto& apps = manager.informer({.type = api types...});
//   auto& controller = manager.controller("scalableapp", {}, reconcile);
//   apps.onChange([&](auto& change, bool initial) { controller.enqueue(...); });
//   return manager.run();   // until SIGTERM, SIGINT or the lease is lost; the exit code
//
// Start: HTTP (/healthz /readyz /metrics), informers (on followers too: warm standby), all synced,
// leader election, controllers.
//
// Stop: controllers, informers, events, release of the lease, HTTP. What still runs after the grace
// is asked to end, and 5 s later the process is cut off with exit code 1. A lost lease, before or
// in the midst of that, skips the grace: the exit code is 1, after 2 s at most.
//
// Alive means: the lease, once held, is renewed in time, and no reconcile is hung (controller.h).
//
// Ready means: every store is synced. A follower is ready too. An unreachable API server at start
// is waited for, not died of; what has no first list after `startTimeout` is named in the log, and
// ends the process where `startOrExit` says so.
//
// Signals: the constructor blocks SIGTERM and SIGINT for its thread and all that it starts; make
// the manager before any other thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/config.h"
#include "runtime/controller.h"
#include "runtime/events.h"
#include "runtime/http_server.h"
#include "runtime/informer.h"
#include "runtime/leader.h"
#include "runtime/metrics.h"

namespace runtime {

struct ManagerOptions {
    kube::ClusterConfig cluster;
    std::string name;  // field manager, reportingController suffix, User-Agent
    bool leaderElection = true;
    std::string leaseNamespace;  // empty: the pod's or the kubeconfig's namespace
    std::string listenAddress = "0.0.0.0";
    uint16_t listenPort = 8080;              // probes and metrics on one port
    LeaderOptions leader;                    // lease key and identity, where empty, are filled in
    std::string reportingController;         // in events; empty: `name`
    std::chrono::milliseconds grace{30000};  // for running reconciles after SIGTERM
    std::chrono::milliseconds startTimeout{120000};  // until a missing first list is an error
    bool startOrExit = false;                        // that ends the process, with exit code 1
    std::shared_ptr<kube::Transport> transport;      // null: one to `cluster`
};

class Manager {
  public:
    explicit Manager(ManagerOptions options);
    ~Manager();
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    // Before run(). The manager owns what it returns.
    Informer& informer(const InformerOptions& options);
    Controller& controller(const std::string& name, ControllerOptions options,
                           ReconcileFunction reconcile);
    // Runs on its own thread while this process leads; must return soon after `stop`.
    void whileLeading(std::function<void(std::stop_token stop)> task);

    kube::Client& client();  // gated on the lease
    EventRecorder& events();
    Metrics& metrics();
    HttpServer& http();
    const base::Clock& clock() const;

    // Blocks. Handles SIGTERM and SIGINT. Returns the exit code: 0 asked to stop, 1 failed or lost
    // the lease, 2 options that cannot work.
    int run();
    // As a signal would. From any thread.
    void shutdown();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
