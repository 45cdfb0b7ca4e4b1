#include "chaos/report/series.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "chaos/report/report.h"
#include "chaos/report/statistics.h"
#include "chaos/verdict/expectations.h"

namespace chaos::report {
namespace {

int64_t ordinalIn(const base::Json& run) {
    return base::intAt(run, "/spec/ordinal").value_or(1);
}

std::string inSeconds(int64_t milliseconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(milliseconds) / 1000.0);
    return text.data();
}

std::string cellOf(const std::string& text, size_t width) {
    return text + std::string(std::max(text.size() + 1, width) - text.size(), ' ');
}

std::string rowOf(const base::Json& run) {
    auto took = recoveryOf(run);
    bool control = base::boolAt(run, "/spec/withoutFault").value_or(false);
    return cellOf(base::textAt(run, "/name"), 32) + cellOf(base::textAt(run, "/verdict"), 14) +
           cellOf(base::textAt(run, "/reason"), 20) +
           (control ? "no fault" : (took ? verdict::range(*took) : "-")) + "\n";
}

std::string proved(const Statistics& all) {
    std::array<char, 16> bound{};
    std::snprintf(bound.data(), bound.size(), "%.1f",
                  static_cast<double>(all.failureBoundPermille) / 10.0);
    auto out = std::to_string(all.resilient) + " of " + std::to_string(all.judged) +
               " judged runs were Resilient; at most " + bound.data() +
               " % of such runs would not be, with 95 % confidence\n";
    if (all.inconclusive > 0) {
        out += std::to_string(all.inconclusive) + " proved nothing\n";
    }
    if (all.recovered > 0) {
        out += "whole again after " + inSeconds(all.p50Milliseconds) + " in the median, " +
               inSeconds(all.p95Milliseconds) + " at the 95th percentile, " +
               inSeconds(all.maxMilliseconds) + " at most";
        if (all.recovered < all.judged) {
            out += ", of the " + std::to_string(all.recovered) +
                   " that were: " + std::to_string(all.judged - all.recovered) +
                   " were not while they were watched";
        }
        out += "\n";
    }
    return out;
}

}  // namespace

base::Json seriesDocument(const base::Json& experiment, std::vector<base::Json> runs) {
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(1);
    std::erase_if(runs, [&](const base::Json& run) {
        return base::intAt(run, "/spec/generation") != generation;
    });
    std::sort(runs.begin(), runs.end(),
              [](const base::Json& a, const base::Json& b) { return ordinalIn(a) < ordinalIn(b); });
    base::Json out{{"schema", "scalableapp.dev/chaos-series/v1"},
                   {"namespace", base::textAt(experiment, "/metadata/namespace")},
                   {"name", base::textAt(experiment, "/metadata/name")},
                   {"generation", generation},
                   {"statistics", toJson(statistics(runs))},
                   {"runs", base::Json::array()}};
    const auto* change = base::at(experiment, "/status/regression");
    if (change != nullptr && base::intAt(experiment, "/status/observedGeneration") == generation) {
        out["regression"] = *change;
    }
    for (const auto& run : runs) {
        out["runs"].push_back(document(run));
    }
    return out;
}

std::string seriesText(const base::Json& series) {
    auto out = cellOf("RUN", 32) + cellOf("VERDICT", 14) + cellOf("REASON", 20) + "WHOLE AFTER\n";
    for (const auto& run : base::arrayAt(series, "/runs")) {
        out += rowOf(run);
    }
    out += "\n" + proved(parseStatistics(series.value("statistics", base::Json::object())));
    if (const auto* change = base::at(series, "/regression")) {
        out += "against the accepted runs: " + base::textAt(*change, "/verdict") + "; ";
        out += base::textAt(*change, "/message") + "\n";
    }
    return out;
}

std::vector<base::Json> documentsOf(const base::Json& series) {
    const auto& runs = base::arrayAt(series, "/runs");
    return {runs.begin(), runs.end()};
}

}  // namespace chaos::report
