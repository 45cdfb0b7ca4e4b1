#include "runtime/controller_core.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <random>
#include <utility>
#include <vector>

#include "base/log.h"
#include "kube/object.h"

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

Metrics::Labels queueLabels(const std::string& name) {
    return {{"controller", name}, {"name", name}};
}

}  // namespace

ControllerCore::ControllerCore(std::string name, ControllerOptions options, Metrics& metrics,
                               const base::Clock& clock, Timer& timer, ReconcileFunction reconcile)
    : name_(std::move(name)),
      options_(std::move(options)),
      metrics_(metrics),
      clock_(clock),
      timer_(timer),
      reconcile_(std::move(reconcile)),
      count_(resolve(metrics, name_, options_.workers)),
      queue_(clock) {
    refreshMetrics();
}

ControllerCore::Handles ControllerCore::resolve(Metrics& metrics, const std::string& name,
                                                int workers) {
    auto result = [&](const char* what) {
        return metrics.counter("controller_runtime_reconcile_total",
                               {{"controller", name}, {"result", what}});
    };
    const Metrics::Labels own{{"controller", name}};
    const auto queue = queueLabels(name);
    metrics.set("controller_runtime_max_concurrent_reconciles", own, workers);
    return {.success = result("success"),
            .error = result("error"),
            .requeue = result("requeue"),
            .requeueAfter = result("requeue_after"),
            .errors = metrics.counter("controller_runtime_reconcile_errors_total", own),
            .terminalErrors =
                metrics.counter("controller_runtime_terminal_reconcile_errors_total", own),
            .panics = metrics.counter("controller_runtime_reconcile_panics_total", own),
            .timeouts = metrics.counter("controller_runtime_reconcile_timeouts_total", own),
            .reconcileTime = metrics.histogram("controller_runtime_reconcile_time_seconds", own),
            .queueTime = metrics.histogram("workqueue_queue_duration_seconds", queue),
            .workTime = metrics.histogram("workqueue_work_duration_seconds", queue),
            .adds = metrics.counter("workqueue_adds_total", queue),
            .retries = metrics.counter("workqueue_retries_total", queue),
            .active = metrics.gauge("controller_runtime_active_workers", own),
            .unfinished = metrics.gauge("workqueue_unfinished_work_seconds", queue),
            .longest = metrics.gauge("workqueue_longest_running_processor_seconds", queue)};
}

void ControllerCore::refreshMetrics() {
    auto working = queue_.working();
    count_.unfinished.set(working.sum.count());
    count_.longest.set(working.longest.count());
    auto depth = queue_.depth();
    depth.try_emplace(0, 0);
    std::lock_guard lock(mutex_);
    count_.active.set(active_);
    for (const auto& [priority, count] : depth) {
        if (!depth_.contains(priority)) {
            auto labels = queueLabels(name_);
            labels["priority"] = std::to_string(priority);
            depth_[priority] = metrics_.gauge("workqueue_depth", labels);
        }
    }
    for (const auto& [priority, gauge] : depth_) {
        auto it = depth.find(priority);
        gauge.set(it == depth.end() ? 0.0 : static_cast<double>(it->second));
    }
}

std::optional<kube::ObjectKey> ControllerCore::hung() const {
    auto working = queue_.working();
    return working.count > 0 && working.longest > 2 * options_.deadline
               ? std::optional(working.oldest)
               : std::nullopt;
}

void ControllerCore::enqueue(const kube::ObjectKey& key, std::chrono::milliseconds pause,
                             int priority) {
    count_.adds.add();
    queue_.addAfter(key, pause, priority);
}

bool ControllerCore::step() {
    auto lease = queue_.tryGet();
    if (lease) {
        take(*lease);
    }
    return lease.has_value();
}

bool ControllerCore::work() {
    auto lease = queue_.get();
    if (lease) {
        take(*lease);
    }
    return lease.has_value();
}

void ControllerCore::take(const WorkQueue::Lease& lease) {
    count_.queueTime.observe(lease.waited().count());
    auto begin = clock_.steady();
    {
        std::lock_guard lock(mutex_);
        ++active_;
    }
    run(lease.key(), lease.priority());
    {
        std::lock_guard lock(mutex_);
        --active_;
    }
    count_.workTime.observe(std::chrono::duration<double>(clock_.steady() - begin).count());
}

void ControllerCore::run(const kube::ObjectKey& key, int priority) {
    if (!gateOpen(key, priority)) {
        queue_.addAfter(key, kGateCheck, priority);
        return;
    }
    if (auto pause = tooSoon(key); pause > 0ms) {
        queue_.addAfter(key, pause, priority);
        return;
    }
    auto begin = clock_.steady();
    std::string id = newReconcileId();
    Outcome outcome = call(key, id);
    count_.reconcileTime.observe(std::chrono::duration<double>(clock_.steady() - begin).count());
    settle(key, outcome.priority().value_or(priority), id, outcome);
}

