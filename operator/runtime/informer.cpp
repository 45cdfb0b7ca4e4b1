#include "runtime/informer.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "runtime/metrics.h"
#include "runtime/watcher.h"

namespace runtime {
namespace {

using Request =
    std::variant<std::monostate, Watcher::StartList, Watcher::StartWatch, Watcher::Pause>;

constexpr const char* kUnreachable = "unreachable";

std::function<double()> randomJitter() {
    return [random = std::mt19937(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(random);
    };
}

std::string kindName(kube::ErrorKind kind) {
    switch (kind) {
        case kube::ErrorKind::Unreachable:
        case kube::ErrorKind::Timeout:
            return kUnreachable;
        case kube::ErrorKind::Unauthorized:
        case kube::ErrorKind::Forbidden:
            return "forbidden";
        case kube::ErrorKind::TooManyRequests:
            return "throttled";
        case kube::ErrorKind::ServerError:
            return "server";
        default:
            return "other";
    }
}

}  // namespace

struct Informer::Impl {
    Impl(kube::Client& theClient, InformerOptions theOptions, const base::Clock& theClock,
         Metrics& theMetrics)
        : client(theClient),
          options(std::move(theOptions)),
          clock(theClock),
          metrics(theMetrics),
          watcher({options.namespace_, options.labelSelector, options.fieldSelector},
                  randomJitter()) {}

    void run(const std::stop_token& stop);
    void feed(const Watcher::Input& input);
    void perform(const Watcher::StartList& list, const std::stop_token& stop);
    void perform(const Watcher::StartWatch& watch, const std::stop_token& stop);
    void perform(const Watcher::Pause& pause, const std::stop_token& stop);
    void perform(const std::monostate&, const std::stop_token&) {}

    void take(const Watcher::StartList& output) { request = output; }
    void take(const Watcher::StartWatch& output) { request = output; }
    void take(const Watcher::Pause& output) { request = output; }
    void take(const Watcher::StopWatch&) { watchStop.request_stop(); }
    void take(const Watcher::Upsert& output) { tell(store.upsert(output.object), false); }
    void take(const Watcher::Erase& output) {
        tell(store.erase(output.key, output.resourceVersion), false);
    }
    void take(const Watcher::Replace& output);
    void take(const Watcher::Advance& output) { store.advance(output.resourceVersion); }
    void take(const Watcher::Trouble& output);
    void take(const Watcher::Healthy&);
    void take(const Watcher::Notice& output) {
        base::logWarning("something odd on a watch",
                         {{"resource", options.type.plural}, {"notice", output.message}});
    }
    void tell(const Store::Change& change, bool initial);
    Metrics::Labels labels() const { return {{"resource", options.type.plural}}; }

    kube::Client& client;
    const InformerOptions options;
    const base::Clock& clock;
    Metrics& metrics;
    Store store;
    Watcher watcher;
    std::vector<Handler> handlers;
    std::vector<std::function<void()>> syncedHandlers;
    std::shared_ptr<ServerHealth> health = std::make_shared<ServerHealth>();

    // Of the informer's thread alone.
    Request request;
    std::stop_source watchStop;
    std::string trouble;  // the kind that was said; empty: healthy

