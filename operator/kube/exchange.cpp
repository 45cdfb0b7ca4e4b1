#include "kube/exchange.h"

#include <utility>

namespace kube {

void Exchange::setHead(ResponseHead head) {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
    changed_.notify_all();
}

Exchange::Push Exchange::push(std::string_view bytes, std::function<void()> resume) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        return Push::Refused;
    }
    buffer_ += bytes;
    changed_.notify_all();
    if (buffer_.size() < kBuffer) {
        return Push::Taken;
    }
    resume_ = std::move(resume);
    return Push::Full;
}

void Exchange::finish(std::optional<ApiError> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    finished_ = true;
    changed_.notify_all();
}

void Exchange::close() {
    std::function<void()> resume;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        buffer_.clear();
        resume = std::move(resume_);
        resume_ = nullptr;
    }
    if (resume) {
        resume();
    }
}

bool Exchange::awaitFinish(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return finished_; });
}

// Bytes count only once the status is known: what they are depends on it.
Exchange::Wake Exchange::next(std::string& bytes, std::chrono::steady_clock::time_point until,
                              const std::stop_token& stop) {
    bytes.clear();
    std::function<void()> resume;
    {
        std::unique_lock lock(mutex_);
        const bool ready = changed_.wait_until(
            lock, stop, until, [this] { return finished_ || (head_ && !buffer_.empty()); });
        if (stop.stop_requested()) {
            return Wake::Stopped;
        }
        if (!ready) {
            return Wake::TimedOut;
        }
        if (buffer_.empty()) {
            return Wake::End;
        }
        bytes.swap(buffer_);
        resume = std::move(resume_);
        resume_ = nullptr;
    }
    if (resume) {
        resume();
    }
    return Wake::Bytes;
}

}  // namespace kube
