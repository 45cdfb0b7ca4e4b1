// The seam below the client: bytes to the API server and back over HTTP/1.1. Two implementations,
// one over cpprestsdk (the default) and one over Boost.Beast; the process chooses with the
// environment variable KUBE_TRANSPORT (see loadConfig).
//
//   auto transport = kube::makeTransport(config);
//   auto answer = transport->send({.method = "GET", .target = "/version"}, stop);
//   transport->stream({.method = "GET", .target = "/api/v1/pods?watch=true"}, onLine, stop);
//
// Promises of every implementation (tests/kube/transport_*_test.cpp hold both to them):
// - Calls block their thread and may come from any thread at once.
// - A stop request ends a call within a second, in every phase of it; the answer is then Cancelled.
// - No redirect is followed, no credential of the process environment is picked up.
// - `send` never sends a request that changes something twice, unless the first try provably did
//   not leave this machine. A GET on a reused connection that the server closed is sent again.
// - stream: whole lines without their '\n', in order, on the calling thread. While `onLine` runs
//   the socket is read ahead by a bounded amount only (back-pressure). A line over `kMaxLine` ends
//   the stream with Malformed. A status other than 200 is the error of its body. The regular end of
//   the body is success.
// - When a connection from an earlier call gives not one byte until the time-out or the stop, all
//   idle ones are given up: where one died without a word (a load balancer's failover, a flushed
//   connection table), the others most likely did too, and the next call is to find a living one.
// - Credentials (token, client certificate, CA) are read again when their files change.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/config.h"
#include "kube/errors.h"

namespace kube {

inline constexpr size_t kMaxLine = 16U << 20U;

struct HttpRequest {
    std::string method = "GET";
    std::string target{};  // path and query, already percent-encoded
    std::string contentType{};
    std::string body{};
    bool acceptGzip = false;
    // send: the whole exchange. stream: the longest silence.
    std::chrono::milliseconds timeout{30000};
};

struct HttpResponse {
    int status = 0;
    std::string body{};
    std::string retryAfter{};
    std::vector<std::string> warnings{};  // Warning: 299 headers, text only
};

class Transport {
  public:
    using LineHandler = std::function<void(std::string_view line)>;

    virtual ~Transport() = default;
    // Errors: only those without an answer (Unreachable, Timeout, Cancelled, Malformed); every HTTP
    // status is a value.
    virtual ApiResult<HttpResponse> send(const HttpRequest& request, std::stop_token stop) = 0;
    virtual ApiResult<void> stream(const HttpRequest& request, const LineHandler& onLine,
                                   std::stop_token stop) = 0;
};

// By config.transport.
std::shared_ptr<Transport> makeTransport(const ClusterConfig& config);

std::shared_ptr<Transport> makeCpprestTransport(const ClusterConfig& config);
std::shared_ptr<Transport> makeBeastTransport(const ClusterConfig& config);

}  // namespace kube
