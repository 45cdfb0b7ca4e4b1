#include "runtime/work_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using kube::ObjectKey;
using runtime::WorkQueue;

ObjectKey key(const std::string& name) {
    return {"ns", name};
}

class WorkQueueTest : public testing::Test {
  protected:
    // Takes and finishes everything that is ready, in order.
    std::string drain() {
        std::string out;
        while (auto lease = queue.tryGet()) {
            out += lease->key().name;
        }
        return out;
    }
    test::FakeClock clock;
    WorkQueue queue{clock};
};

TEST_F(WorkQueueTest, FirstInFirstOutAndEachOnce) {
    EXPECT_TRUE(queue.add(key("b")));
    EXPECT_TRUE(queue.add(key("a")));
    EXPECT_FALSE(queue.add(key("b")));
    EXPECT_EQ(drain(), "ba");
}

TEST_F(WorkQueueTest, AKeyUnderWorkIsNotHandedOutAgainButNotLostEither) {
    queue.add(key("a"));
    {
        auto lease = queue.tryGet();
        ASSERT_TRUE(lease);
        queue.add(key("a"));
        queue.add(key("a"));
        EXPECT_FALSE(queue.tryGet());
        queue.add(key("b"));
        EXPECT_EQ(drain(), "b");
    }
    EXPECT_EQ(drain(), "a");
}

TEST_F(WorkQueueTest, AKeyThatBecomesDueUnderWorkWaitsForItsEnd) {
    queue.add(key("a"));
    {
        auto lease = queue.tryGet();
        queue.addAfter(key("a"), 5s);
        clock.advance(6s);
        EXPECT_FALSE(queue.tryGet());
    }
    EXPECT_EQ(drain(), "a");
}

TEST_F(WorkQueueTest, HigherPriorityFirst) {
    queue.add(key("a"), -100);
    queue.add(key("b"), -100);
    queue.add(key("c"), 0);
    queue.add(key("d"), 7);
    EXPECT_EQ(drain(), "dcab");
}

TEST_F(WorkQueueTest, AddingAgainKeepsTheHigherPriorityAndGoesToItsEnd) {
    queue.add(key("a"), -100);
    queue.add(key("b"), 0);
    queue.add(key("a"), 0);
    queue.add(key("b"), -100);
    auto depth = queue.depth();
    EXPECT_EQ(depth[0], 2U);
    EXPECT_EQ(depth[-100], 0U);
    EXPECT_EQ(drain(), "ba");
}

TEST_F(WorkQueueTest, TheLeaseKnowsItsPriority) {
    queue.add(key("a"), -100);
    EXPECT_EQ(queue.tryGet()->priority(), -100);
}

TEST_F(WorkQueueTest, DelayedKeysWaitAndKeepTheEarlierTime) {
    queue.addAfter(key("a"), 10s);
    queue.addAfter(key("a"), 20s);
    queue.addAfter(key("b"), 20s);
    queue.addAfter(key("b"), 5s);
    clock.advance(4999ms);
    EXPECT_EQ(drain(), "");
    clock.advance(1ms);
    EXPECT_EQ(drain(), "b");
    EXPECT_EQ(*queue.nextDue(), clock.steady() + 5s);
    clock.advance(5s);
    EXPECT_EQ(drain(), "a");
    clock.advance(1h);
    EXPECT_EQ(drain(), "");
}

TEST_F(WorkQueueTest, AddingADelayedKeyMakesItReadyAtOnce) {
    queue.addAfter(key("a"), 10s, 3);
    queue.add(key("a"), 0);
    auto lease = queue.tryGet();
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->priority(), 3);
    EXPECT_FALSE(queue.nextDue());
}

TEST_F(WorkQueueTest, ADelayDoesNotPostponeAReadyKey) {
    queue.add(key("a"));
    queue.addAfter(key("a"), 10s);
    EXPECT_EQ(drain(), "a");
    clock.advance(11s);
    EXPECT_EQ(drain(), "");
}

