#include "runtime/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>

#include "runtime/metrics.h"
#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using kube::ObjectKey;
using runtime::Outcome;
using testing::HasSubstr;

// Counts something and lets a test wait for the count.
class Counter {
  public:
    void add() {
        std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    void wait(int count) {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, 20s, [&] { return count_ >= count; }))
            << "only " << count_ << " of " << count;
    }
    int count() {
        std::lock_guard lock(mutex_);
        return count_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

class ControllerTest : public testing::Test {
  protected:
    runtime::Controller& make(runtime::ReconcileFunction function,
                              runtime::ControllerOptions options = {.workers = 1}) {
        controller = std::make_unique<runtime::Controller>("test", std::move(options), metrics,
                                                           clock, std::move(function));
        controller->start();
        return *controller;
    }
    void advance(std::chrono::milliseconds by) {
        clock.advance(by);
        controller->wake();
    }
    // Blocks until what was added before it has been taken, with one worker.
    void settle() {
        int seen = marks.count();
        controller->enqueue({"mark", "mark"}, -1000);
        marks.wait(seen + 1);
    }
    // The metrics once the workers are gone: a reconcile is counted after it has returned.
    std::string stoppedText() {
        controller->stop();
        return metrics.text();
    }
    bool isMark(const ObjectKey& which) {
        if (which.namespace_ != "mark") {
            return false;
        }
        marks.add();
        return true;
    }

    test::FakeClock clock;
    runtime::Metrics metrics;
    Counter calls;
    Counter marks;
    std::unique_ptr<runtime::Controller> controller;
    const ObjectKey key{"ns", "a"};
};

TEST_F(ControllerTest, DoneForgetsTheKeyUntilItChanges) {
    auto& c = make([&](const ObjectKey& which, const auto&) {
        if (!isMark(which)) {
            calls.add();
        }
        return Outcome::done();
    });
    c.enqueue(key);
    settle();
    advance(1h);
    settle();
    EXPECT_EQ(calls.count(), 1);
    c.enqueue(key);
    settle();
    EXPECT_EQ(calls.count(), 2);
    EXPECT_THAT(
        stoppedText(),
        HasSubstr(R"(controller_runtime_reconcile_total{controller="test",result="success"} 5)"));
}

TEST_F(ControllerTest, AfterLooksAgainThen) {
    auto& c = make([&](const ObjectKey& which, const auto&) {
        if (isMark(which)) {
            return Outcome::done();
        }
        calls.add();
        return Outcome::after(10s);
    });
    c.enqueue(key);
    settle();
    advance(9999ms);
    settle();
    EXPECT_EQ(calls.count(), 1);
    advance(1ms);
    calls.wait(2);
    settle();
    EXPECT_THAT(stoppedText(), HasSubstr(R"(result="requeue_after"} 2)"));
}

TEST_F(ControllerTest, RetriesComeAfterGrowingPausesAndSuccessForgetsThem) {
    std::atomic<bool> fails{true};
    auto& c = make([&](const ObjectKey& which, const auto&) {
        if (isMark(which)) {
            return Outcome::done();
        }
        calls.add();
        return fails ? Outcome::retry("not yet") : Outcome::done();
    });
    c.enqueue(key);
    settle();
    std::chrono::milliseconds pause = 5ms;
    for (int n = 1; n <= 3; ++n, pause *= 2) {
        advance(pause - 1ms);
        settle();
        EXPECT_EQ(calls.count(), n);
        advance(1ms);
        calls.wait(n + 1);
        settle();
    }
    fails = false;
    advance(40ms);
    calls.wait(5);
    settle();
    fails = true;
    c.enqueue(key);
    settle();
    advance(5ms);
    calls.wait(7);
    settle();
    EXPECT_THAT(stoppedText(),
                HasSubstr(R"(controller_runtime_reconcile_errors_total{controller="test"} 6)"));
}

TEST_F(ControllerTest, ThePauseEndsAtFiveMinutes) {
    auto& c = make([&](const ObjectKey& which, const auto&) {
        if (isMark(which)) {
            return Outcome::done();
        }
        calls.add();
        return Outcome::retry("never");
    });
    c.enqueue(key);
    for (int n = 1; n <= 40; ++n) {
        calls.wait(n);
        settle();
        advance(5min);
    }
    calls.wait(41);
}

TEST_F(ControllerTest, TerminalWaitsForAChange) {
    auto& c = make([&](const ObjectKey& which, const auto&) {
        if (isMark(which)) {
            return Outcome::done();
        }
        calls.add();
        return Outcome::terminal("the spec is wrong");
    });
    c.enqueue(key);
    settle();
    advance(1h);
    settle();
    EXPECT_EQ(calls.count(), 1);
    auto text = stoppedText();
    EXPECT_THAT(
        text,
        HasSubstr("controller_runtime_terminal_reconcile_errors_total{controller=\"test\"} 1"));
    EXPECT_THAT(text, HasSubstr(R"(result="error"} 1)"));
}

TEST_F(ControllerTest, AnExceptionIsARetry) {
    auto& c = make([&](const ObjectKey& which, const auto&) -> Outcome {
        if (isMark(which)) {
            return Outcome::done();
        }
        calls.add();
        if (calls.count() == 1) {
            throw std::runtime_error("boom");
        }
        throw 7;
    });
    c.enqueue(key);
    settle();
    advance(5ms);
    calls.wait(2);
    settle();
    EXPECT_THAT(stoppedText(),
                HasSubstr(R"(controller_runtime_reconcile_panics_total{controller="test"} 2)"));
}

TEST_F(ControllerTest, TheDeadlineAsksTheReconcileToStop) {
    Counter began;
    auto& c = make(
        [&](const ObjectKey& which, const runtime::ReconcileContext& context) {
            if (isMark(which)) {
                return Outcome::done();
            }
            std::mutex mutex;
            std::condition_variable_any stopped;
            std::unique_lock lock(mutex);
            began.add();
            stopped.wait(lock, context.stop, [] { return false; });
            calls.add();
            return Outcome::retry("cut off");
        },
        {.workers = 1, .deadline = 30s});
    c.enqueue(key);
    began.wait(1);
    EXPECT_EQ(calls.count(), 0);
    advance(30s);
    calls.wait(1);
    settle();
    EXPECT_THAT(stoppedText(),
                HasSubstr(R"(controller_runtime_reconcile_timeouts_total{controller="test"} 1)"));
}

TEST_F(ControllerTest, StopAsksRunningReconcilesToStop) {
    auto& c = make([&](const ObjectKey&, const runtime::ReconcileContext& context) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        calls.add();
        stopped.wait(lock, context.stop, [] { return false; });
        return Outcome::retry("cut off");
    });
    c.enqueue(key);
    calls.wait(1);
    c.stop();
    c.enqueue(key);
    EXPECT_EQ(calls.count(), 1);
}

