#include "runtime/event_retries.h"

#include <algorithm>

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr int kTries = 12;  // as many as client-go's recorder has
constexpr std::chrono::milliseconds kFirstPause = 500ms;
constexpr std::chrono::milliseconds kLongestPause = 10s;
constexpr size_t kMost = 1000;

std::chrono::milliseconds pauseAfter(int tries, const kube::ApiError& error) {
    auto pause = kFirstPause;
    for (int i = 1; i < tries && pause < kLongestPause; ++i) {
        pause *= 2;
    }
    return std::max<std::chrono::milliseconds>(std::min(pause, kLongestPause),
                                               error.retryAfter.value_or(0s));
}

}  // namespace

EventRetries::Fate EventRetries::take(const Request& request, base::SteadyTime now) {
    if (auto known = waiting_.find(request.key); known != waiting_.end()) {
        // A patch that overtook its create would find nothing to patch.
        known->second.request.body.update(request.body);
        return Fate::Later;
    }
    if (now >= restsUntil_) {
        return Fate::Now;
    }
    if (waiting_.size() >= kMost) {
        return Fate::Full;
    }
    waiting_[request.key] = {.request = request, .tries = 0, .due = restsUntil_};
    return Fate::Later;
}

std::optional<EventRetries::Request> EventRetries::due(base::SteadyTime now) const {
    if (now < restsUntil_) {
        return std::nullopt;
    }
    for (const auto& [key, waiting] : waiting_) {
        if (waiting.due <= now) {
            return waiting.request;
        }
    }
    return std::nullopt;
}

void EventRetries::done(const kube::ObjectKey& key) {
    waiting_.erase(key);
}

bool EventRetries::failed(const Request& request, const kube::ApiError& error,
                          base::SteadyTime now) {
    if (!waiting_.contains(request.key) && waiting_.size() >= kMost) {
        return false;
    }
    auto& waiting = waiting_[request.key];
    waiting.request = request;
    ++waiting.tries;
    auto pause = pauseAfter(waiting.tries, error);
    waiting.due = now + pause;
    if (error.is(kube::ErrorKind::Unreachable)) {
        restsUntil_ = waiting.due;
    }
    if (!error.transient() || waiting.tries >= kTries) {
        waiting_.erase(request.key);
        return false;
    }
    return true;
}

void EventRetries::rush() {
    restsUntil_ = {};
    for (auto& [key, waiting] : waiting_) {
        waiting.due = {};
    }
}

std::optional<base::SteadyTime> EventRetries::next() const {
    std::optional<base::SteadyTime> out;
    for (const auto& [key, waiting] : waiting_) {
        auto due = std::max(waiting.due, restsUntil_);
        out = out ? std::min(*out, due) : due;
    }
    return out;
}

}  // namespace runtime
