// `kubectl scalableapp chaos` against the chaos controller and an API server in memory: while a
// command waits, the cluster goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/support/cases.h"
#include "chaos/support/cluster.h"
#include "chaos/support/samples.h"
#include "cli/chaos_objects.h"
#include "cli/chaos_run.h"

namespace {

using base::Json;
using chaos::fake::Cluster;
using testing::HasSubstr;
using testing::Not;

Json podKill(const Json& more = Json::object()) {
    Json spec{{"app", "shop"},
              {"fault", {{"type", "PodKill"}}},
              {"load", {{"requestsPerSecond", 50}}},
              {"steadyState", {{"holdSeconds", 2}}},
              {"expectations", {{"webErrorPercent", 1}, {"redundancyRestoredSeconds", 60}}}};
    spec.update(more);
    return {{"apiVersion", "scalableapp.dev/v1alpha1"},
            {"kind", "ChaosExperiment"},
            {"metadata", {{"name", "kill"}}},
            {"spec", spec}};
}

class ChaosCli : public testing::Test {
  protected:
    ChaosCli() { cluster.addApp("shop", 3, true); }

    // Answers the exit code; what was said is in `out` and `err`.
    int call(const std::function<int()>& command) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        int code = command();
        out = testing::internal::GetCapturedStdout();
        err = testing::internal::GetCapturedStderr();
        return code;
    }
    int run(const Json& experiment, const std::string& output = "text") {
        globals.output = output;
        return call([&] { return cli::runExperiment(on, experiment, globals, false); });
    }

    Cluster cluster;
    kube::Client client{cluster.server,
                        {.fieldManager = "kubectl-scalableapp", .mayWrite = {}, .observe = {}}};
    cli::Globals globals;
    cli::ChaosCluster on{client, "ns", [this] { cluster.drive(1); }};
    std::string out;
    std::string err;
};

TEST_F(ChaosCli, RunsItAnewEachTimeItIsCalled) {
    EXPECT_EQ(run(podKill()), 0) << out << err;
    EXPECT_THAT(out, HasSubstr("run kill-1: Resilient"));
    EXPECT_THAT(out, HasSubstr("struck shop-web-"));
    EXPECT_EQ(cluster.podDeletes(), 1U);
    EXPECT_EQ(run(podKill()), 0) << out << err;
    EXPECT_THAT(out, HasSubstr("run kill-2: Resilient"));
    EXPECT_EQ(cluster.podDeletes(), 2U) << "the same file, another run";
}

TEST_F(ChaosCli, ARerunIsJudgedByItsOwnVerdict) {
    ASSERT_EQ(run(podKill()), 0);
    cluster.traffic = [](chaos::probe::Second& second) {
        chaos::fake::fail(second, 10, chaos::probe::Outcome::Connect);
    };
    EXPECT_EQ(run(podKill()), 1);
    EXPECT_THAT(out, HasSubstr("run kill-2: Inconclusive (SteadyStateNotMet)"));
}

TEST_F(ChaosCli, WaitsThroughTheControlRunAndJudgesEachOne) {
    EXPECT_EQ(run(podKill({{"runs", 2}, {"control", true}})), 0) << out << err;
    for (const char* told : {"control run: kill-1-r0", "run 1 of 2: kill-1",
                             "run 2 of 2: kill-1-r2", "2 of 2 judged runs were Resilient"}) {
        EXPECT_THAT(out, HasSubstr(told));
    }
    EXPECT_EQ(cluster.runs().size(), 3U);
}

TEST_F(ChaosCli, OneRunOfSeveralThatIsNotResilientIsEnough) {
    cluster.traffic = [&](chaos::probe::Second& second) {
        if (cluster.podDeletes() == 1) {
            chaos::fake::fail(second, 10, chaos::probe::Outcome::Connect);
        }
    };
    EXPECT_EQ(run(podKill({{"runs", 2}}), "json"), 1);
    auto document = base::parseJson(out);
    ASSERT_TRUE(document) << out;
    ASSERT_EQ((*document)["runs"].size(), 2U);
    EXPECT_EQ((*document)["runs"][0]["verdict"], "Failed");
}

