// Transport over Boost.Beast, which reads and writes HTTP here, on connections of our own
// (kube/connection.h).
//
// No thread and no io_context: every call of a Transport blocks a thread of its caller already.
// Reading on that thread makes back-pressure the socket's own (nobody reads while the handler
// runs), needs no buffer and no hand-over between threads, and a stop wakes exactly the one poll
// that waits for this call.
#include <utility>
// <utility> first: asio of Boost 1.74 uses std::exchange without including it.
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>

#include "kube/answer.h"
#include "kube/authenticated_transport.h"
#include "kube/connection.h"
#include "kube/encoding.h"
#include "kube/environment.h"
#include "kube/server_url.h"

namespace kube {
namespace {

namespace http = boost::beast::http;
namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kBlock = 16U << 10U;  // the size of a TLS record
constexpr size_t kMaxHead = 64U << 10U;
// A watch may go on for ever: limits on what is kept are in kube/answer.h.
constexpr auto kMaxStream = std::numeric_limits<uint64_t>::max();

// A connection as Beast wants a synchronous stream, within the limits of one wait.
class Stream {
  public:
    Stream(Connection& connection, const Limits& limits)
        : connection_(connection), limits_(limits) {}

    template <class Buffers>
    size_t read_some(const Buffers& buffers, error_code& error) {
        size_t n = 0;
        for (auto at = asio::buffer_sequence_begin(buffers);
             n == 0 && at != asio::buffer_sequence_end(buffers); ++at) {
            const asio::mutable_buffer buffer(*at);
            n = buffer.size() == 0
                    ? 0
                    : connection_.read(static_cast<char*>(buffer.data()), buffer.size(), limits_);
        }
        error = outcome();
        return n;
    }
    // Head and body in one packet when they are small.
    template <class Buffers>
    size_t write_some(const Buffers& buffers, error_code& error) {
        char block[kBlock];
        const size_t size = asio::buffer_copy(asio::buffer(block), buffers);
        const size_t n = connection_.write(block, size, limits_);
        error = outcome();
        return n;
    }
    // Beast asks for the forms that throw too.
    template <class Buffers>
    size_t read_some(const Buffers& buffers) {
        error_code error;
        const size_t n = read_some(buffers, error);
        return error ? throw boost::system::system_error(error) : n;
    }
    template <class Buffers>
    size_t write_some(const Buffers& buffers) {
        error_code error;
        const size_t n = write_some(buffers, error);
        return error ? throw boost::system::system_error(error) : n;
    }

  private:
    error_code outcome() const {
        switch (connection_.state()) {
            case Connection::State::Good:
                return {};
            case Connection::State::Ended:
                return asio::error::eof;
            case Connection::State::TimedOut:
                return asio::error::timed_out;
            case Connection::State::Stopped:
                return asio::error::operation_aborted;
            case Connection::State::Failed:
                break;
        }
        return asio::error::connection_reset;
    }

    Connection& connection_;
    const Limits& limits_;
};

// What Beast found wrong, or why the connection ended below it.
ApiError errorOf(const Connection& connection, const error_code& error) {
    if (connection.state() != Connection::State::Good &&
        connection.state() != Connection::State::Ended) {
        return connection.failure();
    }
    if (error == http::error::end_of_stream || error == asio::error::eof) {
        return connection.failure();
    }
    return noAnswer(ErrorKind::Unreachable, "no HTTP answer: " + error.message());
}

// Connections between two exchanges; the one used last is used first.
class Pool {
  public:
    std::unique_ptr<Connection> take() {
        const std::lock_guard lock(mutex_);
        prune();
        while (!idle_.empty()) {
            auto last = std::move(idle_.back().connection);
            idle_.pop_back();
            if (!last->dead()) {
                return last;
            }
        }
        return nullptr;
    }
    // `generation`: what generation() said when the connection was made or taken.
    void give(std::unique_ptr<Connection> connection, int generation) {
        const std::lock_guard lock(mutex_);
        prune();
        if (generation == generation_) {
            idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
        }
    }
    // What is in use now comes back all the same.
    void dropIdle() {
        const std::lock_guard lock(mutex_);
        idle_.clear();
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        ++generation_;
        idle_.clear();
    }
    int generation() {
        const std::lock_guard lock(mutex_);
        return generation_;
    }

  private:
    struct Idle {
        std::unique_ptr<Connection> connection;
        std::chrono::steady_clock::time_point since;
    };

    void prune() {
        constexpr auto kAge = std::chrono::seconds(60);
        constexpr size_t kMost = 32;
        const auto oldest = std::chrono::steady_clock::now() - kAge;
        auto fresh = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const Idle& one) { return one.since > oldest; });
        const auto tooMany = static_cast<long>(idle_.size() > kMost ? idle_.size() - kMost : 0);
        idle_.erase(idle_.begin(), std::max(fresh, idle_.begin() + tooMany));
    }

