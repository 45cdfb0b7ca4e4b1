// Keeps one Store in step with the API server: lists, watches, relists, backs off; one thread.
//
//   runtime::Informer pods(client, {.type = kPods, .labelSelector = "scalableapp.dev/app"},
//                          clock, metrics);
//   pods.store().addIndex("app", runtime::labelIndex("scalableapp.dev/app"));
//   pods.onChange([&](const runtime::Store::Change& change, bool initial) { ... });
//   pods.start();
//
// An unreachable server is tried again with back-off (0.8 s doubling to 30 s, with jitter) and said
// once, then again only when it comes back.
// Thread safety: handlers run on the informer's thread, in order. start/stop from one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "runtime/server_health.h"
#include "runtime/store.h"
#include "runtime/timer.h"

namespace runtime {

class Metrics;

struct InformerOptions {
    kube::ResourceType type;
    std::string namespace_{};  // empty: all
    std::string labelSelector{};
    std::string fieldSelector{};
    // "shardRange(object.metadata.uid, '0x0', '0x8000000000000000')" (KEP 5866, alpha in 1.36): one
    // of several processes sees its part. A server that does not know it gives all of it.
    std::string shardSelector{};

    // "pods", of one namespace "pods/shop".
    std::string name() const { return type.plural + (namespace_.empty() ? "" : "/" + namespace_); }
};

class Informer {
  public:
    // `initial` is true for objects of the first list.
    using Handler = std::function<void(const Store::Change& change, bool initial)>;

    // `timer`: one for many informers saves them a thread each; null: its own.
    Informer(kube::Client& client, InformerOptions options, const base::Clock& clock,
             Metrics& metrics, std::shared_ptr<Timer> timer = nullptr);
    ~Informer();  // stops and joins
    Informer(const Informer&) = delete;
    Informer& operator=(const Informer&) = delete;

    Store& store();
    const Store& store() const;
    const kube::ResourceType& type() const;
    const InformerOptions& options() const;
    // Before start().
    void onChange(Handler handler);
    // Once, when the first list is complete and its handlers have run. Before start().
    void onSynced(std::function<void()> done);
    // After each event of the watch, when the store has taken it. Before start().
    void onProgress(std::function<void()> tell);
    // Outages are then said once for all informers that share it. Before start().
    void share(std::shared_ptr<ServerHealth> health);
    void start();
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
