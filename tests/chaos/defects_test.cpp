// PlantedInRun defects: each must turn a verdict that would otherwise be Resilient (the table is in
// README.md). And the truth of the stopwatch: outages of known length, measured through recorder,
// log and window as in a run.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>

#include "chaos/faults/fault.h"
#include "chaos/probe/recorder.h"
#include "chaos/run/measure.h"
#include "chaos/run/scaling.h"
#include "chaos/support/world.h"
#include "chaos/verdict/verdict.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::World;
using run::Verdict;

struct Defect {
    const char* name;
    Verdict verdict;
    const char* reason;
    std::function<void(World&)> plant;
};

class PlantedInRun : public ::testing::TestWithParam<Defect> {};

TEST_P(PlantedInRun, TurnsTheVerdict) {
    World sound;
    sound.runToEnd();
    ASSERT_EQ(sound.run.status.verdict, Verdict::Resilient);
    World world;
    GetParam().plant(world);
    world.runToEnd();
    EXPECT_EQ(world.run.status.verdict, GetParam().verdict)
        << (world.run.status.reasons.empty() ? "" : world.run.status.reasons[0]);
    EXPECT_EQ(world.run.status.reason, GetParam().reason);
}

bool afterTheFault(const World& world) {
    return !world.killed.empty();
}

// The log is read in one go at the end: what a second is of is told by its own time.
bool duringTheFault(const probe::Second& second, const World& world) {
    const auto& status = world.run.status;
    auto begin = second.writtenAt - 2050ms;
    return status.intentAt && begin >= *status.intentAt - 2s &&
           (!status.wholeAt || begin + 1s <= *status.wholeAt + 2s);
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedInRun,
    ::testing::Values(Defect{"AFaultThatDidNothing", Verdict::Inconclusive, "TargetMissed",
                             [](World& w) {
                                 w.grace = 1h;
                                 w.run.spec.safety.abortAfterSeconds = 60;
                             }},
                      Defect{"TwoPercentDroppedSilently", Verdict::Degraded, "WebErrors",
                             [](World& w) {
                                 w.traffic = [](auto& second, const World& of) {
                                     if (duringTheFault(second, of)) {
                                         fake::fail(second, 1, probe::Outcome::Timeout);
                                     }
                                 };
                             }},
                      Defect{"ReadyButAnswers500", Verdict::Failed, "WebErrors",
                             [](World& w) {
                                 w.traffic = [](auto& second, const World& of) {
                                     if (afterTheFault(of)) {
                                         fake::fail(second, 17, probe::Outcome::Status5xx);
                                     }
                                 };
                             }},
                      Defect{"NoAnswerForTooLong", Verdict::Failed, "ReadOutage",
                             [](World& w) {
                                 w.run.spec.expectations.webErrorPercent = 100;
                                 w.run.spec.expectations.maxReadOutageSeconds = 2;
                                 w.traffic = [](auto& second, const World& of) {
                                     if (duringTheFault(second, of)) {
                                         second.gapMs = 2600;
                                     }
                                 };
                             }},
                      Defect{"BackTooLate", Verdict::Degraded, "RestoredLate",
                             [](World& w) {
                                 w.run.spec.expectations.redundancyRestoredSeconds = 5;
                                 w.replacement = 12s;
                             }},
                      Defect{"ClocksApart", Verdict::Inconclusive, "ClockSkew",
                             [](World& w) {
                                 w.traffic = [](auto& second, const World&) {
                                     second.writtenAt += 30s;
                                 };
                             }},
                      // Three seconds would move the first errors of the fault before it.
                      Defect{"AClockThreeSecondsBehind", Verdict::Inconclusive, "ClockSkew",
                             [](World& w) { w.probeClock = -3s; }},
                      Defect{"AClockThatJumpsInMidRun", Verdict::Inconclusive, "ClockSkew",
                             [](World& w) {
                                 w.traffic = [](auto& second, const World& of) {
                                     if (afterTheFault(of)) {
                                         second.writtenAt -= 5s;
                                     }
                                 };
                             }},
                      // As of a new leader on another node, and the former one again.
                      Defect{"AControllersClockThatGoesBack", Verdict::Inconclusive, "ClockSkew",
                             [](World& w) {
                                 bool gone = false;
                                 w.eachLook = [gone](World& x) mutable {
                                     if (!gone && x.run.status.wholeAt) {
                                         gone = true;
                                         x.now -= 4s;
                                     }
                                 };
                             }},
                      Defect{"LostRightAfterTheFaultByAClockBehind", Verdict::Failed, "WebErrors",
                             [](World& w) {
                                 w.probeClock = -1500ms;
                                 w.traffic = [](auto& second, const World& of) {
                                     auto end = second.writtenAt - 1050ms;
                                     const auto& intent = of.run.status.intentAt;
                                     if (intent && end > *intent && end <= *intent + 1s) {
                                         fake::fail(second, 50, probe::Outcome::Connect);
                                     }
                                 };
                             }},
                      Defect{"RecreatedUnderItsName", Verdict::Inconclusive, "TargetMissed",
                             [](World& w) {
                                 w.eachLook = [](World& x) {
                                     if (x.run.status.phase == run::Phase::Injecting &&
                                         x.deletes == 0) {
                                         for (auto& pod : x.pods) {
                                             pod.uid = "successor-of-" + pod.name;
                                         }
                                     }
                                 };
                             }},
                      Defect{"ProbeKilledInMidRun", Verdict::Inconclusive, "ProbeFailed",
                             [](World& w) {
                                 w.eachLook = [](World& x) {
                                     if (afterTheFault(x) && !x.probeDies) {
                                         x.probeDies = x.now;
                                     }
                                 };
                             }}),
    [](const auto& one) { return one.param.name; });

