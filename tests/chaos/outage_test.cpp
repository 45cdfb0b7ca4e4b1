// A run while the leader changes, and while nobody reaches the API server: the same rules as after
// a crash. Nothing is hit twice, nothing is left, and no verdict is better than the truth.
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cases.h"

namespace {

using namespace std::chrono_literals;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::expectHitOnce;
using chaos::fake::faultCase;
using chaos::fake::FaultCase;
using chaos::fake::prepare;

class Interrupted : public ::testing::TestWithParam<FaultCase> {};

TEST_P(Interrupted, TheLeaderChangesInTheMiddle) {
    Cluster calm;
    prepare(calm, GetParam());
    calm.drive();
    int good = 0;
    int all = 0;
    for (int k = 1 + GetParam().restarts; k <= calm.writes; ++k, ++all) {
        Cluster cluster;
        prepare(cluster, GetParam());
        cluster.leaderChangesAfterWrite = k;
        cluster.drive();
        expectHitOnce(cluster, GetParam(), "leader change after write " + std::to_string(k));
        good += stringAt(cluster.runs()[0], "/status/verdict") == GetParam().verdict ? 1 : 0;
    }
    EXPECT_GT(good, all / 2) << "a new leader must not make every run worthless";
}

TEST_P(Interrupted, NobodyReachesTheServerForAMinuteInAnyPhase) {
    for (const char* phase : {"Pending", "Predicting", "SteadyState", "Injecting", "Observing",
                              "Reverting", "Verifying"}) {
        Cluster cluster;
        prepare(cluster, GetParam());
        bool seen = false;
        // At the first write that leaves the run in this phase; a fault's own phases may be short.
        cluster.eachWrite = [&] {
            auto runs = cluster.runs();
            if (seen || runs.empty() ||
                stringAt(runs[0], "/status/phase").value_or("Pending") != phase) {
                return;
            }
            seen = true;
            cluster.unreachableUntil = cluster.clock.wall() + 60s;
        };
        cluster.drive();
        EXPECT_TRUE(seen) << phase << " was never seen";
        expectHitOnce(cluster, GetParam(), std::string("an outage in ") + phase);
    }
}

// A recovery that nobody could see is not timed by when the server answered again.
TEST(Outage, WhatHappenedMeanwhileHasTwoBounds) {
    Cluster cluster;
    prepare(cluster, faultCase("PodKill"));
    cluster.driveUntil([&] { return cluster.podDeletes() == 1; });
    cluster.unreachableUntil = cluster.clock.wall() + 20s;
    cluster.drive();
    auto run = cluster.runs()[0];
    ASSERT_EQ(base::arrayAt(run, "/status/gaps").size(), 1U) << base::dumpJsonPretty(run);
    EXPECT_EQ(stringAt(run, "/status/measurements/bounds/0/measure"),
              "wholeAfterDeleteMilliseconds");
    EXPECT_LT(base::intAt(run, "/status/measurements/bounds/0/atLeastMilliseconds"), 3000);
    EXPECT_GE(base::intAt(run, "/status/measurements/wholeAfterDeleteMilliseconds"), 20'000);
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << "within a minute in any case";
}

// One look in a second, of a process that was there all the time, is no gap.
TEST(Outage, NothingIsUncertainWithoutAny) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutage"));
    cluster.drive();
    EXPECT_TRUE(base::arrayAt(cluster.runs()[0], "/status/gaps").empty());
}

INSTANTIATE_TEST_SUITE_P(All, Interrupted, ::testing::ValuesIn(chaos::fake::faultCases()),
                         chaos::fake::nameOfCase);

}  // namespace
