// The thread of an informer; what it does is in informer_core.cpp.
#include "runtime/informer.h"

#include <thread>
#include <utility>

#include "runtime/alarm.h"
#include "runtime/informer_core.h"
#include "runtime/jitter.h"
#include "runtime/metrics.h"

namespace runtime {
struct Informer::Impl {
    Impl(kube::Client& client, InformerOptions options, const base::Clock& clock, Metrics& metrics,
         std::shared_ptr<Timer> theTimer)
        : timer(theTimer ? std::move(theTimer) : std::make_shared<Alarm>(clock)),
          core(client, std::move(options), clock, *timer, metrics, randomJitter()),
          scrape(metrics.onScrape([this] { core.refreshMetrics(); })) {}

    const std::shared_ptr<Timer> timer;
    InformerCore core;
    std::shared_ptr<void> scrape;
    std::jthread thread;
};

Informer::Informer(kube::Client& client, InformerOptions options, const base::Clock& clock,
                   Metrics& metrics, std::shared_ptr<Timer> timer)
    : impl_(std::make_unique<Impl>(client, std::move(options), clock, metrics, std::move(timer))) {}

Informer::~Informer() {
    stop();
}

Store& Informer::store() {
    return impl_->core.store();
}

const Store& Informer::store() const {
    return impl_->core.store();
}

const kube::ResourceType& Informer::type() const {
    return impl_->core.options().type;
}

const InformerOptions& Informer::options() const {
    return impl_->core.options();
}

void Informer::onChange(Handler handler) {
    impl_->core.onChange(std::move(handler));
}

void Informer::onSynced(std::function<void()> done) {
    impl_->core.onSynced(std::move(done));
}

void Informer::onProgress(std::function<void()> tell) {
    impl_->core.onProgress(std::move(tell));
}

void Informer::share(std::shared_ptr<ServerHealth> health) {
    impl_->core.share(std::move(health));
}

void Informer::start() {
    impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            impl->core.step(stop);
        }
    });
}

void Informer::stop() {
    if (impl_->thread.joinable()) {
        impl_->thread.request_stop();
        impl_->thread.join();
    }
}

}  // namespace runtime
