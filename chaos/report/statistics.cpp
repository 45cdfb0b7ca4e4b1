#include "chaos/report/statistics.h"

#include <algorithm>
#include <cmath>

namespace chaos::report {
namespace {

// Fewer say nothing about a change.
constexpr int64_t kEnoughRuns = 5;
constexpr double kChance = 0.05;
// More are not remembered: so that sums of them are numbers too.
constexpr int64_t kMostRuns = 1'000'000'000;

// Probability of at most `most` successes in `trials` with chance `p`.
double binomialUpTo(int64_t most, int64_t trials, double p) {
    double sum = 0;
    for (int64_t k = 0; k <= most; ++k) {
        auto n = static_cast<double>(trials);
        auto x = static_cast<double>(k);
        double ways = std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1);
        sum += std::exp(ways + x * std::log(p) + (n - x) * std::log1p(-p));
    }
    return sum;
}

}  // namespace

double failureBound(int64_t failures, int64_t runs, double confidence) {
    if (failures >= runs) {
        return 1;
    }
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; ++i) {
        double middle = (low + high) / 2;
        (binomialUpTo(failures, runs, middle) > 1 - confidence ? low : high) = middle;
    }
    return high;
}

int64_t quantile(const std::vector<int64_t>& sorted, double share) {
    if (sorted.empty()) {
        return 0;
    }
    auto rank = std::ceil(share * static_cast<double>(sorted.size()));
    auto index = static_cast<size_t>(std::max(1.0, rank)) - 1;
    return sorted[std::min(index, sorted.size() - 1)];
}

std::optional<run::Span> spanOf(const base::Json& of, const std::string& measure) {
    auto most = base::intAt(of, "/measurements/" + measure);
    if (!most) {
        return std::nullopt;
    }
    run::Span out{*most, *most};
    for (const auto& bound : base::arrayAt(of, "/measurements/bounds")) {
        if (base::textAt(bound, "/measure") == measure) {
            out.atLeast = base::intAt(bound, "/atLeastMilliseconds").value_or(0);
        }
    }
    return out;
}

std::optional<run::Span> recoveryOf(const base::Json& of) {
    auto lasted = spanOf(of, run::kWholeAfterEnd);
    return lasted ? lasted : spanOf(of, run::kWholeAfterDelete);
}

Statistics statistics(const std::vector<base::Json>& runs) {
    Statistics out;
    std::vector<int64_t> recoveries;
    for (const auto& run : runs) {
        auto verdict = base::stringAt(run, "/status/verdict");
        if (!verdict || base::boolAt(run, "/spec/withoutFault").value_or(false)) {
            continue;
        }
        if (*verdict == "Inconclusive") {
            ++out.inconclusive;
            continue;
        }
        ++out.judged;
        out.resilient += *verdict == "Resilient" ? 1 : 0;
        auto took = recoveryOf(run.value("status", base::Json::object()));
        if (took && took->atLeast == took->atMost) {
            recoveries.push_back(took->atMost);
        }
    }
    std::sort(recoveries.begin(), recoveries.end());
    out.recovered = static_cast<int64_t>(recoveries.size());
    out.p50Milliseconds = quantile(recoveries, 0.5);
    out.p95Milliseconds = quantile(recoveries, 0.95);
    out.maxMilliseconds = quantile(recoveries, 1);
    out.failureBoundPermille = static_cast<int64_t>(
        std::ceil(1000 * failureBound(out.judged - out.resilient, out.judged)));
    return out;
}

Statistics parseStatistics(const base::Json& json) {
    auto number = [&](const char* pointer) {
        return std::max<int64_t>(0, base::intAt(json, pointer).value_or(0));
    };
    auto judged = std::min(kMostRuns, number("/judged"));
    return {.judged = judged,
            .resilient = std::min(judged, number("/resilient")),
            .inconclusive = number("/inconclusive"),
            .failureBoundPermille = base::intAt(json, "/failureBoundPermille").value_or(1000),
            .recovered = number("/recovered"),
            .p50Milliseconds = number("/p50Milliseconds"),
            .p95Milliseconds = number("/p95Milliseconds"),
            .maxMilliseconds = number("/maxMilliseconds")};
}

double fisher(int64_t failuresBefore, int64_t runsBefore, int64_t failuresNow, int64_t runsNow) {
    auto choose = [](int64_t n, int64_t k) {
        return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
               std::lgamma(static_cast<double>(n - k) + 1);
    };
    auto failures = failuresBefore + failuresNow;
    double sum = 0;
    for (auto k = failuresNow; k <= std::min(failures, runsNow); ++k) {
        if (failures - k <= runsBefore) {
            sum += std::exp(choose(runsNow, k) + choose(runsBefore, failures - k) -
                            choose(runsNow + runsBefore, failures));
        }
    }
    return std::min(1.0, sum);
}

Regression compare(const Statistics& accepted, const Statistics& now) {
    auto failed = [](const Statistics& set) { return set.judged - set.resilient; };
    auto share = [&](const Statistics& set) {
        return std::to_string(failed(set)) + " of " + std::to_string(set.judged);
    };
    auto numbers = share(now) + " runs were not Resilient, " + share(accepted) +
                   " in the accepted set; whole again after " +
                   std::to_string(now.p50Milliseconds) + " ms in the median, " +
                   std::to_string(accepted.p50Milliseconds) + " ms there (95th percentile " +
                   std::to_string(accepted.p95Milliseconds) + ")";
    if (std::min(accepted.judged, now.judged) < kEnoughRuns) {
        return {"Unknown", "at least " + std::to_string(kEnoughRuns) +
                               " judged runs are needed on both sides: " + numbers};
    }
    bool timed = std::min(accepted.recovered, now.recovered) >= kEnoughRuns;
    bool worse = fisher(failed(accepted), accepted.judged, failed(now), now.judged) <= kChance ||
                 (timed && now.p50Milliseconds > accepted.p95Milliseconds);
    bool better = fisher(failed(now), now.judged, failed(accepted), accepted.judged) <= kChance ||
                  (timed && accepted.p50Milliseconds > now.p95Milliseconds);
    return {worse ? "Worse" : (better ? "Better" : "Same"), numbers};
}

base::Json toJson(const Statistics& all) {
    return {{"judged", all.judged},
            {"resilient", all.resilient},
            {"inconclusive", all.inconclusive},
            {"failureBoundPermille", all.failureBoundPermille},
            {"recovered", all.recovered},
            {"p50Milliseconds", all.p50Milliseconds},
            {"p95Milliseconds", all.p95Milliseconds},
            {"maxMilliseconds", all.maxMilliseconds}};
}

}  // namespace chaos::report
