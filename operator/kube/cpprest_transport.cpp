// Transport over cpprestsdk. The library's traps and what is done about each:
// - a cancelled request closes its socket from the thread that cancels, while another thread may be
//   between two steps of a TLS read there: seldom, the process crashes. So it has ONE thread (not
//   40), and cancelling is done on it. One is plenty: all waiting happens on our side;
// - its own buffers grow without limit and its line reader is slow: a sink of ours takes the bytes
//   and answers with an unfinished task while the caller is busy;
// - a throw inside the sink or a task nobody looks at ends the process, and for a sink that reports
//   an error its thread waits for itself: the sink takes everything, every chain ends in a
//   continuation that looks;
// - its time-out is one of silence and 0 means "at once": set out of the way, Exchange keeps time;
// - cancelling cannot interrupt a name look-up: the caller leaves after a grace time, the exchange
//   is shared and ends behind it;
// - a request on a reused connection that closes before the status line is sent again silently:
//   bodies of everything but GET come from a stream that cannot be rewound, so the library reports
//   instead;
// - it writes to pooled connections that the server closed long ago: its hook before each request
//   finds them and throws, nothing was sent, and the next connection is taken;
// - it calls that hook before there is a socket, and keep-alive needs one: the hook opens it, for
//   the family of the name's first address;
// - behind a proxy it gives that hook the socket of a new connection or the TLS stream of a pooled
//   tunnel, and does not say which: they are told apart by what they begin with;
// - it joins headers of one name by a comma, which the API server takes for one group: several
//   travel in one, each on its own line;
// - it trusts the system's authorities besides the cluster's and knows no tls-server-name:
//   TlsSetup;
// - it keeps connections with an old client certificate, and those that died without a word: its
//   clients are replaced. It does not say whether a connection was used before: each that gave
//   nothing counts;
// - it follows redirects with our token: none are followed.
#include <utility>
// <utility> first: asio of Boost 1.74 uses std::exchange without including it.
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <pplx/threadpool.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/log.h"
#include "kube/authenticated_transport.h"
#include "kube/environment.h"
#include "kube/exchange.h"
#include "kube/keep_alive.h"
#include "kube/resolver.h"
#include "kube/server_url.h"

