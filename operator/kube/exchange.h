// One HTTP exchange between the threads of an HTTP library (which push what arrives) and the thread
// that called the transport (which waits, and runs the caller's handler). All waiting, limits and
// time-outs of a transport are here, so that every transport has the same.
//
//   library:  exchange->head({200, ...}); exchange->push(bytes, resume); exchange->finish({});
//   caller:   return exchange->lines(timeout, onLine, stop);
//
// The library never blocks in here: a push into a full buffer is taken, and `resume` is called once
// there is room again; it must not read further from the socket until then.
// Thread safety: all members, any thread. Blocking: collect, lines and awaitFinish.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kube/transport.h"

namespace kube {

struct ResponseHead {
    int status = 0;
    bool gzip = false;  // the body's Content-Encoding
    std::string retryAfter;
    std::vector<std::string> warnings;
};

class Exchange {
  public:
    enum class Push { Taken, Full, Refused };
    static constexpr size_t kBuffer = 256U << 10U;   // bytes read ahead of the caller
    static constexpr size_t kMaxBody = 256U << 20U;  // of an answer that is collected

    // --- library side ---
    void head(ResponseHead head);
    // Full: taken as well, but wait for `resume` before the next. Refused: the caller has gone.
    Push push(std::string_view bytes, std::function<void()> resume);
    void finish(std::optional<ApiError> error);

    // --- caller side ---
    // The whole answer within `timeout`; Malformed when it is larger than `maxBody`.
    ApiResult<HttpResponse> collect(std::chrono::milliseconds timeout, std::stop_token stop,
                                    size_t maxBody = kMaxBody);
    // Lines of a 200 until it ends; `timeout` is the longest silence.
    ApiResult<void> lines(std::chrono::milliseconds timeout, const Transport::LineHandler& onLine,
                          std::stop_token stop);
    // Refuses further bytes and lets a waiting library go on.
    void close();
    // False: not finished within `patience`.
    bool awaitFinish(std::chrono::milliseconds patience);

  private:
    enum class Wake { Bytes, End, TimedOut, Stopped };
    Wake next(std::string& bytes, std::chrono::steady_clock::time_point until,
              const std::stop_token& stop);
    ApiResult<void> failedWatch(std::string body, std::chrono::milliseconds timeout,
                                const std::stop_token& stop);
    ApiError ending(Wake wake, std::chrono::milliseconds timeout) const;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<ResponseHead> head_;
    std::string buffer_;
    std::function<void()> resume_;
    std::optional<ApiError> error_;
    bool finished_ = false;
    bool closed_ = false;
};

}  // namespace kube
