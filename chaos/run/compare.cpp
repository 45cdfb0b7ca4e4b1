#include "chaos/run/compare.h"

#include <algorithm>
#include <map>

#include "chaos/verdict/expectations.h"

namespace chaos::run {
namespace {

using std::to_string;

std::optional<bool> agreed(bool one, bool other) {
    return one == other ? std::optional(one) : std::nullopt;
}

// Fewest ready pods of each zone since the fault, as far as it was seen to change.
std::map<std::string, int64_t> lowestByZone(const Status& status) {
    std::map<std::string, int64_t> out;
    for (const auto& change : status.readiness) {
        auto known = out.try_emplace(change.zone, change.ready).first;
        known->second = std::min(known->second, change.ready);
    }
    return out;
}

Comparison pods(const Status& status) {
    auto dead = std::count_if(status.evidence.begin(), status.evidence.end(),
                              [](const Evidence& e) { return e.hit == Hit::Dead; });
    auto predicted = static_cast<int64_t>(status.prediction->targets.size());
    return {"pods that die", to_string(predicted), to_string(dead + status.intruders),
            dead == predicted};
}

// There may have been fewer while nobody watched.
Comparison fewest(const Status& status, std::string what, int64_t predicted, int64_t seen) {
    Comparison out{std::move(what), to_string(predicted), to_string(seen), seen == predicted};
    if (!status.gaps.empty()) {
        out.observed = "at most " + out.observed;
        out.holds = seen < predicted ? std::optional(false) : std::nullopt;
    }
    return out;
}

Comparison ready(const Status& status) {
    const auto& prediction = *status.prediction;
    return fewest(status, "fewest ready pods", prediction.readyAfter, status.readyLowest);
}

Comparison minimum(const Status& status) {
    const auto& prediction = *status.prediction;
    bool predicted = prediction.readyAfter >= prediction.minimum;
    bool observed = status.readyLowest >= prediction.minimum;
    auto word = [](bool holds) { return std::string(holds ? "holds" : "is broken"); };
    Comparison out{"the minimum of " + to_string(prediction.minimum), word(predicted),
                   word(observed), predicted == observed};
    if (observed && !status.gaps.empty()) {
        out.observed = "was not seen to be broken";
        out.holds.reset();
    }
    return out;
}

Comparison errors(const Status& status) {
    auto limit = status.prediction->errorPercent;
    auto share = verdict::errorsDuring(*status.measurements);
    return {"failed requests during the fault",
            limit >= 100 ? "not known" : "at most " + to_string(limit) + " %", verdict::text(share),
            agreed(share.least <= static_cast<double>(limit),
                   share.most <= static_cast<double>(limit))};
}

Comparison whole(const Status& status) {
    const auto& all = *status.measurements;
    auto [measure, most] = verdict::recovery(all);
    auto limit = status.prediction->wholeWithinSeconds;
    Comparison out{"whole again", "within " + to_string(limit) + " s", "not by the end", false};
    if (most) {
        out.observed = verdict::took(all, measure, *most);
        out.holds = agreed(all.atLeast(measure, *most) <= limit * 1000, *most <= limit * 1000);
    }
    return out;
}

}  // namespace

std::vector<Comparison> compare(const Status& status) {
    if (!status.prediction || !status.measurements) {
        return {};
    }
    std::vector<Comparison> out;
    if (!status.prediction->targets.empty()) {
        if (!status.evidence.empty()) {  // otherwise nobody is to die
            out.push_back(pods(status));
        }
        out.push_back(ready(status));
    }
    out.push_back(minimum(status));
    auto lowest = lowestByZone(status);
    for (const auto& zone : status.prediction->zones) {
        auto seen = lowest.find(zone.name);
        if (!zone.name.empty() && zone.before != zone.after && seen != lowest.end()) {
            out.push_back(
                fewest(status, "fewest ready pods in " + zone.name, zone.after, seen->second));
        }
    }
    out.push_back(errors(status));
    out.push_back(whole(status));
    return out;
}

}  // namespace chaos::run
