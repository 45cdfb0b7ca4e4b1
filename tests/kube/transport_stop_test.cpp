// A stop is heard in every phase of a call. A call that did not hear it would end as Timeout, after
// half a minute.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>

#include "fake_names.h"
#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;
using namespace std::chrono_literals;

class TransportStop : public TransportTest {
  protected:
    // Another in each test: look-ups of one name that are under way are joined.
    const std::string stuckName_ = [] {
        static int count = 0;
        return "stuck-" + std::to_string(++count) + ".test";
    }();
    // Runs the call on another thread, stops it once `reached` returns, and gives how it ended.
    static ErrorKind stoppedOnce(kube::Transport& transport, const kube::HttpRequest& request,
                                 const std::function<void()>& reached) {
        std::stop_source source;
        auto call = std::async(std::launch::async,
                               [&] { return transport.send(request, source.get_token()); });
        reached();
        source.request_stop();
        auto answer = call.get();
        EXPECT_FALSE(answer.ok());
        return answer.ok() ? ErrorKind::OtherStatus : answer.error().kind;
    }
};
EVERY_TRANSPORT(TransportStop);

// A loopback port that takes connections without ever answering.
class SilentPort {
  public:
    explicit SilentPort(int backlog = 16) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_, backlog), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentPort() {
        for (int fd : open_) {
            ::close(fd);
        }
        ::close(fd_);
    }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    // Fills the queue of connections that nobody accepts: the next one's SYN is dropped.
    void fill() {
        for (bool full = false; !full;) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            sockaddr_in address = loopback(port_);
            ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
            pollfd connected{fd, POLLOUT, 0};
            full = ::poll(&connected, 1, 200) == 0;
            open_.push_back(fd);
        }
    }
    // Until somebody has connected and sent something.
    void awaitBytes() {
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        open_.push_back(fd);
        char byte = 0;
        EXPECT_EQ(::recv(fd, &byte, 1, MSG_PEEK), 1);
    }
    // Until there is one more attempt to connect here than now.
    std::function<void()> awaitAttempt() const {
        return [this, before = attempts()] {
            const auto end = std::chrono::steady_clock::now() + 10s;
            while (attempts() == before && std::chrono::steady_clock::now() < end) {
                std::this_thread::yield();
            }
            EXPECT_GT(attempts(), before);
        };
    }

  private:
    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    // Sockets of this machine that have sent a SYN here and heard nothing.
    int attempts() const {
        char wanted[32];
        std::snprintf(wanted, sizeof wanted, "0100007F:%04X 02 ", static_cast<unsigned>(port_));
        std::ifstream table("/proc/net/tcp");
        int found = 0;
        for (std::string line; std::getline(table, line);) {
            found += line.find(wanted) != std::string::npos ? 1 : 0;
        }
        return found;
    }

    int fd_;
    int port_ = 0;
    std::vector<int> open_;
};

TEST_P(TransportStop, WhileTheNameIsLookedUp) {
    FakeName stuck(stuckName_);
    kube::ClusterConfig config;
    config.server = "http://" + stuckName_ + ":80";
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), [&] { EXPECT_TRUE(stuck.awaitAsked()); }),
              ErrorKind::Cancelled);
    transport.reset();  // does not wait for the look-up: its answer comes after this
    stuck.answer();
}

TEST_P(TransportStop, WhileTheProxysNameIsLookedUp) {
    FakeName stuck(stuckName_);
    kube::ClusterConfig config;
    config.server = "https://api.test:6443";
    config.proxyUrl = "http://" + stuckName_ + ":3128";
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), [&] { EXPECT_TRUE(stuck.awaitAsked()); }),
              ErrorKind::Cancelled);
}

TEST_P(TransportStop, WhileConnecting) {
    SilentPort port(0);
    port.fill();
    kube::ClusterConfig config;
    config.server = "http://" + port.address();
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), port.awaitAttempt()), ErrorKind::Cancelled);
}

TEST_P(TransportStop, WhileTheProxyIsSilent) {
    SilentPort port;
    kube::ClusterConfig config;
    config.server = "https://api.test:6443";
    config.proxyUrl = "http://" + port.address();
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), [&] { port.awaitBytes(); }), ErrorKind::Cancelled);
}

