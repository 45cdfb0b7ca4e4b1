#include "kube/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "kube/answer.h"
#include "kube/keep_alive.h"
#include "kube/resolver.h"
#include "kube/tls.h"

namespace kube {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Rounded up: a poll that wakes too early would spin.
int millisecondsUntil(SteadyClock::time_point until) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, INT_MAX));
}

std::string opensslReason() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "the connection broke" : reason;
}

}  // namespace

StopSignal::Event::Event() : fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopSignal::Event::~Event() {
    ::close(fd);
}

StopSignal::StopSignal(std::stop_token stop)
    : stop_(std::move(stop)), callback_(stop_, [this] {
          const uint64_t one = 1;
          static_cast<void>(!::write(event_.fd, &one, sizeof one));
      }) {}

// A BIO of our own instead of OpenSSL's for sockets: that one raises SIGPIPE.
struct Connection::Bio {
    static Connection& of(BIO* bio) { return *static_cast<Connection*>(BIO_get_data(bio)); }

    static int write(BIO* bio, const char* from, int size) {
        BIO_clear_retry_flags(bio);
        auto& self = of(bio);
        const ssize_t n = ::send(self.fd_, from, static_cast<size_t>(size), MSG_NOSIGNAL);
        if (n > 0) {
            self.sent_ += static_cast<uint64_t>(n);
        } else if (errno == EAGAIN || errno == EINTR) {
            BIO_set_retry_write(bio);
        }
        return static_cast<int>(n);
    }
    static int read(BIO* bio, char* to, int size) {
        BIO_clear_retry_flags(bio);
        const ssize_t n = ::recv(of(bio).fd_, to, static_cast<size_t>(size), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            BIO_set_retry_read(bio);
        }
        return static_cast<int>(n);
    }
    static long control(BIO*, int command, long, void*) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
    static int create(BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
    }
    static BIO_METHOD* method() {
        static BIO_METHOD* const instance = [] {
            BIO_METHOD* made =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kube connection");
            BIO_meth_set_write(made, &write);
            BIO_meth_set_read(made, &read);
            BIO_meth_set_ctrl(made, &control);
            BIO_meth_set_create(made, &create);
            return made;
        }();
        return instance;
    }
};

Connection::Connection(int fd) : fd_(fd) {}

Connection::~Connection() {
    if (ssl_ != nullptr) {
        if (state_ == State::Good && SSL_is_init_finished(ssl_) == 1) {
            SSL_shutdown(ssl_);  // says goodbye, waits for nothing
        }
        SSL_free(ssl_);
        ERR_clear_error();
    }
    ::close(fd_);
}

bool Connection::await(short events, const Limits& limits) {
    pollfd watched[2] = {{fd_, events, 0}, {limits.stop.fd(), POLLIN, 0}};
    int ready = 0;
    do {
        ready = ::poll(watched, 2, millisecondsUntil(limits.until));
    } while (ready < 0 && errno == EINTR);
    if (watched[1].revents != 0) {
        state_ = State::Stopped;
    } else if (ready == 0) {
        state_ = State::TimedOut;
    } else if (ready < 0) {
        failed(std::strerror(errno));
    }
    return state_ == State::Good;
}

void Connection::failed(const std::string& why) {
    state_ = State::Failed;
    why_ = why;
}

ApiError Connection::failure() const {
    switch (state_) {
        case State::TimedOut:
            return noAnswer(ErrorKind::Timeout, "the peer was silent for too long");
        case State::Stopped:
            return noAnswer(ErrorKind::Cancelled, "the call was stopped");
        case State::Failed:
            return noAnswer(ErrorKind::Unreachable, why_);
        case State::Good:
        case State::Ended:
            break;
    }
    return noAnswer(ErrorKind::Unreachable, "the peer closed the connection");
}

