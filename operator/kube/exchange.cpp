#include "kube/exchange.h"

#include "kube/gunzip.h"
#include "kube/line_splitter.h"

namespace kube {
namespace {

using SteadyClock = std::chrono::steady_clock;

ApiError errorOf(ErrorKind kind, std::string message) {
    ApiError error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

}  // namespace

void Exchange::head(ResponseHead head) {
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
Exchange::Wake Exchange::next(std::string& bytes, SteadyClock::time_point until,
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

ApiError Exchange::ending(Wake wake, std::chrono::milliseconds timeout) const {
    if (wake == Wake::Stopped) {
        return errorOf(ErrorKind::Cancelled, "the call was stopped");
    }
    if (wake == Wake::TimedOut) {
        return errorOf(ErrorKind::Timeout,
                       "nothing for " + std::to_string(timeout.count()) + " ms");
    }
    return error_.value_or(
        errorOf(ErrorKind::Unreachable, "the connection ended without an answer"));
}

ApiResult<HttpResponse> Exchange::collect(std::chrono::milliseconds timeout, std::stop_token stop,
                                          size_t maxBody) {
    const auto until = SteadyClock::now() + timeout;
    HttpResponse response;
    std::string bytes;
    Wake wake{};
    while ((wake = next(bytes, until, stop)) == Wake::Bytes) {
        response.body += bytes;
        if (response.body.size() > maxBody) {
            return base::failWith(
                errorOf(ErrorKind::Malformed,
                        "an answer over " + std::to_string(maxBody) + " bytes: list in pages"));
        }
    }
    if (wake != Wake::End || error_ || !head_) {
        return base::failWith(ending(wake, timeout));
    }
    if (head_->gzip) {
        auto unpacked = gunzip(response.body, maxBody);
        if (!unpacked) {
            return base::failWith(errorOf(ErrorKind::Malformed, unpacked.error().message));
        }
        response.body = std::move(unpacked).value();
    }
    response.status = head_->status;
    response.retryAfter = head_->retryAfter;
    response.warnings = head_->warnings;
    return response;
}

ApiResult<void> Exchange::lines(std::chrono::milliseconds timeout,
                                const Transport::LineHandler& onLine, std::stop_token stop) {
    LineSplitter splitter(kMaxLine);
    std::string bytes;
    Wake wake{};
    while ((wake = next(bytes, SteadyClock::now() + timeout, stop)) == Wake::Bytes) {
        if (head_->status != 200) {
            return failedWatch(std::move(bytes), timeout, stop);
        }
        const bool good = splitter.feed(bytes, [&](std::string_view line) {
            if (!stop.stop_requested()) {
                onLine(line);
            }
        });
        if (!good) {
            return base::failWith(errorOf(ErrorKind::Malformed, "a watch line over 16 MiB"));
        }
    }
    if (wake != Wake::End || error_ || !head_) {
        return base::failWith(ending(wake, timeout));
    }
    if (head_->status != 200) {
        return failedWatch("", timeout, stop);
    }
    if (splitter.unfinished()) {
        return base::failWith(
            errorOf(ErrorKind::Malformed, "the watch ended in the middle of a line"));
    }
    return {};
}

// Whatever of the Status arrives before the end is enough to tell why.
ApiResult<void> Exchange::failedWatch(std::string body, std::chrono::milliseconds timeout,
                                      const std::stop_token& stop) {
    constexpr size_t kMaxStatus = 1U << 20U;
    std::string bytes;
    Wake wake = Wake::End;
    while (body.size() < kMaxStatus &&
           (wake = next(bytes, SteadyClock::now() + timeout, stop)) == Wake::Bytes) {
        body += bytes;
    }
    if (wake == Wake::Stopped) {
        return base::failWith(ending(wake, timeout));
    }
    return base::failWith(errorFromStatus(head_->status, body, head_->retryAfter));
}

}  // namespace kube
