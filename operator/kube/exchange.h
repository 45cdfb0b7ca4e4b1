// One HTTP exchange between the threads of an HTTP library (which push what arrives) and the thread
// that called the transport (which waits, and runs the caller's handler).
//
//   library:  exchange->setHead({200}); exchange->push(bytes, resume); exchange->finish({});
//   caller:   return readLines(*exchange, timeout, onLine, stop);
//
// The library never blocks in here: a push into a full buffer is taken, and `resume` is called once
// there is room again; it must not read further from the socket until then.
// Thread safety: all members, any thread. Blocking: next and awaitFinish.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "kube/answer.h"

namespace kube {

class Exchange final : public AnswerSource {
  public:
    enum class Push { Taken, Full, Refused };
    static constexpr size_t kBuffer = 256U << 10U;  // bytes read ahead of the caller

    // --- library side ---
    void setHead(ResponseHead head);
    // Full: taken as well, but wait for `resume` before the next. Refused: the caller has gone.
    Push push(std::string_view bytes, std::function<void()> resume);
    void finish(std::optional<ApiError> error);

    // --- caller side ---
    Wake next(std::string& bytes, std::chrono::steady_clock::time_point until,
              const std::stop_token& stop, size_t enough) override;
    const std::optional<ResponseHead>& head() const override { return head_; }
    const std::optional<ApiError>& error() const override { return error_; }
    // Nothing of an answer has come so far.
    bool silent();
    // Refuses further bytes and lets a waiting library go on.
    void close();
    // False: not finished within `patience`.
    bool awaitFinish(std::chrono::milliseconds patience);

  private:
    bool readable() const;
    void wake();

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<ResponseHead> head_;
    std::string buffer_;
    size_t enough_ = 1;  // bytes that the caller waits for
    std::function<void()> resume_;
    std::optional<ApiError> error_;
    bool finished_ = false;
    bool closed_ = false;
};

}  // namespace kube