TEST_P(TransportStop, InTheHandshake) {
    SilentPort port;
    kube::ClusterConfig config;
    config.certificateAuthority.data = support::Authority("cluster-ca").pem();
    config.server = "https://" + port.address();
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), [&] { port.awaitBytes(); }), ErrorKind::Cancelled);
}

TEST_P(TransportStop, WhileTheRequestIsWritten) {
    SilentPort port;  // reads nothing, so the body stays on the way
    kube::ClusterConfig config;
    config.server = "http://" + port.address();
    auto transport = make(config);
    const auto request = write("POST", "/x", std::string(64U << 20U, 'x'));
    EXPECT_EQ(stoppedOnce(*transport, request, [&] { port.awaitBytes(); }), ErrorKind::Cancelled);
}

TEST_P(TransportStop, WhileTheStatusIsAwaited) {
    SilentPort port;
    kube::ClusterConfig config;
    config.server = "http://" + port.address();
    auto transport = make(config);
    EXPECT_EQ(stoppedOnce(*transport, get("/x"), [&] { port.awaitBytes(); }), ErrorKind::Cancelled);
}

TEST_P(TransportStop, InTheMiddleOfTheHeadAndOfTheBody) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"}) {
        Gate sent;
        HttpStub server([&](const StubRequest&, StubReply& reply) {
            reply.raw(text);
            sent.open();
            reply.awaitPeerGone();
        });
        EXPECT_EQ(stoppedOnce(*to(server), get("/x"), [&] { EXPECT_TRUE(sent.wait()); }),
                  ErrorKind::Cancelled);
    }
}

// Over TLS, where a read has many steps and a stop may fall between any two of them.
TEST_P(TransportStop, AtAnyMomentLeavesTheTransportWhole) {
    support::Authority authority("cluster-ca");
    HttpStub server(
        [](const StubRequest&, StubReply& reply) {
            reply.begin();
            while (reply.chunk("{\"pad\":\"" + std::string(500, 'x') + "\"}\n")) {
            }
        },
        support::StubTls{authority.issue({.commonName = "api", .addresses = {"127.0.0.1"}}), ""});
    auto config = configFor(server);
    config.certificateAuthority.data = authority.pem();
    auto transport = make(config);
    constexpr int kThreads = 4;
    constexpr int kWatches = 40;
    std::atomic<int> cancelled{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < kWatches; ++i) {
                    std::stop_source source;
                    std::jthread stopper([&source, pause = std::chrono::microseconds(200 * i + t)] {
                        std::this_thread::sleep_for(pause);  // any moment is right
                        source.request_stop();
                    });
                    auto seen = watch(*transport, get("/watch"), source.get_token());
                    cancelled +=
                        !seen.end.ok() && seen.end.error().is(ErrorKind::Cancelled) ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(cancelled, kThreads * kWatches);
}

TEST_P(TransportStop, BeforeItBegan) {
    HttpStub server([](const StubRequest&, StubReply& reply) { reply.send(200, "{}"); });
    std::stop_source source;
    source.request_stop();
    auto got = to(server)->send(get("/x"), source.get_token());
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Cancelled);
}

TEST_P(TransportStop, ATimeoutEndsAnyPhaseToo) {
    SilentPort full(0);
    full.fill();
    SilentPort silent;
    FakeName stuck(stuckName_);
    for (const std::string& server :
         {"http://" + full.address(), "http://" + silent.address(), "https://" + silent.address(),
          "http://" + stuckName_ + ":80"}) {
        kube::ClusterConfig config;
        config.certificateAuthority.data = support::Authority("cluster-ca").pem();
        config.server = server;
        auto request = get("/x");
        request.timeout = 100ms;
        auto got = make(config)->send(request, {});
        ASSERT_FALSE(got.ok()) << server;
        EXPECT_EQ(got.error().kind, ErrorKind::Timeout) << server << ": " << got.error().str();
    }
}

}  // namespace
}  // namespace kube_test
