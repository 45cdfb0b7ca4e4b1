#include "kube/exchange.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

using kube::ErrorKind;
using kube::Exchange;
using namespace std::chrono_literals;

const auto kNothing = [] {};

TEST(Exchange, CollectsWhatIsThereAtTheEnd) {
    Exchange exchange;
    EXPECT_EQ(exchange.push("ab", kNothing), Exchange::Push::Taken);
    EXPECT_EQ(exchange.push("cd", kNothing), Exchange::Push::Taken);
    exchange.setHead({.status = 200, .gzip = false, .retryAfter = "1", .warnings = {"w"}});
    exchange.finish({});
    auto got = kube::collectAnswer(exchange, 10s, {});
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->body, "abcd");
    EXPECT_EQ(got->retryAfter, "1");
    EXPECT_EQ(got->warnings, std::vector<std::string>{"w"});
}

// Each wake-up of a caller is a switch of threads.
TEST(Exchange, WhoCollectsIsNotWokenForAPiece) {
    Exchange exchange;
    exchange.setHead({.status = 200});
    exchange.push("ab", kNothing);
    std::string bytes;
    const auto now = std::chrono::steady_clock::now();
    EXPECT_EQ(exchange.next(bytes, now, {}, 3), Exchange::Wake::TimedOut);
    EXPECT_EQ(exchange.next(bytes, now + 10s, {}, 2), Exchange::Wake::Bytes);
    EXPECT_EQ(bytes, "ab");
    exchange.push("c", kNothing);
    exchange.finish({});
    EXPECT_EQ(exchange.next(bytes, now + 10s, {}, Exchange::kBuffer), Exchange::Wake::Bytes);
    EXPECT_EQ(bytes, "c");
}

TEST(Exchange, HoldsTheRoomOfABurstNoLongerThanTheBurst) {
    const std::string burst(Exchange::kBuffer / 2, 'x');
    Exchange exchange;
    exchange.setHead({.status = 200});
    exchange.push(burst, kNothing);
    std::string bytes;
    const auto now = std::chrono::steady_clock::now();
    ASSERT_EQ(exchange.next(bytes, now + 10s, {}, 1), Exchange::Wake::Bytes);
    ASSERT_EQ(bytes, burst);
    EXPECT_EQ(exchange.next(bytes, now, {}, 1), Exchange::Wake::TimedOut);
    EXPECT_LT(bytes.capacity(), burst.size() / 4) << "the caller's side";
    exchange.push("a", kNothing);
    ASSERT_EQ(exchange.next(bytes, now + 10s, {}, 1), Exchange::Wake::Bytes);
    EXPECT_LT(bytes.capacity(), burst.size() / 4) << "the library's side";
}

TEST(Exchange, RefusesABodyOverTheLimit) {
    Exchange exchange;
    exchange.setHead({.status = 200, .gzip = false, .retryAfter = "", .warnings = {}});
    exchange.push("12345", kNothing);
    auto got = kube::collectAnswer(exchange, 10s, {}, 4);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Malformed);
}

TEST(Exchange, BytesBeforeTheStatusAreNotYetLines) {
    Exchange exchange;
    exchange.push("early\n", kNothing);
    std::jthread library([&] {
        exchange.setHead({.status = 500, .gzip = false, .retryAfter = "", .warnings = {}});
        exchange.finish({});
    });
    int lines = 0;
    auto end = kube::readLines(exchange, 10s, [&](std::string_view) { ++lines; }, {});
    EXPECT_EQ(lines, 0);
    EXPECT_EQ(end.error().httpStatus, 500);
    EXPECT_EQ(end.error().message, "early");
}

TEST(Exchange, AFullBufferIsReportedAndResumedOnceRead) {
    Exchange exchange;
    exchange.setHead({.status = 200, .gzip = false, .retryAfter = "", .warnings = {}});
    std::atomic<int> resumed{0};
    const std::string half(Exchange::kBuffer / 2, 'x');
    EXPECT_EQ(exchange.push(half, [&] { ++resumed; }), Exchange::Push::Taken);
    EXPECT_EQ(exchange.push(half, [&] { ++resumed; }), Exchange::Push::Full);
    EXPECT_EQ(resumed, 0);
    std::jthread library([&] {
        while (resumed == 0) {
            std::this_thread::yield();
        }
        EXPECT_EQ(exchange.push("end", kNothing), Exchange::Push::Taken);
        exchange.finish({});
    });
    auto got = kube::collectAnswer(exchange, 10s, {});
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->body.size(), Exchange::kBuffer + 3);
    EXPECT_EQ(resumed, 1);
}

TEST(Exchange, ClosingLetsAWaitingLibraryGoAndRefusesTheRest) {
    Exchange exchange;
    int resumed = 0;
    EXPECT_EQ(exchange.push(std::string(Exchange::kBuffer, 'x'), [&] { ++resumed; }),
              Exchange::Push::Full);
    exchange.close();
    EXPECT_EQ(resumed, 1);
    EXPECT_EQ(exchange.push("x", kNothing), Exchange::Push::Refused);
    EXPECT_FALSE(exchange.awaitFinish(0ms));
    exchange.finish({});
    EXPECT_TRUE(exchange.awaitFinish(0ms));
}

TEST(Exchange, AnEndWithoutAStatusIsUnreachable) {
    Exchange exchange;
    exchange.finish({});
    EXPECT_EQ(kube::collectAnswer(exchange, 10s, {}).error().kind, ErrorKind::Unreachable);
}

TEST(Exchange, AnErrorAfterTheLastByteCountsOnceTheBytesAreRead) {
    Exchange exchange;
    exchange.setHead({.status = 200, .gzip = false, .retryAfter = "", .warnings = {}});
    exchange.push("one\ntwo", kNothing);
    kube::ApiError broken;
    broken.kind = ErrorKind::Unreachable;
    exchange.finish(broken);
    int lines = 0;
    auto end = kube::readLines(exchange, 10s, [&](std::string_view) { ++lines; }, {});
    EXPECT_EQ(lines, 1);
    EXPECT_EQ(end.error().kind, ErrorKind::Unreachable);
}

}  // namespace
