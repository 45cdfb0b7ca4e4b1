#include "runtime/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "kube/client.h"

namespace runtime {
namespace {

struct Definition {
    const char* name;
    Metrics::Kind kind;
    const char* help;
    std::vector<double> buckets;
};

// client-go's and controller-runtime's own names, kinds and buckets.
const std::vector<Definition>& definitions() {
    using enum Metrics::Kind;
    static const std::vector<double> kReconcile{
        0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
        0.7,   0.8,  0.9,   1.0,  1.25, 1.5,  1.75, 2.0,  2.5, 3.0,  3.5, 4.0,  4.5, 5.0,
        6.0,   7.0,  8.0,   9.0,  10,   15,   20,   25,   30,  40,   50,  60};
    static const std::vector<double> kQueue{1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3,
                                            1e-2, 1e-1, 1,    10,   100,  1000};
    static const std::vector<double> kRequest{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
    static const std::vector<double> kBytes{64,    256,    512,     1024,    4096,    16384,
                                            65536, 262144, 1048576, 4194304, 16777216};
    static const std::vector<Definition> all{
        {"controller_runtime_reconcile_total",
         Counter,
         "Total number of reconciliations per controller",
         {}},
        {"controller_runtime_reconcile_errors_total",
         Counter,
         "Total number of reconciliation errors per controller",
         {}},
        {"controller_runtime_terminal_reconcile_errors_total",
         Counter,
         "Total number of terminal reconciliation errors per controller",
         {}},
        {"controller_runtime_reconcile_panics_total",
         Counter,
         "Total number of exceptions that left the reconcile function per controller",
         {}},
        {"controller_runtime_reconcile_timeouts_total",
         Counter,
         "Total number of reconciliations that outlived their deadline per controller",
         {}},
        {"controller_runtime_reconcile_time_seconds", Histogram,
         "Length of time per reconciliation per controller", kReconcile},
        {"controller_runtime_max_concurrent_reconciles",
         Gauge,
         "Maximum number of concurrent reconciles per controller",
         {}},
        {"controller_runtime_active_workers",
         Gauge,
         "Number of currently used workers per controller",
         {}},
        {"workqueue_depth", Gauge, "Current depth of workqueue by workqueue and priority", {}},
        {"workqueue_adds_total", Counter, "Total number of adds handled by workqueue", {}},
        {"workqueue_queue_duration_seconds", Histogram,
         "How long in seconds an item stays in workqueue before being requested", kQueue},
        {"workqueue_work_duration_seconds", Histogram,
         "How long in seconds processing an item from workqueue takes.", kQueue},
        {"workqueue_unfinished_work_seconds",
         Gauge,
         "How many seconds of work has been done that is in progress and hasn't been observed by "
         "work_duration. Large values indicate stuck threads.",
         {}},
        {"workqueue_longest_running_processor_seconds",
         Gauge,
         "How many seconds has the longest running processor for workqueue been running.",
         {}},
        {"workqueue_retries_total", Counter, "Total number of retries handled by workqueue", {}},
        {"rest_client_requests_total",
         Counter,
         "Number of HTTP requests, partitioned by status code, method, and host.",
         {}},
        {"rest_client_request_duration_seconds", Histogram,
         "Request latency in seconds. Broken down by verb, and host.", kRequest},
        {"rest_client_rate_limiter_duration_seconds", Histogram,
         "Time in seconds that a request waited for a free place in flight. Broken down by verb, "
         "and host.",
         kRequest},
        {"rest_client_request_size_bytes", Histogram,
         "Request size in bytes. Broken down by verb and host.", kBytes},
        {"rest_client_response_size_bytes", Histogram,
         "Response size in bytes. Broken down by verb and host.", kBytes},
        {"rest_client_request_retries_total",
         Counter,
         "Number of request retries, partitioned by status code, verb, and host.",
         {}},
        {"leader_election_master_status",
         Gauge,
         "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, "
         "1 indicates master.",
         {}},
        {"leader_election_slowpath_total",
         Counter,
         "Total number of slow path exercised in renewing leader leases.",
         {}},
        {"informer_objects", Gauge, "Number of objects in the cache of one resource type.", {}},
        {"informer_synced", Gauge, "1 once the first list of a resource type is complete.", {}},
        {"informer_healthy",
         Gauge,
         "1 while the watch of a resource type works, 0 while it is being tried again.",
         {}},
        {"informer_failures_total",
         Counter,
         "Failed lists and watches of a resource type, by kind of error.",
         {}},
        {"events_discarded_total",
         Counter,
         "Kubernetes events that were not sent: the queue was full or the server refused them.",
         {}},
    };
    return all;
}

const std::vector<double> kDefaultBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                          1,     2.5,  5,     10,   30,  60};

void unknown(const std::string& name) {
    base::logError("a metric that nobody defined", {{"name", name}});
#ifndef NDEBUG
    std::abort();
#endif
}

}  // namespace

struct Metrics::Impl {
    template <class T>
    struct Named {
        prometheus::Family<T>* family;
        std::vector<double> buckets;
    };