TEST_F(WorkQueueTest, ADelayedKeyGetsItsPlaceWhenItIsDue) {
    queue.addAfter(key("a"), 10s);
    queue.add(key("b"));
    clock.advance(11s);
    queue.add(key("c"));
    EXPECT_EQ(drain(), "bac");
}

TEST_F(WorkQueueTest, SaysHowLongAKeyStoodReadyNotHowLongItWasDelayed) {
    queue.addAfter(key("a"), 10s);
    clock.advance(10s);
    queue.depth();
    queue.add(key("b"));
    EXPECT_EQ(queue.tryGet()->waited(), 0s);
    clock.advance(3s);
    EXPECT_EQ(queue.tryGet()->waited(), 3s);
}

TEST_F(WorkQueueTest, KnowsWhatIsUnderWork) {
    queue.add(key("a"));
    queue.add(key("b"));
    auto a = queue.tryGet();
    clock.advance(5s);
    auto b = queue.tryGet();
    clock.advance(1s);
    auto working = queue.working();
    EXPECT_EQ(working.count, 2U);
    EXPECT_EQ(working.sum, 7s);
    EXPECT_EQ(working.longest, 6s);
    EXPECT_EQ(working.oldest, key("a"));
}

TEST_F(WorkQueueTest, ShutdownEndsWaitingThreadsAndRefusesKeys) {
    std::thread waiting([&] { EXPECT_FALSE(queue.get()); });
    queue.shutdown();
    waiting.join();
    EXPECT_FALSE(queue.add(key("a")));
    EXPECT_FALSE(queue.tryGet());
}

TEST_F(WorkQueueTest, AWaitingThreadWakesForANewKeyAndForADueOne) {
    std::atomic<int> taken{0};
    std::thread worker([&] {
        while (auto lease = queue.get()) {
            ++taken;
            taken.notify_all();
        }
    });
    queue.add(key("a"));
    taken.wait(0);
    queue.addAfter(key("b"), 1h);
    clock.advance(1h);
    queue.wake();
    taken.wait(1);
    queue.shutdown();
    worker.join();
    EXPECT_EQ(taken, 2);
}

TEST_F(WorkQueueTest, DepthFollowsEveryWayInAndOut) {
    queue.add(key("a"), -100);
    queue.add(key("b"));
    queue.addAfter(key("c"), 5s);
    EXPECT_EQ(queue.depth(), (std::map<int, size_t>{{-100, 1}, {0, 1}}));
    queue.add(key("a"), 3);
    EXPECT_EQ(queue.depth(), (std::map<int, size_t>{{0, 1}, {3, 1}}));
    {
        auto lease = queue.tryGet();
        queue.add(key("a"), 7);
        queue.add(key("a"), 8);
        EXPECT_EQ(queue.depth(), (std::map<int, size_t>{{0, 1}, {8, 1}}));
    }
    clock.advance(5s);
    EXPECT_EQ(drain(), "abc");
    EXPECT_TRUE(queue.depth().empty());
}

TEST_F(WorkQueueTest, ReadyIsWhatTryGetWouldFind) {
    EXPECT_FALSE(queue.ready());
    queue.addAfter(key("a"), 5s);
    EXPECT_FALSE(queue.ready());
    clock.advance(5s);
    EXPECT_TRUE(queue.ready());
    auto lease = queue.tryGet();
    queue.addAfter(key("a"), 1s);
    clock.advance(1s);
    EXPECT_FALSE(queue.ready()) << "it is being worked on";
    queue.addAfter(key("b"), 1s);
    clock.advance(1s);
    EXPECT_TRUE(queue.ready());
    queue.shutdown();
    EXPECT_FALSE(queue.ready());
}