TEST_F(ChaosCli, WithoutAControllerItSaysSo) {
    on.pause = [] {};
    EXPECT_EQ(run(podKill()), 1);
    EXPECT_THAT(err, HasSubstr("is the chaos controller installed"));
}

TEST_F(ChaosCli, WhoeverIsOvertakenIsTold) {
    auto start = on.pause;
    int looks = 0;
    on.pause = [&] {
        if (++looks == 5) {
            cluster.server->edit(chaos::kChaosExperiments, {"ns", "kill"}, [](Json& one) {
                one["spec"]["runToken"] = "of somebody else";
                one["metadata"]["generation"] = 2;
            });
        }
        start();
    };
    EXPECT_EQ(run(podKill({{"runs", 2}})), 1);
    EXPECT_THAT(err,
                HasSubstr("no ChaosRun kill-1-r2: the experiment was changed or started again"));
    EXPECT_THAT(out, HasSubstr("run 1 of 2: kill-1"));
}

TEST_F(ChaosCli, ARunOfSomebodyElseIsNotTakenForItsOwn) {
    cluster.server->put(chaos::kChaosRuns,
                        {{"metadata", {{"namespace", "ns"}, {"name", "kill-1"}}},
                         {"spec", podKill()["spec"]},
                         {"status", {{"phase", "Done"}, {"verdict", "Resilient"}}}});
    EXPECT_EQ(run(podKill()), 1) << out;
    EXPECT_THAT(err, HasSubstr("kubectl delete chaosrun kill-1"));
}

TEST_F(ChaosCli, ARunThatWasDeletedIsNotWaitedFor) {
    auto start = on.pause;
    int looks = 0;
    on.pause = [&] {
        if (++looks == 5) {
            cluster.server->drop(chaos::kChaosRuns, {"ns", "kill-1"});
        }
        start();
    };
    EXPECT_EQ(run(podKill({{"runs", 2}})), 1);
    EXPECT_THAT(err, HasSubstr("there is no ChaosRun ns/kill-1"));
}

TEST_F(ChaosCli, AnAbortEndsTheRunWithItsReason) {
    cluster.experiment("kill", podKill()["spec"]);
    cluster.drive(5);
    EXPECT_EQ(call([&] { return cli::abortOne(on, "kill-1", "enough", "text"); }), 0);
    EXPECT_THAT(out, HasSubstr("run ns/kill-1: asked to end"));
    cluster.drive();
    EXPECT_EQ(base::textAt(cluster.runs()[0], "/status/reason"), "Aborted");
    EXPECT_THAT(base::textAt(cluster.runs()[0], "/status/reasons/0"), HasSubstr("enough"));
    EXPECT_EQ(call([&] { return cli::abortOne(on, "kill-7", "enough", "text"); }), 1);
    EXPECT_THAT(err, HasSubstr("there is no ChaosRun ns/kill-7"));
}

TEST_F(ChaosCli, AbortingEverythingWaitsForWhoHasTheSwitches) {
    Cluster nodes;
    prepare(nodes, chaos::fake::faultCase("NodeStop"));
    nodes.driveUntil([&] { return !nodes.power.off.empty(); });
    kube::Client person{nodes.server,
                        {.fieldManager = "kubectl-scalableapp", .mayWrite = {}, .observe = {}}};
    int turns = 0;
    cli::ChaosCluster all{person, "ns", [&] { ++turns; }};
    EXPECT_EQ(call([&] { return cli::abortAll(all, "enough", "text"); }), 1);
    EXPECT_GE(turns, 10) << "the controller had its turns, and was not there";
    EXPECT_THAT(err, HasSubstr("left: node node-"));
    EXPECT_THAT(err, HasSubstr("--power-command"));

    nodes.forbidden = "/chaosruns";
    EXPECT_EQ(call([&] { return cli::abortAll(all, "enough", "text"); }), 1);
    EXPECT_THAT(err, HasSubstr("left: node node-")) << "marks are found without the runs";
    nodes.forbidden.clear();

    all.pause = [&] { nodes.drive(1); };
    EXPECT_EQ(call([&] { return cli::abortAll(all, "enough", "text"); }), 0) << err;
    EXPECT_THAT(err, Not(HasSubstr("left: ")));
    EXPECT_TRUE(nodes.power.off.empty());
    nodes.drive();
    EXPECT_THAT(nodes.leftovers(), testing::IsEmpty());
}

