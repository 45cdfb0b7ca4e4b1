// Connections between two exchanges: used again, found closed, replaced when who we are changes.
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>

#include "fake_names.h"
#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;
using support::Authority;

class TransportPool : public TransportTest {
  protected:
    Authority authority_{"cluster-ca"};

    kube::ClusterConfig trusting(const HttpStub& server) {
        auto config = configFor(server);
        config.certificateAuthority.data = authority_.pem();
        return config;
    }
    std::optional<support::StubTls> tls(bool secure, const std::string& clientAuthority = "") {
        if (!secure) {
            return std::nullopt;
        }
        return support::StubTls{authority_.issue({.commonName = "api", .addresses = {"127.0.0.1"}}),
                                clientAuthority};
    }
};
EVERY_TRANSPORT(TransportPool);

// Opens `count` connections at once; they are all idle in the pool when this returns.
void openConnections(kube::Transport& transport, const HttpStub& server, int count) {
    while (true) {
        std::vector<std::jthread> calls;
        for (int i = 0; i < count; ++i) {
            calls.emplace_back([&] { EXPECT_TRUE(transport.send(get("/together"), {}).ok()); });
        }
        calls.clear();
        // A connection goes back to the library's pool a moment after its answer.
        EXPECT_TRUE(transport.send(get("/warm"), {}).ok());
        if (server.requests().back().onConnection > 1) {
            return;
        }
    }
}

// Straight to the server, and through a proxy: a tunnel to a secure one, handed on to a plain one.
struct Way {
    bool secure;
    bool proxied;
};
constexpr std::array<Way, 4> kWays{{{false, false}, {true, false}, {false, true}, {true, true}}};

std::string nameOf(const Way& way) {
    return std::string(way.secure ? "https" : "http") + (way.proxied ? " through a proxy" : "");
}

// What stands between, if anything does. It answers for a plain server: that one it is for us.
std::unique_ptr<HttpStub> proxyTo(const HttpStub& server, const HttpStub::Handler& plain) {
    return std::make_unique<HttpStub>(
        [&server, plain](const StubRequest& request, StubReply& reply) {
            request.method == "CONNECT" ? reply.tunnelTo(server.port()) : plain(request, reply);
        });
}

TEST_P(TransportPool, AWriteDoesNotGoToConnectionsThatThePeerHasClosed) {
    for (const Way& way : kWays) {
        SCOPED_TRACE(nameOf(way));
        constexpr int kConnections = 4;
        std::latch together(kConnections);
        const HttpStub::Handler answer = [&](const StubRequest& request, StubReply& reply) {
            if (request.target.ends_with("/together") && !together.try_wait()) {
                together.arrive_and_wait();
            }
            reply.send(200, "{}");
        };
        HttpStub server(answer, tls(way.secure));
        auto proxy = proxyTo(server, answer);
        auto config = trusting(server);
        config.proxyUrl = way.proxied ? proxy->url() : "";
        HttpStub& peer = way.proxied ? *proxy : server;
        const HttpStub& reader = way.secure ? server : peer;
        auto transport = make(config);
        openConnections(*transport, reader, kConnections);
        for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
            peer.dropConnections();
            auto got = transport->send(write(method, "/write", "{\"a\":1}"), {});
            ASSERT_TRUE(got.ok()) << method << ": " << got.error().str();
        }
        int writes = 0;
        for (const auto& request : reader.requests()) {
            writes += request.target.ends_with("/write") ? 1 : 0;
        }
        EXPECT_EQ(writes, 4) << "each arrived exactly once";
    }
}

TEST_P(TransportPool, ConnectionsThroughAProxyAreKeptAliveAndUsedAgain) {
    for (bool secure : {false, true}) {
        SCOPED_TRACE(nameOf({secure, true}));
        const HttpStub::Handler answer = [](const StubRequest&, StubReply& reply) {
            reply.send(200, "{}");
        };
        HttpStub server(answer, tls(secure));
        auto proxy = proxyTo(server, answer);
        auto config = trusting(server);
        config.proxyUrl = proxy->url();
        auto transport = make(config);
        constexpr int kCalls = 40;
        for (int i = 0; i < kCalls; ++i) {
            auto got = transport->send(write("POST", "/x", "{}"), {});
            ASSERT_TRUE(got.ok()) << got.error().str();
        }
        EXPECT_LT(proxy->connections(), kCalls / 2);
        EXPECT_EQ(keptAlive(proxy->port()), proxy->connections());
    }
}