    std::mutex mutex_;
    std::vector<Idle> idle_;  // the longest idle first
    int generation_ = 0;
};

// How to get there.
struct Route {
    std::string server;
    std::string proxy;  // "": straight

    bool secure() const { return server.starts_with("https://"); }
    // A plain server behind a proxy: the proxy reads the request.
    bool forwarded() const { return !proxy.empty() && !secure(); }
    std::string proxyCredentials() const {
        const std::string user = userOf(proxy);
        return user.empty() ? "" : "Basic " + base64Encode(user);
    }
};

class Dialer {
  public:
    Dialer(Route route, std::shared_ptr<TlsSetup> tls)
        : route_(std::move(route)), tls_(std::move(tls)) {}

    const Route& route() const { return route_; }

    ApiResult<std::unique_ptr<Connection>> dial(const Limits& limits) const {
        const std::string& first = route_.proxy.empty() ? route_.server : route_.proxy;
        auto connection = Connection::open(hostOf(first), portOf(first), limits);
        if (!connection || !route_.secure()) {
            return connection;
        }
        if (!route_.proxy.empty()) {
            if (auto tunnel = askForTunnel(**connection, limits); !tunnel) {
                return base::failWith(tunnel.error());
            }
        }
        if (auto secured = (*connection)->secure(*tls_, limits); !secured) {
            return base::failWith(secured.error());
        }
        return connection;
    }

  private:
    ApiResult<void> askForTunnel(Connection& connection, const Limits& limits) const {
        const std::string host = hostOf(route_.server);
        const std::string target = (host.find(':') == std::string::npos ? host : "[" + host + "]") +
                                   ":" + std::to_string(portOf(route_.server));
        constexpr unsigned kHttp11 = 11;
        http::request<http::empty_body> request(http::verb::connect, target, kHttp11);
        request.set(http::field::host, target);
        if (const std::string credentials = route_.proxyCredentials(); !credentials.empty()) {
            request.set(http::field::proxy_authorization, credentials);
        }
        Stream stream(connection, limits);
        error_code error;
        http::write(stream, request, error);
        boost::beast::flat_buffer buffer(kMaxHead);
        http::response_parser<http::empty_body> parser;
        parser.skip(true);
        if (!error) {
            http::read_header(stream, buffer, parser, error);
        }
        if (error) {
            auto why = errorOf(connection, error);
            why.message = "proxy: " + why.message;
            return base::failWith(why);
        }
        constexpr unsigned kOk = 200;
        if (parser.get().result_int() != kOk) {
            return base::failWith(noAnswer(ErrorKind::Unreachable,
                                           "the proxy refuses the tunnel to " + target + ": " +
                                               std::to_string(parser.get().result_int())));
        }
        return {};
    }

    Route route_;
    std::shared_ptr<TlsSetup> tls_;
};

using Request = http::request<http::span_body<const char>>;

// One request and its answer, made step by step as the caller asks for more of it.
class BeastExchange final : public AnswerSource {
  public:
    BeastExchange(const Dialer& dialer, Pool& pool, const Request& request, std::stop_token stop)
        : dialer_(dialer),
          pool_(pool),
          request_(request),
          signal_(std::move(stop)),
          generation_(pool.generation()),
          buffer_(kMaxHead) {}

    ~BeastExchange() override {
        const bool reusable = parser_ && !error_ && !late_ && parser_->is_done() &&
                              parser_->keep_alive() && buffer_.size() == 0;
        if (reusable) {
            pool_.give(std::move(connection_), generation_);
        }
    }
    BeastExchange(const BeastExchange&) = delete;
    BeastExchange& operator=(const BeastExchange&) = delete;

    Wake next(std::string& bytes, std::chrono::steady_clock::time_point until,
              const std::stop_token& stop, size_t /*enough*/) override {
        bytes.clear();
        if (stop.stop_requested()) {
            return Wake::Stopped;
        }
        if (std::chrono::steady_clock::now() >= until) {
            return Wake::TimedOut;  // a peer that never falls silent would never be waited for
        }
        const Limits limits{until, signal_};
        if (!error_ && !head_) {
            begin(limits);
        }
        if (!error_) {
            readBody(bytes, limits);
        }
        if (!error_) {
            return bytes.empty() ? Wake::End : Wake::Bytes;
        }
        return error_->is(ErrorKind::Cancelled) ? Wake::Stopped
               : error_->is(ErrorKind::Timeout) ? Wake::TimedOut
                                                : Wake::End;
    }
    const std::optional<ResponseHead>& head() const override { return head_; }
    const std::optional<ApiError>& error() const override { return error_; }

