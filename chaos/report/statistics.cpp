#include "chaos/report/statistics.h"

#include <algorithm>
#include <cmath>

namespace chaos::report {
namespace {

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
        auto took = base::intAt(run, "/status/measurements/wholeAfterEndMilliseconds");
        if (!took) {
            took = base::intAt(run, "/status/measurements/wholeAfterDeleteMilliseconds");
        }
        if (took) {
            recoveries.push_back(*took);
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
