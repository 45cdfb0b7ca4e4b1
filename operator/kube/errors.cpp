#include "kube/errors.h"

#include <charconv>
#include <utility>

#include "base/json.h"

namespace kube {
namespace {

ErrorKind kindOf(int httpStatus, const std::string& reason) {
    switch (httpStatus) {
        case 400:
            return reason == "Expired" ? ErrorKind::Expired : ErrorKind::BadRequest;
        case 401:
            return ErrorKind::Unauthorized;
        case 403:
            return ErrorKind::Forbidden;
        case 404:
            return ErrorKind::NotFound;
        case 409:
            return reason == "AlreadyExists" ? ErrorKind::AlreadyExists : ErrorKind::Conflict;
        case 410:
            return ErrorKind::Expired;
        case 422:
            return ErrorKind::Invalid;
        case 429:
            return ErrorKind::TooManyRequests;
        default:
            return httpStatus >= 500 ? ErrorKind::ServerError : ErrorKind::OtherStatus;
    }
}

// Retry-After as seconds; its other form, a date, is not used by the API server.
std::optional<std::chrono::seconds> parseSeconds(const std::string& text) {
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
        return std::nullopt;
    }
    return std::chrono::seconds(value);
}

// A proxy or a load balancer answers with a page, not a Status: its first line is what people need.
std::string firstLine(const std::string& body) {
    constexpr size_t kMost = 300;
    std::string line = body.substr(0, std::min(body.find_first_of("\r\n"), kMost));
    return line.empty() ? "no message" : line;
}

void readStatus(const base::Json& status, ApiError& error) {
    error.reason = base::stringAt(status, "/reason").value_or("");
    error.message = base::stringAt(status, "/message").value_or("");
    for (const auto& cause : base::arrayAt(status, "/details/causes")) {
        error.causes.push_back({base::stringAt(cause, "/field").value_or(""),
                                base::stringAt(cause, "/message").value_or("")});
    }
    auto seconds = base::intAt(status, "/details/retryAfterSeconds");
    if (!error.retryAfter && seconds && *seconds > 0) {
        error.retryAfter = std::chrono::seconds(*seconds);
    }
}

const char* nameOf(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::BadRequest:
            return "BadRequest";
        case ErrorKind::Unauthorized:
            return "Unauthorized";
        case ErrorKind::Forbidden:
            return "Forbidden";
        case ErrorKind::NotFound:
            return "NotFound";
        case ErrorKind::AlreadyExists:
            return "AlreadyExists";
        case ErrorKind::Conflict:
            return "Conflict";
        case ErrorKind::Expired:
            return "Expired";
        case ErrorKind::Invalid:
            return "Invalid";
        case ErrorKind::TooManyRequests:
            return "TooManyRequests";
        case ErrorKind::ServerError:
            return "ServerError";
        case ErrorKind::OtherStatus:
            return "unexpected status";
        case ErrorKind::Unreachable:
            return "API server unreachable";
        case ErrorKind::Timeout:
            return "API server did not answer in time";
        case ErrorKind::Cancelled:
            return "cancelled";
        case ErrorKind::NotLeader:
            return "not the leader";
        case ErrorKind::Malformed:
            return "malformed answer";
    }
    return "error";
}

}  // namespace

ApiError malformed(std::string message) {
    ApiError error;
    error.kind = ErrorKind::Malformed;
    error.message = std::move(message);
    return error;
}

bool ApiError::transient() const {
    return kind == ErrorKind::TooManyRequests || kind == ErrorKind::ServerError ||
           kind == ErrorKind::Unreachable || kind == ErrorKind::Timeout;
}

std::string ApiError::str() const {
    std::string out = httpStatus > 0 ? std::to_string(httpStatus) + " " : "";
    out += reason.empty() ? nameOf(kind) : reason;
    return message.empty() ? out : out + ": " + message;
}

ApiError errorFromStatus(int httpStatus, const std::string& body,
                         const std::string& retryAfterHeader) {
    ApiError error;
    error.httpStatus = httpStatus;
    error.retryAfter = parseSeconds(retryAfterHeader);
    auto status = base::parseJson(body);
    if (status && status->is_object() && base::stringAt(*status, "/kind") == "Status") {
        readStatus(*status, error);
    } else {
        error.message = firstLine(body);
    }
    error.kind = kindOf(httpStatus, error.reason);
    return error;
}

}  // namespace kube
