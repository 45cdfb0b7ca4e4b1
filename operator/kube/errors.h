// Why a call to the API server failed, as far as the caller can act on it.
//
//   auto got = client.get(kPods, key);
//   if (!got && got.error().is(kube::ErrorKind::NotFound)) { ... }
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kube {

enum class ErrorKind {
    // Answers of the server (metav1.Status reasons).
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Expired,  // 410: a resourceVersion or continue token too old
    Invalid,  // 422: `causes` name the fields
    TooManyRequests,
    ServerError,
    OtherStatus,
    // No answer.
    Unreachable,  // resolve, connect, TLS, or the connection broke
    Timeout,
    Cancelled,
    // Ours.
    NotLeader,  // a mutating request without a valid lease: it was not sent
    Malformed,  // an answer that is no Kubernetes object
};

struct FieldCause {
    std::string field;
    std::string message;
};

struct ApiError {
    ErrorKind kind = ErrorKind::OtherStatus;
    int httpStatus = 0;    // 0: no answer
    std::string reason{};  // the server's CamelCase reason, when it gave one
    std::string message{};
    std::vector<FieldCause> causes{};
    std::optional<std::chrono::seconds> retryAfter{};

    bool is(ErrorKind wanted) const { return kind == wanted; }
    // True when the same call may succeed later without anybody changing anything.
    bool transient() const;
    // One line for people: "403 Forbidden: ...".
    std::string str() const;
};

// ErrorKind::Malformed, and what is wrong.
ApiError malformed(std::string message);

template <class T>
using ApiResult = base::Result<T, ApiError>;

// The error of a non-2xx answer, from a metav1.Status body where there is one.
// `retryAfterHeader`: the header's value, "" when absent.
ApiError errorFromStatus(int httpStatus, const std::string& body,
                         const std::string& retryAfterHeader = "");

}  // namespace kube
