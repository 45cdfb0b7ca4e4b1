// metav1.Condition and the rules for keeping a list of them.
//
//   api::setCondition(status.conditions, {.type = "Ready", .status = api::kTrue, .reason =
//   "Ready"}, now);
//
// lastTransitionTime moves only when `status` does, so that an unchanged state writes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"

namespace api {

inline constexpr const char* kTrue = "True";
inline constexpr const char* kFalse = "False";
inline constexpr const char* kUnknown = "Unknown";

struct Condition {
    std::string type;
    std::string status = kUnknown;
    std::string reason;   // CamelCase, never empty: it is API
    std::string message;  // for people, one line
    int64_t observedGeneration = 0;
    std::string lastTransitionTime;

    bool operator==(const Condition&) const = default;
};

using Conditions = std::vector<Condition>;

const Condition* findCondition(const Conditions& conditions, const std::string& type);
void setCondition(Conditions& conditions, Condition condition, base::WallTime now);
void removeCondition(Conditions& conditions, const std::string& type);

Conditions parseConditions(const base::Json& array);
base::Json toJson(const Conditions& conditions);

}  // namespace api
