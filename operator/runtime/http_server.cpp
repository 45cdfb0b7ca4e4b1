#include "runtime/http_server.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"

namespace runtime {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr size_t kMaxConnections = 64;
constexpr uint32_t kMaxHeader = 8 * 1024;
constexpr uint64_t kMaxBody = 1024;
constexpr auto kTimeout = 10s;
// After an accept that failed (no file descriptors left): time for others to close theirs.
constexpr auto kAcceptPause = 200ms;

using Handler = std::function<ServerResponse(const ServerRequest&)>;
using Handlers = std::map<std::string, Handler>;

ServerResponse answer(const Handlers& handlers, const ServerRequest& request) {
    auto it = handlers.find(request.path);
    if (it == handlers.end()) {
        return {404, "not found\n"};
    }
    if (request.method != "GET" && request.method != "HEAD") {
        return {405, "only GET and HEAD\n"};
    }
    try {
        return it->second(request);
    } catch (const std::exception& e) {
        base::logError("an HTTP handler failed", {{"path", request.path}, {"error", e.what()}});
        return {500, "internal error\n"};
    }
}

}  // namespace

struct HttpServer::Impl {
    class Connection;

    void accept();
    void accepted(beast::error_code error, tcp::socket socket);
    void pauseAccept();
    void closed(const std::shared_ptr<Connection>& connection);
    void closeAll();

    Handlers handlers;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};
    asio::steady_timer pause{io};
    std::set<std::shared_ptr<Connection>> connections;
    bool accepting = false;
    bool stopping = false;
    std::thread thread;
};

// One client, one request after the other.
class HttpServer::Impl::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

    void read() {
        parser_.emplace();
        parser_->header_limit(kMaxHeader);
        parser_->body_limit(kMaxBody);
        stream_.expires_after(kTimeout);
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](beast::error_code error, size_t) { self->got(error); });
    }

    void close() { stream_.close(); }

  private:
    void got(beast::error_code error) {
        if (error == http::error::header_limit) {
            return reply({431, "the header is too long\n"}, true);
        }
        if (error == http::error::body_limit) {
            return reply({413, "the body is too long\n"}, true);
        }
        if (error.category() == http::make_error_code(http::error::bad_method).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message) {
            return reply({400, "no HTTP request\n"}, true);
        }
        if (error) {
            return end();
        }
        const auto& message = parser_->get();
        std::string target(message.target());
        auto question = target.find('?');
        ServerRequest request{std::string(message.method_string()), target.substr(0, question),
                              question == std::string::npos ? "" : target.substr(question + 1)};
        head_ = message.method() == http::verb::head;
        reply(answer(server_.handlers, request), !message.keep_alive());
    }

    void reply(ServerResponse response, bool last) {
        last_ = last || server_.stopping;
        response_ = {};
        response_.version(11);
        response_.result(static_cast<unsigned>(response.status));
        response_.set(http::field::content_type, response.contentType);
        response_.set(http::field::cache_control, "no-store");
        if (response.status == 405) {
            response_.set(http::field::allow, "GET, HEAD");
        }
        response_.keep_alive(!last_);
        response_.content_length(response.body.size());
        if (!head_) {
            response_.body() = std::move(response.body);
        }
        stream_.expires_after(kTimeout);
        serializer_.emplace(response_);
        http::async_write(
            stream_, *serializer_,
            [self = shared_from_this()](beast::error_code error, size_t) { self->wrote(error); });
    }

    void wrote(beast::error_code error) {
        if (error || last_) {
            return end();
        }
        read();
    }

    void end() {
        beast::error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        stream_.close();
        server_.closed(shared_from_this());
    }

    Impl& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kMaxHeader + kMaxBody};
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    bool head_ = false;
    bool last_ = false;
};

void HttpServer::Impl::accept() {
    if (accepting || stopping || connections.size() >= kMaxConnections) {
        return;
    }
    accepting = true;
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
        accepting = false;
        accepted(error, std::move(socket));
    });
}

void HttpServer::Impl::accepted(beast::error_code error, tcp::socket socket) {
    if (stopping || error == asio::error::operation_aborted) {
        return;
    }
    if (error) {
        pauseAccept();
        return;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    connections.insert(connection);
    connection->read();
    accept();
}

void HttpServer::Impl::pauseAccept() {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](beast::error_code error) {
        if (!error) {
            accept();
        }
    });
}

void HttpServer::Impl::closed(const std::shared_ptr<Connection>& connection) {
    connections.erase(connection);
    accept();
}

void HttpServer::Impl::closeAll() {
    stopping = true;
    beast::error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    auto open = connections;
    for (const auto& connection : open) {
        connection->close();
    }
}

HttpServer::HttpServer() : impl_(std::make_unique<Impl>()) {}

HttpServer::~HttpServer() {
    stop();
}

void HttpServer::handle(const std::string& path,
                        std::function<ServerResponse(const ServerRequest&)> handler) {
    impl_->handlers[path] = std::move(handler);
}

base::Result<uint16_t> HttpServer::listen(const std::string& address, uint16_t port) {
    beast::error_code error;
    auto fail = [&](const std::string& what) {
        beast::error_code ignored;
        impl_->acceptor.close(ignored);
        return base::fail("cannot " + what + " " + address + ":" + std::to_string(port) + ": " +
                          error.message());
    };
    auto ip = asio::ip::make_address(address, error);
    if (error) {
        return fail("listen on");
    }
    tcp::endpoint endpoint(ip, port);
    auto& acceptor = impl_->acceptor;
    if (acceptor.open(endpoint.protocol(), error)) {
        return fail("open a socket for");
    }
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (acceptor.bind(endpoint, error) || acceptor.listen(kMaxConnections, error)) {
        return fail("listen on");
    }
    uint16_t bound = acceptor.local_endpoint(error).port();
    impl_->accept();
    impl_->thread = std::thread([impl = impl_.get()] { impl->io.run(); });
    return bound;
}

void HttpServer::stop() {
    if (impl_->thread.joinable()) {
        asio::post(impl_->io, [impl = impl_.get()] { impl->closeAll(); });
        impl_->thread.join();
    }
}

}  // namespace runtime
