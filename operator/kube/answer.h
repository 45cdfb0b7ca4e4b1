// Makes an answer of the bytes of one HTTP exchange, wherever they come from. Limits, time-outs and
// what counts as an error are here, so that every transport has the same.
//
//   class Wire : public AnswerSource { ... };
//   Wire wire(connection);
//   return collectAnswer(wire, std::chrono::seconds(30), stop);
//
// Thread safety: a source belongs to the thread that reads it. Blocking: until the end, the
// time-out or `stop`.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kube/transport.h"

namespace kube {

inline constexpr size_t kMaxBody = 256U << 20U;  // of an answer that is collected

struct ResponseHead {
    int status = 0;
    bool gzip = false;  // the body's Content-Encoding
    std::string retryAfter{};
    std::vector<std::string> warnings{};

    // Keeps the header when it is one of those above; its name may be in any case.
    void take(std::string_view name, std::string_view value);
};

class AnswerSource {
  public:
    enum class Wake { Bytes, End, TimedOut, Stopped };
    virtual ~AnswerSource() = default;

    // Waits for bytes of the body (never before the head is known) or for its end. `enough`: who
    // asks has no use for fewer; a source may give fewer all the same.
    virtual Wake next(std::string& bytes, std::chrono::steady_clock::time_point until,
                      const std::stop_token& stop, size_t enough) = 0;
    // Valid once next() said Bytes or End. No head: the exchange ended before it came.
    virtual const std::optional<ResponseHead>& head() const = 0;
    // Why it ended, unless regularly.
    virtual const std::optional<ApiError>& error() const = 0;
};

// The whole answer within `timeout`; Malformed when it is larger than `maxBody`.
ApiResult<HttpResponse> collectAnswer(AnswerSource& source, std::chrono::milliseconds timeout,
                                      const std::stop_token& stop, size_t maxBody = kMaxBody);

// The lines of a 200 until it ends; `timeout` is the longest silence.
ApiResult<void> readLines(AnswerSource& source, std::chrono::milliseconds timeout,
                          const Transport::LineHandler& onLine, const std::stop_token& stop);

// An error without an answer of the server.
ApiError noAnswer(ErrorKind kind, std::string message);

}  // namespace kube
