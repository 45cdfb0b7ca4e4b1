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
    // What repeats is a bell after the other.
    struct Series {
        Id next;
        bool over = false;
    };

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

    Id add(base::SteadyTime time, std::function<void()> ring) {
        Id id{time, ++lastId};
        bells.emplace(id, std::move(ring));
        if (!thread.joinable()) {
            thread = std::thread([this] { run(); });
        }
        if (time < asleepUntil) {
            due.notify_all();
        }
        return id;
    }

    void addNext(const std::shared_ptr<Series>& series, std::chrono::milliseconds interval,
                 const std::function<void()>& ring) {
        series->next = add(clock.steady() + interval, [this, series, interval, ring] {
            ring();
            std::lock_guard lock(mutex);
            if (!series->over) {
                addNext(series, interval, ring);
            }
        });
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
        cancel(id, lock);
    }
    void cancel(Id id, std::unique_lock<std::mutex>& lock) {
        bells.erase(id);
        rang.wait(lock, [&] { return ringing != id; });
    }
    void end(Series& series) {
        std::unique_lock lock(mutex);
        series.over = true;
        cancel(series.next, lock);
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
    auto id = impl_->add(time, std::move(ring));
    return {impl_.get(), [impl = impl_, id](void*) { impl->cancel(id); }};
}

Alarm::Bell Alarm::every(std::chrono::milliseconds interval, std::function<void()> ring) {
    auto series = std::make_shared<Impl::Series>();
    std::lock_guard lock(impl_->mutex);
    impl_->addNext(series, interval, ring);
    return {impl_.get(), [impl = impl_, series](void*) { impl->end(*series); }};
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