namespace kube {
namespace {

namespace http = web::http;
namespace asio = boost::asio;
using SinkState = Concurrency::streams::details::streambuf_state_manager<uint8_t>;

// Longer than any silence a caller may ask for; Exchange ends the call before.
constexpr auto kLibraryTimeout = std::chrono::hours(1);
constexpr auto kGrace = std::chrono::milliseconds(500);

// Where the library's continuations run: at once when its own thread brings them up, else on that
// thread. By default each is a message to it, and an answer is made of a dozen.
class Continuations final : public pplx::scheduler_interface {
  public:
    void schedule(pplx::TaskProc_t run, void* task) override {
        crossplat::threadpool::shared_instance().service().dispatch([run, task] { run(task); });
    }
};

void startLibrary() {
    static const bool once = [] {
        useOwnTrustOnly();
        try {
            crossplat::threadpool::initialize_with_threads(1);
            pplx::set_ambient_scheduler(std::make_shared<Continuations>());
        } catch (const std::exception&) {
            base::logError("cpprestsdk was started by somebody else: cancelling is not safe");
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
            case Exchange::Push::Full:
                return pplx::create_task(room);
            case Exchange::Push::Taken:
            case Exchange::Push::Refused:  // the caller has gone: the rest is thrown away
                break;
        }
        return pplx::task_from_result(count);
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

// The server has closed the pooled connection that the library took: nothing was written.
struct StaleConnection : std::exception {
    const char* what() const noexcept override { return "the pooled connection was closed"; }
};

using Plain = asio::ip::tcp::socket;
using Secure = asio::ssl::stream<Plain&>;

uintptr_t firstWord(const void* object) {
    uintptr_t word = 0;
    std::memcpy(&word, object, sizeof word);
    return word;
}

// What every socket of the library begins with: the address of asio's service for them. A stream
// begins with the address of its socket. 0: in this Boost they do not, nothing can be told apart.
uintptr_t socketMark() {
    static const uintptr_t mark = [] {
        auto& service = crossplat::threadpool::shared_instance().service();
        Plain one(service);
        const Plain another(service);
        asio::ssl::context context(asio::ssl::context::tls_client);
        const Secure stream(one, context);
        const bool asExpected = firstWord(&one) == firstWord(&another) &&
                                firstWord(&stream) == reinterpret_cast<uintptr_t>(&one);
        return asExpected ? firstWord(&one) : 0;
    }();
    return mark;
}

// The socket of what the hook is given behind a proxy; nullptr: it cannot be told.
Plain* socketBehindProxy(void* handle) {
    const uintptr_t mark = socketMark();
    if (mark == 0) {
        return nullptr;
    }
    return firstWord(handle) == mark ? static_cast<Plain*>(handle)
                                     : &static_cast<Secure*>(handle)->next_layer();
}

// Before each request, on its connection: pooled, or new and without a socket yet.
void prepare(asio::ip::tcp::socket& socket, int family) {
    if (socket.is_open()) {
        if (quietlyClosed(socket.native_handle())) {
            throw StaleConnection();
        }
        return;
    }
    boost::system::error_code error;
    socket.open(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), error);
    if (!error) {
        keepAlive(socket.native_handle());
    }
}

ResponseHead headOf(const http::http_response& response) {
    ResponseHead head;
    head.status = response.status_code();
    for (const auto& [name, value] : response.headers()) {
        head.take(name, value);
    }
    return head;
}

class CpprestTransport final : public AuthenticatedTransport {
  public:
    explicit CpprestTransport(const ClusterConfig& config)
        : AuthenticatedTransport(config, base::systemClock()),
          proxy_(proxyFor(config, originalEnvironment())),
          clients_(makeClients()) {}

  private:
    using Client = http::client::http_client;

    struct Clients {
        Client requests;
        Client watches;
    };

    // What one exchange ended with.
    struct Outcome {
        bool stale = false;  // it was never sent
    };

    // One exchange under way. Its end leaves nothing running that could still call us; what a stuck
    // name look-up holds ends by itself, on memory that it shares.
    struct Running {
        std::shared_ptr<Exchange> exchange = std::make_shared<Exchange>();
        std::shared_ptr<Outcome> outcome = std::make_shared<Outcome>();
        pplx::cancellation_token_source cancel;

        Running() = default;
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() {
            if (!exchange->awaitFinish(std::chrono::milliseconds(0))) {
                crossplat::threadpool::shared_instance().service().post(
                    [source = cancel] { source.cancel(); });
            }
            exchange->close();
            exchange->awaitFinish(kGrace);
        }
        // Only after the exchange has ended.
        bool neverSent() const { return exchange->error() && outcome->stale; }
    };

    ApiResult<HttpResponse> sendOnce(const HttpRequest& request, const Headers& headers,
                                     const std::stop_token& stop) override {
        return attempt<HttpResponse>(
            request, headers, stop, &Clients::requests,
            [&](Exchange& exchange, auto left) { return collectAnswer(exchange, left, stop); });
    }

    ApiResult<void> streamOnce(const HttpRequest& request, const Headers& headers,
                               const LineHandler& onLine, const std::stop_token& stop) override {
        return attempt<void>(request, headers, stop, &Clients::watches,
                             [&](Exchange& exchange, auto) {
                                 return readLines(exchange, request.timeout, onLine, stop);
                             });
    }

    // Each stale connection leaves the pool with its attempt, so that the attempts come to an end.
    template <class T, class Read>
    ApiResult<T> attempt(const HttpRequest& request, const Headers& headers,
                         const std::stop_token& stop, Client Clients::*which, Read read) {
        const auto until = std::chrono::steady_clock::now() + request.timeout;
        if (auto known = learnFamily(until, stop); !known) {
            return base::failWith(known.error());
        }
        const auto clients = currentClients();
        while (true) {
            auto made = makeRequest(request, headers);
            if (!made) {
                return base::failWith(made.error());
            }
            Running running;
            start(running, (*clients).*which, *made);
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            auto answer = read(*running.exchange, left);
            if (answer) {
                return answer;
            }
            if (!answer.error().is(ErrorKind::Unreachable)) {
                if (gaveUp(answer.error()) && running.exchange->silent()) {
                    dropIdleConnections();
                }
                return answer;
            }
            if (!running.neverSent()) {
                familyUntil_ = base::SteadyTime::min();  // the name may have moved
                return answer;
            }
        }
    }

    static bool gaveUp(const ApiError& error) {
        return error.is(ErrorKind::Timeout) || error.is(ErrorKind::Cancelled);
    }

    // The library looks the name up itself, later and without an end to it.
    ApiResult<void> learnFamily(std::chrono::steady_clock::time_point until,
                                const std::stop_token& stop) {
        constexpr auto kAge = std::chrono::minutes(1);
        const auto now = std::chrono::steady_clock::now();
        if (now < familyUntil_.load()) {
            return {};
        }
        const std::string& first = proxy_.empty() ? config().server : proxy_;
        auto addresses = resolve(hostOf(first), portOf(first), until, stop);
        if (!addresses) {
            return base::failWith(std::move(addresses).error());
        }
        *family_ = addresses->front().family();
        familyUntil_ = now + kAge;
        return {};
    }

    std::shared_ptr<Clients> currentClients() {
        const std::lock_guard lock(mutex_);
        return clients_;
    }

    void dropIdleConnections() override {
        auto fresh = makeClients();
        const std::lock_guard lock(mutex_);
        clients_ = std::move(fresh);
    }

    std::shared_ptr<Clients> makeClients() const {
        return std::make_shared<Clients>(
            Clients{{config().server, clientConfig()}, {config().server, clientConfig()}});
    }

    http::client::http_client_config clientConfig() const {
        http::client::http_client_config out;
        out.set_timeout(kLibraryTimeout);
        out.set_max_redirects(0);
        out.set_validate_certificates(!config().insecureSkipTlsVerify);
        out.set_tlsext_sni_enabled(false);  // TlsSetup sends the right name
        out.set_ssl_context_callback([tls = tls()](asio::ssl::context& context) {
            tls->configure(context.native_handle());
        });
        if (!proxy_.empty()) {
            out.set_proxy(proxyOf(proxy_));
            out.set_nativehandle_options([family = family_](void* handle) {
                if (Plain* socket = socketBehindProxy(handle); socket != nullptr) {
                    prepare(*socket, *family);
                }
            });
            return out;
        }
        const bool https = config().server.starts_with("https://");
        out.set_nativehandle_options([https, family = family_](void* handle) {
            prepare(
                https ? static_cast<Secure*>(handle)->next_layer() : *static_cast<Plain*>(handle),
                *family);
        });
        return out;
    }

    static web::web_proxy proxyOf(const std::string& address) {
        web::uri_builder plain{web::uri(address)};
        plain.set_user_info("").set_port(portOf(address));
        web::web_proxy out(plain.to_uri());
        if (const std::string user = userOf(address); !user.empty()) {
            const size_t colon = std::min(user.find(':'), user.size());
            out.set_credentials(web::credentials(user.substr(0, colon),
                                                 user.substr(std::min(colon + 1, user.size()))));
        }
        return out;
    }

    static ApiResult<http::http_request> makeRequest(const HttpRequest& request,
                                                     const Headers& headers) {
        try {
            http::http_request out(request.method);
            out.set_request_uri(web::uri(request.target));
            std::map<std::string, std::string> joined;
            for (const auto& [name, value] : headers) {
                auto& text = joined[name];
                text += (text.empty() ? "" : "\r\n" + name + ": ") + value;
            }
            const bool repeatable = request.method == "GET" || request.method == "HEAD";
            if (!repeatable) {
                out.set_body(oneShot(request.body), request.body.size(), request.contentType);
                joined.erase("Content-Type");
            }
            for (const auto& [name, value] : joined) {
                out.headers().add(name, value);
            }
            return out;
        } catch (const std::exception& e) {
            return base::failWith(noAnswer(ErrorKind::Malformed,
                                           request.target + " cannot be requested: " + e.what()));
        }
    }

    static void start(const Running& running, Client& client, http::http_request request) {
        auto exchange = running.exchange;
        auto outcome = running.outcome;
        auto sink = std::make_shared<Sink>(exchange);
        request.set_response_stream(
            Concurrency::streams::streambuf<uint8_t>(sink).create_ostream());
        try {
            client.request(request, running.cancel.get_token())
                .then([exchange](http::http_response response) {
                    exchange->setHead(headOf(response));
                    return response.content_ready();
                })
                .then([exchange, outcome](pplx::task<http::http_response> done) {
                    // Only once the library has put the connection back: it does so when its
                    // handler, which we may be in, has returned.
                    crossplat::threadpool::shared_instance().service().post(
                        [exchange, error = failureOf(done, *outcome)] { exchange->finish(error); });
                });
        } catch (const std::exception& e) {
            exchange->finish(noAnswer(ErrorKind::Unreachable, e.what()));
        }
    }

    static std::optional<ApiError> failureOf(const pplx::task<http::http_response>& done,
                                             Outcome& outcome) {
        try {
            done.get();
            return std::nullopt;
        } catch (const StaleConnection& e) {
            outcome.stale = true;
            return noAnswer(ErrorKind::Unreachable, e.what());
        } catch (const http::http_exception& e) {
            const bool late = e.error_code() == std::errc::timed_out;
            return noAnswer(late ? ErrorKind::Timeout : ErrorKind::Unreachable, e.what());
        } catch (const std::exception& e) {
            return noAnswer(ErrorKind::Unreachable, e.what());
        } catch (...) {
            return noAnswer(ErrorKind::Unreachable, "the HTTP library gave no reason");
        }
    }

    const std::string proxy_;
    const std::shared_ptr<std::atomic<int>> family_ = std::make_shared<std::atomic<int>>(AF_INET);
    std::atomic<base::SteadyTime> familyUntil_{base::SteadyTime::min()};
    std::mutex mutex_;
    std::shared_ptr<Clients> clients_;
};

}  // namespace

std::shared_ptr<Transport> makeCpprestTransport(const ClusterConfig& config) {
    startLibrary();
    return std::make_shared<CpprestTransport>(config);
}

}  // namespace kube
