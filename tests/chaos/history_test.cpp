// What the runs of a schedule prove together, though not all of them are kept.
#include "chaos/report/history.h"

#include <gtest/gtest.h>

#include "chaos/kinds.h"

namespace {

using base::Json;
using namespace chaos;

Json ended(int day, const char* verdict, int64_t took = 3000) {
    auto date = (day < 10 ? "2026-01-0" : "2026-01-") + std::to_string(day) + "T11:00:00.000000Z";
    return {{"metadata", {{"name", "n-" + std::to_string(day)}}},
            {"status",
             {{"verdict", verdict},
              {"completedAt", date},
              {"measurements", {{"wholeAfterDeleteMilliseconds", took}}}}}};
}

std::vector<std::string> names(const std::vector<Json>& runs) {
    std::vector<std::string> out;
    for (const auto& run : runs) {
        out.push_back(base::textAt(run, "/metadata/name"));
    }
    return out;
}

TEST(History, OnlyTheTimeOfWhichEveryRunIsThereCounts) {
    // Three Resilient ones are kept: those before the fourth may be gone.
    std::vector<Json> runs{ended(1, "Failed"),    ended(3, "Failed"), ended(4, "Resilient"),
                           ended(5, "Resilient"), ended(6, "Failed"), ended(7, "Resilient")};
    EXPECT_EQ(names(report::complete(runs, 3, 10)),
              (std::vector<std::string>{"n-4", "n-5", "n-6", "n-7"}));
    EXPECT_EQ(report::complete(runs, 10, 10).size(), 6U);
    EXPECT_TRUE(report::complete(runs, 10, 0).empty()) << "who failed is not known";
    runs.push_back({{"metadata", {{"name", "on"}}}, {"status", {{"phase", "Observing"}}}});
    EXPECT_EQ(report::complete(runs, 10, 10).size(), 6U);
}

TEST(History, LaterRunsAreHeldAgainstThoseThatWereAccepted) {
    Json schedule{{"metadata", {{"name", "daily"}}},
                  {"spec", {{"successfulRunsHistoryLimit", 50}, {"failedRunsHistoryLimit", 50}}}};
    std::vector<Json> runs;
    for (int day = 1; day <= 6; ++day) {
        runs.push_back(ended(day, "Resilient"));
    }
    Json status = Json::object();
    report::addHistory(schedule, runs, status);
    EXPECT_EQ(status["statistics"]["judged"], 6);
    EXPECT_FALSE(status.contains("accepted") || status.contains("regression"));

    schedule["metadata"]["annotations"][kAcceptAnnotation] = "2026-01-06T12:00:00Z";
    report::addHistory(schedule, runs, status);
    EXPECT_EQ(status["accepted"]["resilient"], 6);
    EXPECT_EQ(status["regression"]["verdict"], "Unknown");

    schedule["status"] = status;
    for (int day = 7; day <= 12; ++day) {
        runs.push_back(ended(day, "Failed"));
    }
    report::addHistory(schedule, runs, status);
    EXPECT_EQ(status["statistics"]["judged"], 12);
    EXPECT_EQ(status["accepted"]["judged"], 6) << "what was accepted stays";
    EXPECT_EQ(status["regression"]["verdict"], "Worse");
}

TEST(History, WhatIsNoTimeAcceptsNothing) {
    Json schedule{{"metadata", {{"annotations", {{kAcceptAnnotation, "yes"}}}}}};
    Json status = Json::object();
    report::addHistory(schedule, {ended(1, "Resilient")}, status);
    EXPECT_FALSE(status.contains("accepted"));
}

}  // namespace
