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
            if (bells.empty()) {
                changed.wait(lock);
                continue;
            }
            auto first = bells.begin();
            auto now = clock.steady();
            if (first->first.first > now) {
                changed.wait_for(lock, first->first.first - now);
                continue;
            }
            auto bell = bells.extract(first);
            ringing = bell.key();
            lock.unlock();
            bell.mapped()();
            lock.lock();
            ringing.reset();
            changed.notify_all();
        }
    }

    void cancel(Id id) {
        std::unique_lock lock(mutex);
        bells.erase(id);
        changed.wait(lock, [&] { return ringing != id; });
    }

    const base::Clock& clock;
    std::mutex mutex;
    std::condition_variable changed;
    std::map<Id, std::function<void()>> bells;
    std::optional<Id> ringing;
    uint64_t lastId = 0;
    bool closed = false;
    std::thread thread;
};

Alarm::Alarm(const base::Clock& clock) : impl_(std::make_shared<Impl>(clock)) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Alarm::~Alarm() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->closed = true;
    }
    impl_->changed.notify_all();
    impl_->thread.join();
}

Alarm::Bell Alarm::at(base::SteadyTime time, std::function<void()> ring) {
    std::lock_guard lock(impl_->mutex);
    Impl::Id id{time, ++impl_->lastId};
    impl_->bells.emplace(id, std::move(ring));
    impl_->changed.notify_all();
    return {impl_.get(), [impl = impl_, id](void*) { impl->cancel(id); }};
}

void Alarm::wake() {
    std::lock_guard lock(impl_->mutex);
    impl_->changed.notify_all();
}

}  // namespace runtime
