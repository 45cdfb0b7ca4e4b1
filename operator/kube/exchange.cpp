#include "kube/exchange.h"

#include <algorithm>
#include <utility>

namespace kube {
namespace {

// After a burst a watch may be silent for hours: the room of the burst is not to be held meanwhile.
void empty(std::string& bytes) {
    constexpr size_t kKeep = 16U << 10U;
    if (bytes.capacity() > kKeep) {
        std::string().swap(bytes);
    } else {
        bytes.clear();
    }
}

}  // namespace

void Exchange::setHead(ResponseHead head) {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
    wake();
}

Exchange::Push Exchange::push(std::string_view bytes, std::function<void()> resume) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        return Push::Refused;
    }
    buffer_ += bytes;
    wake();
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
    wake();
}

// Bytes count only once the status is known: what they are depends on it.
bool Exchange::readable() const {
    return finished_ || (head_ && buffer_.size() >= enough_);
}

void Exchange::wake() {
    if (readable()) {
        changed_.notify_all();
    }
}

bool Exchange::silent() {
    const std::lock_guard lock(mutex_);
    return !head_;
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

Exchange::Wake Exchange::next(std::string& bytes, std::chrono::steady_clock::time_point until,
                              const std::stop_token& stop, size_t enough) {
    empty(bytes);
    std::function<void()> resume;
    {
        std::unique_lock lock(mutex_);
        enough_ = std::clamp<size_t>(enough, 1, kBuffer);
        const bool ready = changed_.wait_until(lock, stop, until, [this] { return readable(); });
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
