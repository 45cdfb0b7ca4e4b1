// The operator is started anew on an API server that shows an older state, of everything or of some
// kinds only, and catches up later: nothing is done for the old state's sake.
#include <gtest/gtest.h>

#include <iostream>

#include "sieve/scenario.h"

namespace {

using sieve::Counts;
using sieve::reference;
using sieve::Scenario;

struct View {
    const char* name;
    std::vector<std::string> kinds;
};

const std::vector<View>& views() {
    static const std::vector<View> kViews{
        {"everything", {}},
        {"apps", {"scalableapps"}},
        {"children",
         {"deployments", "services", "horizontalpodautoscalers", "poddisruptionbudgets"}}};
    return kViews;
}

std::string restartOnOldView(Scenario& run, size_t step, size_t old, uint64_t version,
                             const View& view, bool misbehaves = false) {
    auto where = "after \"" + sieve::life()[step].name + "\", restarted on " + view.name +
                 " as of " +
                 (old == 0 ? "the beginning" : "\"" + sieve::life()[old - 1].name + "\"") + ": ";
    run.kill();
    auto before = run.counts();
    auto writes = run.mutations();
    run.server().freeze(version, view.kinds);
    run.start();
    bool watching = run.awaitWatching();
    if (misbehaves) {
        run.misbehave();
    }
    run.server().freeze(std::nullopt);
    const bool rests = watching && run.restAs(reference().states[step]);
    if (run.state() != reference().states[step]) {
        return where + "another state: " + sieve::difference(reference().states[step], run.state());
    }
    if (!rests) {
        return where + "it does not come to rest\n" + run.log();
    }
    if (run.counts() != before) {
        std::string list;
        for (const auto& one : run.mutationsSince(writes)) {
            list += "\n  " + one;
        }
        return where + "made and deleted" + run.counts().str() + ", before" + before.str() + list;
    }
    return "";
}

// Every older state, for one state of now.
std::string restartsAfter(size_t step, size_t& restarts) {
    Scenario run("stale-" + std::to_string(step));
    std::vector<uint64_t> versions{std::stoull(run.server().version())};
    for (size_t before = 0; before <= step; ++before) {
        run.act(before);
        if (!run.settleAs(reference().states[before])) {
            return "it does not get through \"" + sieve::life()[before].name + "\"";
        }
        versions.push_back(std::stoull(run.server().version()));
    }
    std::string complaints;
    for (size_t old = 0; old <= step; ++old) {
        for (const auto& view : views()) {
            auto complaint = restartOnOldView(run, step, old, versions[old], view);
            complaints += complaint.empty() ? "" : complaint + "\n";
            ++restarts;
        }
    }
    return complaints;
}

TEST(Stale, NothingIsDoneForAnOldState) {
    ASSERT_EQ(reference().problem, "");
    std::vector<size_t> restarts(sieve::life().size());
    auto complaints = sieve::inParallel(sieve::life().size(), [&](size_t i) {
        // The longest first: they take the most time.
        size_t step = sieve::life().size() - 1 - i;
        return restartsAfter(step, restarts[step]);
    });
    for (const auto& complaint : complaints) {
        ADD_FAILURE() << complaint;
    }
    size_t all = 0;
    for (size_t n : restarts) {
        all += n;
    }
    std::cout << all << " restarts on old views\n";
}

TEST(Stale, ARepairThatIsNoneIsFound) {
    ASSERT_EQ(reference().problem, "");
    Scenario run("stale-planted");
    auto empty = std::stoull(run.server().version());
    run.act(0);
    ASSERT_TRUE(run.settleAs(reference().states[0]));
    EXPECT_NE(restartOnOldView(run, 0, 0, empty, views()[0], true), "");
}

}  // namespace
