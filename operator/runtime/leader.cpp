// The thread of an elector; what it does is in leader_core.cpp.
#include "runtime/leader.h"

#include <thread>
#include <utility>

#include "runtime/alarm.h"
#include "runtime/jitter.h"
#include "runtime/leader_core.h"
#include "runtime/metrics.h"

namespace runtime {
struct LeaderElector::Impl {
    Impl(kube::Client& client, const LeaderOptions& options, const base::Clock& clock,
         Metrics& metrics)
        : alarm(clock), core(client, options, clock, alarm, metrics, randomJitter()) {}

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            auto turn = core.step(stop);
            if (turn.started) {
                onStarted();
            }
            if (turn.lost) {
                onLost();
                return;
            }
            alarm.sleep(turn.pause, stop);
        }
    }

    Alarm alarm;
    LeaderCore core;
    std::function<void()> onStarted;
    std::function<void()> onLost;
    std::jthread thread;
};

LeaderElector::LeaderElector(kube::Client& client, LeaderOptions options, const base::Clock& clock,
                             Metrics& metrics)
    : impl_(std::make_unique<Impl>(client, options, clock, metrics)) {}

LeaderElector::~LeaderElector() {
    stop(false);
}

void LeaderElector::start(std::function<void()> onStarted, std::function<void()> onLost) {
    impl_->onStarted = std::move(onStarted);
    impl_->onLost = std::move(onLost);
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

bool LeaderElector::holds() const {
    return impl_->core.election().holds();
}

std::string LeaderElector::holder() const {
    return impl_->core.election().holder();
}

bool LeaderElector::healthy() const {
    return impl_->core.election().healthy();
}

void LeaderElector::stop(bool release) {
    if (!impl_->thread.joinable()) {
        return;
    }
    impl_->thread.request_stop();
    impl_->thread.join();
    if (release) {
        impl_->core.release();
    }
    impl_->core.resign();
}

}  // namespace runtime
