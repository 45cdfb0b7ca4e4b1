// A ChaosSchedule against an API server in memory, and the process killed after each of its writes.
#include "chaos/schedule_reconciler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "chaos/kinds.h"
#include "chaos/support/cluster.h"

namespace {

using base::Json;
using base::stringAt;
using chaos::fake::Cluster;

Json hourly(const Json& more = Json::object()) {
    Json experiment{{"app", "shop"},
                    {"fault", {{"type", "PodKill"}}},
                    {"load", {{"requestsPerSecond", 50}}},
                    {"steadyState", {{"holdSeconds", 2}}},
                    {"expectations", {{"webErrorPercent", 1}}}};
    Json spec{{"schedule", "0 * * * *"}, {"experiment", experiment}};
    spec.update(more);
    return {
        {"metadata",
         {{"namespace", "ns"}, {"name", "hourly"}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
        {"spec", spec}};
}

Json conditionOf(const Cluster& cluster) {
    return cluster.server->all(chaos::kChaosSchedules)[0]["status"]["conditions"][0];
}

class Scheduled : public testing::Test {
  protected:
    void start(const Json& object) {
        cluster.addApp("shop", 3, true);
        cluster.server->put(chaos::kChaosSchedules, object);
    }
    Cluster cluster;
};

TEST_F(Scheduled, RunsWhenItIsTimeAndCarriesTheTemplate) {
    start(hourly());
    cluster.drive(3);
    EXPECT_TRUE(cluster.runs().empty()) << "it is not time yet";
    cluster.clock.advance(std::chrono::minutes(61));
    cluster.drive();
    ASSERT_EQ(cluster.runs().size(), 1U);
    auto run = cluster.runs()[0];
    EXPECT_EQ(stringAt(run, "/metadata/name"), "hourly-29453820");
    EXPECT_EQ(stringAt(run, "/metadata/ownerReferences/0/kind"), "ChaosSchedule");
    EXPECT_EQ(stringAt(run, "/spec/scheduledAt"), "2026-01-01T01:00:00Z");
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
    cluster.drive(2);
    auto schedule = cluster.server->all(chaos::kChaosSchedules)[0];
    EXPECT_EQ(stringAt(schedule, "/status/lastScheduleTime"), "2026-01-01T01:00:00Z");
    EXPECT_EQ(stringAt(schedule, "/status/lastVerdict"), "Resilient");
}

TEST_F(Scheduled, WhatCannotBeScheduledSaysWhy) {
    start(hourly({{"schedule", "0 0 31 2 *"}}));
    cluster.drive(2);
    EXPECT_EQ(conditionOf(cluster)["reason"], "NeverFires");
    cluster.server->edit(chaos::kChaosSchedules, {"ns", "hourly"},
                         [](Json& one) { one["spec"]["schedule"] = "61 * * * *"; });
    cluster.drive(2);
    EXPECT_EQ(conditionOf(cluster)["reason"], "InvalidSchedule");
    cluster.server->edit(chaos::kChaosSchedules, {"ns", "hourly"}, [](Json& one) {
        one["spec"]["schedule"] = "1 * * * *";
        one["spec"]["timeZone"] = "Mars/Olympus";
    });
    cluster.drive(2);
    EXPECT_EQ(conditionOf(cluster)["reason"], "UnknownTimeZone");
}

TEST_F(Scheduled, WhatPassesIsCountedByReasonAndOnce) {
    start(hourly({{"suspend", true}}));
    cluster.drive(2);
    auto missed = [&](const char* reason, int count) {
        auto line =
            std::string("scalableapp_chaos_schedule_missed_total{namespace=\"ns\",reason=\"") +
            reason + "\",schedule=\"hourly\"} " + std::to_string(count) + "\n";
        return cluster.metrics.text().find(line) != std::string::npos;
    };
    EXPECT_TRUE(missed("Suspended", 0) && missed("TooLate", 0)) << "from nought";
    cluster.clock.advance(std::chrono::minutes(61));
    cluster.drive(5);
    EXPECT_TRUE(missed("Suspended", 1)) << cluster.metrics.text();
    EXPECT_TRUE(missed("TooLate", 0) && missed("Overtaken", 0));
}

TEST_F(Scheduled, ARunThatGoesOnIsToldOnce) {
    start(hourly());
    cluster.clock.advance(std::chrono::minutes(61));
    cluster.drive(5);
    cluster.server->edit(chaos::kChaosRuns, {"ns", "hourly-29453820"}, [](Json& run) {
        run["metadata"]["annotations"][chaos::kPauseAnnotation] = "true";
    });
    cluster.clock.advance(std::chrono::minutes(60));
    cluster.drive(20);
    auto told = std::count_if(cluster.events.begin(), cluster.events.end(),
                              [](const auto& event) { return event.reason == "RunActive"; });
    EXPECT_EQ(told, 1);
    EXPECT_EQ(conditionOf(cluster)["reason"], "RunActive");
}

TEST_F(Scheduled, WhatBelongsToAnExperimentIsRefused) {
    auto series = hourly();
    series["spec"]["experiment"]["runs"] = 5;
    start(series);
    cluster.drive(2);
    EXPECT_EQ(conditionOf(cluster)["reason"], "InvalidSchedule");
    EXPECT_NE(
        conditionOf(cluster)["message"].get<std::string>().find("put them into a ChaosExperiment"),
        std::string::npos);
}

TEST_F(Scheduled, HistoryIsPruned) {
    start(hourly({{"successfulRunsHistoryLimit", 2}}));
    for (int hour = 0; hour < 4; ++hour) {
        cluster.clock.advance(std::chrono::minutes(60));
        cluster.drive();
    }
    cluster.drive(3);
    EXPECT_EQ(cluster.runs().size(), 2U);
    EXPECT_EQ(cluster.podDeletes(), 4U);
}

TEST_F(Scheduled, OnceEachHourWhateverWriteTheProcessDiesAfter) {
    for (int k = 0; k < 12; ++k) {
        Cluster one;
        one.addApp("shop", 3, true);
        one.server->put(chaos::kChaosSchedules, hourly());
        one.crashAfterWrite = k;
        for (int hour = 0; hour < 2; ++hour) {
            one.clock.advance(std::chrono::minutes(60));
            one.drive();
        }
        EXPECT_EQ(one.runs().size(), 2U) << k;
        EXPECT_LE(one.podDeletes(), 2U) << k;
    }
}

}  // namespace