// Each run pays for one interval from the end of the one before; `burst` of them may be in advance.
std::chrono::milliseconds ControllerCore::tooSoon(const kube::ObjectKey& key) {
    if (options_.interval <= 0ms) {
        return 0ms;
    }
    auto now = clock_.steady();
    std::lock_guard lock(mutex_);
    auto& paid = paid_[key];
    paid = std::max(paid, now);
    auto ahead = paid - now - options_.interval * (options_.burst - 1);
    if (ahead > base::SteadyTime::duration::zero()) {
        return std::chrono::ceil<std::chrono::milliseconds>(ahead);
    }
    paid += options_.interval;
    forgetIdle(now);
    return 0ms;
}

// What is paid up is as good as unknown. Seldom: each walk pays for the entries added since.
void ControllerCore::forgetIdle(base::SteadyTime now) {
    if (paid_.size() < forgetAt_) {
        return;
    }
    std::erase_if(paid_, [&](const auto& entry) { return entry.second <= now; });
    forgetAt_ = std::max<size_t>(1024, paid_.size() * 2);
}

void ControllerCore::dropReached(Gate& gate) const {
    std::erase_if(gate.versions, [&](const auto& written) {
        return options_.reached(written.first, written.second);
    });
}

void ControllerCore::viewMoved(const std::string& plural) {
    std::vector<std::pair<kube::ObjectKey, int>> ready;
    {
        std::lock_guard lock(mutex_);
        for (auto it = parked_.begin(); it != parked_.end();) {
            auto gate = gates_.find(it->first);
            bool open = gate == gates_.end() || gate->second.versions.empty();
            // A scope is a plural, perhaps with more behind it; others do not move with this one.
            if (!open && gate->second.versions.begin()->first.starts_with(plural)) {
                dropReached(gate->second);
                open = gate->second.versions.empty();
            }
            if (open) {
                ready.emplace_back(*it);
                it = parked_.erase(it);
            } else {
                ++it;
            }
        }
    }
    for (const auto& [key, priority] : ready) {
        queue_.add(key, priority);
    }
}

bool ControllerCore::gateOpen(const kube::ObjectKey& key, int priority) {
    std::lock_guard lock(mutex_);
    parked_.erase(key);
    auto it = gates_.find(key);
    if (it == gates_.end()) {
        return true;
    }
    Gate& gate = it->second;
    if (options_.reached) {
        dropReached(gate);
        if (!gate.versions.empty() && clock_.steady() - gate.since < kGateLimit) {
            parked_[key] = priority;
            return false;
        }
        if (!gate.versions.empty()) {
            base::logWarning("own writes never came back on the watch; going on without them",
                             {{"controller", name_},
                              {"key", key.str()},
                              {"resource", gate.versions.begin()->first}});
        }
    }
    gates_.erase(it);
    return true;
}

void ControllerCore::wrote(const kube::ObjectKey& key, const std::string& plural,
                           const std::string& version) {
    std::lock_guard lock(mutex_);
    Gate& gate = gates_[key];
    gate.since = clock_.steady();
    std::string& newest = gate.versions[plural];
    if (kube::atLeast(version, newest)) {
        newest = version;
    }
}

Outcome ControllerCore::call(const kube::ObjectKey& key, const std::string& id) {
    std::stop_source stop;
    std::stop_callback shutdown(abandon_.get_token(), [&] { stop.request_stop(); });
    std::atomic<bool> late{false};
    auto bell = timer_.at(clock_.steady() + options_.deadline, [&] {
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
        count_.timeouts.add();
    }
    return outcome;
}

Outcome ControllerCore::guarded(const kube::ObjectKey& key, const ReconcileContext& context) {
    try {
        return reconcile_(key, context);
    } catch (const std::exception& e) {
        count_.panics.add();
        return Outcome::retry(std::string("exception: ") + e.what());
    } catch (...) {
        count_.panics.add();
        return Outcome::retry("exception of an unknown type");
    }
}

void ControllerCore::settle(const kube::ObjectKey& key, int priority, const std::string& id,
                            const Outcome& outcome) {
    if (outcome.kind() == Outcome::Kind::Retry) {
        count_.error.add();
        again(key, priority, id, outcome.message());
        return;
    }
    {
        std::lock_guard lock(mutex_);
        failures_.erase(key);
    }
    switch (outcome.kind()) {
        case Outcome::Kind::After:
            count_.requeueAfter.add();
            enqueue(key, outcome.pause(), priority);
            break;
        case Outcome::Kind::Terminal:
            count_.error.add();
            count_.errors.add();
            count_.terminalErrors.add();
            base::logWarning("reconcile cannot succeed until the input changes",
                             {{"controller", name_},
                              {"key", key.str()},
                              {"reconcileId", id},
                              {"error", outcome.message()}});
            break;
        default:
            count_.success.add();
    }
}

void ControllerCore::again(const kube::ObjectKey& key, int priority, const std::string& id,
                           const std::string& why) {
    std::chrono::milliseconds pause;
    {
        std::lock_guard lock(mutex_);
        pause = retryPause(failures_[key]++);
    }
    count_.errors.add();
    count_.retries.add();
    if (!abandon_.stop_requested()) {
        base::logWarning("reconcile failed, it will be tried again",
                         {{"controller", name_},
                          {"key", key.str()},
                          {"reconcileId", id},
                          {"error", why},
                          {"pauseMs", std::to_string(pause.count())}});
    }
    enqueue(key, pause, priority);
}

}  // namespace runtime