TEST_P(TransportPool, TheNameOfAProxyIsLookedUpAndNamedWhenItDoesNotExist) {
    FakeName nobody("proxy.test");
    nobody.answer();
    kube::ClusterConfig config;
    config.server = "https://api.example:6443";
    config.proxyUrl = "http://proxy.test:3128";
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
    EXPECT_NE(got.error().message.find("proxy.test"), std::string::npos) << got.error().message;
}

TEST_P(TransportPool, AWatchDoesNotGoToOneEither) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        if (request.target == "/watch") {
            reply.begin();
            reply.chunk("{}\n");
            reply.end();
        } else {
            reply.send(200, "{}");
        }
    });
    auto transport = to(server);
    for (int i = 0; i < 3; ++i) {
        auto seen = watch(*transport, get("/watch"));
        ASSERT_TRUE(seen.end.ok()) << seen.end.error().str();
        EXPECT_EQ(seen.lines.size(), 1U);
        server.dropConnections();
    }
}

// A load balancer's failover: the old connections are there, and nothing comes over them any more.
TEST_P(TransportPool, AfterOneThatDiedWithoutAWordNoneOfItsAgeIsUsed) {
    for (bool stopped : {false, true}) {
        SCOPED_TRACE(stopped ? "stopped" : "timed out");
        constexpr int kConnections = 4;
        std::latch together(kConnections);
        std::atomic<int> dead{0};  // connections up to that number
        HttpStub server([&](const StubRequest& request, StubReply& reply) {
            if (request.target == "/together" && !together.try_wait()) {
                together.arrive_and_wait();
            }
            if (request.connection <= dead) {
                reply.awaitPeerGone();
            } else {
                reply.send(200, "{}");
            }
        });
        auto transport = to(server);
        openConnections(*transport, server, kConnections);
        dead = server.connections();
        std::stop_source source;
        auto lost = write("PUT", "/lost", "{}");
        std::jthread stopper;
        if (stopped) {
            stopper = std::jthread([&, seen = server.requests().size()] {
                EXPECT_TRUE(server.awaitRequests(seen + 1));
                source.request_stop();
            });
        } else {
            lost.timeout = std::chrono::milliseconds(200);
        }
        auto first = transport->send(lost, source.get_token());
        ASSERT_FALSE(first.ok());
        EXPECT_EQ(first.error().kind, stopped ? ErrorKind::Cancelled : ErrorKind::Timeout);
        auto next = write("PUT", "/next", "{}");
        next.timeout = std::chrono::seconds(5);
        auto second = transport->send(next, {});
        ASSERT_TRUE(second.ok()) << second.error().str();
        EXPECT_GT(server.requests().back().connection, dead);
    }
}

TEST_P(TransportPool, AnIdleConnectionThatSpeaksUnaskedIsNotUsed) {
    Gate spoken;
    HttpStub server([&](const StubRequest& request, StubReply& reply) {
        reply.send(200, request.target);
        if (request.target == "/first") {
            reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
            spoken.open();
        }
    });
    auto transport = to(server);
    ASSERT_TRUE(transport->send(get("/first"), {}).ok());
    ASSERT_TRUE(spoken.wait());
    auto got = transport->send(write("POST", "/second", "{}"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(got->body, "/second");
}

TEST_P(TransportPool, AnAnswerThatAsksForItClosesItsConnection) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.send(200, "{}", {{"Connection", "close"}});
    });
    auto transport = to(server);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(transport->send(write("POST", "/x", "{}"), {}).ok());
    }
    EXPECT_EQ(server.connections(), 3);
}