TEST_F(ControllerTest, GraceLetsRunningReconcilesFinishUndisturbed) {
    Counter began;
    Counter released;
    std::atomic<bool> disturbed{false};
    auto& c = make([&](const ObjectKey&, const runtime::ReconcileContext& context) {
        began.add();
        released.wait(1);
        disturbed = context.stop.stop_requested();
        calls.add();
        return Outcome::done();
    });
    c.enqueue(key);
    began.wait(1);
    c.beginStop(30s);
    c.enqueue({"ns", "too-late"});
    released.add();
    c.stop();
    EXPECT_EQ(calls.count(), 1);
    EXPECT_FALSE(disturbed);
}

TEST_F(ControllerTest, OneKeyNeverRunsTwiceAtOnceOthersDo) {
    std::mutex mutex;
    std::set<std::string> running;
    bool twice = false;
    size_t most = 0;
    Counter together;
    auto& c = make(
        [&](const ObjectKey& which, const auto&) {
            {
                std::lock_guard lock(mutex);
                twice = twice || !running.insert(which.name).second;
                most = std::max(most, running.size());
            }
            together.add();
            if (calls.count() == 0) {
                together.wait(2);  // two different keys have to meet here
            }
            {
                std::lock_guard lock(mutex);
                running.erase(which.name);
            }
            calls.add();
            return Outcome::done();
        },
        {.workers = 4});
    for (int i = 0; i < 200; ++i) {
        c.enqueue({"ns", i % 2 == 0 ? "a" : "b"});
    }
    calls.wait(2);
    c.stop();
    EXPECT_FALSE(twice);
    EXPECT_EQ(most, 2U);
}

TEST_F(ControllerTest, PeopleOvertakeTheStartUpFlood) {
    std::vector<std::string> order;
    auto function = [&](const ObjectKey& which, const auto&) {
        order.push_back(which.name);
        calls.add();
        return Outcome::done();
    };
    controller = std::make_unique<runtime::Controller>(
        "test", runtime::ControllerOptions{.workers = 1}, metrics, clock, function);
    controller->enqueue({"ns", "old-1"}, runtime::kStartupPriority);
    controller->enqueue({"ns", "old-2"}, runtime::kStartupPriority);
    controller->enqueue({"ns", "edited"});
    controller->start();
    calls.wait(3);
    controller->stop();
    EXPECT_THAT(order, testing::ElementsAre("edited", "old-1", "old-2"));
}

TEST_F(ControllerTest, AKeyWaitsUntilItsOwnWritesAreSeen) {
    std::atomic<int> storeVersion{10};
    runtime::ControllerOptions options{.workers = 1};
    options.reached = [&](const std::string& plural, const std::string& version) {
        EXPECT_EQ(plural, "pods");
        return storeVersion >= std::stoi(version);
    };
    auto& c = make(
        [&](const ObjectKey& which, const runtime::ReconcileContext& context) {
            if (!isMark(which)) {
                calls.add();
                context.wrote("pods", "12");
                context.wrote("pods", "11");
            }
            return Outcome::done();
        },
        options);
    c.enqueue(key);
    settle();
    c.enqueue(key);
    settle();
    EXPECT_EQ(calls.count(), 1);
    storeVersion = 11;
    advance(100ms);
    settle();
    EXPECT_EQ(calls.count(), 1);
    storeVersion = 12;
    advance(100ms);
    calls.wait(2);
}

