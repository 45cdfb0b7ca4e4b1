#include "runtime/controller.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/log.h"
#include "kube/object.h"
#include "runtime/alarm.h"
#include "runtime/metrics.h"
#include "runtime/work_queue.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstRetry = 5ms;
constexpr std::chrono::milliseconds kLongestRetry = 5min;
constexpr std::chrono::milliseconds kGateCheck = 100ms;
// A server restored from a backup counts its versions from further back: the awaited one may never
// come. By then a stale view is the smaller evil; deletes carry preconditions of their own.
constexpr std::chrono::milliseconds kGateLimit = 5min;

std::chrono::milliseconds retryPause(int failures) {
    auto pause = kFirstRetry;
    for (int i = 0; i < failures && pause < kLongestRetry; ++i) {
        pause *= 2;
    }
    return std::min(pause, kLongestRetry);
}

std::string newReconcileId() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    static const char* digits = "0123456789abcdef";
    std::string id;
    for (int word = 0; word < 2; ++word) {
        for (uint64_t bits = random(), i = 0; i < 16; ++i, bits >>= 4U) {
            id += digits[bits & 15U];
        }
    }
    return id;
}

}  // namespace

struct Controller::Impl {
    struct Gate {
        std::map<std::string, std::string> versions;  // by plural
        base::SteadyTime since;
    };

    Impl(std::string theName, ControllerOptions theOptions, Metrics& theMetrics,
         const base::Clock& theClock, ReconcileFunction theFunction)
        : name(std::move(theName)),
          options(std::move(theOptions)),
          metrics(theMetrics),
          clock(theClock),
          reconcile(std::move(theFunction)),
          queue(clock),
          alarm(clock) {}

    void createMetrics();
    void refreshMetrics();
    void add(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority);
    void work();
    void run(const kube::ObjectKey& key, int priority);
    Outcome guarded(const kube::ObjectKey& key, const ReconcileContext& context);
    Outcome call(const kube::ObjectKey& key, const std::string& id);
    void settle(const kube::ObjectKey& key, int priority, const std::string& id,
                const Outcome& outcome);
    void again(const kube::ObjectKey& key, int priority, const std::string& id,
               const std::string& why);
    bool gateOpen(const kube::ObjectKey& key);
    void wrote(const kube::ObjectKey& key, const std::string& plural, const std::string& version);
    Metrics::Labels labels() const { return {{"controller", name}}; }
    Metrics::Labels queueLabels() const { return {{"controller", name}, {"name", name}}; }

    const std::string name;
    const ControllerOptions options;
    Metrics& metrics;
    const base::Clock& clock;
    const ReconcileFunction reconcile;
    WorkQueue queue;
    Alarm alarm;
    std::stop_source stopAll;
    std::atomic<int> active{0};

    std::mutex mutex;
    std::map<kube::ObjectKey, int> failures;
    std::map<kube::ObjectKey, Gate> gates;
    std::map<int, bool> knownPriorities;

    std::vector<std::thread> workers;
    std::atomic<bool> stopping{false};
    Alarm::Bell graceBell;
    std::shared_ptr<void> scrape;
};

void Controller::Impl::createMetrics() {
    for (const char* result : {"success", "error", "requeue", "requeue_after"}) {
        metrics.create("controller_runtime_reconcile_total",
                       {{"controller", name}, {"result", result}});
    }
    for (const char* own : {"controller_runtime_reconcile_errors_total",
                            "controller_runtime_terminal_reconcile_errors_total",
                            "controller_runtime_reconcile_panics_total",
                            "controller_runtime_reconcile_timeouts_total",
                            "controller_runtime_reconcile_time_seconds"}) {
        metrics.create(own, labels());
    }
    for (const char* own :
         {"workqueue_adds_total", "workqueue_retries_total", "workqueue_queue_duration_seconds",
          "workqueue_work_duration_seconds"}) {
        metrics.create(own, queueLabels());
    }
    metrics.set("controller_runtime_max_concurrent_reconciles", labels(), options.workers);
    knownPriorities[0] = true;
    refreshMetrics();
    scrape = metrics.onScrape([this] { refreshMetrics(); });
}