TEST_F(ChaosCli, AcceptedIsWhatLaterGenerationsAreComparedWith) {
    cluster.experiment("kill", podKill()["spec"]);
    EXPECT_EQ(call([&] { return cli::acceptStatistics(on, "kill", "text"); }), 1);
    EXPECT_THAT(err, HasSubstr("has no judged run to accept"));
    cluster.drive();
    EXPECT_EQ(call([&] { return cli::acceptStatistics(on, "kill", "text"); }), 0) << err;
    EXPECT_THAT(out, HasSubstr("accepted: 1 runs of generation 1"));
    EXPECT_EQ(run(podKill()), 0) << out << err;
    auto experiment = cluster.server->all(chaos::kChaosExperiments)[0];
    EXPECT_EQ(base::intAt(experiment, "/status/accepted/generation"), 1);
    EXPECT_EQ(base::textAt(experiment, "/status/regression/verdict"), "Unknown");
}

TEST_F(ChaosCli, TheRunsOfAScheduleAreAcceptedUntilNow) {
    Json spec{{"schedule", "0 * * * *"}, {"experiment", podKill()["spec"]}};
    cluster.server->put(
        chaos::kChaosSchedules,
        {{"metadata",
          {{"namespace", "ns"}, {"name", "hourly"}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
         {"spec", spec}});
    cluster.drive(3);
    EXPECT_EQ(call([&] { return cli::acceptSchedule(on, "hourly", "text"); }), 1);
    EXPECT_THAT(err, HasSubstr("ChaosSchedule ns/hourly has no judged run to accept"));
    cluster.clock.advance(std::chrono::minutes(61));
    cluster.drive();
    cluster.drive(2);
    EXPECT_EQ(call([&] { return cli::acceptSchedule(on, "hourly", "text"); }), 0) << err;
    EXPECT_THAT(out, HasSubstr("accepted: 1 runs until 20"));
    cluster.drive(2);
    auto schedule = cluster.server->all(chaos::kChaosSchedules)[0];
    EXPECT_EQ(base::intAt(schedule, "/status/accepted/resilient"), 1);
    EXPECT_EQ(base::textAt(schedule, "/status/regression/verdict"), "Unknown");
}

TEST_F(ChaosCli, OneFileIsOfAllRunsOfAnExperiment) {
    ASSERT_EQ(run(podKill()), 0);
    ASSERT_EQ(run(podKill({{"runs", 2}})), 0);
    EXPECT_EQ(call([&] { return cli::reportSeries(on, "kill", "junit"); }), 0);
    EXPECT_THAT(out, HasSubstr("<testsuite name=\"ns/kill-2\""));
    EXPECT_THAT(out, HasSubstr("<testsuite name=\"ns/kill-2-r2\""));
    EXPECT_THAT(out, Not(HasSubstr("ns/kill-1\""))) << "of a generation before";
    EXPECT_EQ(call([&] { return cli::reportSeries(on, "kill", "text"); }), 0);
    EXPECT_THAT(out, HasSubstr("2 of 2 judged runs were Resilient; at most 77.7 % of such runs"));
    EXPECT_EQ(call([&] { return cli::reportSeries(on, "none", "text"); }), 1);
}

}  // namespace
