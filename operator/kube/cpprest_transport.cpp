// Transport over cpprestsdk. The library's traps and what is done about each:
// - it runs 40 threads unless told before first use: four are plenty, all waiting happens on our
// side;
// - its own buffers grow without limit and its line reader is slow: a sink of ours takes the bytes
// and
//   answers with an unfinished task while the caller is busy;
// - a throw inside the sink or a task nobody looks at ends the process: nothing throws, every chain
//   ends in a continuation that looks;
// - its time-out is one of silence and 0 means "at once": set out of the way, Exchange keeps time;
// - cancelling cannot interrupt a name lookup: the caller leaves after a grace time, the exchange
// is
//   shared and ends behind it;
// - a request on a reused connection that closes before the status line is sent again silently:
// bodies
//   of everything but GET come from a stream that cannot be rewound, so the library reports
//   instead;
// - it trusts the system's authorities besides the cluster's and knows no tls-server-name:
// TlsSetup;
// - it follows redirects with our token: none are followed.
#include <utility>
// <utility> first: asio of Boost 1.74 uses std::exchange without including it.
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/version.h"
#include "kube/credentials.h"
#include "kube/encoding.h"
#include "kube/environment.h"
#include "kube/exchange.h"
#include "kube/server_url.h"
#include "kube/tls.h"
#include "kube/transport.h"

namespace kube {
namespace {

namespace http = web::http;
namespace asio = boost::asio;
using SinkState = Concurrency::streams::details::streambuf_state_manager<uint8_t>;

constexpr int kThreads = 4;
// Longer than any silence a caller may ask for; Exchange ends the call before.
constexpr auto kLibraryTimeout = std::chrono::hours(1);
constexpr auto kGrace = std::chrono::milliseconds(500);

void startLibrary() {
    static const bool once = [] {
        useOwnTrustOnly();
        try {
            crossplat::threadpool::initialize_with_threads(kThreads);
        } catch (const std::exception&) {
            // Somebody else in this process started it already: it works, with more threads.
        }
        return true;
    }();
    static_cast<void>(once);
}

// The write end of a response body.
class Sink final : public SinkState {
  public:
    explicit Sink(std::shared_ptr<Exchange> exchange)
        : SinkState(std::ios_base::out), exchange_(std::move(exchange)) {}

    bool can_seek() const override { return false; }
    bool has_size() const override { return false; }
    utility::size64_t size() const override { return 0; }
    size_t buffer_size(std::ios_base::openmode) const override { return 0; }
    void set_buffer_size(size_t, std::ios_base::openmode) override {}
    size_t in_avail() const override { return 0; }
    pos_type getpos(std::ios_base::openmode) const override { return nowhere(); }
    pos_type seekpos(pos_type, std::ios_base::openmode) override { return nowhere(); }
    pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
        return nowhere();
    }
    uint8_t* _alloc(size_t) override { return nullptr; }
    void _commit(size_t) override {}
    bool acquire(uint8_t*&, size_t&) override { return false; }
    void release(uint8_t*, size_t) override {}

  protected:
    pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
    pplx::task<int_type> _putc(uint8_t byte) override {
        return put(&byte, 1).then([byte](size_t) { return static_cast<int_type>(byte); });
    }
    pplx::task<size_t> _putn(const uint8_t* bytes, size_t count) override {
        return put(bytes, count);
    }
    pplx::task<int_type> _bumpc() override { return end(); }
    int_type _sbumpc() override { return traits::eof(); }
    pplx::task<int_type> _getc() override { return end(); }
    int_type _sgetc() override { return traits::eof(); }
    pplx::task<int_type> _nextc() override { return end(); }
    pplx::task<int_type> _ungetc() override { return end(); }
    pplx::task<size_t> _getn(uint8_t*, size_t) override {
        return pplx::task_from_result<size_t>(0);
    }
    size_t _scopy(uint8_t*, size_t) override { return 0; }

  private:
    static pos_type nowhere() { return static_cast<pos_type>(traits::eof()); }
    static pplx::task<int_type> end() { return pplx::task_from_result<int_type>(traits::eof()); }

    pplx::task<size_t> put(const uint8_t* bytes, size_t count) {
        pplx::task_completion_event<size_t> room;
        switch (exchange_->push({reinterpret_cast<const char*>(bytes), count},
                                [room, count] { room.set(count); })) {
            case Exchange::Push::Taken:
                return pplx::task_from_result(count);
            case Exchange::Push::Full:
                return pplx::create_task(room);
            case Exchange::Push::Refused:
                break;
        }
        return pplx::task_from_exception<size_t>(http::http_exception("the caller has gone"));
    }