    prometheus::Registry registry;
    mutable std::mutex mutex;
    std::map<std::string, Named<prometheus::Counter>> counters;
    std::map<std::string, Named<prometheus::Gauge>> gauges;
    std::map<std::string, Named<prometheus::Histogram>> histograms;
    std::string host;
    std::map<std::pair<std::string, std::string>, Answers> answers;  // by method and code
    std::map<std::string, Exchanges> exchanges;                      // by method

    mutable std::mutex scrapeMutex;
    std::vector<std::weak_ptr<std::function<void()>>> refreshers;

    // Definitions are only ever added, so what is found stays valid without the lock.
    template <class T>
    Named<T>* find(std::map<std::string, Named<T>>& named, const std::string& name) {
        std::lock_guard lock(mutex);
        auto it = named.find(name);
        if (it == named.end()) {
            unknown(name);
            return nullptr;
        }
        return &it->second;
    }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
    for (const auto& definition : definitions()) {
        define(definition.name, definition.kind, definition.help, definition.buckets);
    }
}

Metrics::~Metrics() = default;

void Metrics::define(const std::string& name, Kind kind, const std::string& help,
                     std::vector<double> buckets) {
    std::lock_guard lock(impl_->mutex);
    if (buckets.empty()) {
        buckets = kDefaultBuckets;
    }
    auto& registry = impl_->registry;
    switch (kind) {
        case Kind::Counter:
            impl_->counters[name] = {
                &prometheus::BuildCounter().Name(name).Help(help).Register(registry), {}};
            break;
        case Kind::Gauge:
            impl_->gauges[name] = {
                &prometheus::BuildGauge().Name(name).Help(help).Register(registry), {}};
            break;
        case Kind::Histogram:
            impl_->histograms[name] = {
                &prometheus::BuildHistogram().Name(name).Help(help).Register(registry),
                std::move(buckets)};
            break;
    }
}

void Metrics::create(const std::string& name, const Labels& labels) {
    std::unique_lock lock(impl_->mutex);
    bool isCounter = impl_->counters.contains(name);
    bool isGauge = impl_->gauges.contains(name);
    lock.unlock();
    if (isCounter) {
        counter(name, labels);
    } else if (isGauge) {
        gauge(name, labels);
    } else {
        histogram(name, labels);
    }
}

Counter Metrics::counter(const std::string& name, const Labels& labels) {
    auto* named = impl_->find(impl_->counters, name);
    return named == nullptr ? Counter() : Counter(&named->family->Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const Labels& labels) {
    auto* named = impl_->find(impl_->gauges, name);
    return named == nullptr ? Gauge() : Gauge(&named->family->Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const Labels& labels) {
    auto* named = impl_->find(impl_->histograms, name);
    return named == nullptr ? Histogram() : Histogram(&named->family->Add(labels, named->buckets));
}

void Counter::add(double by) const {
    if (counter_ != nullptr) {
        counter_->Increment(by);
    }
}

void Gauge::set(double value) const {
    if (gauge_ != nullptr) {
        gauge_->Set(value);
    }
}

void Histogram::observe(double value) const {
    if (histogram_ != nullptr) {
        histogram_->Observe(value);
    }
}

void Metrics::count(const std::string& name, const Labels& labels, double by) {
    counter(name, labels).add(by);
}

void Metrics::set(const std::string& name, const Labels& labels, double value) {
    gauge(name, labels).set(value);
}

void Metrics::observe(const std::string& name, const Labels& labels, double seconds) {
    histogram(name, labels).observe(seconds);
}

void Metrics::remove(const std::string& name, const Labels& labels) {
    {
        std::lock_guard lock(impl_->mutex);
        auto counter = impl_->counters.find(name);
        if (counter != impl_->counters.end()) {
            auto* family = counter->second.family;
            family->Remove(&family->Add(labels));
            return;
        }
    }
    if (auto* named = impl_->find(impl_->gauges, name)) {
        named->family->Remove(&named->family->Add(labels));
    }
}

void Metrics::setHost(const std::string& host) {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->host = host;
        impl_->exchanges.clear();
        impl_->answers.clear();
    }
    for (const auto& [method, code] :
         {std::pair{"GET", "200"}, std::pair{"POST", "201"}, std::pair{"PUT", "200"},
          std::pair{"PATCH", "200"}, std::pair{"PATCH", "201"}, std::pair{"DELETE", "200"}}) {
        answersOf(method, code);
        exchangesOf(method);
    }
}

Metrics::Answers Metrics::answersOf(const std::string& method, const std::string& code) {
    std::unique_lock lock(impl_->mutex);
    auto known = impl_->answers.find({method, code});
    if (known != impl_->answers.end()) {
        return known->second;
    }
    auto host = impl_->host;
    lock.unlock();
    Answers made{
        counter("rest_client_requests_total", {{"code", code}, {"method", method}, {"host", host}}),
        counter("rest_client_request_retries_total",
                {{"code", code}, {"verb", method}, {"host", host}})};
    lock.lock();
    return impl_->answers[{method, code}] = made;
}

Metrics::Exchanges Metrics::exchangesOf(const std::string& method) {
    std::unique_lock lock(impl_->mutex);
    auto known = impl_->exchanges.find(method);
    if (known != impl_->exchanges.end()) {
        return known->second;
    }
    const Labels labels{{"verb", method}, {"host", impl_->host}};
    lock.unlock();
    Exchanges made{histogram("rest_client_request_duration_seconds", labels),
                   histogram("rest_client_rate_limiter_duration_seconds", labels),
                   histogram("rest_client_request_size_bytes", labels),
                   histogram("rest_client_response_size_bytes", labels)};
    lock.lock();
    return impl_->exchanges[method] = made;
}

void Metrics::request(const kube::RequestInfo& info) {
    static const std::map<std::string, std::string> kMethods{
        {"get", "GET"},     {"list", "GET"},    {"watch", "GET"},  {"create", "POST"},
        {"apply", "PATCH"}, {"patch", "PATCH"}, {"update", "PUT"}, {"delete", "DELETE"}};
    auto method = kMethods.find(info.verb);
    const std::string& verb = method == kMethods.end() ? info.verb : method->second;
    auto answers =
        answersOf(verb, info.httpStatus == 0 ? "<error>" : std::to_string(info.httpStatus));
    answers.requests.add();
    if (info.retry) {
        answers.retries.add();
    }
    // A watch lasts as long as it likes: that is no latency.
    if (info.verb != "watch") {
        auto exchanges = exchangesOf(verb);
        exchanges.duration.observe(info.duration.count());
        exchanges.queued.observe(info.queued.count());
        exchanges.requestBytes.observe(static_cast<double>(info.requestBytes));
        exchanges.responseBytes.observe(static_cast<double>(info.responseBytes));
    }
}

std::shared_ptr<void> Metrics::onScrape(std::function<void()> refresh) {
    std::lock_guard lock(impl_->scrapeMutex);
    auto held = std::make_shared<std::function<void()>>(std::move(refresh));
    impl_->refreshers.emplace_back(held);
    // Taking the lock on the way out is what waits for a scrape that is just calling.
    return {held.get(), [this, held](void*) mutable {
                std::lock_guard end(impl_->scrapeMutex);
                held.reset();
            }};
}

std::string Metrics::text() const {
    std::lock_guard lock(impl_->scrapeMutex);
    std::erase_if(impl_->refreshers, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : impl_->refreshers) {
        if (auto refresh = weak.lock()) {
            (*refresh)();
        }
    }
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace runtime
