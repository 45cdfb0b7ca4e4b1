#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/version.h"
#include "kube/gunzip.h"
#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;

class TransportSend : public TransportTest {};
EVERY_TRANSPORT(TransportSend);

void answer(const StubRequest&, StubReply& reply) {
    reply.send(200, "{}");
}

TEST_P(TransportSend, AnswersWithStatusBodyAndHeaders) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.send(
            429, "{\"kind\":\"Status\"}",
            {{"Retry-After", "3"}, {"Warning", "299 - \"old \\\"v1beta1\\\"\", 299 - \"b\""}});
    });
    auto got = to(server)->send(get("/api?x=%2F"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(got->status, 429);
    EXPECT_EQ(got->body, "{\"kind\":\"Status\"}");
    EXPECT_EQ(got->retryAfter, "3");
    EXPECT_EQ(got->warnings, (std::vector<std::string>{"old \"v1beta1\"", "b"}));
    EXPECT_EQ(server.requests().at(0).target, "/api?x=%2F") << "the target is sent as it is";
}

TEST_P(TransportSend, SendsMethodBodyTypeAndWhoWeAre) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.token.data = "secret";
    config.impersonate.user = "alice";
    config.impersonate.uid = "u-1";
    config.impersonate.groups = {"admins", "people, of many words"};
    config.impersonate.extra = {{"example.com/reason", {"first", "second"}}, {"team", {"web"}}};
    auto transport = make(config);
    ASSERT_TRUE(transport->send(write("PATCH", "/x", "{\"a\":1}"), {}).ok());
    const auto seen = server.requests().at(0);
    EXPECT_EQ(seen.method, "PATCH");
    EXPECT_EQ(seen.body, "{\"a\":1}");
    EXPECT_EQ(seen.header("content-type"), "application/json");
    EXPECT_EQ(seen.header("accept"), "application/json");
    EXPECT_EQ(seen.header("authorization"), "Bearer secret");
    EXPECT_EQ(seen.header("impersonate-user"), "alice");
    EXPECT_EQ(seen.header("impersonate-uid"), "u-1");
    EXPECT_EQ(seen.headersNamed("impersonate-group"),
              (std::vector<std::string>{"admins", "people, of many words"}));
    EXPECT_EQ(seen.headersNamed("impersonate-extra-example.com%2freason"),
              (std::vector<std::string>{"first", "second"}));
    EXPECT_EQ(seen.headersNamed("impersonate-extra-team"), std::vector<std::string>{"web"});
    EXPECT_EQ(seen.header("user-agent"), "kube_test/" + base::version());
}

TEST_P(TransportSend, NoHeaderCanBeSmuggledIn) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.token.data = "secret\r\nImpersonate-User: admin";
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Malformed);
    EXPECT_NE(got.error().message.find("Authorization"), std::string::npos);
    EXPECT_EQ(got.error().message.find("secret"), std::string::npos);
    EXPECT_TRUE(server.requests().empty());
}

TEST_P(TransportSend, TheServersUrlMayHaveAPath) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.server += "/clusters/one";
    ASSERT_TRUE(make(config)->send(get("/api/v1/pods?limit=5"), {}).ok());
    EXPECT_EQ(server.requests().at(0).target, "/clusters/one/api/v1/pods?limit=5");
}

TEST_P(TransportSend, UserAgentCanBeGiven) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.userAgent = "operator/1.2";
    ASSERT_TRUE(make(config)->send(get("/"), {}).ok());
    EXPECT_EQ(server.requests().at(0).header("user-agent"), "operator/1.2");
}

// A connection goes back to the library's pool a moment after its answer: sends GETs until one came
// on a connection that had served before.
void warmUp(kube::Transport& transport, const HttpStub& server) {
    do {
        ASSERT_TRUE(transport.send(get("/warm"), {}).ok());
    } while (server.requests().back().onConnection < 2);
}

TEST_P(TransportSend, ConnectionsAreUsedAgain) {
    HttpStub server(answer);
    auto transport = to(server);
    constexpr int kRequests = 50;
    for (int i = 0; i < kRequests; ++i) {
        ASSERT_TRUE(transport->send(write("POST", "/x", "{}"), {}).ok());
    }
    EXPECT_LT(server.connections(), kRequests / 2);
}