  private:
    // A pooled connection may have been closed by the server at this very moment. Then the request
    // goes out again, on the next connection, if it is known not to have left or changes nothing.
    void begin(const Limits& limits) {
        for (bool again = true; again;) {
            connection_ = pool_.take();
            const bool reused = connection_ != nullptr;
            if (!reused) {
                auto made = dialer_.dial(limits);
                if (!made) {
                    error_ = std::move(made).error();
                    return;
                }
                connection_ = std::move(made).value();
            }
            const uint64_t before = connection_->sent();
            const auto failed = ask(limits);
            const bool harmless = connection_->sent() == before ||
                                  (request_.method() == http::verb::get && !parser_->got_some());
            again = reused && failed && failed->is(ErrorKind::Unreachable) && harmless;
            const bool silent =
                failed && (failed->is(ErrorKind::Timeout) || failed->is(ErrorKind::Cancelled)) &&
                !parser_->got_some();
            if (reused && silent) {
                pool_.dropIdle();
            }
            if (failed && !again) {
                error_ = failed;
            }
        }
    }

    // Writes the request, reads the head of the answer.
    std::optional<ApiError> ask(const Limits& limits) {
        Stream stream(*connection_, limits);
        buffer_.clear();
        parser_.emplace();
        parser_->header_limit(kMaxHead);
        parser_->body_limit(kMaxStream);
        parser_->skip(request_.method() == http::verb::head);
        error_code error;
        http::serializer<true, Request::body_type> serializer(request_);
        http::write(stream, serializer, error);
        if (!error) {
            http::read_header(stream, buffer_, *parser_, error);
        }
        if (error) {
            return errorOf(*connection_, error);
        }
        head_.emplace();
        head_->status = static_cast<int>(parser_->get().result_int());
        for (const auto& field : parser_->get()) {
            const auto name = field.name_string();
            const auto value = field.value();
            head_->take({name.data(), name.size()}, {value.data(), value.size()});
        }
        return std::nullopt;
    }

    // What is there, or the first bytes to come; nothing at the end of the body.
    void readBody(std::string& bytes, const Limits& limits) {
        if (late_) {
            error_ = std::move(late_);
            return;
        }
        Stream stream(*connection_, limits);
        bytes.resize(kBlock);
        size_t n = 0;
        while (n == 0 && !parser_->is_done() && !late_) {
            auto& body = parser_->get().body();
            body.data = bytes.data();
            body.size = bytes.size();
            error_code error;
            http::read_some(stream, buffer_, *parser_, error);
            n = bytes.size() - body.size;
            if (error && error != http::error::need_buffer) {
                late_ = errorOf(*connection_, error);
            }
        }
        bytes.resize(n);
        if (n == 0 && late_) {
            error_ = std::move(late_);
        }
    }

    const Dialer& dialer_;
    Pool& pool_;
    const Request& request_;
    StopSignal signal_;
    const int generation_;
    std::unique_ptr<Connection> connection_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::response_parser<http::buffer_body>> parser_;
    std::optional<ResponseHead> head_;
    std::optional<ApiError> late_;  // it came with the last bytes, and counts after them
    std::optional<ApiError> error_;
};

class BeastTransport final : public AuthenticatedTransport {
  public:
    explicit BeastTransport(const ClusterConfig& config)
        : AuthenticatedTransport(config, base::systemClock()),
          dialer_({config.server, proxyFor(config, originalEnvironment())}, tls()) {}

  private:
    ApiResult<HttpResponse> sendOnce(const HttpRequest& request, const Headers& headers,
                                     const std::stop_token& stop) override {
        const auto made = makeRequest(request, headers);
        BeastExchange exchange(dialer_, pool_, made, stop);
        return collectAnswer(exchange, request.timeout, stop);
    }

    ApiResult<void> streamOnce(const HttpRequest& request, const Headers& headers,
                               const LineHandler& onLine, const std::stop_token& stop) override {
        const auto made = makeRequest(request, headers);
        BeastExchange exchange(dialer_, pool_, made, stop);
        return readLines(exchange, request.timeout, onLine, stop);
    }

    void dropIdleConnections() override { pool_.clear(); }

    Request makeRequest(const HttpRequest& request, const Headers& headers) const {
        const Route& route = dialer_.route();
        Request out;
        constexpr unsigned kHttp11 = 11;
        out.version(kHttp11);
        out.method_string(request.method);
        out.target((route.forwarded() ? route.server : pathOf(route.server)) + request.target);
        out.set(http::field::host, authorityOf(route.server));
        for (const auto& [name, value] : headers) {
            out.insert(name, value);
        }
        if (route.forwarded() && !route.proxyCredentials().empty()) {
            out.set(http::field::proxy_authorization, route.proxyCredentials());
        }
        if (request.method != "GET" && request.method != "HEAD") {
            out.body() = {request.body.data(), request.body.size()};
            out.content_length(request.body.size());
        }
        return out;
    }

    const Dialer dialer_;
    Pool pool_;
};

}  // namespace

std::shared_ptr<Transport> makeBeastTransport(const ClusterConfig& config) {
    return std::make_shared<BeastTransport>(config);
}

}  // namespace kube