    std::shared_ptr<Exchange> exchange_;
};

// A body that the library cannot rewind, hence cannot send twice.
concurrency::streams::istream oneShot(const std::string& body) {
    Concurrency::streams::producer_consumer_buffer<uint8_t> buffer;
    // The buffer is in memory: these tasks are complete when they return.
    buffer.putn_nocopy(reinterpret_cast<const uint8_t*>(body.data()), body.size()).wait();
    buffer.close(std::ios_base::out).wait();
    return buffer.create_istream();
}

// Keeps a dead peer from looking like a quiet one. The library calls this before it connects, when
// there is no socket yet; opening one needs the address family, which only a literal address tells.
void keepAlive(asio::ip::tcp::socket& socket, const std::string& host) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!socket.is_open() && !error) {
        socket.open(address.is_v4() ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), error);
    }
    if (!socket.is_open()) {
        return;
    }
    const int on = 1;
    const int idleSeconds = 20;
    const int intervalSeconds = 5;
    const int probes = 3;
    const int fd = socket.native_handle();
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idleSeconds, sizeof idleSeconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &intervalSeconds, sizeof intervalSeconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

ResponseHead headOf(const http::http_response& response) {
    ResponseHead head;
    head.status = response.status_code();
    for (const auto& [name, value] : response.headers()) {
        if (utility::details::str_iequal(name, "Retry-After")) {
            head.retryAfter = value;
        } else if (utility::details::str_iequal(name, "Content-Encoding")) {
            head.gzip = utility::details::str_iequal(value, "gzip");
        } else if (utility::details::str_iequal(name, "Warning")) {
            head.warnings = warningTexts(value);
        }
    }
    return head;
}

class CpprestTransport final : public Transport {
  public:
    explicit CpprestTransport(const ClusterConfig& config)
        : config_(config),
          https_(config.server.starts_with("https://")),
          credentials_(std::make_shared<Credentials>(config, base::systemClock())),
          tls_(std::make_shared<TlsSetup>(config, credentials_)),
          requests_(config.server, clientConfig()),
          watches_(config.server, clientConfig()) {
        if (config.insecureSkipTlsVerify) {
            base::logWarning(
                "the API server's certificate is NOT verified: anybody on the way can read "
                "and change everything (insecure-skip-tls-verify)",
                {{"server", config.server}});
        }
    }

