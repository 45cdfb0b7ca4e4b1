#include "support/http_stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>
#include <list>
#include <set>
#include <stdexcept>
#include <thread>

namespace support {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(' ');
    return first == std::string::npos ? ""
                                      : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextFree>;

template <class T, class Read>
T* readPem(const std::string& pem, Read read) {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    T* out = read(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    if (out == nullptr) {
        throw std::runtime_error("stub: bad PEM");
    }
    return out;
}

Context makeContext(const StubTls& tls) {
    Context context(SSL_CTX_new(TLS_server_method()));
    X509* certificate = readPem<X509>(tls.identity.certificate, PEM_read_bio_X509);
    EVP_PKEY* key = readPem<EVP_PKEY>(tls.identity.key, PEM_read_bio_PrivateKey);
    SSL_CTX_use_certificate(context.get(), certificate);
    SSL_CTX_use_PrivateKey(context.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!tls.clientAuthority.empty()) {
        X509* authority = readPem<X509>(tls.clientAuthority, PEM_read_bio_X509);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
        X509_free(authority);
        SSL_CTX_set_verify(
            context.get(),
            SSL_VERIFY_PEER | (tls.clientOptional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), nullptr);
    }
    return context;
}

// Bytes in and out of one accepted socket, with or without TLS.
class Wire {
  public:
    Wire(int fd, SSL_CTX* context) : fd_(fd) {
        if (context != nullptr) {
            ssl_ = SSL_new(context);
            SSL_set_fd(ssl_, fd);
        }
    }
    ~Wire() {
        SSL_free(ssl_);
        ::close(fd_);
    }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    bool handshake() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }
    int fd() const { return fd_; }
    // 0: the peer closed; negative: broken.
    int read(char* to, int size) {
        return ssl_ != nullptr ? SSL_read(ssl_, to, size)
                               : static_cast<int>(::recv(fd_, to, static_cast<size_t>(size), 0));
    }
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n =
                ssl_ != nullptr
                    ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                    : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<size_t>(n));
        }
        return true;
    }
    std::string peerCommonName() const {
        X509* peer = ssl_ != nullptr ? SSL_get0_peer_certificate(ssl_) : nullptr;
        if (peer == nullptr) {
            return "";
        }
        char name[256] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
        return name;
    }
    std::string serverName() const {
        const char* name =
            ssl_ != nullptr ? SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name) : nullptr;
        return name == nullptr ? "" : name;
    }

  private:
    int fd_;
    SSL* ssl_ = nullptr;
};

class WireReply final : public StubReply {
  public:
    explicit WireReply(Wire& wire) : wire_(wire) {}

    bool raw(std::string_view bytes) override {
        answered_ = true;
        return wire_.write(bytes);
    }
    void close() override {
        closed_ = true;
        ::shutdown(wire_.fd(), SHUT_RDWR);
    }
    void reset() override {
        const linger now{1, 0};
        ::setsockopt(wire_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        closed_ = true;  // the close() of the wire sends RST
    }
    bool awaitPeerGone() override {
        closed_ = true;
        pollfd gone{wire_.fd(), POLLRDHUP, 0};
        return ::poll(&gone, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0;
    }
    bool peerGone() override {
        pollfd gone{wire_.fd(), POLLRDHUP, 0};
        return ::poll(&gone, 1, 0) > 0 && (gone.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
    void tunnelTo(int port) override;

    bool keepsConnection() const { return answered_ && !closed_; }

  private:
    Wire& wire_;
    bool answered_ = false;
    bool closed_ = false;
};

int connectLoopback(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

// False: this direction ended.
bool pump(int from, int to) {
    char block[16384];
    const ssize_t n = ::recv(from, block, sizeof block, 0);
    return n > 0 && ::send(to, block, static_cast<size_t>(n), MSG_NOSIGNAL) == n;
}

void WireReply::tunnelTo(int port) {
    const int other = connectLoopback(port);
    if (other < 0) {
        send(502, "");
        return;
    }
    raw("HTTP/1.1 200 Connection established\r\n\r\n");
    pollfd ends[2] = {{wire_.fd(), POLLIN, 0}, {other, POLLIN, 0}};
    bool open = true;
    while (open && ::poll(ends, 2, -1) > 0) {
        open = (ends[0].revents == 0 || pump(wire_.fd(), other)) &&
               (ends[1].revents == 0 || pump(other, wire_.fd()));
    }
    ::close(other);
    close();
}

class RequestReader {
  public:
    explicit RequestReader(Wire& wire) : wire_(wire) {}

    // False: the connection ended.
    bool next(StubRequest& request) {
        size_t headEnd = std::string::npos;
        while ((headEnd = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!more()) {
                return false;
            }
        }
        parseHead(buffer_.substr(0, headEnd + 2), request);
        buffer_.erase(0, headEnd + 4);
        const std::string length = request.header("content-length");
        const size_t size = length.empty() ? 0 : std::stoul(length);
        while (buffer_.size() < size) {
            if (!more()) {
                return false;
            }
        }
        request.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return true;
    }

  private:
    bool more() {
        char block[16384];
        const int n = wire_.read(block, sizeof block);
        buffer_.append(block, n > 0 ? static_cast<size_t>(n) : 0);
        return n > 0;
    }
    static void parseHead(const std::string& head, StubRequest& request) {
        const size_t lineEnd = head.find("\r\n");
        const size_t first = head.find(' ');
        request.method = head.substr(0, first);
        request.target = head.substr(first + 1, head.find(' ', first + 1) - first - 1);
        for (size_t at = lineEnd + 2; at < head.size();) {
            const size_t end = head.find("\r\n", at);
            const size_t colon = head.find(':', at);
            if (colon < end) {
                request.headers.emplace(lower(head.substr(at, colon - at)),
                                        trimmed(head.substr(colon + 1, end - colon - 1)));
            }
            at = end + 2;
        }
    }

    Wire& wire_;
    std::string buffer_;
};

}  // namespace

void Gate::open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
}

bool Gate::wait() const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return open_; });
}

