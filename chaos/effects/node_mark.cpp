#include "chaos/effects/node_mark.h"

namespace chaos::effects {
namespace {

base::Json withoutOurs(const base::Json& taints) {
    auto out = base::Json::array();
    for (const auto& taint : taints) {
        if (base::stringAt(taint, "/key") != kTaint) {
            out.push_back(taint);
        }
    }
    return out;
}

// The cluster's own taint of a cordoned node follows `unschedulable`; it is not ours to write.
base::Json meta(const topology::Node& node, const base::Json& label, const base::Json& annotation) {
    return {{"resourceVersion", node.version},
            {"uid", node.uid},
            {"labels", {{kMarkLabel, label}}},
            {"annotations", {{topology::kMarkAnnotation, annotation}}}};
}

}  // namespace

std::string write(const Mark& mark) {
    return base::dumpJson({{"run", mark.run},
                           {"uid", mark.uid},
                           {"deadline", base::formatMicroTime(mark.deadline)},
                           {"cordoned", mark.cordoned},
                           {"power", mark.power},
                           {"cable", mark.cable}});
}

std::optional<Mark> markOf(const topology::Node& node) {
    if (node.mark.empty()) {
        return std::nullopt;
    }
    auto json = base::parseJson(node.mark);
    if (!json) {
        return std::nullopt;
    }
    Mark mark;
    mark.run = base::stringAt(*json, "/run").value_or("");
    mark.uid = base::stringAt(*json, "/uid").value_or("");
    mark.cordoned = base::boolAt(*json, "/cordoned").value_or(false);
    mark.power = base::boolAt(*json, "/power").value_or(false);
    mark.cable = base::boolAt(*json, "/cable").value_or(false);
    if (!base::parseTime(base::stringAt(*json, "/deadline").value_or(""), mark.deadline)) {
        return std::nullopt;
    }
    return mark;
}

base::Json markPatch(const topology::Node& node, const Mark& mark) {
    auto taints = withoutOurs(node.taints);
    taints.push_back({{"key", kTaint}, {"value", "fault"}, {"effect", "NoSchedule"}});
    return {{"metadata", meta(node, "true", write(mark))},
            {"spec", {{"unschedulable", true}, {"taints", taints}}}};
}

base::Json unmarkPatch(const topology::Node& node, const Mark& mark) {
    base::Json spec{{"taints", withoutOurs(node.taints)}};
    if (!mark.cordoned) {
        spec["unschedulable"] = nullptr;
    }
    return {{"metadata", meta(node, nullptr, nullptr)}, {"spec", spec}};
}

}  // namespace chaos::effects
