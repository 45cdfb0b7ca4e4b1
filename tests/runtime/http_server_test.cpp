#include "runtime/http_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <list>
#include <stdexcept>

#include "runtime/loopback.h"

namespace {

using runtime::ServerRequest;
using runtime::ServerResponse;
using test::httpGet;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        server.handle("/hello", [](const ServerRequest& request) {
            return ServerResponse{200, "hello " + request.method + " " + request.query};
        });
        server.handle("/bad", [](const ServerRequest&) -> ServerResponse {
            throw std::runtime_error("secret detail");
        });
        server.handle("/unready", [](const ServerRequest&) { return ServerResponse{503, "wait"}; });
        auto bound = server.listen("127.0.0.1", 0);
        ASSERT_TRUE(bound) << bound.error().message;
        port = *bound;
    }
    runtime::HttpServer server;
    uint16_t port = 0;
};

TEST_F(HttpServerTest, AnswersItsPaths) {
    auto answer = httpGet(port, "/hello?a=1");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nhello GET a=1"));
    EXPECT_THAT(httpGet(port, "/unready"), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(httpGet(port, "/nowhere"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(httpGet(port, "/"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, HeadHasTheLengthAndNoBody) {
    auto answer = httpGet(port, "/hello", "HEAD");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, OtherMethodsAreRefused) {
    for (const char* method : {"POST", "DELETE", "PUT", "PATCH", "OPTIONS"}) {
        auto answer = httpGet(port, "/hello", method);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
        EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n")) << method;
    }
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsA500WithoutDetails) {
    auto answer = httpGet(port, "/bad");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
    EXPECT_THAT(httpGet(port, "/hello"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequest) {
    test::Loopback client(port);
    for (int i = 0; i < 3; ++i) {
        client.send("GET /hello?" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(client.readUntil("hello GET " + std::to_string(i)),
                    StartsWith("HTTP/1.1 200 "));
    }
}

TEST_F(HttpServerTest, BoundsHeadersAndBodies) {
    test::Loopback header(port);
    header.send("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(9000, 'x') + "\r\n\r\n");
    EXPECT_THAT(header.readAll(), StartsWith("HTTP/1.1 431 "));
    test::Loopback body(port);
    body.send("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_THAT(body.readAll(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, NonsenseIsA400) {
    test::Loopback client(port);
    client.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
    EXPECT_THAT(client.readAll(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, WaitsWithMoreThan64ConnectionsAndServesThemLater) {
    std::list<test::Loopback> idle;
    for (int i = 0; i < 64; ++i) {
        idle.emplace_back(port);
        idle.back().send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_THAT(idle.back().readUntil("hello GET "), StartsWith("HTTP/1.1 200 "));
    }
    test::Loopback late(port);
    ASSERT_TRUE(late.connected()) << "the kernel holds it";
    late.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    idle.pop_front();
    EXPECT_THAT(late.readAll(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, SurvivesRunningOutOfFileDescriptorsWithoutSpinning) {
    test::Loopback client;
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    client.open(port);
    client.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    auto cpuBefore = std::clock();
    EXPECT_FALSE(client.readable(1000)) << "it was accepted: the limit does not bite";
    auto cpu = std::clock() - cpuBefore;
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_LT(cpu, CLOCKS_PER_SEC / 4) << "a second of waiting is no second of work";
    EXPECT_THAT(client.readAll(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, StopEndsOpenConnections) {
    test::Loopback client(port);
    client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    client.readUntil("hello GET ");
    server.stop();
    EXPECT_EQ(client.readAll(), "");
    EXPECT_FALSE(test::Loopback(port).connected());
}

TEST(HttpServer, SaysWhyItCannotListen) {
    runtime::HttpServer first;
    auto port = first.listen("127.0.0.1", 0);
    ASSERT_TRUE(port);
    runtime::HttpServer second;
    auto taken = second.listen("127.0.0.1", *port);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("127.0.0.1:" + std::to_string(*port)));
    runtime::HttpServer third;
    EXPECT_FALSE(third.listen("no address", 0));
}

}  // namespace
