#include "plan/notes.h"

#include "plan/children.h"

namespace plan {

void tellPods(const Observed& observed, const std::string& tier, const std::string& annotation,
              const std::string& value, TierIntents& out) {
    for (const auto* child : childrenOf(observed, tier)) {
        const auto* notes = base::at(*child, "/metadata/annotations");
        bool told = (notes == nullptr ? "" : notes->value(annotation, "")) == value;
        bool going = base::at(*child, "/metadata/deletionTimestamp") != nullptr;
        if (base::stringAt(*child, "/kind") == "Pod" && !told && !going) {
            out.notes.push_back({.apiVersion = "v1",
                                 .kind = "Pod",
                                 .namespace_ = base::textAt(*child, "/metadata/namespace"),
                                 .name = base::textAt(*child, "/metadata/name"),
                                 .uid = base::textAt(*child, "/metadata/uid"),
                                 .annotation = annotation,
                                 .value = value});
        }
    }
}

}  // namespace plan
