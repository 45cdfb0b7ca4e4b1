#include "runtime/alarm.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace runtime {

struct Alarm::Impl {
    using Id = std::pair<base::SteadyTime, uint64_t>;

    explicit Impl(const base::Clock& theClock) : clock(theClock) {}

    void run() {
        std::unique_lock lock(mutex);
        while (!closed) {
            auto now = clock.steady();
            if (!bells.empty() && bells.begin()->first.first <= now) {
                ring(lock);
                continue;
            }
            // A bell that is called off leaves the thread asleep until that time: work that comes
            // and goes without end then costs no wake-up each.
            asleepUntil = bells.empty() ? base::SteadyTime::max() : bells.begin()->first.first;
            if (bells.empty()) {
                due.wait(lock);
            } else {
                due.wait_for(lock, asleepUntil - now);
            }
        }
    }

    void ring(std::unique_lock<std::mutex>& lock) {
        auto bell = bells.extract(bells.begin());
        ringing = bell.key();
        lock.unlock();
        bell.mapped()();
        lock.lock();
        ringing.reset();
        rang.notify_all();
    }

    void cancel(Id id) {
        std::unique_lock lock(mutex);
        bells.erase(id);
        rang.wait(lock, [&] { return ringing != id; });
    }

    const base::Clock& clock;
    std::mutex mutex;
    std::condition_variable due;   // of the alarm's thread
    std::condition_variable rang;  // of those who wait for a running call
    std::map<Id, std::function<void()>> bells;
    std::optional<Id> ringing;
    base::SteadyTime asleepUntil = base::SteadyTime::max();
    uint64_t lastId = 0;
    bool closed = false;
    std::thread thread;
};

Alarm::Alarm(const base::Clock& clock) : impl_(std::make_shared<Impl>(clock)) {}

Alarm::~Alarm() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->closed = true;
    }
    impl_->due.notify_all();
    if (impl_->thread.joinable()) {
        impl_->thread.join();
    }
}

Alarm::Bell Alarm::at(base::SteadyTime time, std::function<void()> ring) {
    std::lock_guard lock(impl_->mutex);
    Impl::Id id{time, ++impl_->lastId};
    impl_->bells.emplace(id, std::move(ring));
    if (!impl_->thread.joinable()) {
        impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
    }
    if (time < impl_->asleepUntil) {
        impl_->due.notify_all();
    }
    return {impl_.get(), [impl = impl_, id](void*) { impl->cancel(id); }};
}

void Alarm::sleep(std::chrono::milliseconds pause, const std::stop_token& stop) {
    std::mutex own;
    std::condition_variable_any never;
    std::unique_lock lock(own);
    never.wait_for(lock, stop, pause, [] { return false; });
}

void Alarm::wake() {
    std::lock_guard lock(impl_->mutex);
    impl_->due.notify_all();
}

}  // namespace runtime