// cpprestsdk repeats a request by itself when a reused connection closes before the status line.
TEST_P(TransportSend, AWriteOnAConnectionThatClosesIsNeverSentTwice) {
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        for (const char* body : {"{\"a\":1}", ""}) {
            HttpStub server([](const StubRequest& request, StubReply& reply) {
                request.method == "GET" ? reply.send(200, "{}") : reply.close();
            });
            auto transport = to(server);
            for (bool reused = false; !reused;) {
                warmUp(*transport, server);
                const size_t before = server.requests().size();
                auto got = transport->send(write(method, "/x", body), {});
                ASSERT_FALSE(got.ok()) << method;
                EXPECT_EQ(got.error().kind, ErrorKind::Unreachable) << got.error().str();
                const auto seen = server.requests();
                ASSERT_EQ(seen.size(), before + 1) << method << " was sent more than once";
                reused = seen.back().onConnection > 1;
            }
        }
    }
}

TEST_P(TransportSend, AReadMayBeRepeatedOnAConnectionThatCloses) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        request.target == "/warm" || request.onConnection == 1 ? reply.send(200, "{}")
                                                               : reply.close();
    });
    auto transport = to(server);
    warmUp(*transport, server);
    EXPECT_TRUE(transport->send(get("/x"), {}).ok());
}

TEST_P(TransportSend, RedirectsAreNotFollowed) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        request.target == "/elsewhere" ? reply.send(200, "caught")
                                       : reply.send(307, "", {{"Location", "/elsewhere"}});
    });
    auto got = to(server)->send(get("/x"), {});
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->status, 307);
    EXPECT_EQ(server.requests().size(), 1U);
}

std::string gzip(const std::string& text) {
    std::string out(text.size() + 1024, '\0');
    z_stream stream{};
    constexpr int kGzip = 15 + 16;
    deflateInit2(&stream, 6, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST_P(TransportSend, UnpacksGzipWhenAskedForIt) {
    std::string text;
    for (int i = 0; i < 20000; ++i) {
        text += "{\"number\":" + std::to_string(i) + "},";
    }
    HttpStub server([&](const StubRequest& request, StubReply& reply) {
        if (request.header("accept-encoding").find("gzip") == std::string::npos) {
            reply.send(200, text);
        } else {
            reply.send(200, gzip(text), {{"Content-Encoding", "gzip"}});
        }
    });
    auto transport = to(server);
    auto request = get("/pods");
    request.acceptGzip = true;
    auto packed = transport->send(request, {});
    ASSERT_TRUE(packed.ok()) << packed.error().str();
    EXPECT_EQ(packed->body, text);
    EXPECT_EQ(server.requests().at(0).header("accept-encoding"), "gzip");
    auto plain = transport->send(get("/pods"), {});
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->body, text);
    EXPECT_EQ(server.requests().at(1).header("accept-encoding"), "");
}

TEST_P(TransportSend, GzipIsNotAskedForWhereItIsSwitchedOff) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.disableCompression = true;
    auto request = get("/pods");
    request.acceptGzip = true;
    ASSERT_TRUE(make(config)->send(request, {}).ok());
    EXPECT_EQ(server.requests().at(0).header("accept-encoding"), "");
}

TEST_P(TransportSend, BrokenGzipIsMalformed) {
    const std::string packed = gzip(std::string(5000, 'z'));
    for (const std::string& body : {packed.substr(0, packed.size() - 9), std::string("no gzip")}) {
        HttpStub server([&](const StubRequest&, StubReply& reply) {
            reply.send(200, body, {{"Content-Encoding", "gzip"}});
        });
        auto got = to(server)->send(get("/pods"), {});
        ASSERT_FALSE(got.ok());
        EXPECT_EQ(got.error().kind, ErrorKind::Malformed);
    }
}

TEST(Gunzip, KeepsToItsLimit) {
    const std::string text(1000000, 'z');
    EXPECT_EQ(*kube::gunzip(gzip(text), text.size() + 1), text);
    EXPECT_NE(kube::gunzip(gzip(text), 1000).error().message.find("more than 1000"),
              std::string::npos);
}

