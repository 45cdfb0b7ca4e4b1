// Two replicas: after one of its writes the leader is killed, or suspended until the other has
// taken over. The end is the same, nothing is made or deleted twice, and nobody writes without the
// lease.
#include <gtest/gtest.h>

#include <iostream>

#include "sieve/scenario.h"

namespace {

using namespace std::chrono_literals;
using sieve::reference;
using sieve::Scenario;

// All at once: for the most part they wait for a lease to run out.
constexpr size_t kRuns = 12;

enum class End { Killed, Suspended };

std::optional<size_t> firstLeader(Scenario& run) {
    run.awaitWatching();
    run.server().waitFor([&] { return run.leader().has_value(); });
    return run.leader();
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) {
        out += "\n  " + line;
    }
    return out;
}

// It has slept through its end, and thinks that it leads.
bool endsWhenItWakes(Scenario& run, size_t old) {
    run.replica(old).resume();
    return run.replica(old).awaitExit(20s) == 1;
}

std::string walk(Scenario& run, size_t old, End end) {
    bool asleep = end == End::Suspended;
    for (size_t step = 0; step < sieve::life().size(); ++step) {
        run.act(step);
        if (!run.settleAs(reference().states[step])) {
            return "another state after \"" + sieve::life()[step].name +
                   "\": " + sieve::difference(reference().states[step], run.state());
        }
        if (asleep && run.leader() != old) {
            asleep = false;
            if (!endsWhenItWakes(run, old)) {
                return "the old leader does not end with 1 when it wakes up";
            }
        }
    }
    bool over = run.server().waitFor([&] { return run.leader() != old; });
    return over ? "" : "nobody takes over";
}

std::string takeoverRun(size_t write, End end) {
    Scenario run("takeover-" + std::to_string(write), 2);
    auto where = std::string(end == End::Killed ? "killed" : "suspended") + " after write " +
                 std::to_string(write) + ": ";
    auto old = firstLeader(run);
    if (!old) {
        return where + "nobody leads\n" + run.log();
    }
    run.afterReconciled(write, [&] {
        auto& leader = run.replica(*old);
        end == End::Killed ? leader.kill() : leader.suspend();
    });
    auto complaint = walk(run, *old, end);
    if (!complaint.empty()) {
        return where + complaint + "\n" + run.log();
    }
    if (!run.settle() || run.state() != reference().states.back()) {
        return where + "it does not stay as it is\n" + run.log();
    }
    if (run.counts() != reference().counts.back()) {
        return where + "made and deleted" + run.counts().str() + ", undisturbed" +
               reference().counts.back().str() + "\n" + run.log();
    }
    auto trespasses = run.trespasses();
    return trespasses.empty()
               ? ""
               : where + "written without the lease:" + joined(trespasses) + "\n" + run.log();
}

TEST(Takeover, AfterWritesFromBeginToEnd) {
    ASSERT_EQ(reference().problem, "");
    auto writes = reference().reconciled;
    ASSERT_GT(writes, 20U);
    auto complaints = sieve::inParallel(
        kRuns,
        [&](size_t i) {
            // Not the very last: how many there are may differ a little from run to run.
            return takeoverRun(1 + i * (writes * 9 / 10) / kRuns,
                               i % 2 == 0 ? End::Killed : End::Suspended);
        },
        kRuns);
    for (const auto& complaint : complaints) {
        ADD_FAILURE() << complaint;
    }
    std::cout << kRuns << " takeovers, " << writes << " writes\n";
}

TEST(Takeover, AWriteWithoutTheLeaseIsFound) {
    ASSERT_EQ(reference().problem, "");
    Scenario run("takeover-planted", 2);
    auto leader = firstLeader(run);
    ASSERT_TRUE(leader);
    run.act(0);
    ASSERT_TRUE(run.settleAs(reference().states[0])) << run.log();
    EXPECT_TRUE(run.trespasses().empty()) << joined(run.trespasses());
    run.misbehave(*leader);
    EXPECT_TRUE(run.trespasses().empty()) << joined(run.trespasses());
    ASSERT_TRUE(run.settleAs(reference().states[0])) << run.log();
    run.misbehave(1 - *leader);
    EXPECT_EQ(run.trespasses().size(), 1U);
}

}  // namespace
