// The gate of writes on its way through the client: kube/client.cpp asks, the elector answers.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "apiserver/server.h"
#include "kube/client.h"
#include "runtime/objects.h"

namespace {

// All places in flight are taken, the lease runs out while a write waits for one.
TEST(WriteGate, AWriteThatWaitedForItsPlaceAsksAgain) {
    auto server = std::make_shared<test::ApiServer>();
    std::atomic<bool> holds{true};
    std::atomic<int> asked{0};
    std::atomic<bool> hangs{true};
    std::atomic<int> arrived{0};
    server->onRequest([&](const kube::HttpRequest&) {
        ++arrived;
        arrived.notify_all();
        hangs.wait(true);
        return std::nullopt;
    });
    kube::ClientOptions options;
    options.maxInFlight = 1;
    options.mayWrite = [&] {
        ++asked;
        asked.notify_all();
        return holds.load();
    };
    kube::Client client(server, options);
    auto first = std::async(std::launch::async,
                            [&] { return client.create(test::kPods, test::podJson("a"), {}); });
    arrived.wait(0);
    int before = asked;
    auto second = std::async(std::launch::async,
                             [&] { return client.create(test::kPods, test::podJson("b"), {}); });
    asked.wait(before);
    holds = false;
    hangs = false;
    hangs.notify_all();
    EXPECT_TRUE(first.get());
    auto refused = second.get();
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(kube::ErrorKind::NotLeader)) << refused.error().str();
    EXPECT_EQ(arrived, 1);
}

}  // namespace