ApiResult<void> Connection::connect(const Address& address, const Limits& limits) {
    keepAlive(fd_);
    int error = ::connect(fd_, address.get(), address.size) == 0 ? 0 : errno;
    if (error == EINPROGRESS && await(POLLOUT, limits)) {
        socklen_t size = sizeof error;
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (state_ == State::Good && error != 0) {
        failed(std::strerror(error));
    }
    return state_ == State::Good ? ApiResult<void>() : base::failWith(failure());
}

ApiResult<std::unique_ptr<Connection>> Connection::open(const std::string& host, int port,
                                                        const Limits& limits) {
    if (limits.stop.fd() < 0) {
        return base::failWith(noAnswer(ErrorKind::Unreachable, "no file descriptor is left"));
    }
    auto addresses = resolve(host, port, limits.until, limits.stop.token());
    if (!addresses) {
        return base::failWith(std::move(addresses).error());
    }
    ApiError last;
    for (size_t i = 0; i < addresses->size(); ++i) {
        const Address& address = (*addresses)[i];
        const int fd =
            ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (fd < 0) {
            last = noAnswer(ErrorKind::Unreachable, std::strerror(errno));
            continue;
        }
        std::unique_ptr<Connection> made(new Connection(fd));
        // An address that swallows packets must leave time for the others.
        const auto now = SteadyClock::now();
        const auto share = (limits.until - now) / static_cast<long>(addresses->size() - i);
        auto connected = made->connect(address, {now + share, limits.stop});
        if (connected) {
            return made;
        }
        last = connected.error();
        if (last.is(ErrorKind::Cancelled)) {
            break;
        }
    }
    return base::failWith(last);
}

ApiResult<void> Connection::secure(TlsSetup& tls, const Limits& limits) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    tls.configure(context);
    ssl_ = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    BIO* bio = BIO_new(Bio::method());
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    encrypted(limits, [this](size_t&) { return SSL_connect(ssl_); });
    if (state_ == State::Good) {
        return {};
    }
    ApiError error = failure();
    error.message = "TLS handshake: " + error.message;
    return base::failWith(error);
}

template <class Operation>
size_t Connection::encrypted(const Limits& limits, Operation operation) {
    while (state_ == State::Good) {
        ERR_clear_error();
        errno = 0;
        size_t done = 0;
        const int result = operation(done);
        if (result == 1) {
            return done;
        }
        switch (SSL_get_error(ssl_, result)) {
            case SSL_ERROR_WANT_READ:
                await(POLLIN, limits);
                break;
            case SSL_ERROR_WANT_WRITE:
                await(POLLOUT, limits);
                break;
            case SSL_ERROR_ZERO_RETURN:
                state_ = State::Ended;
                break;
            case SSL_ERROR_SYSCALL:
                failed(errno != 0 ? std::strerror(errno) : "the connection broke");
                break;
            default:
                failed(opensslReason());
        }
    }
    return 0;
}

size_t Connection::read(char* to, size_t size, const Limits& limits) {
    if (ssl_ != nullptr) {
        return encrypted(limits, [&](size_t& done) { return SSL_read_ex(ssl_, to, size, &done); });
    }
    while (state_ == State::Good) {
        const ssize_t n = ::recv(fd_, to, size, 0);
        if (n > 0) {
            return static_cast<size_t>(n);
        }
        if (n == 0) {
            state_ = State::Ended;
        } else if (errno == EAGAIN) {
            await(POLLIN, limits);
        } else if (errno != EINTR) {
            failed(std::strerror(errno));
        }
    }
    return 0;
}

size_t Connection::write(const char* from, size_t size, const Limits& limits) {
    if (ssl_ != nullptr) {
        return encrypted(limits,
                         [&](size_t& done) { return SSL_write_ex(ssl_, from, size, &done); });
    }
    while (state_ == State::Good) {
        const ssize_t n = ::send(fd_, from, size, MSG_NOSIGNAL);
        if (n >= 0) {
            sent_ += static_cast<uint64_t>(n);
            return static_cast<size_t>(n);
        }
        if (errno == EAGAIN) {
            await(POLLOUT, limits);
        } else if (errno != EINTR) {
            failed(std::strerror(errno));
        }
    }
    return 0;
}

bool Connection::dead() const {
    return state_ != State::Good || quietlyClosed(fd_) ||
           (ssl_ != nullptr && SSL_has_pending(ssl_) == 1);
}

}  // namespace kube