TEST_F(ControllerTest, AChangeOpensTheGateBeforeTheNextCheck) {
    std::atomic<int> storeVersion{10};
    runtime::ControllerOptions options{.workers = 1};
    options.reached = [&](const auto&, const std::string& version) {
        return storeVersion >= std::stoi(version);
    };
    auto& c = make(
        [&](const ObjectKey& which, const runtime::ReconcileContext& context) {
            if (!isMark(which)) {
                calls.add();
                context.wrote("pods", "12");
            }
            return Outcome::done();
        },
        options);
    c.enqueue(key);
    settle();
    c.enqueue(key);
    settle();
    storeVersion = 13;  // a newer event or a bookmark: the written object may be gone already
    c.enqueue(key);
    calls.wait(2);
}

TEST_F(ControllerTest, AStoreThatCatchesUpWakesWhoWaitsForIt) {
    std::atomic<int> storeVersion{10};
    runtime::ControllerOptions options{.workers = 1};
    options.reached = [&](const std::string& scope, const std::string& version) {
        return scope == "services/ns" || storeVersion >= std::stoi(version);
    };
    auto& c = make(
        [&](const ObjectKey& which, const runtime::ReconcileContext& context) {
            if (!isMark(which)) {
                calls.add();
                context.wrote("pods/ns", "12");
                context.wrote("services/ns", "14");
            }
            return Outcome::done();
        },
        options);
    c.enqueue(key);
    settle();
    c.enqueue(key);
    settle();
    storeVersion = 11;
    c.viewMoved("pods");
    settle();
    EXPECT_EQ(calls.count(), 1);
    storeVersion = 12;
    c.viewMoved("deployments");
    settle();
    EXPECT_EQ(calls.count(), 1) << "not its store";
    c.viewMoved("pods");  // and the clock stands still
    calls.wait(2);
}

TEST_F(ControllerTest, AVersionThatNeverComesDoesNotBlockForEver) {
    runtime::ControllerOptions options{.workers = 1};
    options.reached = [](const auto&, const auto&) { return false; };
    auto& c = make(
        [&](const ObjectKey& which, const runtime::ReconcileContext& context) {
            if (!isMark(which)) {
                calls.add();
                context.wrote("pods", "12");
            }
            return Outcome::done();
        },
        options);
    c.enqueue(key);
    settle();
    c.enqueue(key);
    settle();
    advance(4min);
    settle();
    EXPECT_EQ(calls.count(), 1);
    advance(1min);
    calls.wait(2);
}

TEST_F(ControllerTest, EveryReconcileHasItsOwnId) {
    std::set<std::string> ids;
    auto& c = make([&](const ObjectKey&, const runtime::ReconcileContext& context) {
        ids.insert(context.reconcileId);
        calls.add();
        return Outcome::done();
    });
    for (int i = 0; i < 50; ++i) {
        c.enqueue({"ns", std::to_string(i)});
    }
    calls.wait(50);
    c.stop();
    EXPECT_EQ(ids.size(), 50U);
    EXPECT_EQ(ids.begin()->size(), 32U);
}

TEST_F(ControllerTest, MetricsExistBeforeAnythingHappens) {
    make([](const auto&, const auto&) { return Outcome::done(); });
    auto text = metrics.text();
    for (const char* line :
         {R"(controller_runtime_reconcile_total{controller="test",result="success"} 0)",
          R"(controller_runtime_reconcile_total{controller="test",result="error"} 0)",
          R"(controller_runtime_reconcile_total{controller="test",result="requeue"} 0)",
          R"(controller_runtime_reconcile_total{controller="test",result="requeue_after"} 0)",
          R"(controller_runtime_reconcile_errors_total{controller="test"} 0)",
          R"(controller_runtime_terminal_reconcile_errors_total{controller="test"} 0)",
          R"(controller_runtime_reconcile_panics_total{controller="test"} 0)",
          R"(controller_runtime_reconcile_timeouts_total{controller="test"} 0)",
          R"(controller_runtime_max_concurrent_reconciles{controller="test"} 1)",
          R"(controller_runtime_active_workers{controller="test"} 0)",
          R"(workqueue_adds_total{controller="test",name="test"} 0)",
          R"(workqueue_retries_total{controller="test",name="test"} 0)",
          R"(workqueue_depth{controller="test",name="test",priority="0"} 0)",
          R"(workqueue_unfinished_work_seconds{controller="test",name="test"} 0)",
          R"(workqueue_longest_running_processor_seconds{controller="test",name="test"} 0)",
          R"(controller_runtime_reconcile_time_seconds_count{controller="test"} 0)",
          R"(workqueue_queue_duration_seconds_count{controller="test",name="test"} 0)",
          R"(workqueue_work_duration_seconds_count{controller="test",name="test"} 0)"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

}  // namespace
