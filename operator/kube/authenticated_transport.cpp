#include "kube/authenticated_transport.h"

#include <cerrno>

#include "base/log.h"
#include "base/version.h"
#include "kube/answer.h"
#include "kube/encoding.h"

namespace kube {
namespace {

// How long a connection may go on with a certificate that its file no longer holds.
constexpr auto kCertificateAge = std::chrono::minutes(5);

std::string userAgent(const ClusterConfig& config) {
    return config.userAgent.empty()
               ? std::string(program_invocation_short_name) + "/" + base::version()
               : config.userAgent;
}

bool breaksALine(const std::string& value) {
    return value.find_first_of(std::string("\r\n\0", 3)) != std::string::npos;
}

}  // namespace

AuthenticatedTransport::AuthenticatedTransport(const ClusterConfig& config,
                                               const base::Clock& clock)
    : config_(config),
      clock_(clock),
      credentials_(std::make_shared<Credentials>(config, clock)),
      tls_(std::make_shared<TlsSetup>(config, credentials_)),
      nextLook_(clock.steady() + kCertificateAge) {
    if (config.insecureSkipTlsVerify) {
        base::logWarning(
            "the API server's certificate is NOT verified: anybody on the way can read "
            "and change everything (insecure-skip-tls-verify)",
            {{"server", config.server}});
    }
}

ApiResult<HttpResponse> AuthenticatedTransport::send(const HttpRequest& request,
                                                     std::stop_token stop) {
    followRotation();
    // 401 says that nothing was done: one more try is safe, and worth it when who we are changed.
    for (bool last = false;; last = true) {
        auto who = sender(request, stop);
        if (!who) {
            return base::failWith(std::move(who).error());
        }
        auto headers = headersOf(request, who->token);
        if (!headers) {
            return base::failWith(std::move(headers).error());
        }
        auto answer = sendOnce(request, *headers, stop);
        if (!answer) {
            return base::failWith(explain(std::move(answer).error()));
        }
        if (last || answer->status != 401 || !changedSince(*who, request, stop)) {
            return answer;
        }
    }
}

ApiResult<void> AuthenticatedTransport::stream(const HttpRequest& request,
                                               const LineHandler& onLine, std::stop_token stop) {
    followRotation();
    auto who = sender(request, stop);
    if (!who) {
        return base::failWith(std::move(who).error());
    }
    auto headers = headersOf(request, who->token);
    if (!headers) {
        return base::failWith(std::move(headers).error());
    }
    auto end = streamOnce(request, *headers, onLine, stop);
    if (!end && end.error().httpStatus == 401) {
        static_cast<void>(changedSince(*who, request, stop));
    }
    return end ? end : base::failWith(explain(end.error()));
}

ApiResult<AuthenticatedTransport::Sender> AuthenticatedTransport::sender(
    const HttpRequest& request, const std::stop_token& stop) {
    auto token = credentials_->bearer(stop, request.timeout);
    if (!token) {
        return base::failWith(
            noAnswer(stop.stop_requested() ? ErrorKind::Cancelled : ErrorKind::Unreachable,
                     token.error().message));
    }
    const std::lock_guard lock(mutex_);
    return Sender{.token = std::move(token).value(), .identity = identity_};
}

ApiResult<AuthenticatedTransport::Headers> AuthenticatedTransport::headersOf(
    const HttpRequest& request, const std::string& token) const {
    Headers out{{"Accept", "application/json"}, {"User-Agent", userAgent(config_)}};
    if (!token.empty()) {
        out.emplace_back("Authorization", "Bearer " + token);
    }
    const auto& other = config_.impersonate;
    if (!other.user.empty()) {
        out.emplace_back("Impersonate-User", other.user);
    }
    if (!other.uid.empty()) {
        out.emplace_back("Impersonate-Uid", other.uid);
    }
    for (const auto& group : other.groups) {
        out.emplace_back("Impersonate-Group", group);
    }
    for (const auto& [key, values] : other.extra) {
        for (const auto& value : values) {
            out.emplace_back("Impersonate-Extra-" + percentEncode(key), value);
        }
    }
    if (request.acceptGzip && !config_.disableCompression) {
        out.emplace_back("Accept-Encoding", "gzip");
    }
    if (!request.contentType.empty()) {
        out.emplace_back("Content-Type", request.contentType);
    }
    for (const auto& [name, value] : out) {
        if (breaksALine(value)) {
            return base::failWith(
                noAnswer(ErrorKind::Malformed, "header " + name + " would hold a line break"));
        }
    }
    return out;
}

bool AuthenticatedTransport::changedSince(const Sender& refused, const HttpRequest& request,
                                          const std::stop_token& stop) {
    credentials_->refuse(refused.token);
    auto token = credentials_->bearer(stop, request.timeout);
    return token && (followIdentity() != refused.identity || *token != refused.token);
}

int AuthenticatedTransport::followIdentity() {
    const int now = tls_->identity();
    {
        const std::lock_guard lock(mutex_);
        if (now <= identity_) {
            return identity_;
        }
        identity_ = now;
    }
    dropIdleConnections();
    return now;
}

void AuthenticatedTransport::followRotation() {
    {
        const std::lock_guard lock(mutex_);
        if (clock_.steady() < nextLook_) {
            return;
        }
        nextLook_ = clock_.steady() + kCertificateAge;
    }
    followIdentity();
}

// Adds where to, and what TLS found wrong.
ApiError AuthenticatedTransport::explain(ApiError error) const {
    if (error.is(ErrorKind::Unreachable) || error.is(ErrorKind::Timeout)) {
        const std::string found = tls_->takeError();
        error.message = config_.server + ": " + error.message + (found.empty() ? "" : ": " + found);
    }
    return error;
}

}  // namespace kube
