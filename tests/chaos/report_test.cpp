// Reports, and the statistics over several runs.
#include "chaos/report/report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "chaos/kinds.h"
#include "chaos/report/series.h"
#include "chaos/report/statistics.h"
#include "chaos/support/cluster.h"
#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using base::Json;

Json zoneOutage() {
    fake::Cluster cluster;
    cluster.addApp("shop", 6, true);
    cluster.addBudget("shop", 3);
    cluster.traffic = [](probe::Second& second) {
        if (second.second >= 13 && second.second < 15) {
            fake::fail(second, 12, probe::Outcome::Connect);
            second.firstErrorMs = second.second * 1000 + 200;
            second.lastErrorMs = second.second * 1000 + 900;
        }
    };
    cluster.experiment(
        "zone", {{"app", "shop"},
                 {"target", {{"zone", "z2"}}},
                 {"fault", {{"type", "ZoneOutage"}, {"durationSeconds", 20}}},
                 {"load", {{"requestsPerSecond", 50}}},
                 {"safety", {{"maxTargets", 3}}},
                 {"expectations", {{"webErrorPercent", 0}, {"redundancyRestoredSeconds", 60}}}});
    cluster.drive();
    auto run = cluster.runs().at(0);
    auto status = run::parseStatus(run["status"]);
    status.measurements->views.push_back(
        {.name = "web-z2", .requests = 105, .failed = 77, .failedBefore = 1});
    run["status"] = run::toJson(status);
    return run;
}

// Left where REPORT_DIR says, for people and for the schema's check.
void keep(const std::string& name, const std::string& text) {
    std::ofstream(std::string(REPORT_DIR) + "/" + name) << text;
}

