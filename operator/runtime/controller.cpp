// The threads of a controller; what they do is in controller_core.cpp.
#include "runtime/controller.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/alarm.h"
#include "runtime/controller_core.h"
#include "runtime/metrics.h"

namespace runtime {

struct Controller::Impl {
    Impl(std::string name, ControllerOptions options, Metrics& metrics, const base::Clock& theClock,
         ReconcileFunction reconcile)
        : clock(theClock),
          workerCount(options.workers),
          alarm(clock),
          core(std::move(name), std::move(options), metrics, clock, alarm, std::move(reconcile)),
          scrape(metrics.onScrape([this] { core.refreshMetrics(); })) {}

    const base::Clock& clock;
    const int workerCount;
    Alarm alarm;
    ControllerCore core;
    std::vector<std::thread> workers;
    std::atomic<bool> stopping{false};
    Alarm::Bell graceBell;
    std::shared_ptr<void> scrape;
};

Controller::Controller(std::string name, ControllerOptions options, Metrics& metrics,
                       const base::Clock& clock, ReconcileFunction reconcile)
    : impl_(std::make_unique<Impl>(std::move(name), std::move(options), metrics, clock,
                                   std::move(reconcile))) {}

Controller::~Controller() {
    stop();
}

void Controller::enqueue(const kube::ObjectKey& key, int priority) {
    impl_->core.enqueue(key, {}, priority);
}

void Controller::enqueueAfter(const kube::ObjectKey& key, std::chrono::milliseconds pause,
                              int priority) {
    impl_->core.enqueue(key, pause, priority);
}

void Controller::start() {
    for (int i = 0; i < impl_->workerCount; ++i) {
        impl_->workers.emplace_back([impl = impl_.get()] {
            while (impl->core.work()) {
            }
        });
    }
}

void Controller::beginStop(std::chrono::milliseconds grace) {
    impl_->core.close();
    impl_->stopping = true;
    if (grace > std::chrono::milliseconds::zero()) {
        impl_->graceBell =
            impl_->alarm.at(impl_->clock.steady() + grace, [this] { impl_->core.abandon(); });
    } else {
        impl_->core.abandon();
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

void Controller::viewMoved(const std::string& plural) {
    impl_->core.viewMoved(plural);
}

std::optional<kube::ObjectKey> Controller::hung() const {
    return impl_->core.hung();
}

void Controller::wake() {
    impl_->core.wake();
    impl_->alarm.wake();
}

}  // namespace runtime
