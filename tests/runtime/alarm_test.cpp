#include "runtime/alarm.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;

TEST(Alarm, RingsWhenItsTimeHasComeAndNotBefore) {
    test::FakeClock clock;
    runtime::Alarm alarm(clock);
    std::promise<void> early;
    std::promise<void> late;
    bool lateRang = false;
    auto second = alarm.at(clock.steady() + 20s, [&] {
        lateRang = true;
        late.set_value();
    });
    auto first = alarm.at(clock.steady() + 10s, [&] { early.set_value(); });
    clock.advance(10s);
    alarm.wake();
    early.get_future().wait();
    first.reset();
    EXPECT_FALSE(lateRang);
    clock.advance(10s);
    alarm.wake();
    late.get_future().wait();
}

TEST(Alarm, ABellThatEndedStaysSilent) {
    test::FakeClock clock;
    bool rang = false;
    std::promise<void> done;
    runtime::Alarm alarm(clock);
    auto bell = alarm.at(clock.steady() + 1s, [&] { rang = true; });
    bell.reset();
    auto marker = alarm.at(clock.steady() + 2s, [&] { done.set_value(); });
    clock.advance(3s);
    alarm.wake();
    done.get_future().wait();
    marker.reset();
    EXPECT_FALSE(rang);
}

TEST(Alarm, EndingABellWaitsForItsCall) {
    test::FakeClock clock;
    runtime::Alarm alarm(clock);
    std::promise<void> inside;
    std::atomic<bool> finished{false};
    auto bell = alarm.at(clock.steady(), [&] {
        inside.set_value();
        std::this_thread::yield();
        finished = true;
    });
    inside.get_future().wait();
    bell.reset();
    EXPECT_TRUE(finished);
}

TEST(Alarm, WhatRepeatsRingsOnceAnIntervalUntilItsEnd) {
    test::FakeClock clock;
    runtime::Alarm alarm(clock);
    std::mutex mutex;
    std::condition_variable changed;
    int rings = 0;
    auto reminder = alarm.every(10s, [&] {
        const std::lock_guard lock(mutex);
        ++rings;
        changed.notify_all();
    });
    for (int wanted = 1; wanted <= 3; ++wanted) {
        clock.advance(10s);
        alarm.wake();
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return rings == wanted; });
        }
        // Its call is over, and the next one set, before the clock goes on.
        std::promise<void> over;
        auto marker = alarm.at(clock.steady(), [&] { over.set_value(); });
        over.get_future().wait();
    }
    reminder.reset();
    std::promise<void> done;
    auto marker = alarm.at(clock.steady() + 20s, [&] { done.set_value(); });
    clock.advance(30s);
    alarm.wake();
    done.get_future().wait();
    EXPECT_EQ(rings, 3);
}

TEST(Alarm, ASleepEndsWhenItIsAskedTo) {
    runtime::Alarm alarm(base::systemClock());
    std::stop_source stop;
    auto sleeping = std::async(std::launch::async, [&] { alarm.sleep(24h, stop.get_token()); });
    stop.request_stop();
    sleeping.wait();
    alarm.sleep(1ms, {});
}

}  // namespace