// A run that was well, to be judged again with something else in it.
run::Status sound() {
    World world;
    world.runToEnd();
    return world.run.status;
}

verdict::Judgement judged(const api::ChaosExperimentSpec& spec, const run::Status& status) {
    return verdict::judge(spec, status, "");
}

TEST(PlantedSeries, AProbeThatIsBlindForTenSecondsProvesNothing) {
    auto status = sound();
    auto blind = *status.intentAt - *status.steadySince;
    auto first = std::chrono::floor<std::chrono::seconds>(blind).count() + 1;
    // What the probe itself writes after it stood still: every request, late, and given up.
    auto series = fake::series(60, 50, *status.steadySince, [&](probe::Second& one) {
        if (one.second >= first && one.second < first + 10) {
            one.lateMs = (first + 10 - one.second) * 1000;
            fake::fail(one, 50, probe::Outcome::Timeout);
        }
    });
    status.measurements = run::measure(status, series);
    EXPECT_EQ(judged(fake::usualSpec(), status).reason, "ProbeBlind");
}

TEST(PlantedSeries, VisitorsOfALoadStepThatAreLostFailIt) {
    auto status = sound();
    auto quiet = fake::series(60, 50, *status.steadySince);
    auto step = fake::series(10, 200, *status.intentAt);
    status.measurements = run::measure(status, quiet, step);
    EXPECT_EQ(judged(fake::usualSpec(), status).verdict, Verdict::Resilient);
    for (auto& second : step.seconds) {
        fake::fail(second, 20, probe::Outcome::Timeout);
    }
    status.measurements = run::measure(status, quiet, step);
    EXPECT_EQ(judged(fake::usualSpec(), status).reason, "WebErrors");
}

TEST(PlantedScaling, AnAutoscalerThatNeverReactsFails) {
    auto status = sound();
    auto spec = fake::usualSpec();
    spec.expectations.autoscaling.scaling = "Required";
    spec.expectations.autoscaling.reactWithinSeconds = 60;
    status.scaling = run::Scaling{};
    status.scaling->before = status.scaling->peak = status.scaling->last = 3;
    EXPECT_EQ(judged(spec, status).verdict, Verdict::Failed);
    EXPECT_EQ(judged(spec, status).reason, "DidNotScale");
    status.scaling->peak = 6;
    status.scaling->loadAt = fake::kStart;
    status.scaling->desiredAt = fake::kStart + 20s;
    EXPECT_EQ(judged(spec, status).verdict, Verdict::Resilient);
    status.scaling->desiredAt = fake::kStart + 61s;
    EXPECT_EQ(judged(spec, status).reason, "ReactedLate");
    spec.expectations.autoscaling = {
        .scaling = "Forbidden", .reactWithinSeconds = {}, .settleWithinSeconds = {}};
    EXPECT_EQ(judged(spec, status).reason, "Scaled");
}

