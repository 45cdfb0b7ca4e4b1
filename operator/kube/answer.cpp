#include "kube/answer.h"

#include <strings.h>

#include <utility>

#include "kube/encoding.h"
#include "kube/gunzip.h"
#include "kube/line_splitter.h"
#include "kube/warnings.h"

namespace kube {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Wake = AnswerSource::Wake;

bool sameName(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

ApiError ending(const AnswerSource& source, Wake wake, std::chrono::milliseconds timeout) {
    if (wake == Wake::Stopped) {
        return noAnswer(ErrorKind::Cancelled, "the call was stopped");
    }
    if (wake == Wake::TimedOut) {
        return noAnswer(ErrorKind::Timeout,
                        "nothing for " + std::to_string(timeout.count()) + " ms");
    }
    return source.error().value_or(
        noAnswer(ErrorKind::Unreachable, "the connection ended without an answer"));
}

bool regularEnd(const AnswerSource& source, Wake wake) {
    return wake == Wake::End && !source.error() && source.head();
}

// Whatever of the Status arrives before the end is enough to tell why.
ApiError failedWatch(AnswerSource& source, std::string body, std::chrono::milliseconds timeout,
                     const std::stop_token& stop) {
    constexpr size_t kMaxStatus = 1U << 20U;
    std::string bytes;
    Wake wake = Wake::End;
    while (body.size() < kMaxStatus &&
           (wake = source.next(bytes, SteadyClock::now() + timeout, stop, 1)) == Wake::Bytes) {
        body += bytes;
    }
    return wake == Wake::Stopped
               ? ending(source, wake, timeout)
               : errorFromStatus(source.head()->status, body, source.head()->retryAfter);
}

}  // namespace

void ResponseHead::take(std::string_view name, std::string_view value) {
    if (sameName(name, "Retry-After")) {
        retryAfter = value;
    } else if (sameName(name, "Content-Encoding")) {
        gzip = sameName(value, "gzip");
    } else if (sameName(name, "Warning")) {
        for (auto& text : warningTexts(value)) {
            warnings.push_back(std::move(text));
        }
    }
}

ApiError noAnswer(ErrorKind kind, std::string message) {
    ApiError error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

ApiResult<HttpResponse> collectAnswer(AnswerSource& source, std::chrono::milliseconds timeout,
                                      const std::stop_token& stop, size_t maxBody) {
    const auto until = SteadyClock::now() + timeout;
    HttpResponse response;
    std::string bytes;
    Wake wake{};
    auto tooMany = [&] { return maxBody - response.body.size() + 1; };
    while ((wake = source.next(bytes, until, stop, tooMany())) == Wake::Bytes) {
        if (response.body.empty()) {
            response.body.swap(bytes);  // most come in one piece
        } else {
            response.body += bytes;
        }
        if (response.body.size() > maxBody) {
            return base::failWith(
                noAnswer(ErrorKind::Malformed,
                         "an answer over " + std::to_string(maxBody) + " bytes: list in pages"));
        }
    }
    if (!regularEnd(source, wake)) {
        return base::failWith(ending(source, wake, timeout));
    }
    if (source.head()->gzip) {
        auto unpacked = gunzip(response.body, maxBody);
        if (!unpacked) {
            return base::failWith(noAnswer(ErrorKind::Malformed, unpacked.error().message));
        }
        response.body = std::move(unpacked).value();
    }
    response.status = source.head()->status;
    response.retryAfter = source.head()->retryAfter;
    response.warnings = source.head()->warnings;
    return response;
}

ApiResult<void> readLines(AnswerSource& source, std::chrono::milliseconds timeout,
                          const Transport::LineHandler& onLine, const std::stop_token& stop) {
    LineSplitter splitter(kMaxLine);
    std::string bytes;
    Wake wake{};
    bool begun = false;
    while ((wake = source.next(bytes, SteadyClock::now() + timeout, stop, 1)) == Wake::Bytes) {
        if (!std::exchange(begun, true)) {
            logWarnings(source.head()->warnings);
        }
        if (source.head()->status != 200) {
            return base::failWith(failedWatch(source, std::move(bytes), timeout, stop));
        }
        const bool good = splitter.feed(bytes, [&](std::string_view line) {
            if (!stop.stop_requested()) {
                onLine(line);
            }
        });
        if (!good) {
            return base::failWith(noAnswer(ErrorKind::Malformed, "a watch line over 16 MiB"));
        }
    }
    if (!regularEnd(source, wake)) {
        return base::failWith(ending(source, wake, timeout));
    }
    if (source.head()->status != 200) {
        return base::failWith(failedWatch(source, "", timeout, stop));
    }
    if (splitter.unfinished()) {
        return base::failWith(
            noAnswer(ErrorKind::Malformed, "the watch ended in the middle of a line"));
    }
    return {};
}

}  // namespace kube