void Controller::Impl::refreshMetrics() {
    auto working = queue.working();
    metrics.set("controller_runtime_active_workers", labels(), active.load());
    metrics.set("workqueue_unfinished_work_seconds", queueLabels(), working.sum.count());
    metrics.set("workqueue_longest_running_processor_seconds", queueLabels(),
                working.longest.count());
    auto depth = queue.depth();
    std::lock_guard lock(mutex);
    for (const auto& [priority, count] : depth) {
        knownPriorities[priority] = true;
    }
    for (const auto& [priority, known] : knownPriorities) {
        auto at = queueLabels();
        at["priority"] = std::to_string(priority);
        auto it = depth.find(priority);
        metrics.set("workqueue_depth", at,
                    it == depth.end() ? 0.0 : static_cast<double>(it->second));
    }
}

void Controller::Impl::add(const kube::ObjectKey& key, std::chrono::milliseconds pause,
                           int priority) {
    metrics.count("workqueue_adds_total", queueLabels());
    queue.addAfter(key, pause, priority);
}

void Controller::Impl::work() {
    while (auto lease = queue.get()) {
        metrics.observe("workqueue_queue_duration_seconds", queueLabels(), lease->waited().count());
        auto begin = clock.steady();
        ++active;
        run(lease->key(), lease->priority());
        --active;
        metrics.observe("workqueue_work_duration_seconds", queueLabels(),
                        std::chrono::duration<double>(clock.steady() - begin).count());
    }
}

void Controller::Impl::run(const kube::ObjectKey& key, int priority) {
    if (!gateOpen(key)) {
        queue.addAfter(key, kGateCheck, priority);
        return;
    }
    auto begin = clock.steady();
    std::string id = newReconcileId();
    Outcome outcome = call(key, id);
    metrics.observe("controller_runtime_reconcile_time_seconds", labels(),
                    std::chrono::duration<double>(clock.steady() - begin).count());
    settle(key, priority, id, outcome);
}

bool Controller::Impl::gateOpen(const kube::ObjectKey& key) {
    std::lock_guard lock(mutex);
    auto it = gates.find(key);
    if (it == gates.end()) {
        return true;
    }
    Gate& gate = it->second;
    if (options.reached) {
        std::erase_if(gate.versions, [&](const auto& written) {
            return options.reached(written.first, written.second);
        });
        if (!gate.versions.empty() && clock.steady() - gate.since < kGateLimit) {
            return false;
        }
        if (!gate.versions.empty()) {
            base::logWarning("own writes never came back on the watch; going on without them",
                             {{"controller", name},
                              {"key", key.str()},
                              {"resource", gate.versions.begin()->first}});
        }
    }
    gates.erase(it);
    return true;
}

void Controller::Impl::wrote(const kube::ObjectKey& key, const std::string& plural,
                             const std::string& version) {
    std::lock_guard lock(mutex);
    Gate& gate = gates[key];
    gate.since = clock.steady();
    std::string& newest = gate.versions[plural];
    if (kube::atLeast(version, newest)) {
        newest = version;
    }
}

Outcome Controller::Impl::call(const kube::ObjectKey& key, const std::string& id) {
    std::stop_source stop;
    std::stop_callback shutdown(stopAll.get_token(), [&] { stop.request_stop(); });
    std::atomic<bool> late{false};
    auto bell = alarm.at(clock.steady() + options.deadline, [&] {
        late = true;
        stop.request_stop();
    });
    ReconcileContext context{.stop = stop.get_token(),
                             .reconcileId = id,
                             .wrote = [&](const std::string& plural, const std::string& version) {
                                 wrote(key, plural, version);
                             }};
    Outcome outcome = guarded(key, context);
    bell.reset();
    if (late) {
        metrics.count("controller_runtime_reconcile_timeouts_total", labels());
    }
    return outcome;
}

