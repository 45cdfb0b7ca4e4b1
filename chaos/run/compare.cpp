#include "chaos/run/compare.h"

#include <algorithm>
#include <map>

#include "chaos/verdict/expectations.h"

namespace chaos::run {
namespace {

using std::to_string;

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

Comparison ready(const Status& status) {
    const auto& prediction = *status.prediction;
    return {"fewest ready pods", to_string(prediction.readyAfter), to_string(status.readyLowest),
            status.readyLowest == prediction.readyAfter};
}

Comparison minimum(const Status& status) {
    const auto& prediction = *status.prediction;
    bool predicted = prediction.readyAfter >= prediction.minimum;
    bool observed = status.readyLowest >= prediction.minimum;
    auto word = [](bool holds) { return std::string(holds ? "holds" : "is broken"); };
    return {"the minimum of " + to_string(prediction.minimum), word(predicted), word(observed),
            predicted == observed};
}

Comparison errors(const Status& status) {
    auto limit = status.prediction->errorPercent;
    auto observed = verdict::errorPercent(status.measurements->during);
    return {"failed requests during the fault",
            limit >= 100 ? "not known" : "at most " + to_string(limit) + " %",
            verdict::fixed(observed, 2) + " %", observed <= static_cast<double>(limit)};
}

Comparison whole(const Status& status) {
    const auto& all = *status.measurements;
    auto took = all.wholeAfterEndMilliseconds ? all.wholeAfterEndMilliseconds
                                              : all.wholeAfterDeleteMilliseconds;
    auto limit = status.prediction->wholeWithinSeconds;
    return {"whole again", "within " + to_string(limit) + " s",
            took ? verdict::seconds(*took) : "not by the end", took && *took <= limit * 1000};
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
            out.push_back({"fewest ready pods in " + zone.name, to_string(zone.after),
                           to_string(seen->second), zone.after == seen->second});
        }
    }
    out.push_back(errors(status));
    out.push_back(whole(status));
    return out;
}

}  // namespace chaos::run
