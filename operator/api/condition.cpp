#include "api/condition.h"

#include <algorithm>

#include "base/json.h"

namespace api {

const Condition* findCondition(const Conditions& conditions, const std::string& type) {
    auto found = std::find_if(conditions.begin(), conditions.end(),
                              [&](const Condition& condition) { return condition.type == type; });
    return found == conditions.end() ? nullptr : &*found;
}

void setCondition(Conditions& conditions, Condition condition, base::WallTime now) {
    for (auto& present : conditions) {
        if (present.type == condition.type) {
            bool same = present.status == condition.status && !present.lastTransitionTime.empty();
            condition.lastTransitionTime =
                same ? present.lastTransitionTime : base::formatTime(now);
            present = std::move(condition);
            return;
        }
    }
    condition.lastTransitionTime = base::formatTime(now);
    conditions.push_back(std::move(condition));
}

void removeCondition(Conditions& conditions, const std::string& type) {
    std::erase_if(conditions, [&](const Condition& condition) { return condition.type == type; });
}

Conditions parseConditions(const base::Json& array) {
    Conditions out;
    if (!array.is_array()) {
        return out;
    }
    for (const auto& item : array) {
        auto text = [&](const char* pointer) { return base::stringAt(item, pointer).value_or(""); };
        out.push_back({.type = text("/type"),
                       .status = text("/status"),
                       .reason = text("/reason"),
                       .message = text("/message"),
                       .observedGeneration = base::intAt(item, "/observedGeneration").value_or(0),
                       .lastTransitionTime = text("/lastTransitionTime")});
    }
    return out;
}

base::Json toJson(const Conditions& conditions) {
    auto out = base::Json::array();
    for (const auto& condition : conditions) {
        out.push_back({{"type", condition.type},
                       {"status", condition.status},
                       {"observedGeneration", condition.observedGeneration},
                       {"lastTransitionTime", condition.lastTransitionTime},
                       {"reason", condition.reason},
                       {"message", condition.message}});
    }
    return out;
}

}  // namespace api