Outcome Controller::Impl::guarded(const kube::ObjectKey& key, const ReconcileContext& context) {
    try {
        return reconcile(key, context);
    } catch (const std::exception& e) {
        metrics.count("controller_runtime_reconcile_panics_total", labels());
        return Outcome::retry(std::string("exception: ") + e.what());
    } catch (...) {
        metrics.count("controller_runtime_reconcile_panics_total", labels());
        return Outcome::retry("exception of an unknown type");
    }
}

void Controller::Impl::settle(const kube::ObjectKey& key, int priority, const std::string& id,
                              const Outcome& outcome) {
    const char* result = "success";
    switch (outcome.kind()) {
        case Outcome::Kind::Done:
            break;
        case Outcome::Kind::After:
            result = "requeue_after";
            break;
        case Outcome::Kind::Retry:
            result = "error";
            again(key, priority, id, outcome.message());
            break;
        case Outcome::Kind::Terminal:
            result = "error";
            metrics.count("controller_runtime_reconcile_errors_total", labels());
            metrics.count("controller_runtime_terminal_reconcile_errors_total", labels());
            base::logWarning("reconcile cannot succeed until the input changes",
                             {{"controller", name},
                              {"key", key.str()},
                              {"reconcileId", id},
                              {"error", outcome.message()}});
            break;
    }
    metrics.count("controller_runtime_reconcile_total", {{"controller", name}, {"result", result}});
    if (outcome.kind() != Outcome::Kind::Retry) {
        std::lock_guard lock(mutex);
        failures.erase(key);
    }
    if (outcome.kind() == Outcome::Kind::After) {
        add(key, outcome.pause(), priority);
    }
}

void Controller::Impl::again(const kube::ObjectKey& key, int priority, const std::string& id,
                             const std::string& why) {
    std::chrono::milliseconds pause;
    {
        std::lock_guard lock(mutex);
        pause = retryPause(failures[key]++);
    }
    metrics.count("controller_runtime_reconcile_errors_total", labels());
    metrics.count("workqueue_retries_total", queueLabels());
    if (!stopAll.stop_requested()) {
        base::logWarning("reconcile failed, it will be tried again",
                         {{"controller", name},
                          {"key", key.str()},
                          {"reconcileId", id},
                          {"error", why},
                          {"pauseMs", std::to_string(pause.count())}});
    }
    add(key, pause, priority);
}

Controller::Controller(std::string name, ControllerOptions options, Metrics& metrics,
                       const base::Clock& clock, ReconcileFunction reconcile)
    : impl_(std::make_unique<Impl>(std::move(name), std::move(options), metrics, clock,
                                   std::move(reconcile))) {
    impl_->createMetrics();
}

Controller::~Controller() {
    stop();
}

void Controller::enqueue(const kube::ObjectKey& key, int priority) {
    impl_->add(key, {}, priority);
}

void Controller::enqueueAfter(const kube::ObjectKey& key, std::chrono::milliseconds pause) {
    impl_->add(key, pause, 0);
}

void Controller::start() {
    for (int i = 0; i < impl_->options.workers; ++i) {
        impl_->workers.emplace_back([impl = impl_.get()] { impl->work(); });
    }
}

void Controller::beginStop(std::chrono::milliseconds grace) {
    impl_->queue.shutdown();
    impl_->stopping = true;
    if (grace > std::chrono::milliseconds::zero()) {
        impl_->graceBell = impl_->alarm.at(impl_->clock.steady() + grace,
                                           [this] { impl_->stopAll.request_stop(); });
    } else {
        impl_->stopAll.request_stop();
    }
}

void Controller::stop() {
    if (!impl_->stopping) {
        beginStop({});
    }
    for (auto& worker : impl_->workers) {
        worker.join();
    }
    impl_->workers.clear();
}

void Controller::wake() {
    impl_->queue.wake();
    impl_->alarm.wake();
}

}  // namespace runtime
