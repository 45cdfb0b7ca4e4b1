#include "chaos/support/flaky_server.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

namespace chaos::fake {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

}  // namespace

struct FlakyServer::Impl {
    explicit Impl(std::function<Answer(int64_t)> chooser)
        : choose(std::move(chooser)), acceptor(io, {asio::ip::address_v4::loopback(), 0}) {
        port = acceptor.local_endpoint().port();
        accept();
        thread = std::thread([this] { io.run(); });
    }
    ~Impl() {
        io.stop();
        thread.join();
    }

    struct Session : std::enable_shared_from_this<Session> {
        Session(Impl& owner, tcp::socket socket) : server(owner), stream(std::move(socket)) {
            ++server.open;
        }
        ~Session() { --server.open; }
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;

        void read() {
            request = {};
            http::async_read(stream, buffer, request,
                             [self = shared_from_this()](beast::error_code error, size_t) {
                                 if (!error) {
                                     self->answer();
                                 }
                             });
        }

        void answer() {
            switch (server.choose(server.requests++)) {
                case Answer::Silence:
                    // Holds the connection until the other side lets go.
                    return wait();
                case Answer::Late:
                    late.expires_after(std::chrono::milliseconds(1200));
                    return late.async_wait([self = shared_from_this()](beast::error_code) {
                        self->write(http::status::ok, self->request.keep_alive());
                    });
                case Answer::Long:
                    return write(http::status::ok, request.keep_alive(),
                                 std::string(kLongBody, 'x'));
                case Answer::Split:
                    return writeSplit();
                case Answer::Close:
                    return;
                case Answer::Ok:
                    return write(http::status::ok, request.keep_alive());
                case Answer::OkThenClose:
                    // Promises to keep the connection, then closes it: what a stopping server does.
                    closeAfter = true;
                    return write(http::status::ok, true);
                case Answer::Status500:
                    return write(http::status::internal_server_error, request.keep_alive());
                case Answer::Status404:
                    return write(http::status::not_found, request.keep_alive());
            }
        }

        void wait() {
            stream.async_read_some(asio::buffer(silence),
                                   [self = shared_from_this()](beast::error_code, size_t) {});
        }

        void write(http::status status, bool keep, std::string body = "hello") {
            response = {status, 11};
            response.body() = std::move(body);
            response.keep_alive(keep);
            response.prepare_payload();
            http::async_write(stream, response,
                              [self = shared_from_this(), keep](beast::error_code error, size_t) {
                                  if (!error && keep && !self->closeAfter) {
                                      self->read();
                                  }
                              });
        }

        void writeSplit() {
            response = {http::status::ok, 11};
            response.body() = "hello";
            response.keep_alive(request.keep_alive());
            response.prepare_payload();
            serializer.emplace(response);
            stream.socket().set_option(tcp::no_delay(true));
            http::async_write_header(
                stream, *serializer, [self = shared_from_this()](beast::error_code, size_t) {
                    self->late.expires_after(std::chrono::milliseconds(2));
                    self->late.async_wait([self](beast::error_code) { self->writeRest(); });
                });
        }

        void writeRest() {
            http::async_write(stream, *serializer,
                              [self = shared_from_this()](beast::error_code error, size_t) {
                                  if (!error && self->response.keep_alive()) {
                                      self->read();
                                  }
                              });
        }

        Impl& server;
        asio::steady_timer late{server.io};
        beast::tcp_stream stream;
        beast::flat_buffer buffer;
        http::request<http::empty_body> request;
        http::response<http::string_body> response;
        std::optional<http::response_serializer<http::string_body>> serializer;
        bool closeAfter = false;
        char silence[64]{};
    };

    void accept() {
        acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
            if (error) {
                return;
            }
            ++connections;
            std::make_shared<Session>(*this, std::move(socket))->read();
            accept();
        });
    }

    std::function<Answer(int64_t)> choose;
    std::atomic<int64_t> open = 0;  // sessions end with the context
    asio::io_context io{1};
    tcp::acceptor acceptor;
    uint16_t port = 0;
    std::atomic<int64_t> connections = 0;
    std::atomic<int64_t> requests = 0;
    std::thread thread;
};

FlakyServer::FlakyServer(std::function<Answer(int64_t)> choose)
    : impl_(std::make_unique<Impl>(std::move(choose))) {}
FlakyServer::~FlakyServer() = default;
uint16_t FlakyServer::port() const {
    return impl_->port;
}
int64_t FlakyServer::connections() const {
    return impl_->connections;
}
int64_t FlakyServer::open() const {
    return impl_->open;
}
int64_t FlakyServer::requests() const {
    return impl_->requests;
}

uint16_t closedPort() {
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
}

}  // namespace chaos::fake
