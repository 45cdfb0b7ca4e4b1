#include "plan/children.h"

#include "api/labels.h"

namespace plan {

using base::Json;

std::string tierOf(const Json& child) {
    const auto* labels = base::at(child, "/metadata/labels");
    return labels == nullptr ? "" : labels->value(api::kTierLabel, "");
}

std::vector<const Json*> childrenOf(const Observed& observed, const std::string& tier) {
    std::vector<const Json*> out;
    for (const auto& child : observed.children) {
        if (tierOf(child) == tier) {
            out.push_back(&child);
        }
    }
    return out;
}

const Json* findChild(const Observed& observed, const std::string& kind, const std::string& name) {
    for (const auto& child : observed.children) {
        if (base::stringAt(child, "/kind") == kind &&
            base::stringAt(child, "/metadata/name") == name &&
            base::at(child, "/metadata/deletionTimestamp") == nullptr) {
            return &child;
        }
    }
    return nullptr;
}

}  // namespace plan