// Two idle threads sleep without end; whoever was told of the delayed key may be busy when it is
// due.
TEST(WorkQueueThreads, ADueKeyFindsTheIdleThreadWhileTheOtherIsBusy) {
    for (int round = 0; round < 20; ++round) {
        WorkQueue queue(base::systemClock());
        std::promise<void> done;
        auto finished = done.get_future().share();
        std::atomic<bool> inTime{true};
        std::vector<std::thread> workers;
        for (int i = 0; i < 2; ++i) {
            workers.emplace_back([&] {
                while (auto lease = queue.get()) {
                    if (lease->key().name == "slow") {
                        inTime = finished.wait_for(20s) == std::future_status::ready;
                    } else {
                        done.set_value();
                    }
                }
            });
        }
        std::this_thread::yield();
        queue.addAfter(key("delayed"), 5ms);
        queue.add(key("slow"));
        finished.wait();
        queue.shutdown();
        for (auto& worker : workers) {
            worker.join();
        }
        ASSERT_TRUE(inTime) << "round " << round;
    }
}

// Counts how often threads other than the test's look at it: each does when it wakes.
class CountingClock final : public base::Clock {
  public:
    base::SteadyTime steady() const override {
        looks += std::this_thread::get_id() == owner_ ? 0 : 1;
        return base::systemClock().steady();
    }
    base::WallTime wall() const override { return base::systemClock().wall(); }
    mutable std::atomic<int> looks{0};

  private:
    const std::thread::id owner_ = std::this_thread::get_id();
};

TEST(WorkQueueThreads, NobodyIsWokenForAKeyThatIsWorkedOn) {
    CountingClock clock;
    WorkQueue queue(clock);
    queue.add(key("a"));
    auto lease = queue.tryGet();
    std::thread idle([&] { EXPECT_FALSE(queue.get()); });
    while (clock.looks == 0) {
        std::this_thread::yield();
    }
    for (int i = 0; i < 50; ++i) {
        queue.add(key("a"));
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_LE(clock.looks, 3);
    queue.shutdown();
    idle.join();
}

TEST(WorkQueueThreads, OneThreadWatchesTheClockForAll) {
    CountingClock clock;
    WorkQueue queue(clock);
    constexpr int kThreads = 8;
    std::promise<void> taken;
    std::vector<std::thread> workers;
    queue.addAfter(key("a"), 200ms);
    for (int i = 0; i < kThreads; ++i) {
        workers.emplace_back([&] {
            while (auto lease = queue.get()) {
                taken.set_value();
            }
        });
    }
    taken.get_future().wait();
    std::this_thread::sleep_for(50ms);
    // Each once when it begins; one before it sleeps, when it wakes, when it takes, and afterwards.
    EXPECT_LE(clock.looks, kThreads + 6);
    queue.shutdown();
    for (auto& worker : workers) {
        worker.join();
    }
}

// Many threads, few keys: never two at once on one key, and the last change of each is seen.
TEST_F(WorkQueueTest, NeverTwoAtOnceAndNoLostChange) {
    constexpr size_t kKeys = 5;
    constexpr int kChanges = 2000;
    std::array<std::atomic<int>, kKeys> running{};
    std::array<std::atomic<int>, kKeys> wanted{};
    std::array<std::atomic<int>, kKeys> seen{};
    std::atomic<bool> overlap{false};
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] {
            while (auto lease = queue.get()) {
                auto at = static_cast<size_t>(std::stoi(lease->key().name));
                overlap = overlap || ++running[at] != 1;
                seen[at] = wanted[at].load();
                --running[at];
            }
        });
    }
    std::mt19937 random(7);
    for (int i = 0; i < kChanges; ++i) {
        size_t at = random() % kKeys;
        ++wanted[at];
        queue.add(key(std::to_string(at)), static_cast<int>(random() % 3));
    }
    while (!queue.depth().empty() || queue.working().count > 0) {
        std::this_thread::yield();
    }
    queue.shutdown();
    for (auto& worker : workers) {
        worker.join();
    }
    EXPECT_FALSE(overlap);
    for (size_t i = 0; i < kKeys; ++i) {
        EXPECT_EQ(seen[i], wanted[i]) << i;
    }
}

}  // namespace
