// What a controller does, without a thread: keys in, one reconcile a step, the outcome settled.
//
//   runtime::ControllerCore core("scalableapp", options, metrics, clock, timer, reconcile);
//   core.enqueue({"shop-ns", "shop"}, 0);
//   while (core.step()) {
//   }
//
// Controller runs it on worker threads, the simulation in tests/simulation on fibers: the same
// code. Thread safety: all members from any thread. Blocking: step while the reconcile runs, work
// also until a key is ready.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "runtime/controller.h"
#include "runtime/metrics.h"
#include "runtime/timer.h"
#include "runtime/work_queue.h"

namespace runtime {

class ControllerCore {
  public:
    ControllerCore(std::string name, ControllerOptions options, Metrics& metrics,
                   const base::Clock& clock, Timer& timer, ReconcileFunction reconcile);
    ControllerCore(const ControllerCore&) = delete;
    ControllerCore& operator=(const ControllerCore&) = delete;

    void enqueue(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority);

    // The store of that kind has moved on: what waited for it may run.
    void viewMoved(const std::string& plural);

    // Takes the first ready key and runs it to its end; false when none is ready.
    bool step();
    // The same once one is ready; false after close().
    bool work();
    // True when step() would find a key now; otherwise it may from nextDue() on, or after
    // enqueue().
    bool ready() const { return queue_.ready(); }
    std::optional<base::SteadyTime> nextDue() const { return queue_.nextDue(); }

    // No key is taken from here on.
    void close() { queue_.shutdown(); }
    // Asks running reconciles to stop.
    void abandon() { abandon_.request_stop(); }
    // Reads the clock again: for clocks that jump (tests).
    void wake() { queue_.wake(); }

    // See Controller::hung.
    std::optional<kube::ObjectKey> hung() const;

    // Brings the values up to date that are only worth computing when somebody looks.
    void refreshMetrics();

  private:
    struct Gate {
        std::map<std::string, std::string> versions;  // by plural
        base::SteadyTime since;
    };
    struct Handles {
        Counter success, error, requeue, requeueAfter;
        Counter errors, terminalErrors, panics, timeouts;
        Histogram reconcileTime, queueTime, workTime;
        Counter adds, retries;
        Gauge active, unfinished, longest;
    };

    static Handles resolve(Metrics& metrics, const std::string& name, int workers);
    void take(const WorkQueue::Lease& lease);
    void run(const kube::ObjectKey& key, int priority);
    Outcome call(const kube::ObjectKey& key, const std::string& id);
    Outcome guarded(const kube::ObjectKey& key, const ReconcileContext& context);
    void settle(const kube::ObjectKey& key, int priority, const std::string& id,
                const Outcome& outcome);
    void again(const kube::ObjectKey& key, int priority, const std::string& id,
               const std::string& why);
    bool gateOpen(const kube::ObjectKey& key, int priority);
    void dropReached(Gate& gate) const;
    std::chrono::milliseconds tooSoon(const kube::ObjectKey& key);
    void forgetIdle(base::SteadyTime now);
    void wrote(const kube::ObjectKey& key, const std::string& plural, const std::string& version);

    const std::string name_;
    const ControllerOptions options_;
    Metrics& metrics_;
    const base::Clock& clock_;
    Timer& timer_;
    const ReconcileFunction reconcile_;
    const Handles count_;
    WorkQueue queue_;
    std::stop_source abandon_;

    std::mutex mutex_;
    std::map<kube::ObjectKey, int> failures_;
    std::map<kube::ObjectKey, Gate> gates_;
    std::map<kube::ObjectKey, int> parked_;  // before a closed gate, with their priorities
    std::map<kube::ObjectKey, base::SteadyTime> paid_;  // until when a key's runs are paid for
    size_t forgetAt_ = 1024;                            // entries of paid_
    std::map<int, Gauge> depth_;                        // by priority
    int active_ = 0;
};

}  // namespace runtime
