// A run while the leader changes, and while nobody reaches the API server: the same rules as after
// a crash. Nothing is hit twice, nothing is left, and no verdict is better than the truth.
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cluster.h"

namespace {

using namespace std::chrono_literals;
using base::Json;
using base::stringAt;
using chaos::fake::Cluster;

struct Outage {
    const char* name;
    Json fault;
    Json target;
    size_t dies;
    int off;
    int restarts;
};

std::vector<Outage> outages() {
    Json none = Json::object();
    Json zone{{"zone", "z2"}};
    return {{"PodKill", {{"type", "PodKill"}}, none, 1, 0, 0},
            {"ContainerKill", {{"type", "ContainerKill"}}, none, 0, 0, 1},
            {"NodeDrain", {{"type", "NodeDrain"}, {"durationSeconds", 6}}, none, 2, 0, 0},
            {"ZoneOutage", {{"type", "ZoneOutage"}, {"durationSeconds", 6}}, zone, 2, 0, 0},
            {"ZoneOutageByPower",
             {{"type", "ZoneOutage"}, {"method", "Power"}, {"durationSeconds", 6}},
             zone,
             0,
             1,
             0},
            {"NetworkPartition",
             {{"type", "NetworkPartition"}, {"durationSeconds", 6}},
             zone,
             0,
             0,
             0}};
}

void prepareOutage(Cluster& cluster, const Outage& one) {
    cluster.addApp("shop", 6, true);
    cluster.addBudget("shop", 3);
    cluster.experiment("try", {{"app", "shop"},
                               {"fault", one.fault},
                               {"target", one.target},
                               {"load", {{"requestsPerSecond", 50}}},
                               {"steadyState", {{"holdSeconds", 2}}},
                               {"safety", {{"maxTargets", 5}, {"maxTargetsPercent", 50}}},
                               {"expectations", {{"webErrorPercent", 1}}}});
}

void holds(const Cluster& cluster, const Outage& one, const std::string& when) {
    ASSERT_EQ(cluster.runs().size(), 1U) << when;
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/status/phase"), "Done") << when;
    EXPECT_LE(cluster.podDeletes(), one.dies) << when << ": hit twice";
    EXPECT_LE(cluster.power.switchedOff, one.off) << when << ": switched off twice";
    EXPECT_LE(cluster.restarts, one.restarts) << when << ": restarted twice";
    EXPECT_EQ(cluster.leftovers(), std::vector<std::string>()) << when << ": left behind";
    EXPECT_TRUE(base::arrayAt(run, "/metadata/finalizers").empty()) << when;
    if (stringAt(run, "/status/verdict") == "Resilient") {
        EXPECT_EQ(cluster.podDeletes(), one.dies) << when << ": no fault, and a pass";
        EXPECT_EQ(cluster.power.switchedOff, one.off) << when << ": no fault, and a pass";
        EXPECT_EQ(cluster.restarts, one.restarts) << when << ": no fault, and a pass";
    } else {
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << base::dumpJsonPretty(run);
    }
}

class Interrupted : public ::testing::TestWithParam<Outage> {};

TEST_P(Interrupted, TheLeaderChangesInTheMiddle) {
    Cluster calm;
    prepareOutage(calm, GetParam());
    calm.drive();
    // Of a partition that this cluster does not enforce, too, the truth is told: Inconclusive.
    auto undisturbed = stringAt(calm.runs()[0], "/status/verdict");
    int good = 0;
    int all = 0;
    for (int k = 1 + GetParam().restarts; k <= calm.writes; k += 3, ++all) {
        Cluster cluster;
        prepareOutage(cluster, GetParam());
        cluster.leaderChangesAfterWrite = k;
        cluster.drive();
        holds(cluster, GetParam(), "leader change after write " + std::to_string(k));
        good += stringAt(cluster.runs()[0], "/status/verdict") == undisturbed ? 1 : 0;
    }
    EXPECT_GT(good, all / 2) << "a new leader must not make every run worthless";
}

TEST_P(Interrupted, NobodyReachesTheServerForAMinuteInAnyPhase) {
    for (const char* phase : {"Pending", "Predicting", "SteadyState", "Injecting", "Observing",
                              "Reverting", "Verifying"}) {
        Cluster cluster;
        prepareOutage(cluster, GetParam());
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
        holds(cluster, GetParam(), std::string("an outage in ") + phase);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Interrupted, ::testing::ValuesIn(outages()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
