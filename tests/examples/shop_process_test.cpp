#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "examples/shop_process.h"

namespace {

using std::chrono::milliseconds;
using test::HttpConnection;
using test::runShop;
using test::ShopProcess;

// The processor is seen at work on a request: from here on it is under way. ctest bounds the wait.
void waitUntilItComputes(const ShopProcess& shop, milliseconds idle) {
    while (shop.cpuTime() <= idle + milliseconds(20)) {
        std::this_thread::yield();
    }
}

TEST(ShopProcess, AnswersSeveralRequestsOnOneConnection) {
    ShopProcess shop;
    HttpConnection connection(shop.port());
    connection.get("/healthz");
    EXPECT_EQ(connection.answer().body, "ok\n");
    connection.get("/");
    EXPECT_NE(connection.answer().body.find("\"hostname\":"), std::string::npos);
    connection.get("/nowhere");
    EXPECT_EQ(connection.answer().status, 404);
    connection.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n");
    const auto refused = connection.answer();
    EXPECT_EQ(refused.status, 405);
    EXPECT_NE(refused.head.find("Allow: GET, HEAD"), std::string::npos);
    connection.send("HEAD /healthz HTTP/1.1\r\nHost: shop\r\n\r\n");
    const auto head = connection.answer(false);
    EXPECT_EQ(head.status, 200);
    EXPECT_NE(head.head.find("Content-Length: "), std::string::npos);
    connection.get("/healthz");
    EXPECT_EQ(connection.answer().status, 200) << "HEAD must bring no body";
}

TEST(ShopProcess, PipelinedRequestsAreAnsweredInOrder) {
    ShopProcess shop;
    HttpConnection connection(shop.port());
    connection.send(
        "GET /burn?ms=1 HTTP/1.1\r\nHost: s\r\n\r\nGET /healthz HTTP/1.1\r\nHost: s\r\n\r\n");
    EXPECT_EQ(connection.answer().body, "burned 1 ms\n");
    EXPECT_EQ(connection.answer().body, "ok\n");
}

TEST(ShopProcess, EndsTheConnectionWhenAskedToAndWhenTalkedNonsenseTo) {
    ShopProcess shop;
    HttpConnection asked(shop.port());
    asked.send("GET /healthz HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(asked.answer().status, 200);
    EXPECT_TRUE(asked.ended());
    HttpConnection nonsense(shop.port());
    nonsense.send("no HTTP at all\r\n\r\n");
    EXPECT_TRUE(nonsense.ended());
    HttpConnection after(shop.port());
    after.get("/healthz");
    EXPECT_EQ(after.answer().status, 200);
}

TEST(ShopProcess, BurnUsesCpuTime) {
    ShopProcess shop;
    const auto before = shop.cpuTime();
    HttpConnection connection(shop.port());
    connection.get("/burn?ms=300");
    EXPECT_EQ(connection.answer().status, 200);
    // One clock tick (10 ms) of rounding on either side.
    EXPECT_GE(shop.cpuTime() - before, milliseconds(280));
}

TEST(ShopProcess, IsHealthyWhileEveryWorkerIsBusy) {
    ShopProcess shop({"--workers", "1"});
    HttpConnection slow(shop.port());
    const auto idle = shop.cpuTime();
    slow.get("/burn?ms=3000");
    waitUntilItComputes(shop, idle);
    HttpConnection probe(shop.port());
    probe.get("/healthz");
    EXPECT_EQ(probe.answer().status, 200);
    EXPECT_FALSE(slow.answered()) << "the probe was answered only after the slow request";
}

TEST(ShopProcess, RefusesAtOnceWhatIsBeyondItsQueue) {
    ShopProcess shop({"--workers", "1"});
    std::deque<HttpConnection> connections;
    connections.emplace_back(shop.port());
    const auto idle = shop.cpuTime();
    connections.front().get("/burn?ms=3000");
    waitUntilItComputes(shop, idle);
    const int beyondQueue = 66;
    for (int i = 0; i < beyondQueue; ++i) {
        connections.emplace_back(shop.port()).get("/burn?ms=0");
    }
    int busy = 0;
    for (HttpConnection& connection : connections) {
        const auto answer = connection.answer();
        busy += answer.status == 503 ? 1 : 0;
        EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.status;
    }
    EXPECT_EQ(busy, 2);
}

TEST(ShopProcess, TermFinishesWhatIsUnderWayAndTakesNothingNew) {
    ShopProcess shop;
    HttpConnection underWay(shop.port());
    HttpConnection idleConnection(shop.port());
    idleConnection.get("/healthz");
    EXPECT_EQ(idleConnection.answer().status, 200);
    const auto idle = shop.cpuTime();
    underWay.get("/burn?ms=1500");
    waitUntilItComputes(shop, idle);
    shop.terminate();
    while (HttpConnection(shop.port()).connected()) {
        std::this_thread::yield();
    }
    // A kept-alive connection may bring its next request before it learns of the end.
    idleConnection.get("/healthz");
    const auto farewell = idleConnection.answer();
    EXPECT_EQ(farewell.status, 200);
    EXPECT_NE(farewell.head.find("Connection: close"), std::string::npos) << farewell.head;
    EXPECT_FALSE(underWay.answered());
    const auto answer = underWay.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "burned 1500 ms\n");
    EXPECT_NE(answer.head.find("Connection: close"), std::string::npos) << answer.head;
    EXPECT_EQ(shop.wait(), 0);
}

TEST(ShopProcess, TermEndsAnIdleShopThoughConnectionsAreOpen) {
    ShopProcess shop({"--grace-seconds", "60"});
    HttpConnection connection(shop.port());
    connection.get("/healthz");
    EXPECT_EQ(connection.answer().status, 200);
    EXPECT_EQ(shop.stop(), 0);
    EXPECT_TRUE(connection.ended());
}

TEST(ShopProcess, SaysSoWhenTheGraceCutsARequestOff) {
    ShopProcess shop({"--grace-seconds", "0"});
    HttpConnection connection(shop.port());
    const auto idle = shop.cpuTime();
    connection.get("/burn?ms=10000");
    waitUntilItComputes(shop, idle);
    EXPECT_EQ(shop.stop(), 1);
    EXPECT_EQ(connection.answer().status, 0);
}

TEST(ShopProcess, HelpAndVersionGoToStdout) {
    const auto help = runShop({"--help"});
    EXPECT_EQ(help.exitCode, 0);
    EXPECT_NE(help.out.find("--port"), std::string::npos);
    const auto version = runShop({"--version"});
    EXPECT_EQ(version.exitCode, 0);
    EXPECT_EQ(version.out.rfind("shop ", 0), 0U);
}

TEST(ShopProcess, AMistakeIsOneLineAndExitTwo) {
    struct Mistake {
        std::vector<std::string> arguments;
        std::vector<std::string> environment;
        std::string names;
    };
    const std::vector<Mistake> mistakes = {
        {{"--nonsense"}, {}, "--nonsense"},
        {{"--port", "99999"}, {}, "99999"},
        {{"--workers", "0"}, {}, "--workers"},
        {{"stray"}, {}, "stray"},
        {{}, {"PORT=abc"}, "abc"},
    };
    for (const Mistake& mistake : mistakes) {
        const auto end = runShop(mistake.arguments, mistake.environment);
        EXPECT_EQ(end.exitCode, 2) << mistake.names;
        EXPECT_EQ(std::count(end.err.begin(), end.err.end(), '\n'), 1) << end.err;
        EXPECT_NE(end.err.find(mistake.names), std::string::npos) << end.err;
    }
}

TEST(ShopProcess, ATakenPortIsNamed) {
    ShopProcess shop;
    const auto second = runShop({"--port", std::to_string(shop.port())});
    EXPECT_EQ(second.exitCode, 1);
    EXPECT_NE(second.err.find(std::to_string(shop.port())), std::string::npos) << second.err;
}

}  // namespace
