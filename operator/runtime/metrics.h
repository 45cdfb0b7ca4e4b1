// The process's Prometheus metrics, under the names controller-runtime and client-go use, so that
// existing dashboards work.
//
//   runtime::Metrics metrics;
//   metrics.count("controller_runtime_reconcile_total", {{"controller", "scalableapp"}, {"result", "success"}});
//   std::string page = metrics.text();
//
// Thread safety: all members from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace kube {
struct RequestInfo;
}

namespace runtime {

class Metrics {
  public:
    using Labels = std::map<std::string, std::string>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // Help texts of all names are in metrics.cpp: an unknown name is a defect and aborts in tests.
    void count(const std::string& name, const Labels& labels, double by = 1);
    void set(const std::string& name, const Labels& labels, double value);
    void observe(const std::string& name, const Labels& labels, double seconds);
    void remove(const std::string& name, const Labels& labels);

    // rest_client_*: pass as ClientOptions::observe.
    void request(const kube::RequestInfo& info);

    // The exposition format of GET /metrics.
    std::string text() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