std::string StubRequest::header(const std::string& name) const {
    auto found = headers.lower_bound(name);
    return found == headers.end() || found->first != name ? "" : found->second;
}

std::vector<std::string> StubRequest::headersNamed(const std::string& name) const {
    std::vector<std::string> out;
    const auto [first, last] = headers.equal_range(name);
    for (auto at = first; at != last; ++at) {
        out.push_back(at->second);
    }
    return out;
}

void StubReply::send(int status, std::string_view body, const Headers& headers) {
    std::string text =
        "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n";
    for (const auto& [name, value] : headers) {
        text += name + ": " + value + "\r\n";
    }
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    raw(text.append(body));
}

void StubReply::begin(int status, const Headers& headers) {
    std::string text = "HTTP/1.1 " + std::to_string(status) +
                       " X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    for (const auto& [name, value] : headers) {
        text += name + ": " + value + "\r\n";
    }
    raw(text + "\r\n");
}

bool StubReply::chunk(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return raw(std::string(size).append(bytes).append("\r\n"));
}

void StubReply::end() {
    raw("0\r\n\r\n");
}

struct HttpStub::Impl {
    Handler handler;
    Context context;
    int listener = -1;
    int port = 0;
    std::thread acceptor;

    mutable std::mutex mutex;
    mutable std::condition_variable arrived;
    std::vector<StubRequest> requests;
    std::set<int> open;
    struct Worker {
        std::thread thread;
        bool done = false;
    };
    std::list<Worker> workers;
    int connections = 0;
    size_t remembered = SIZE_MAX;
    bool stopping = false;

    void listen() {
        listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener, 64) != 0 ||
            ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error(std::string("stub: ") + std::strerror(errno));
        }
        port = ntohs(address.sin_port);
    }

    void accept() {
        while (true) {
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            const std::lock_guard lock(mutex);
            if (fd < 0 || stopping) {
                if (fd >= 0) {
                    ::close(fd);
                }
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            open.insert(fd);
            reap();
            Worker& worker = workers.emplace_back();
            worker.thread = std::thread(
                [this, fd, number = ++connections, &worker] { serve(fd, number, worker); });
        }
    }

    // Threads whose connection has ended must not pile up in a test of hours.
    void reap() {
        workers.remove_if([](Worker& worker) {
            if (worker.done) {
                worker.thread.join();
            }
            return worker.done;
        });
    }

    void serve(int fd, int number, Worker& worker) {
        Wire wire(fd, context.get());
        if (wire.handshake()) {
            RequestReader reader(wire);
            int count = 0;
            for (bool keep = true; keep;) {
                StubRequest request;
                request.connection = number;
                request.onConnection = ++count;
                if (!reader.next(request)) {
                    break;
                }
                request.peerCommonName = wire.peerCommonName();
                request.serverName = wire.serverName();
                keep = answer(wire, request);
            }
        }
        ERR_clear_error();
        const std::lock_guard lock(mutex);
        open.erase(fd);
        worker.done = true;
    }

    bool answer(Wire& wire, const StubRequest& request) {
        {
            const std::lock_guard lock(mutex);
            if (requests.size() < remembered) {
                requests.push_back(request);
            }
            arrived.notify_all();
        }
        WireReply reply(wire);
        handler(request, reply);
        return reply.keepsConnection();
    }

    void drop() {
        for (int fd : open) {
            ::shutdown(fd, SHUT_RDWR);
        }
    }
};

HttpStub::HttpStub(Handler handler, std::optional<StubTls> tls) : impl_(std::make_unique<Impl>()) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    impl_->handler = std::move(handler);
    if (tls) {
        impl_->context = makeContext(*tls);
    }
    impl_->listen();
    impl_->acceptor = std::thread([this] { impl_->accept(); });
}

HttpStub::~HttpStub() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        impl_->drop();
    }
    ::shutdown(impl_->listener, SHUT_RDWR);
    impl_->acceptor.join();
    for (auto& worker : impl_->workers) {
        worker.thread.join();
    }
    ::close(impl_->listener);
}

int HttpStub::port() const {
    return impl_->port;
}

std::string HttpStub::url() const {
    return (impl_->context ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(impl_->port);
}

std::vector<StubRequest> HttpStub::requests() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->requests;
}

void HttpStub::rememberAtMost(size_t count) {
    const std::lock_guard lock(impl_->mutex);
    impl_->remembered = count;
}

int HttpStub::connections() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->connections;
}

bool HttpStub::awaitRequests(size_t count) const {
    std::unique_lock lock(impl_->mutex);
    return impl_->arrived.wait_for(lock, kPatience,
                                   [&] { return impl_->requests.size() >= count; });
}

void HttpStub::dropConnections() {
    const std::lock_guard lock(impl_->mutex);
    impl_->drop();
}

}  // namespace support
