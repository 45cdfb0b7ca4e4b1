// The operator is killed after each of its writes in turn: the end is the same, nothing is made or
// deleted twice.
#include <gtest/gtest.h>

#include <iostream>

#include "sieve/scenario.h"

namespace {

using sieve::reference;
using sieve::Scenario;

std::string crashRun(size_t write, bool misbehaves = false) {
    Scenario run("crash-" + std::to_string(write));
    run.afterWrite(write, [&run] { run.replica(0).kill(); });
    auto where = "killed after write " + std::to_string(write) + ": ";
    for (size_t step = 0; step < sieve::life().size(); ++step) {
        run.act(step);
        if (misbehaves && step == 1) {
            run.misbehave();
        }
        if (!run.settleAs(reference().states[step])) {
            return where + "another state after \"" + sieve::life()[step].name +
                   "\": " + sieve::difference(reference().states[step], run.state()) + "\n" +
                   run.log();
        }
    }
    if (!run.settle() || run.state() != reference().states.back()) {
        return where + "it does not stay as it is\n" + run.log();
    }
    if (run.counts() != reference().counts.back()) {
        return where + "made and deleted" + run.counts().str() + ", undisturbed" +
               reference().counts.back().str() + "\n" + run.log();
    }
    // An event may be lost with the process, and a new process begins a new series; it never tells
    // of something that did not happen.
    for (const auto& [reason, count] : run.events()) {
        auto usual = reference().events.find(reason);
        int most = usual == reference().events.end() ? 0 : usual->second + 1;
        if (count > most) {
            return where + std::to_string(count) + " events " + reason + ", undisturbed " +
                   std::to_string(most - 1);
        }
    }
    return "";
}

TEST(Crash, AfterEveryWrite) {
    ASSERT_EQ(reference().problem, "");
    ASSERT_GT(reference().mutations, 20U);
    auto complaints =
        sieve::inParallel(reference().mutations, [](size_t i) { return crashRun(i + 1); });
    for (const auto& complaint : complaints) {
        ADD_FAILURE() << complaint;
    }
    std::cout << reference().mutations << " crash points\n";
}

TEST(Crash, AnExtraWriteIsFound) {
    ASSERT_EQ(reference().problem, "");
    EXPECT_NE(crashRun(3, true), "");
}

}  // namespace