    ApiResult<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
        auto answer = sendOnce(request, stop);
        // 401 says that nothing was done: one more try is safe, and worth it when the token
        // changed.
        if (answer && answer->status == 401 && tokenChanged(stop)) {
            answer = sendOnce(request, stop);
        }
        return answer;
    }

    ApiResult<void> stream(const HttpRequest& request, const LineHandler& onLine,
                           std::stop_token stop) override {
        auto made = makeRequest(request, stop);
        if (!made) {
            return base::failWith(std::move(made).error());
        }
        Running running;
        start(running, watches_, *made);
        auto end = running.exchange->lines(request.timeout, onLine, stop);
        if (!end && end.error().httpStatus == 401) {
            static_cast<void>(tokenChanged(stop));
        }
        return end ? end : base::failWith(explain(end.error()));
    }

  private:
    // One exchange under way. Its end leaves nothing running that could still call us; what a stuck
    // name lookup holds ends by itself, on memory that it shares.
    struct Running {
        std::shared_ptr<Exchange> exchange = std::make_shared<Exchange>();
        pplx::cancellation_token_source cancel;

        Running() = default;
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() {
            if (!exchange->awaitFinish(std::chrono::milliseconds(0))) {
                cancel.cancel();
            }
            exchange->close();
            exchange->awaitFinish(kGrace);
        }
    };

    http::client::http_client_config clientConfig() const {
        http::client::http_client_config out;
        out.set_timeout(kLibraryTimeout);
        out.set_max_redirects(0);
        out.set_validate_certificates(!config_.insecureSkipTlsVerify);
        out.set_tlsext_sni_enabled(false);  // TlsSetup sends the right name
        out.set_ssl_context_callback(
            [tls = tls_](asio::ssl::context& context) { tls->configure(context.native_handle()); });
        const std::string proxy = proxyFor(config_, originalEnvironment());
        if (!proxy.empty()) {
            out.set_proxy(proxyOf(web::uri(proxy)));
        } else {
            out.set_nativehandle_options(
                [https = https_, host = hostOf(config_.server)](void* handle) {
                    using Plain = asio::ip::tcp::socket;
                    using Secure = asio::ssl::stream<Plain&>;
                    keepAlive(https ? static_cast<Secure*>(handle)->next_layer()
                                    : *static_cast<Plain*>(handle),
                              host);
                });
        }
        return out;
    }

    static web::web_proxy proxyOf(const web::uri& address) {
        web::web_proxy out(address);
        const std::string user = address.user_info();
        if (!user.empty()) {
            const size_t colon = std::min(user.find(':'), user.size());
            const std::string password = user.substr(std::min(colon + 1, user.size()));
            out.set_credentials(web::credentials(web::uri::decode(user.substr(0, colon)),
                                                 web::uri::decode(password)));
        }
        return out;
    }

    ApiResult<http::http_request> makeRequest(const HttpRequest& request,
                                              const std::stop_token& stop) {
        auto token = credentials_->bearer(stop);
        if (!token) {
            auto error = unreachable(token.error().message);
            error.kind = stop.stop_requested() ? ErrorKind::Cancelled : error.kind;
            return base::failWith(error);
        }
        const bool repeatable = request.method == "GET" || request.method == "HEAD";
        try {
            http::http_request out(request.method);
            out.set_request_uri(web::uri(request.target));
            auto& headers = out.headers();
            headers.add("Accept", "application/json");
            headers.add("User-Agent", userAgent());
            if (!token->empty()) {
                headers.add("Authorization", "Bearer " + *token);
            }
            if (!config_.impersonateUser.empty()) {
                headers.add("Impersonate-User", config_.impersonateUser);
            }
            for (const auto& group : config_.impersonateGroups) {
                headers.add("Impersonate-Group", group);
            }
            if (!repeatable) {
                out.set_body(oneShot(request.body), request.body.size(), request.contentType);
            }
            if (request.acceptGzip) {
                // The library's own unpacking is a setting of the client: Exchange does it instead.
                headers.add("Accept-Encoding", "gzip");
            }
            return out;
        } catch (const std::exception& e) {
            ApiError error;
            error.kind = ErrorKind::Malformed;
            error.message = request.target + " cannot be requested: " + e.what();
            return base::failWith(error);
        }
    }

    std::string userAgent() const {
        return config_.userAgent.empty()
                   ? std::string(program_invocation_short_name) + "/" + base::version()
                   : config_.userAgent;
    }

    ApiResult<HttpResponse> sendOnce(const HttpRequest& request, const std::stop_token& stop) {
        auto made = makeRequest(request, stop);
        if (!made) {
            return base::failWith(std::move(made).error());
        }
        Running running;
        start(running, requests_, *made);
        auto answer = running.exchange->collect(request.timeout, stop);
        return answer ? std::move(answer) : base::failWith(explain(answer.error()));
    }

    static void start(const Running& running, http::client::http_client& client,
                      http::http_request request) {
        auto exchange = running.exchange;
        auto sink = std::make_shared<Sink>(exchange);
        request.set_response_stream(
            Concurrency::streams::streambuf<uint8_t>(sink).create_ostream());
        try {
            client.request(request, running.cancel.get_token())
                .then([exchange](http::http_response response) {
                    exchange->head(headOf(response));
                    return response.content_ready();
                })
                .then([exchange](pplx::task<http::http_response> done) {
                    exchange->finish(failureOf(done));
                });
        } catch (const std::exception& e) {
            exchange->finish(unreachable(e.what()));
        }
    }

    static std::optional<ApiError> failureOf(const pplx::task<http::http_response>& done) {
        try {
            done.get();
            return std::nullopt;
        } catch (const http::http_exception& e) {
            auto error = unreachable(e.what());
            if (e.error_code() == std::errc::timed_out) {
                error.kind = ErrorKind::Timeout;
            }
            return error;
        } catch (const std::exception& e) {
            return unreachable(e.what());
        } catch (...) {
            return unreachable("the HTTP library gave no reason");
        }
    }

    static ApiError unreachable(const std::string& why) {
        ApiError error;
        error.kind = ErrorKind::Unreachable;
        error.message = why;
        return error;
    }

    // Adds where to, and what TLS found wrong.
    ApiError explain(ApiError error) const {
        if (error.kind == ErrorKind::Unreachable || error.kind == ErrorKind::Timeout) {
            const std::string tls = tls_->takeError();
            error.message = config_.server + ": " + error.message + (tls.empty() ? "" : ": " + tls);
        }
        return error;
    }

    bool tokenChanged(const std::stop_token& stop) {
        auto before = credentials_->bearer(stop);
        if (!before) {
            return false;
        }
        credentials_->refuse(*before);
        auto after = credentials_->bearer(stop);
        return after && *after != *before;
    }

    const ClusterConfig config_;
    const bool https_;
    const std::shared_ptr<Credentials> credentials_;
    const std::shared_ptr<TlsSetup> tls_;
    http::client::http_client requests_;
    http::client::http_client watches_;
};

}  // namespace

std::shared_ptr<Transport> makeCpprestTransport(const ClusterConfig& config) {
    startLibrary();
    return std::make_shared<CpprestTransport>(config);
}

}  // namespace kube
