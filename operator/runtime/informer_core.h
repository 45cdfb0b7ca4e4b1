// What an informer does, without a thread: one request a step, what it brings goes into the store
// and on to the handlers.
//
//   runtime::InformerCore core(client, {.type = kPods}, clock, timer, metrics, jitter);
//   core.onChange(handler);
//   while (!stop.stop_requested()) {
//       core.step(stop);    // a list, a watch to its end, or a pause
//   }
//
// Informer runs it on a thread, the simulation in tests/simulation on a fiber: the same code.
// A watch whose connection leads nowhere says nothing, not even that it is broken. TCP's keepalive
// finds a peer that is gone (35 s). One that is there and passes nothing on is given up after
// - 30 s without a line, until the initial events are complete;
// - 3 min without a line, where the server has shown that it sends bookmarks from time to time;
// - otherwise 10 s after the time at which the server was to end the watch: 290 s to 580 s after
//   its begin.
//
// Thread safety: step from one thread; the store's readers from any. Blocking: step, until its
// request has ended or `stop`.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "runtime/informer.h"
#include "runtime/metrics.h"
#include "runtime/timer.h"
#include "runtime/watcher.h"

namespace runtime {

class InformerCore {
  public:
    // `jitter` answers a number in [0, 1).
    InformerCore(kube::Client& client, InformerOptions options, const base::Clock& clock,
                 Timer& timer, Metrics& metrics, std::function<double()> jitter);
    InformerCore(const InformerCore&) = delete;
    InformerCore& operator=(const InformerCore&) = delete;

    Store& store() { return store_; }
    const Store& store() const { return store_; }
    const InformerOptions& options() const { return options_; }
    // The four below before the first step().
    void onChange(Informer::Handler handler) { handlers_.push_back(std::move(handler)); }
    void onSynced(std::function<void()> done) { syncedHandlers_.push_back(std::move(done)); }
    void onProgress(std::function<void()> tell) { progressHandlers_.push_back(std::move(tell)); }
    void share(std::shared_ptr<ServerHealth> health) { health_ = std::move(health); }

    void step(const std::stop_token& stop);

    // Brings the values up to date that are only worth computing when somebody looks.
    void refreshMetrics();

  private:
    using Request =
        std::variant<std::monostate, Watcher::StartList, Watcher::StartWatch, Watcher::Pause>;
    // An open watch.
    struct Stream {
        std::stop_source stop{};
        base::SteadyTime ends{};  // by the server's time limit
        bool listing = false;     // the initial events are not complete
        int bookmarks = 0;        // beyond the one that completes them
        base::SteadyTime givenUpAt{};
        std::atomic<bool> silent{false};  // it was given up
        Timer::Bell bell{};
        Timer::Bell reminder{};  // while `listing`
    };

    void feed(const Watcher::Input& input);
    void hand(const Watcher::Input& input);
    void perform(const Watcher::StartList& list, const std::stop_token& stop);
    void perform(const Watcher::StartWatch& watch, const std::stop_token& stop);
    void perform(const Watcher::Pause& pause, const std::stop_token& stop);
    void perform(const std::monostate&, const std::stop_token&) { feed(Watcher::Begin{}); }
    base::SteadyTime patience() const;
    void listen();

    void take(const Watcher::StartList& output) { request_ = output; }
    void take(const Watcher::StartWatch& output) { request_ = output; }
    void take(const Watcher::Pause& output) { request_ = output; }
    void take(const Watcher::StopWatch&) { stream_->stop.request_stop(); }
    void take(const Watcher::Upsert& output) { tell(store_.upsert(output.object), false); }
    void take(const Watcher::Erase& output) {
        tell(store_.erase(output.key, output.resourceVersion), false);
    }
    void take(const Watcher::Replace& output);
    void take(const Watcher::Advance& output);
    void take(const Watcher::Trouble& output);
    void take(const Watcher::Healthy&);
    void take(const Watcher::Notice& output);
    void tell(const Store::Change& change, bool initial);
    Metrics::Labels labels() const;

    kube::Client& client_;
    const InformerOptions options_;
    const base::Clock& clock_;
    Timer& timer_;
    Metrics& metrics_;
    const Gauge synced_;
    const Gauge healthy_;
    const Gauge objects_;
    Store store_;
    Watcher watcher_;
    std::mutex asking_;  // of watcher_: the reminder comes on the timer's thread
    std::vector<Informer::Handler> handlers_;
    std::vector<std::function<void()>> syncedHandlers_;
    std::vector<std::function<void()>> progressHandlers_;
    std::shared_ptr<ServerHealth> health_ = std::make_shared<ServerHealth>();
    Request request_;
    std::optional<Stream> stream_;
    bool bookmarked_ = false;  // the server sends bookmarks from time to time
    std::string trouble_;      // the kind that was said; empty: healthy
};

}  // namespace runtime