TEST_P(TransportSend, AnAnswerOfManyMegabytes) {
    const std::string body(12U << 20U, 'y');
    HttpStub server([&](const StubRequest&, StubReply& reply) { reply.send(200, body); });
    auto got = to(server)->send(get("/big"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(got->body.size(), body.size());
}

TEST_P(TransportSend, ABodyOfManyMegabytes) {
    std::string body;
    while (body.size() < (3U << 20U)) {
        body += std::to_string(body.size()) + ",";
    }
    HttpStub server(answer);
    ASSERT_TRUE(to(server)->send(write("PUT", "/x", body), {}).ok());
    EXPECT_EQ(server.requests().at(0).body, body);
}

TEST_P(TransportSend, TheTimeoutIsForTheWholeExchange) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.begin();
        while (reply.chunk("drip ")) {  // never silent, never done
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    });
    auto request = get("/slow");
    request.timeout = std::chrono::milliseconds(300);
    auto got = to(server)->send(request, {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Timeout);
}

TEST_P(TransportSend, StopIsHeardWhileWaiting) {
    Gate asked;
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        asked.open();
        reply.awaitPeerGone();
    });
    std::stop_source source;
    std::jthread stopper([&] {
        EXPECT_TRUE(asked.wait());
        source.request_stop();
    });
    auto got = to(server)->send(get("/x"), source.get_token());
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Cancelled);
}

TEST_P(TransportSend, NobodyListensIsUnreachableAndNamesTheServer) {
    kube::ClusterConfig config;
    {
        HttpStub server(answer);
        config.server = server.url();
    }
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
    EXPECT_NE(got.error().message.find(config.server), std::string::npos);
}

TEST_P(TransportSend, NonsenseInsteadOfHttpIsUnreachable) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.raw("SSH-2.0-OpenSSH\r\n\r\n");
        reply.close();
    });
    auto got = to(server)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
}

class TokenFile : public TransportTest {
  protected:
    TokenFile() : path_(testing::TempDir() + "token-" + std::to_string(::getpid())) {}
    ~TokenFile() override { std::filesystem::remove(path_); }
    void put(const std::string& text) { std::ofstream(path_) << text; }
    std::string path_;
};
EVERY_TRANSPORT(TokenFile);

TEST_P(TokenFile, IsReadAgainWhenTheServerRefusesTheOldOne) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        request.header("authorization") == "Bearer new" ? reply.send(200, "{}")
                                                        : reply.send(401, "{}");
    });
    auto config = configFor(server);
    config.token.file = path_;
    put("old\n");
    auto transport = make(config);
    EXPECT_EQ(transport->send(get("/x"), {})->status, 401);
    EXPECT_EQ(server.requests().size(), 1U) << "the same token is not tried twice";
    put("new\n");
    auto got = transport->send(write("POST", "/x", "{}"), {});
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->status, 200);
}

// The answer to the old token comes after somebody else has met the refusal and read the new one.
TEST_P(TokenFile, OfARequestUnderWayIsNotTakenForTheOneThatReplacedIt) {
    Gate held;
    HttpStub server([&](const StubRequest& request, StubReply& reply) {
        const bool fresh = request.header("authorization") == "Bearer new";
        if (request.target == "/held" && !fresh) {
            held.wait();
        }
        reply.send(fresh ? 200 : 401, "{}");
    });
    auto config = configFor(server);
    config.token.file = path_;
    put("old");
    auto transport = make(config);
    std::jthread early([&] { EXPECT_EQ(transport->send(get("/held"), {})->status, 200); });
    ASSERT_TRUE(server.awaitRequests(1));
    put("new");
    EXPECT_EQ(transport->send(get("/x"), {})->status, 200);
    held.open();
}

TEST_P(TokenFile, ThatIsMissingIsAClearError) {
    HttpStub server(answer);
    auto config = configFor(server);
    config.token.file = path_;
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_NE(got.error().message.find(path_), std::string::npos);
    EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace kube_test