    std::mutex pauseMutex;
    std::condition_variable_any pauseEnd;
    std::shared_ptr<void> scrape;
    std::jthread thread;
};

void Informer::Impl::run(const std::stop_token& stop) {
    feed(Watcher::Begin{});
    while (!stop.stop_requested()) {
        std::visit([&](const auto& what) { perform(what, stop); },
                   std::exchange(request, std::monostate{}));
    }
}

void Informer::Impl::feed(const Watcher::Input& input) {
    for (const auto& output : watcher.next(input, clock.steady())) {
        std::visit([&](const auto& what) { take(what); }, output);
    }
}

void Informer::Impl::perform(const Watcher::StartList& list, const std::stop_token& stop) {
    auto page = client.list(options.type, list.options, stop);
    if (stop.stop_requested()) {
        return;
    }
    if (page) {
        feed(Watcher::Page{std::move(*page)});
    } else {
        feed(Watcher::ListFailed{page.error()});
    }
}

void Informer::Impl::perform(const Watcher::StartWatch& watch, const std::stop_token& stop) {
    watchStop = std::stop_source();
    std::stop_callback chain(stop, [this] { watchStop.request_stop(); });
    auto begin = clock.steady();
    auto result = client.watch(
        options.type, watch.options, [&](std::string_view line) { feed(Watcher::Line{line}); },
        watchStop.get_token());
    if (stop.stop_requested()) {
        return;
    }
    Watcher::Ended ended;
    ended.lasted = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - begin);
    if (!result && !watchStop.stop_requested()) {
        ended.error = result.error();
    }
    feed(ended);
}

void Informer::Impl::perform(const Watcher::Pause& pause, const std::stop_token& stop) {
    std::unique_lock lock(pauseMutex);
    pauseEnd.wait_for(lock, stop, pause.duration, [] { return false; });
    if (!stop.stop_requested()) {
        feed(Watcher::Paused{});
    }
}

void Informer::Impl::take(const Watcher::Replace& output) {
    bool initial = !store.synced();
    for (const auto& change : store.replace(output.objects, output.resourceVersion)) {
        tell(change, initial);
    }
    if (initial) {
        metrics.set("informer_synced", labels(), 1);
        for (const auto& done : syncedHandlers) {
            done();
        }
    }
}

void Informer::Impl::tell(const Store::Change& change, bool initial) {
    if (!change.changed()) {
        return;
    }
    for (const auto& handler : handlers) {
        try {
            handler(change, initial);
        } catch (const std::exception& e) {
            base::logError("a change handler failed",
                           {{"resource", options.type.plural}, {"error", e.what()}});
        }
    }
}

void Informer::Impl::take(const Watcher::Trouble& output) {
    std::string kind = kindName(output.error.kind);
    auto at = labels();
    at["kind"] = kind;
    metrics.count("informer_failures_total", at);
    metrics.set("informer_healthy", labels(), 0);
    if (kind == kUnreachable) {
        health->failed(options.type.plural, output.error);
    } else if (kind != trouble) {
        health->answered(options.type.plural);
        base::logWarning("cannot list or watch; trying again with growing pauses",
                         {{"resource", options.type.plural}, {"error", output.error.str()}});
    }
    trouble = kind;
}

void Informer::Impl::take(const Watcher::Healthy&) {
    health->answered(options.type.plural);
    auto before = std::exchange(trouble, "");
    if (!before.empty() && before != kUnreachable) {
        base::logInfo("list and watch work again", {{"resource", options.type.plural}});
    }
    metrics.set("informer_healthy", labels(), 1);
}

Informer::Informer(kube::Client& client, InformerOptions options, const base::Clock& clock,
                   Metrics& metrics)
    : impl_(std::make_unique<Impl>(client, std::move(options), clock, metrics)) {
    auto* impl = impl_.get();
    metrics.set("informer_synced", impl->labels(), 0);
    metrics.set("informer_healthy", impl->labels(), 0);
    impl->scrape = metrics.onScrape([impl] {
        impl->metrics.set("informer_objects", impl->labels(),
                          static_cast<double>(impl->store.size()));
    });
}

Informer::~Informer() {
    stop();
}

Store& Informer::store() {
    return impl_->store;
}

const Store& Informer::store() const {
    return impl_->store;
}

const kube::ResourceType& Informer::type() const {
    return impl_->options.type;
}

void Informer::onChange(Handler handler) {
    impl_->handlers.push_back(std::move(handler));
}

void Informer::onSynced(std::function<void()> done) {
    impl_->syncedHandlers.push_back(std::move(done));
}

void Informer::share(std::shared_ptr<ServerHealth> health) {
    impl_->health = std::move(health);
}

void Informer::start() {
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void Informer::stop() {
    if (impl_->thread.joinable()) {
        impl_->thread.request_stop();
        impl_->thread.join();
    }
}

}  // namespace runtime
