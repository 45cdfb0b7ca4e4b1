// The controller without its threads: one step after the other.
#include "runtime/controller_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/alarm.h"
#include "runtime/metrics.h"
#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using kube::ObjectKey;
using runtime::Outcome;

class ControllerCoreTest : public testing::Test {
  protected:
    test::FakeClock clock;
    runtime::Metrics metrics;
    runtime::Alarm alarm{clock};
    const ObjectKey key{"ns", "a"};
};

TEST_F(ControllerCoreTest, AKeyKeepsItsPriorityUnlessTheOutcomeGivesItAnother) {
    std::vector<std::string> order;
    bool raised = false;
    auto function = [&](const ObjectKey& which, const auto&) {
        order.push_back(which.name);
        if (order.size() == 2) {
            return Outcome::after(1ms).withPriority(raised ? 5 : -100);
        }
        return order.size() == 1 ? Outcome::after(1ms) : Outcome::done();
    };
    for (bool raise : {false, true}) {
        raised = raise;
        order.clear();
        runtime::ControllerCore core("test", {.workers = 1}, metrics, clock, alarm, function);
        core.enqueue({"ns", "kept"}, {}, -100);
        core.step();
        core.enqueue({"ns", "given"}, {}, -100);
        core.step();
        clock.advance(1ms);
        core.enqueue({"ns", "people's"}, {}, 0);
        while (core.step()) {
        }
        if (raise) {
            EXPECT_THAT(order, testing::ElementsAre("kept", "given", "given", "people's", "kept"));
        } else {
            EXPECT_THAT(order, testing::ElementsAre("kept", "given", "people's", "given", "kept"));
        }
    }
}

TEST_F(ControllerCoreTest, AReconcileThatIgnoresItsDeadlineIsHung) {
    runtime::ControllerCore* self = nullptr;
    runtime::ControllerCore core("test", {.workers = 1, .deadline = 30s}, metrics, clock, alarm,
                                 [&](const ObjectKey&, const auto&) {
                                     EXPECT_EQ(self->hung(), std::nullopt);
                                     clock.advance(60s);
                                     EXPECT_EQ(self->hung(), std::nullopt)
                                         << "it has a deadline's time to obey";
                                     clock.advance(1ms);
                                     EXPECT_EQ(self->hung(), key);
                                     return Outcome::done();
                                 });
    self = &core;
    core.enqueue(key, {}, 0);
    ASSERT_TRUE(core.step());
    EXPECT_EQ(core.hung(), std::nullopt) << "it has ended after all";
}

// Found by the simulation: a stalled watch of parents, a parent made anew, and each child that was
// made for the old one collected at once, which was an event for the same key.
TEST_F(ControllerCoreTest, AKeyThatAnswersItsOwnEchoIsSlowedDownAndOthersAreNot) {
    std::unique_ptr<runtime::ControllerCore> core;
    int echoes = 0;
    int others = 0;
    core = std::make_unique<runtime::ControllerCore>(
        "test", runtime::ControllerOptions{.workers = 1, .burst = 3, .interval = 500ms}, metrics,
        clock, alarm, [&](const ObjectKey& which, const auto&) {
            if (which == key) {
                ++echoes;
                core->enqueue(key, {}, 0);
            } else {
                ++others;
            }
            return Outcome::done();
        });
    // Ready keys only: a key that comes too soon is put off.
    auto drain = [&] {
        while (core->step()) {
        }
    };
    core->enqueue(key, {}, 0);
    drain();
    EXPECT_EQ(echoes, 3);
    core->enqueue(key, {}, 0);
    drain();
    EXPECT_EQ(echoes, 3) << "an event does not make it run sooner";
    core->enqueue({"ns", "other"}, {}, 0);
    drain();
    EXPECT_EQ(others, 1);
    clock.advance(499ms);
    drain();
    EXPECT_EQ(echoes, 3);
    clock.advance(1ms);
    drain();
    EXPECT_EQ(echoes, 4);
    clock.advance(10s);
    drain();
    EXPECT_EQ(echoes, 7) << "calm gives the burst back, not more";
}

}  // namespace
