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
            auto text = [&](const char* pointer) {
                return base::stringAt(*child, pointer).value_or("");
            };
            out.notes.push_back({.apiVersion = "v1",
                                 .kind = "Pod",
                                 .namespace_ = text("/metadata/namespace"),
                                 .name = text("/metadata/name"),
                                 .uid = text("/metadata/uid"),
                                 .annotation = annotation,
                                 .value = value});
        }
    }
}

}  // namespace plan