TEST(Stopwatch, TheAutoscalersMomentsAndItsFlapping) {
    run::Status status;
    status.phase = run::Phase::Observing;
    run::beginScaling(status, 2);
    run::Seen seen;
    auto look = [&](int second, int64_t asked, int64_t ready, bool over = false) {
        seen.now = fake::kStart + std::chrono::seconds(second);
        seen.scaler = topology::Scaler{asked, 10, over};
        run::watchScaling(status, seen, asked, ready);
    };
    look(0, 2, 2);
    look(10, 2, 2, true);
    look(15, 4, 2);
    look(20, 4, 4);
    look(25, 8, 4);
    look(30, 8, 8);
    look(35, 7, 8);
    look(40, 8, 8);
    const auto& scaling = *status.scaling;
    EXPECT_EQ(scaling.metricAt, fake::kStart + 10s);
    EXPECT_EQ(scaling.desiredAt, fake::kStart + 15s);
    EXPECT_EQ(scaling.readyAt, fake::kStart + 30s) << "when the most asked for were ready";
    EXPECT_EQ(scaling.peak, 8);
    EXPECT_EQ(scaling.reversals, 2);
    EXPECT_FALSE(scaling.scaledInAt);
    status.phase = run::Phase::Verifying;
    look(60, 3, 8);
    EXPECT_EQ(status.scaling->scaledInAt, fake::kStart + 60s);
    EXPECT_EQ(status.scaling->reversals, 2) << "coming down after the load is no flapping";
}

// --- the stopwatch

enum class Kind { Errors, Silence, Slow, Partial };

struct Script {
    const char* name;
    Kind kind;
    int64_t milliseconds;
};

constexpr int kRate = 100;

// What a probe of 100 requests per second writes about it, second by second.
probe::Series recorded(const Script& script, std::chrono::microseconds begin) {
    probe::Series out;
    out.header = probe::Header{.startedAt = fake::kStart,
                               .target = "http://shop/",
                               .requestsPerSecond = kRate,
                               .timeout = 2000ms};
    std::string log;
    probe::Recorder recorder(
        [&](const probe::Second& second) { log += probe::writeSecond(second) + "\n"; });
    auto end = begin + std::chrono::milliseconds(script.milliseconds);
    for (int i = 0; i < 30 * kRate; ++i) {
        std::chrono::microseconds at = i * 1'000'000us / kRate;
        bool hit = at >= begin && at < end;
        recorder.sent(at);
        if (!hit) {
            recorder.finished(at, probe::Outcome::Ok, 2ms);
        } else if (script.kind == Kind::Slow) {
            recorder.finished(at, probe::Outcome::Ok, 1500ms);
        } else if (script.kind == Kind::Partial && i % 2 == 0) {
            recorder.finished(at, probe::Outcome::Ok, 2ms);
        } else {
            recorder.finished(
                at,
                script.kind == Kind::Silence ? probe::Outcome::Timeout : probe::Outcome::Status5xx,
                2000ms);
        }
    }
    recorder.flush(30s, fake::kStart + 31s);
    out.seconds = probe::parseSeries(log).seconds;
    return out;
}

int64_t measured(const Script& script, const probe::Series& series) {
    auto phase = run::toPhase(probes::over(series, fake::kStart, fake::kStart + 30s));
    switch (script.kind) {
        case Kind::Slow:
            return phase.slowMilliseconds;
        case Kind::Partial:
            return phase.disturbedMilliseconds;
        case Kind::Errors:
        case Kind::Silence:
            return phase.longestGapMilliseconds;
    }
    return 0;
}

TEST(Stopwatch, KnownOutagesAreMeasuredWithinATenthOfASecond) {
    std::mt19937 random(3);
    std::cout << "outage        kind      true ms   measured p50   worst error\n";
    for (const auto& [kind, kindName] :
         {std::pair(Kind::Errors, "errors"), std::pair(Kind::Silence, "silence"),
          std::pair(Kind::Slow, "slow"), std::pair(Kind::Partial, "partial")}) {
        for (int64_t length : {1000, 3000, 7500}) {
            Script script{kindName, kind, length};
            std::vector<int64_t> all;
            int64_t worst = 0;
            for (int round = 0; round < 20; ++round) {
                auto begin = 5s + std::chrono::microseconds(random() % 1'000'000);
                all.push_back(measured(script, recorded(script, begin)));
                worst = std::max<int64_t>(worst, std::abs(all.back() - length));
            }
            std::sort(all.begin(), all.end());
            std::printf("%-13s %-9s %7lld %14lld %13lld\n", "scripted", kindName,
                        static_cast<long long>(length), static_cast<long long>(all[10]),
                        static_cast<long long>(worst));
            EXPECT_LE(worst, 100) << kindName << " " << length;
        }
    }
}

}  // namespace
