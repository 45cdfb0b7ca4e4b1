// When the runs of an experiment end before the last one, and what holds runs back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/support/cases.h"
#include "chaos/support/samples.h"

namespace {

using base::Json;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::faultCase;
using chaos::fake::prepare;

Json conditionOfExperiment(const Cluster& cluster) {
    return cluster.server->all(chaos::kChaosExperiments).at(0)["status"]["conditions"][0];
}

// An experiment of twenty runs, of which the first goes on.
void prepareSeries(Cluster& cluster, const char* fault) {
    auto one = faultCase(fault);
    one.spec["runs"] = 20;
    prepare(cluster, one);
}

void abortRun(Cluster& cluster, const std::string& name) {
    cluster.server->edit(chaos::kChaosRuns, {"ns", name}, [](Json& run) {
        run["metadata"]["annotations"][chaos::kAbortAnnotation] = "enough";
    });
}

void expectEnded(const Cluster& cluster, const char* reason, const std::string& says) {
    auto condition = conditionOfExperiment(cluster);
    EXPECT_EQ(condition["status"], "True") << base::dumpJson(condition);
    EXPECT_EQ(condition["reason"], reason);
    auto message = condition["message"].get<std::string>();
    EXPECT_NE(message.find(says), std::string::npos) << message;
    EXPECT_NE(message.find("kubectl scalableapp chaos run"), std::string::npos) << message;
    auto told = std::count_if(cluster.events.begin(), cluster.events.end(), [&](const auto& one) {
        return one.regarding.kind == "ChaosExperiment" && one.reason == reason;
    });
    EXPECT_EQ(told, 1) << "once is enough";
}

class Aborted : public ::testing::TestWithParam<const char*> {};

TEST_P(Aborted, ARunEndsItsSeriesInAnyPhase) {
    Cluster cluster;
    prepareSeries(cluster, "ZoneOutage");
    cluster.driveUntil([&] {
        return !cluster.runs().empty() &&
               stringAt(cluster.runs()[0], "/status/phase").value_or("Pending") == GetParam();
    });
    abortRun(cluster, "try-1");
    cluster.drive();
    cluster.drive(10);
    EXPECT_EQ(cluster.runs().size(), 1U);
    expectEnded(cluster, "Aborted", "19 more runs");
}

INSTANTIATE_TEST_SUITE_P(Phases, Aborted,
                         ::testing::Values("SteadyState", "Observing", "Reverting", "Verifying"));

TEST(Series, EndsWithARunDuringWhichTheApplicationWasChanged) {
    for (const char* phase : {"Observing", "Verifying"}) {
        Cluster cluster;
        prepareSeries(cluster, "ZoneOutage");
        cluster.driveUntil([&] {
            return !cluster.runs().empty() &&
                   stringAt(cluster.runs()[0], "/status/phase").value_or("Pending") == phase;
        });
        cluster.server->edit(chaos::kScalableApps, {"ns", "shop"},
                             [](Json& app) { app["spec"]["web"]["image"] = "shop:2"; });
        cluster.drive();
        cluster.drive(10);
        ASSERT_EQ(cluster.runs().size(), 1U);
        auto run = cluster.runs()[0];
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << phase;
        EXPECT_EQ(stringAt(run, "/status/reason"), "AppChanged") << phase;
        EXPECT_TRUE(cluster.leftovers().empty());
        expectEnded(cluster, "Aborted", "was changed during the run");
    }
}

TEST(Series, ThatWasAbortedStartsAnewWithAnotherSpec) {
    Cluster cluster;
    prepareSeries(cluster, "PodKill");
    cluster.drive(3);
    abortRun(cluster, "try-1");
    cluster.drive();
    cluster.server->edit(chaos::kChaosExperiments, {"ns", "try"}, [](Json& one) {
        one["spec"]["runs"] = 2;
        one["metadata"]["generation"] = 2;
    });
    cluster.drive(6000);
    EXPECT_EQ(cluster.runs().size(), 3U);
    EXPECT_EQ(conditionOfExperiment(cluster)["reason"], "AllHold");
}

TEST(Series, EndsWithARunInWhichVisitorsSufferedTooMuch) {
    Cluster cluster;
    auto one = faultCase("ZoneOutage");
    one.spec["runs"] = 20;
    one.spec["safety"]["abortErrorPercent"] = 20;
    one.spec["fault"]["durationSeconds"] = 40;
    prepare(cluster, one);
    cluster.traffic = [&](chaos::probe::Second& second) {
        if (cluster.leftovers().size() > 1) {
            chaos::fake::fail(second, 25, chaos::probe::Outcome::Status5xx);
        }
    };
    cluster.drive();
    cluster.drive(10);
    EXPECT_EQ(cluster.runs().size(), 1U);
    expectEnded(cluster, "Aborted", "abortErrorPercent");
}

TEST(Series, EndsWithAControlRunThatFailsWithoutAnyFault) {
    Cluster cluster;
    auto one = faultCase("PodKill");
    one.spec["runs"] = 3;
    one.spec["control"] = true;
    one.spec["steadyState"]["webErrorPercent"] = 20;
    prepare(cluster, one);
    cluster.traffic = [](chaos::probe::Second& second) {
        chaos::fake::fail(second, 5, chaos::probe::Outcome::Status5xx);
    };
    cluster.drive();
    cluster.drive(10);
    ASSERT_EQ(cluster.runs().size(), 1U) << base::dumpJsonPretty(cluster.runs()[1]);
    EXPECT_EQ(cluster.podDeletes(), 0U);
    expectEnded(cluster, "ControlFailed", "without any fault");
}

TEST(Series, OfEarlierGenerationsOnlyTheLatestRunsAreKept) {
    Cluster cluster;
    auto one = faultCase("PodKill");
    one.spec["runs"] = 2;
    one.spec["runsHistoryLimit"] = 1;
    prepare(cluster, one);
    for (int generation = 2; generation <= 3; ++generation) {
        cluster.drive(6000);
        cluster.server->edit(chaos::kChaosExperiments, {"ns", "try"}, [&](Json& experiment) {
            experiment["spec"]["runToken"] = std::to_string(generation);
            experiment["metadata"]["generation"] = generation;
        });
    }
    cluster.driveUntil([&] { return conditionOfExperiment(cluster)["observedGeneration"] == 3; });
    cluster.drive(6000);
    std::vector<std::string> names;
    for (const auto& run : cluster.runs()) {
        names.push_back(*stringAt(run, "/metadata/name"));
        EXPECT_EQ(base::at(run, "/spec/runsHistoryLimit"), nullptr) << "not a run's field";
    }
    EXPECT_EQ(names, (std::vector<std::string>{"try-2-r2", "try-3", "try-3-r2"}));
}

// --- `chaos abort --all`

chaos::Paused pauseAll(Cluster& cluster) {
    kube::Client client(cluster.server, {.fieldManager = "cli", .mayWrite = {}, .observe = {}});
    return chaos::pauseAll(client, {});
}

void goOn(Cluster& cluster, const kube::ResourceType& type, const std::string& name) {
    cluster.server->edit(type, {"ns", name}, [](Json& one) {
        one["metadata"]["annotations"].erase(chaos::kPauseAnnotation);
    });
}

TEST(PauseAll, BetweenTwoRunsOfASeriesHoldsTheNextOneBack) {
    Cluster cluster;
    auto one = faultCase("PodKill");
    one.spec["runs"] = 2;
    prepare(cluster, one);
    cluster.driveUntil([&] {
        return !cluster.runs().empty() && stringAt(cluster.runs()[0], "/status/phase") == "Done";
    });
    auto paused = pauseAll(cluster);
    ASSERT_EQ(paused.done.size(), 1U);
    EXPECT_NE(paused.done[0].find("chaosexperiments/try"), std::string::npos) << paused.done[0];
    EXPECT_TRUE(pauseAll(cluster).done.empty()) << "it is paused already";
    cluster.drive();
    cluster.drive(10);
    EXPECT_EQ(cluster.runs().size(), 1U);
    EXPECT_EQ(conditionOfExperiment(cluster)["reason"], "Paused");
    goOn(cluster, chaos::kChaosExperiments, "try");
    cluster.drive();
    cluster.drive();
    EXPECT_EQ(cluster.runs().size(), 2U);
}

TEST(PauseAll, AnExperimentThatHasNotBegunWaitsAndOneThatIsOverIsLeftAlone) {
    Cluster cluster;
    prepare(cluster, faultCase("PodKill"));
    EXPECT_EQ(pauseAll(cluster).done.size(), 1U);
    cluster.drive(10);
    EXPECT_TRUE(cluster.runs().empty());
    EXPECT_EQ(conditionOfExperiment(cluster)["reason"], "Paused");
    goOn(cluster, chaos::kChaosExperiments, "try");
    cluster.drive();
    cluster.drive(2);
    EXPECT_EQ(cluster.runs().size(), 1U);
    EXPECT_TRUE(pauseAll(cluster).done.empty());
}

TEST(PauseAll, ASchedulesTimesPassUntilPeopleLetItGoOn) {
    Cluster cluster;
    cluster.addApp("shop", 6, true);
    auto template_ = faultCase("PodKill").spec;
    cluster.server->put(
        chaos::kChaosSchedules,
        {{"metadata",
          {{"namespace", "ns"}, {"name", "hourly"}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
         {"spec", {{"schedule", "0 * * * *"}, {"experiment", template_}}}});
    cluster.drive(2);
    EXPECT_EQ(pauseAll(cluster).done.size(), 1U);
    auto hours = [&](int count) {
        for (int i = 0; i < count; ++i) {
            cluster.clock.advance(std::chrono::minutes(60));
            cluster.drive();
            cluster.drive(2);
        }
    };
    hours(3);
    EXPECT_TRUE(cluster.runs().empty());
    auto schedule = cluster.server->all(chaos::kChaosSchedules)[0];
    EXPECT_EQ(stringAt(schedule, "/status/conditions/0/reason"), "Paused");
    goOn(cluster, chaos::kChaosSchedules, "hourly");
    cluster.drive(2);
    EXPECT_TRUE(cluster.runs().empty()) << "what passed is not made up for";
    hours(1);
    EXPECT_EQ(cluster.runs().size(), 1U);
}

}  // namespace
