#include "cli/pod_state.h"

#include "base/json.h"

namespace cli {

std::string podState(const base::Json& pod) {
    if (base::at(pod, "/metadata/deletionTimestamp") != nullptr) {
        return "Terminating";
    }
    for (const char* list : {"/status/initContainerStatuses", "/status/containerStatuses"}) {
        for (const auto& container : base::arrayAt(pod, list)) {
            for (const char* reason : {"/state/waiting/reason", "/state/terminated/reason"}) {
                auto found = base::stringAt(container, reason);
                if (found && *found != "Completed") {
                    return *found;
                }
            }
        }
    }
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == "PodScheduled" &&
            base::stringAt(condition, "/status") == "False") {
            return base::stringAt(condition, "/reason").value_or("Pending");
        }
    }
    return base::stringAt(pod, "/status/phase").value_or("Unknown");
}

bool isServing(const base::Json& pod) {
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == "Ready") {
            return base::stringAt(condition, "/status") == "True" &&
                   base::at(pod, "/metadata/deletionTimestamp") == nullptr;
        }
    }
    return false;
}

std::string labelOf(const base::Json& object, const char* label) {
    const auto* labels = base::at(object, "/metadata/labels");
    if (labels == nullptr) {
        return "";
    }
    auto found = labels->find(label);
    return found != labels->end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace cli
