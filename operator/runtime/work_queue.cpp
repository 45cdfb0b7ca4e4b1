#include "runtime/work_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace runtime {

WorkQueue::Lease::Lease(WorkQueue& queue, kube::ObjectKey key, int priority,
                        std::chrono::duration<double> waited)
    : queue_(&queue), key_(std::move(key)), priority_(priority), waited_(waited) {}

WorkQueue::Lease::Lease(Lease&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)),
      key_(std::move(other.key_)),
      priority_(other.priority_),
      waited_(other.waited_) {}

WorkQueue::Lease::~Lease() {
    if (queue_ != nullptr) {
        queue_->finish(key_);
    }
}

bool WorkQueue::Place::operator<(const Place& other) const {
    return std::tie(other.priority, place) < std::tie(priority, other.place);
}

bool WorkQueue::add(const kube::ObjectKey& key, int priority) {
    return insert(key, std::nullopt, priority);
}

bool WorkQueue::addAfter(const kube::ObjectKey& key, std::chrono::milliseconds pause,
                         int priority) {
    if (pause <= std::chrono::milliseconds::zero()) {
        return insert(key, std::nullopt, priority);
    }
    return insert(key, clock_.steady() + pause, priority);
}

bool WorkQueue::insert(const kube::ObjectKey& key, std::optional<base::SteadyTime> due,
                       int priority) {
    std::lock_guard lock(mutex_);
    if (closed_) {
        return false;
    }
    const auto readyBefore = ready_.size();
    // Who was due before this one came stands before it.
    promote();
    auto [it, fresh] = items_.try_emplace(key);
    Item& item = it->second;
    if (fresh) {
        item.priority = priority;
        item.due = due;
        if (due) {
            waiting_.emplace(*due, key);
        } else {
            makeReady(key, item);
        }
    } else {
        bool raised = priority > item.priority;
        bool sooner = item.due && (!due || *due < *item.due);
        if (raised) {
            raise(key, item, priority);
        }
        if (sooner) {
            waiting_.erase({*item.due, key});
            item.due = due;
            if (due) {
                waiting_.emplace(*due, key);
            }
        }
        if (!item.due && sooner) {
            makeReady(key, item);
        }
    }
    // A key that is worked on, or was ready or due sooner anyway, is nothing to wake up for.
    if (ready_.size() > readyBefore || unguarded()) {
        changed_.notify_one();
    }
    return fresh;
}

// To the end of the line of its new priority, where it stands in one.
void WorkQueue::raise(const kube::ObjectKey& key, Item& item, int priority) {
    if (item.place != 0) {
        leaveLine(item.priority);
        ready_.erase({item.priority, item.place, key});
    }
    item.priority = priority;
    if (item.place != 0) {
        makeReady(key, item);
    }
}

void WorkQueue::leaveLine(int priority) {
    auto line = depth_.find(priority);
    if (--line->second == 0) {
        depth_.erase(line);
    }
}

void WorkQueue::makeReady(const kube::ObjectKey& key, Item& item) {
    if (item.place == 0) {
        item.readyAt = clock_.steady();
    }
    item.due.reset();
    item.place = ++lastPlace_;
    ++depth_[item.priority];
    if (!working_.contains(key)) {
        ready_.insert({item.priority, item.place, key});
    }
}

void WorkQueue::promote() {
    auto now = clock_.steady();
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
        auto key = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        makeReady(key, items_.at(key));
    }
}

std::optional<WorkQueue::Lease> WorkQueue::take() {
    promote();
    if (closed_ || ready_.empty()) {
        return std::nullopt;
    }
    auto first = ready_.extract(ready_.begin());
    auto now = clock_.steady();
    const kube::ObjectKey& key = first.value().key;
    auto waited = now - items_.at(key).readyAt;
    items_.erase(key);
    leaveLine(first.value().priority);
    working_.emplace(key, now);
    if (!ready_.empty() || unguarded()) {
        // This thread is busy from here on: another has to take the next key, or to wait for it.
        changed_.notify_one();
    }
    return Lease(*this, key, first.value().priority, waited);
}

std::optional<WorkQueue::Lease> WorkQueue::tryGet() {
    std::lock_guard lock(mutex_);
    return take();
}

std::optional<WorkQueue::Lease> WorkQueue::get() {
    std::unique_lock lock(mutex_);
    while (!closed_) {
        if (auto lease = take()) {
            return lease;
        }
        sleep(lock);
    }
    return std::nullopt;
}

base::SteadyTime WorkQueue::firstDue() const {
    return waiting_.empty() ? base::SteadyTime::max() : waiting_.begin()->first;
}

// A delayed key waits, and no thread sleeps just until it is due.
bool WorkQueue::unguarded() const {
    return !waiting_.empty() && (!alarm_ || *alarm_ > firstDue());
}

// One thread watches the clock, the others sleep until they are called.
void WorkQueue::sleep(std::unique_lock<std::mutex>& lock) {
    if (!unguarded()) {
        changed_.wait(lock);
        return;
    }
    const auto until = firstDue();
    alarm_ = until;
    changed_.wait_for(lock, until - clock_.steady());
    if (alarm_ == until) {
        alarm_.reset();
    }
}

void WorkQueue::finish(const kube::ObjectKey& key) {
    std::lock_guard lock(mutex_);
    working_.erase(key);
    auto it = items_.find(key);
    if (it != items_.end() && it->second.place != 0) {
        ready_.insert({it->second.priority, it->second.place, key});
        changed_.notify_one();
    }
}

void WorkQueue::shutdown() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

void WorkQueue::wake() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
}

std::optional<base::SteadyTime> WorkQueue::nextDue() const {
    std::lock_guard lock(mutex_);
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first);
}

bool WorkQueue::ready() const {
    std::lock_guard lock(mutex_);
    auto now = clock_.steady();
    bool found = !ready_.empty();
    for (auto it = waiting_.begin(); !found && it != waiting_.end() && it->first <= now; ++it) {
        found = !working_.contains(it->second);
    }
    return found && !closed_;
}

std::map<int, size_t> WorkQueue::depth() const {
    std::lock_guard lock(mutex_);
    return depth_;
}

WorkQueue::Working WorkQueue::working() const {
    std::lock_guard lock(mutex_);
    Working out;
    auto now = clock_.steady();
    for (const auto& [key, since] : working_) {
        std::chrono::duration<double> age = now - since;
        ++out.count;
        out.sum += age;
        if (out.count == 1 || age > out.longest) {
            out.longest = age;
            out.oldest = key;
        }
    }
    return out;
}

}  // namespace runtime
