// Each gate and each assertion with a planted defect that must turn the verdict.
#include "chaos/verdict/verdict.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "chaos/faults/fault.h"
#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using run::PhaseMeasure;
using run::Status;
using run::Verdict;

PhaseMeasure phase(int64_t seconds, int64_t failed = 0) {
    PhaseMeasure out;
    out.seconds = seconds;
    out.requests = seconds * 50;
    out.failed = failed;
    if (failed > 0) {
        out.errors["Connect"] = failed;
    }
    return out;
}

// A run in which everything went well.
Status good() {
    Status status;
    status.evidence.push_back({.uid = "uid-1",
                               .name = "shop-web-1",
                               .hit = run::Hit::Dead,
                               .deletedAt = fake::kStart,
                               .deadAt = fake::kStart,
                               .message = "its containers ended"});
    run::Measurements all;
    all.before = phase(10);
    all.during = phase(10);
    all.after = phase(10);
    all.readyBefore = 3;
    all.readyAtEnd = 3;
    all.wholeAfterDeleteMilliseconds = 4200;
    all.wholeAfterDeathMilliseconds = 3100;
    status.measurements = all;
    return status;
}

verdict::Judgement judge(const api::ChaosExperimentSpec& spec, const Status& status) {
    run::Run run;
    run.spec = spec;
    run.status = status;
    return verdict::judge(spec, status, faults::named("PodKill")->unproved(run, {}));
}

TEST(Verdict, AllWellIsResilientWithANumberForEachExpectation) {
    auto judged = judge(fake::usualSpec(), good());
    EXPECT_EQ(judged.verdict, Verdict::Resilient);
    EXPECT_EQ(judged.reason, "AllHold");
    ASSERT_EQ(judged.reasons.size(), 3U);
    EXPECT_EQ(judged.reasons[0],
              "webErrorPercent 1 holds during the fault: 0.00 % errors (0 of 500 requests)");
    EXPECT_EQ(
        judged.reasons[2],
        "redundancyRestoredSeconds 60 holds: the tier was whole again 4.2 s after the delete, "
        "3.1 s after the last death");
}

struct Planted {
    const char* what;
    Verdict verdict;
    const char* reason;
    const char* says;
    std::function<void(Status&)> defect;
};

class PlantedDefect : public ::testing::TestWithParam<Planted> {};

TEST_P(PlantedDefect, TurnsTheVerdict) {
    auto status = good();
    GetParam().defect(status);
    auto judged = judge(fake::usualSpec(), status);
    EXPECT_EQ(judged.verdict, GetParam().verdict) << GetParam().what;
    EXPECT_EQ(judged.reason, GetParam().reason) << GetParam().what;
    std::string all;
    for (const auto& reason : judged.reasons) {
        all += reason + "\n";
    }
    EXPECT_NE(all.find(GetParam().says), std::string::npos) << GetParam().what << "\n" << all;
}

INSTANTIATE_TEST_SUITE_P(
    Gates, PlantedDefect,
    ::testing::Values(
        Planted{"nothing measured", Verdict::Inconclusive, "NothingMeasured",
                "nothing was measured", [](Status& s) { s.measurements.reset(); }},
        Planted{"a fault that did nothing", Verdict::Inconclusive, "TargetMissed", "Accepted",
                [](Status& s) {
                    s.evidence[0].hit = run::Hit::Accepted;
                    s.evidence[0].message = "";
                }},
        Planted{"a target somebody else took", Verdict::Inconclusive, "TargetMissed", "gone before",
                [](Status& s) {
                    s.evidence[0].hit = run::Hit::Missed;
                    s.evidence[0].message = "gone before";
                }},
        Planted{"one of two missed", Verdict::Inconclusive, "TargetMissed", "shop-web-2",
                [](Status& s) {
                    s.evidence.push_back(s.evidence[0]);
                    s.evidence[1].name = "shop-web-2";
                    s.evidence[1].hit = run::Hit::Deleting;
                }},
        Planted{"no target at all", Verdict::Inconclusive, "TargetMissed", "no target",
                [](Status& s) { s.evidence.clear(); }},
        Planted{"too few requests", Verdict::Inconclusive, "TooLittleTraffic", "49 requests",
                [](Status& s) { s.measurements->before.requests = 49; }},
        Planted{"a probe that is too slow", Verdict::Inconclusive, "TooLittleTraffic",
                "399 requests in 10 s before the fault, of 500",
                [](Status& s) { s.measurements->before.requests = 399; }},
        Planted{"a blind second", Verdict::Inconclusive, "ProbeBlind", "9 of 10 seconds during",
                [](Status& s) {
                    s.measurements->during.seconds = 9;
                    s.measurements->during.missingSeconds = 1;
                }},
        Planted{"nothing seen after", Verdict::Inconclusive, "ProbeBlind", "0 of 0 seconds after",
                [](Status& s) { s.measurements->after = {}; }},
        Planted{"a probe that died", Verdict::Inconclusive, "ProbeFailed", "OOMKilled",
                [](Status& s) { s.probeProblem = "OOMKilled"; }}),
    [](const auto& one) { return one.param.reason + std::to_string(one.index); });