TEST_P(TransportPool, ManyThreadsShareOneTransport) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        reply.send(200, request.target + request.body);
    });
    auto transport = to(server);
    std::atomic<int> right{0};
    constexpr int kThreads = 8;
    constexpr int kCalls = 40;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < kCalls; ++i) {
                    const std::string own = "/" + std::to_string(t) + "/" + std::to_string(i);
                    auto got = transport->send(write("POST", own, own), {});
                    right += got.ok() && got->body == own + own ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(right, kThreads * kCalls) << "every call got its own answer";
    EXPECT_LT(server.connections(), kThreads * kCalls / 2);
}

// A client certificate in files, and a server that refuses alice's once it has expired.
class ClientCertificate : public TransportPool {
  protected:
    ClientCertificate()
        : folder_(std::filesystem::path(testing::TempDir()) /
                  ("certificate-" + std::to_string(::getpid()))),
          server_(
              [this](const StubRequest& request, StubReply& reply) {
                  if (request.target == "/held") {
                      held_.wait();
                  }
                  const bool refused = request.peerCommonName == "alice" && aliceExpired_;
                  reply.send(refused ? 401 : 200, "{}");
              },
              tls(true, authority_.pem())) {
        std::filesystem::create_directories(folder_);
        auto config = trusting(server_);
        config.clientCertificate.file = folder_ / "cert";
        config.clientKey.file = folder_ / "key";
        become("alice");
        transport_ = make(config);
    }
    ~ClientCertificate() override { std::filesystem::remove_all(folder_); }

    void become(const std::string& name) {
        auto identity = authority_.issue({.commonName = name});
        std::ofstream(folder_ / "cert") << identity.certificate;
        std::ofstream(folder_ / "key") << identity.key;
    }
    int status(const kube::HttpRequest& request) {
        auto got = transport_->send(request, {});
        return got ? got->status : 0;
    }

    const std::filesystem::path folder_;
    std::atomic<bool> aliceExpired_{false};
    Gate held_;
    HttpStub server_;
    std::shared_ptr<kube::Transport> transport_;
};
EVERY_TRANSPORT(ClientCertificate);

TEST_P(ClientCertificate, ThatIsRefusedIsReplacedWithItsFile) {
    EXPECT_EQ(status(get("/x")), 200);
    aliceExpired_ = true;
    EXPECT_EQ(status(get("/x")), 401) << "there is no other certificate yet";
    become("bob");
    EXPECT_EQ(status(write("POST", "/x", "{}")), 200)
        << "the connections of the old certificate are not used again";
    EXPECT_EQ(server_.requests().back().peerCommonName, "bob");
}

// Others have made connections with the new certificate since; the old ones are old all the same.
TEST_P(ClientCertificate, ThatOthersHaveReplacedIsReplacedToo) {
    std::jthread early([this] { EXPECT_EQ(status(get("/held")), 200); });
    ASSERT_TRUE(server_.awaitRequests(1));
    become("bob");
    EXPECT_EQ(status(get("/x")), 200);
    EXPECT_EQ(server_.requests().back().peerCommonName, "bob");
    aliceExpired_ = true;
    held_.open();
    early.join();
    EXPECT_EQ(server_.requests().back().peerCommonName, "bob");
}

TEST_P(TransportPool, ANameIsLookedUpAndItsConnectionsKeptAlive) {
    FakeName api("api.test", "127.0.0.1");
    HttpStub server([](const StubRequest&, StubReply& reply) { reply.send(200, "{}"); });
    kube::ClusterConfig config;
    config.server = "http://api.test:" + std::to_string(server.port());
    auto transport = make(config);
    auto got = transport->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(server.requests()[0].header("host"), "api.test:" + std::to_string(server.port()));
    EXPECT_EQ(keptAlive(server.port()), 1);
}

TEST_P(TransportPool, ANameThatDoesNotExistIsNamed) {
    FakeName nobody("nobody.test");
    nobody.answer();
    kube::ClusterConfig config;
    config.server = "http://nobody.test:80";
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
    EXPECT_NE(got.error().message.find("nobody.test"), std::string::npos) << got.error().message;
}

}  // namespace
}  // namespace kube_test
