#include "shop/server.h"

#include <utility>
// Boost 1.74's asio uses std::exchange without including it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <csignal>
#include <list>
#include <system_error>

#include "shop/trouble.h"

namespace shop {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::seconds;

namespace {

constexpr seconds idleLimit{75};
constexpr seconds writeLimit{30};
// After SIGTERM a kept-alive connection may bring one more request for this long: its sender cannot
// know yet, and would get a reset instead of an answer.
constexpr seconds farewell{1};
constexpr std::size_t bodyLimit = 64UL * 1024;

using HttpRequest = http::request<http::string_body>;
using HttpResponse = http::response<http::string_body>;

struct Connection {
    beast::tcp_stream stream;
    bool busy = false;  // a request has arrived whose answer is not out yet
};

// co_await something(into(error)): the error becomes a value instead of an exception.
auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

Request split(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) {
        return {.path = target, .query = {}};
    }
    return {.path = target.substr(0, mark), .query = target.substr(mark + 1)};
}

bool allows(const Route& route, http::verb method) {
    return route.method == Method::Get ? method == http::verb::get || method == http::verb::head
                                       : method == http::verb::post;
}

}  // namespace

class Server::Impl {
  public:
    Impl(const ServerOptions& options, std::vector<Route> routes)
        : options_(options), routes_(std::move(routes)), workers_(options.workers) {
        try {
            const asio::ip::tcp::endpoint any(asio::ip::tcp::v4(), options.port);
            acceptor_.open(any.protocol());
            acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true));
            acceptor_.bind(any);
            acceptor_.listen(asio::socket_base::max_listen_connections);
        } catch (const boost::system::system_error& error) {
            throw std::system_error(error.code());
        }
    }

    uint16_t port() const { return acceptor_.local_endpoint().port(); }

    std::size_t run() {
        asio::co_spawn(io_, stopOnSignal(), asio::detached);
        asio::co_spawn(io_, acceptAll(), asio::detached);
        io_.run();
        return cutOff_;
    }

  private:
    // Everything below runs on the one thread that called run(): no locks needed.

    asio::awaitable<void> stopOnSignal() {
        co_await signals_.async_wait(asio::use_awaitable);
        stopping_ = true;
        acceptor_.close();
        error_code ended;  // set when the last connection closes and cancels the wait
        if (!connections_.empty()) {
            stopTimer_.expires_after(std::min(farewell, options_.grace));
            co_await stopTimer_.async_wait(into(ended));
        }
        closeAll([](const Connection& connection) { return !connection.busy; });
        if (!connections_.empty() && !ended) {
            stopTimer_.expires_after(options_.grace - std::min(farewell, options_.grace));
            co_await stopTimer_.async_wait(into(ended));
        }
        cutOff_ = connections_.size();
        closeAll([](const Connection&) { return true; });
        io_.stop();
    }

    asio::awaitable<void> acceptAll() {
        while (!stopping_) {
            error_code error;
            asio::ip::tcp::socket socket(io_);
            co_await acceptor_.async_accept(socket, into(error));
            if (!error) {
                asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
            } else if (!stopping_) {
                // Out of file descriptors: those in use will come back.
                asio::steady_timer pause(io_, std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::use_awaitable);
            }
        }
    }

    asio::awaitable<void> serve(asio::ip::tcp::socket socket) {
        const auto self = connections_.insert(connections_.end(),
                                              Connection{beast::tcp_stream(std::move(socket))});
        self->stream.socket().set_option(asio::ip::tcp::no_delay(true));
        beast::flat_buffer buffer;
        while (co_await serveOne(*self, buffer)) {
        }
        connections_.erase(self);
        if (stopping_ && connections_.empty()) {
            stopTimer_.cancel();
        }
    }

    // One request and its answer. False: the connection ends.
    asio::awaitable<bool> serveOne(Connection& connection, beast::flat_buffer& buffer) {
        error_code error;
        http::request_parser<http::string_body> parser;
        parser.body_limit(bodyLimit);
        connection.busy = buffer.size() > 0;
        connection.stream.expires_after(idleLimit);
        co_await http::async_read(connection.stream, buffer, parser, into(error));
        if (error) {
            co_return false;
        }
        connection.busy = true;
        const HttpRequest request = parser.release();
        HttpResponse response = co_await answer(request);
        response.keep_alive(request.keep_alive() && !stopping_);
        const bool goOn = response.keep_alive();
        connection.stream.expires_after(writeLimit);
        co_await http::async_write(connection.stream, response, into(error));
        co_return goOn && !error;
    }

    asio::awaitable<HttpResponse> answer(const HttpRequest& request) {
        Response page = co_await find(request);
        HttpResponse response(static_cast<http::status>(page.status), request.version());
        response.set(http::field::server, "shop");
        response.set(http::field::content_type, page.type);
        if (!page.allow.empty()) {
            response.set(http::field::allow, page.allow);
        }
        if (page.status == 503) {
            response.set(http::field::retry_after, "1");
        }
        response.content_length(page.body.size());
        if (request.method() != http::verb::head) {
            response.body() = std::move(page.body);
        }
        co_return response;
    }

    asio::awaitable<Response> find(const HttpRequest& request) {
        const Request target = split({request.target().data(), request.target().size()});
        for (const Route& route : routes_) {
            if (route.path != target.path) {
                continue;
            }
            if (!allows(route, request.method())) {
                const bool get = route.method == Method::Get;
                co_return Response{.status = 405,
                                   .body = get ? "use GET\n" : "use POST\n",
                                   .allow = get ? "GET, HEAD" : "POST"};
            }
            if (options_.trouble && !route.spared) {
                co_return co_await answerInTrouble(route, target);
            }
            co_return co_await answerFrom(route, target);
        }
        co_return Response{.status = 404, .body = "no such page\n"};
    }

    asio::awaitable<Response> answerInTrouble(const Route& route, Request request) {
        const Trouble::Visit visit(*options_.trouble);
        if (options_.trouble->delay() > seconds(0)) {
            asio::steady_timer pause(io_, options_.trouble->delay());
            co_await pause.async_wait(asio::use_awaitable);
        }
        if (visit.fails()) {
            co_return Response{.status = 500, .body = "in trouble, as it was asked to be\n"};
        }
        co_return co_await answerFrom(route, request);
    }

    asio::awaitable<Response> answerFrom(const Route& route, Request request) {
        if (!route.slow) {
            co_return route.answer(request);
        }
        co_return co_await answerOnWorker(route, request);
    }

    asio::awaitable<Response> answerOnWorker(const Route& route, Request request) {
        if (slowUnderWay_ >= options_.workers + options_.queue) {
            co_return Response{.status = 503, .body = "busy: try again\n"};
        }
        ++slowUnderWay_;
        Response page =
            co_await asio::co_spawn(workers_, work(route, request), asio::use_awaitable);
        --slowUnderWay_;
        co_return page;
    }

    static asio::awaitable<Response> work(const Route& route, Request request) {
        co_return route.answer(request);
    }

    template <class Which>
    void closeAll(Which which) {
        for (Connection& connection : connections_) {
            if (which(connection)) {
                connection.stream.close();
            }
        }
    }

    const ServerOptions options_;
    const std::vector<Route> routes_;
    asio::io_context io_{1};
    asio::ip::tcp::acceptor acceptor_{io_};
    asio::signal_set signals_{io_, SIGTERM, SIGINT};
    asio::steady_timer stopTimer_{io_};
    std::list<Connection> connections_;
    std::size_t slowUnderWay_ = 0;
    std::size_t cutOff_ = 0;
    bool stopping_ = false;
    asio::thread_pool workers_;
};

Server::Server(const ServerOptions& options, std::vector<Route> routes)
    : impl_(std::make_unique<Impl>(options, std::move(routes))) {}

Server::~Server() = default;

uint16_t Server::port() const {
    return impl_->port();
}

std::size_t Server::run() {
    return impl_->run();
}

}  // namespace shop