INSTANTIATE_TEST_SUITE_P(
    Assertions, PlantedDefect,
    ::testing::Values(
        Planted{"exactly at the limit", Verdict::Resilient, "AllHold", "1.00 % errors (5 of 500",
                [](Status& s) { s.measurements->during = phase(10, 5); }},
        Planted{"just over it", Verdict::Degraded, "WebErrors",
                "webErrorPercent 1 is broken during the fault: 1.20 % errors (6 of 500 requests, 6 "
                "Connect)",
                [](Status& s) { s.measurements->during = phase(10, 6); }},
        Planted{"a point over it", Verdict::Degraded, "WebErrors", "2.00 %",
                [](Status& s) { s.measurements->during = phase(10, 10); }},
        Planted{"more than a point over it", Verdict::Failed, "WebErrors", "2.20 %",
                [](Status& s) { s.measurements->during = phase(10, 11); }},
        Planted{"errors that stay", Verdict::Failed, "WebErrors", "broken after the fault",
                [](Status& s) { s.measurements->after = phase(10, 6); }},
        Planted{"a silent 2 percent", Verdict::Failed, "WebErrors", "2.00 %",
                [](Status& s) {
                    s.measurements->during = phase(10, 10);
                    s.measurements->after = phase(10, 10);
                }},
        Planted{"exactly in time", Verdict::Resilient, "AllHold", "60.0 s after the delete",
                [](Status& s) { s.measurements->wholeAfterDeleteMilliseconds = 60'000; }},
        Planted{"whole too late", Verdict::Degraded, "RestoredLate",
                "redundancyRestoredSeconds 60 is broken",
                [](Status& s) { s.measurements->wholeAfterDeleteMilliseconds = 60'001; }},
        Planted{"never whole", Verdict::Failed, "NotRestored", "2 of 3 pods ready",
                [](Status& s) {
                    s.measurements->wholeAfterDeleteMilliseconds.reset();
                    s.measurements->readyAtEnd = 2;
                    s.measurements->after = {};
                }},
        Planted{"the worst one names the verdict", Verdict::Failed, "WebErrors",
                "is broken: the tier",
                [](Status& s) {
                    s.measurements->wholeAfterDeleteMilliseconds = 90'000;
                    s.measurements->during = phase(10, 400);
                }}),
    [](const auto& one) { return one.param.reason + std::to_string(one.index); });

TEST(Verdict, WithoutExpectationsNothingIsProved) {
    auto spec = fake::usualSpec();
    spec.expectations = {};
    EXPECT_EQ(judge(spec, good()).verdict, Verdict::Inconclusive);
}

TEST(Verdict, NeverWholeFailsAlsoWhenOnlyErrorsWereAskedFor) {
    auto spec = fake::usualSpec();
    spec.expectations.redundancyRestoredSeconds.reset();
    EXPECT_EQ(judge(spec, good()).verdict, Verdict::Resilient);
    auto status = good();
    status.measurements->wholeAfterDeleteMilliseconds.reset();
    EXPECT_EQ(judge(spec, status).verdict, Verdict::Failed);
}

// Whatever is wrong, and however much of it: something more that is wrong never makes it look
// better.
TEST(Verdict, MoreDamageNeverLooksBetter) {
    // Inconclusive is not between the others: nothing is said then. It never turns into a pass.
    auto rank = [](Verdict verdict) {
        return verdict == Verdict::Inconclusive ? 9 : static_cast<int>(verdict);
    };
    const std::vector<std::function<void(Status&, int)>> damages{
        [](Status& s, int n) { s.measurements->during.failed += 5 * n; },
        [](Status& s, int n) { *s.measurements->wholeAfterDeleteMilliseconds += 9000 * n; },
        [](Status& s, int n) { s.measurements->during.longestGapMilliseconds += 700 * n; },
        [](Status& s, int) { s.measurements->wholeAfterDeleteMilliseconds.reset(); },
        [](Status& s, int) { s.evidence[0].hit = run::Hit::Missed; },
        [](Status& s, int) { s.probeProblem = "it ended"; },
        [](Status& s, int n) { s.measurements->during.missingSeconds += n; },
        [](Status& s, int) { s.measurements->before.requests = 3; }};
    auto spec = fake::usualSpec();
    spec.expectations.maxReadOutageSeconds = 2;
    std::mt19937_64 dice(11);
    for (int round = 0; round < 3000; ++round) {
        auto status = good();
        auto before = judge(spec, status).verdict;
        for (int step = 0; step < 3; ++step) {
            auto which = dice() % damages.size();
            bool gone = !status.measurements->wholeAfterDeleteMilliseconds;
            if (which == 1 && gone) {
                continue;
            }
            damages[which](status, static_cast<int>(dice() % 4));
            auto now = judge(spec, status).verdict;
            if (before != Verdict::Inconclusive) {
                EXPECT_GE(rank(now), rank(before)) << "damage " << which << " in round " << round;
            }
            EXPECT_FALSE(before != Verdict::Resilient && now == Verdict::Resilient);
            before = now;
        }
    }
}

}  // namespace