TEST(Report, OnePageHoldsEverythingAndFetchesNothing) {
    auto document = report::document(zoneOutage());
    auto page = report::html(document);
    keep("report.html", page);
    keep("report.json", base::dumpJsonPretty(document));
    for (const char* part :
         {"ZoneOutage of shop in z2", "<svg", "Prediction against observation", "class=\"bad\"",
          "class=\"fault\"", "taken back", "z3", "web-z2</td>"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    for (const char* outside : {"http://", "src=", "@import", "url("}) {
        auto found = page.find(outside);
        // The name space of SVG is a name, no address that is fetched; the target's own address is
        // part of nothing here.
        while (found != std::string::npos && page.compare(found, 18, "http://www.w3.org/") == 0) {
            found = page.find(outside, found + 1);
        }
        EXPECT_EQ(found, std::string::npos) << outside;
    }
    auto begin = page.find("id=\"report\">") + 12;
    auto embedded = base::parseJson(page.substr(begin, page.find("</script>", begin) - begin));
    ASSERT_TRUE(embedded);
    EXPECT_EQ(*embedded, document);
}

TEST(Report, OfASeriesHoldsEveryRunAndWhatTheyProveTogether) {
    fake::Cluster cluster;
    cluster.addApp("shop", 6, true);
    cluster.addBudget("shop", 3);
    cluster.experiment("kill", {{"app", "shop"},
                                {"runs", 2},
                                {"control", true},
                                {"fault", {{"type", "PodKill"}}},
                                {"load", {{"requestsPerSecond", 50}}},
                                {"expectations", {{"webErrorPercent", 1}}}});
    cluster.drive(6000);
    auto experiment = cluster.server->all(kChaosExperiments).at(0);
    experiment["status"]["regression"] = {{"verdict", "Same"}, {"message", "2 of 2, as before"}};
    auto document = report::seriesDocument(experiment, cluster.runs());
    keep("series.json", base::dumpJsonPretty(document));
    EXPECT_EQ(document["schema"], "scalableapp.dev/chaos-series/v1");
    ASSERT_EQ(document["runs"].size(), 3U);
    EXPECT_EQ(document["runs"][0]["name"], "kill-1-r0") << "the control run";
    EXPECT_EQ(document["statistics"]["judged"], 2);
    EXPECT_EQ(document["regression"]["verdict"], "Same");
}

TEST(Report, RunsThatWereNeverWholeAreNotLeftOutOfTheSeriesWords) {
    auto run = [](int64_t ordinal, std::optional<int64_t> took) {
        Json out{{"metadata", {{"name", "kill-1-" + std::to_string(ordinal)}}},
                 {"spec", {{"generation", 1}, {"ordinal", ordinal}}},
                 {"status", {{"verdict", took ? "Resilient" : "Degraded"}}}};
        if (took) {
            out["status"]["measurements"]["wholeAfterDeleteMilliseconds"] = *took;
        }
        return out;
    };
    const Json experiment{{"metadata", {{"name", "kill"}, {"generation", 1}}}};
    auto said = [&](const std::vector<Json>& runs) {
        return report::seriesText(report::seriesDocument(experiment, runs));
    };
    EXPECT_NE(said({run(1, 2000), run(2, 3000)}).find("3.0 s at most\n"), std::string::npos);
    auto text = said({run(1, 2000), run(2, std::nullopt), run(3, 3000)});
    EXPECT_NE(text.find("3.0 s at most, of the 2 that were: 1 were not while they were watched"),
              std::string::npos)
        << text;
}

TEST(Report, WhatPeopleWroteCannotBreakThePage) {
    auto run = zoneOutage();
    run["status"]["reasons"][0] = "</script><script>alert(1)</script>\x01";
    run["metadata"]["name"] = "<b>\"&'";
    auto document = report::document(run);
    auto page = report::html(document);
    EXPECT_EQ(page.find("<script>alert"), std::string::npos);
    EXPECT_EQ(page.find("<b>\"&"), std::string::npos);
    EXPECT_EQ(report::junit({document}).find('\x01'), std::string::npos);
}

TEST(Report, ForABuildServerInconclusiveIsNoPass) {
    auto document = report::document(zoneOutage());
    document["verdict"] = "Failed";
    document["reasons"] = {"webErrorPercent 0 is broken during the fault: 3 %",
                           "redundancyRestoredSeconds 60 holds: ..."};
    auto text = report::junit({document});
    EXPECT_NE(text.find("tests=\"2\" failures=\"1\" errors=\"0\""), std::string::npos) << text;
    document["verdict"] = "Inconclusive";
    text = report::junit({document});
    EXPECT_NE(text.find("tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos) << text;
}

TEST(Report, ARunThatGoesOnHasOneToo) {
    Json run{{"metadata", {{"name", "x"}, {"namespace", "ns"}}}, {"spec", {{"app", "shop"}}}};
    auto document = report::document(run);
    EXPECT_EQ(document["verdict"], "Inconclusive");
    EXPECT_FALSE(report::html(document).empty());
    EXPECT_FALSE(report::text(document).empty());
}

TEST(Report, APictureOfWhatIsNoNumberLeavesItOut) {
    Json document{{"series",
                   {{"startedAt", "2026-11-21T17:00:00Z"},
                    {"stepSeconds", 1},
                    {"sent", {50, "x", nullptr}},
                    {"failed", {"x", 1}},
                    {"p50Microseconds", {900, Json::object()}},
                    {"p99Microseconds", {false, 2000}}}}};
    auto picture = report::timelinePicture(document);
    EXPECT_NE(picture.find("class=\"good\""), std::string::npos) << picture;
    EXPECT_NE(picture.find("class=\"blind\""), std::string::npos) << picture;
    for (int step : {0, -1}) {
        document["series"]["stepSeconds"] = step;
        EXPECT_EQ(report::timelinePicture(document), "") << step;
    }
}

TEST(Statistics, TheBoundIsTheKnownOne) {
    // 1 - 0.05^(1/n) without a failure; two of Clopper and Pearson's own kind with some.
    EXPECT_NEAR(report::failureBound(0, 10), 0.2589, 0.0001);
    EXPECT_NEAR(report::failureBound(0, 59), 0.0495, 0.0001);
    EXPECT_NEAR(report::failureBound(1, 10), 0.3942, 0.0001);
    EXPECT_NEAR(report::failureBound(5, 10), 0.7776, 0.0001);
    EXPECT_EQ(report::failureBound(0, 0), 1);
    EXPECT_EQ(report::failureBound(3, 3), 1);
}

TEST(Statistics, MoreRunsNeverProveLess) {
    for (int64_t runs = 1; runs < 100; ++runs) {
        EXPECT_LT(report::failureBound(0, runs + 1), report::failureBound(0, runs));
        EXPECT_GT(report::failureBound(1, runs + 1), report::failureBound(0, runs + 1));
    }
}

TEST(Statistics, LeavesOutWhatProvesNothing) {
    auto run = [](const char* verdict, int64_t took, bool control = false) {
        return Json{
            {"spec", {{"withoutFault", control}}},
            {"status",
             {{"verdict", verdict}, {"measurements", {{"wholeAfterDeleteMilliseconds", took}}}}}};
    };
    auto all =
        report::statistics({run("Resilient", 1000), run("Resilient", 3000), run("Failed", 9000),
                            run("Inconclusive", 1), run("Resilient", 2, true)});
    EXPECT_EQ(all.judged, 3);
    EXPECT_EQ(all.resilient, 2);
    EXPECT_EQ(all.inconclusive, 1);
    EXPECT_EQ(all.p50Milliseconds, 3000);
    EXPECT_EQ(all.p95Milliseconds, 9000);
    EXPECT_EQ(all.maxMilliseconds, 9000);
}

TEST(Statistics, CountsThatContradictEachOtherAreMadeToFit) {
    constexpr auto kMost = std::numeric_limits<int64_t>::max();
    auto read = [](int64_t judged, int64_t resilient) {
        auto all = report::parseStatistics({{"judged", judged}, {"resilient", resilient}});
        return std::pair(all.judged, all.resilient);
    };
    EXPECT_EQ(read(7, 5), std::pair(int64_t{7}, int64_t{5}));
    EXPECT_EQ(read(7, kMost), std::pair(int64_t{7}, int64_t{7}));
    EXPECT_EQ(read(-1, -1), std::pair(int64_t{0}, int64_t{0}));
    // One run more than that is a number as well.
    EXPECT_LT(read(kMost, 0).first, kMost);
}

report::Statistics set(int64_t failed, int64_t judged, int64_t p50, int64_t p95) {
    report::Statistics out;
    out.judged = out.recovered = judged;
    out.resilient = judged - failed;
    out.p50Milliseconds = p50;
    out.p95Milliseconds = p95;
    return out;
}

TEST(Regression, IsWorseOnlyWhereChanceIsNoExcuse) {
    auto verdict = [](const report::Statistics& accepted, const report::Statistics& now) {
        return std::string(report::compare(accepted, now).verdict);
    };
    auto before = set(0, 20, 2000, 3000);
    EXPECT_EQ(verdict(before, set(0, 20, 2000, 3000)), "Same");
    EXPECT_EQ(verdict(before, set(1, 20, 2000, 3000)), "Same") << "one of twenty may be chance";
    EXPECT_EQ(verdict(before, set(5, 20, 2000, 3000)), "Worse");
    EXPECT_EQ(verdict(set(5, 20, 2000, 3000), before), "Better");
    EXPECT_EQ(verdict(before, set(0, 20, 3001, 4000)), "Worse");
    EXPECT_EQ(verdict(before, set(0, 20, 1000, 1900)), "Better");
    EXPECT_EQ(verdict(before, set(4, 4, 9000, 9000)), "Unknown") << "too few to say";
    EXPECT_EQ(verdict(set(0, 4, 1, 1), before), "Unknown");
}

TEST(Regression, TheExactTestIsTheKnownOne) {
    // The lady tasting tea, 3 of 4 right: 0.2429 (Fisher, "The design of experiments", 1935).
    EXPECT_NEAR(report::fisher(1, 4, 3, 4), 0.2429, 0.0001);
    EXPECT_NEAR(report::fisher(0, 4, 4, 4), 1.0 / 70, 0.0001);
    EXPECT_EQ(report::fisher(0, 10, 0, 10), 1);
}

}  // namespace
