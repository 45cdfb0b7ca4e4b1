// The process's Prometheus metrics, under the names controller-runtime and client-go use, so that
// existing dashboards work.
//
//   runtime::Metrics metrics;
//   metrics.count("controller_runtime_reconcile_total",
//                 {{"controller", "scalableapp"}, {"result", "success"}});
//   runtime::Counter adds = metrics.counter("workqueue_adds_total", labels);
//   adds.add();                 // no look-up: for what happens often
//   std::string page = metrics.text();
//
// Thread safety: all members from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kube {
struct RequestInfo;
}

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace runtime {

// One value of one metric, found once and then used without a look-up. Valid as long as the Metrics
// it came from, except after remove() of the same labels.
class Counter {
  public:
    Counter() = default;
    void add(double by = 1) const;

  private:
    friend class Metrics;
    explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
    prometheus::Counter* counter_ = nullptr;
};

class Gauge {
  public:
    Gauge() = default;
    void set(double value) const;

  private:
    friend class Metrics;
    explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
    prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
  public:
    Histogram() = default;
    void observe(double value) const;

  private:
    friend class Metrics;
    explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
    prometheus::Histogram* histogram_ = nullptr;
};

class Metrics {
  public:
    using Labels = std::map<std::string, std::string>;
    enum class Kind { Counter, Gauge, Histogram };

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // Names beyond those of the runtime, before their first use. `buckets` in seconds, of
    // histograms only; empty: 5 ms to 60 s.
    void define(const std::string& name, Kind kind, const std::string& help,
                std::vector<double> buckets = {});

    // Makes a value visible at 0 before the first event: rate() sees no rise from nothing to one.
    void create(const std::string& name, const Labels& labels);

    // What is asked for exists from then on, at 0.
    Counter counter(const std::string& name, const Labels& labels);
    Gauge gauge(const std::string& name, const Labels& labels);
    Histogram histogram(const std::string& name, const Labels& labels);

    // An unknown name is a defect: debug builds abort, others log it and go on.
    void count(const std::string& name, const Labels& labels, double by = 1);
    void set(const std::string& name, const Labels& labels, double value);
    void observe(const std::string& name, const Labels& labels, double seconds);
    void remove(const std::string& name, const Labels& labels);

    // rest_client_*: pass as ClientOptions::observe. `host` names the API server in them.
    void request(const kube::RequestInfo& info);
    // Makes the series of ordinary answers visible at 0, too.
    void setHost(const std::string& host);

    // Calls `refresh` before each text(), for values that are only worth computing when somebody
    // looks. Ends when the answered handle does; the handle's end waits for a running call.
    std::shared_ptr<void> onScrape(std::function<void()> refresh);

    // The exposition format of GET /metrics.
    std::string text() const;

  private:
    struct Answers {
        Counter requests, retries;
    };
    struct Exchanges {
        Histogram duration, queued, requestBytes, responseBytes;
    };
    Answers answersOf(const std::string& method, const std::string& code);
    Exchanges exchangesOf(const std::string& method);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
