#include "chaos/effects/isolation.h"

#include "api/labels.h"

namespace chaos::effects {

std::string isolationName(const std::string& runName) {
    return runName + "-isolation";
}

base::Json isolationPolicy(const run::Run& run) {
    base::Json labels{{api::kAppLabel, run.spec.app}, {api::kZoneLabel, run.spec.target.zone}};
    if (const auto* tier = topology::tierNamed(run.spec.target.tier)) {
        labels[api::kTierLabel] = tier->label;
    }
    auto deadline = run.status.deadline.value_or(base::WallTime());
    base::Json metadata{
        {"name", isolationName(run.name)},
        {"namespace", run.namespace_},
        {"labels", {{probes::kRunLabel, run.name}}},
        {"annotations", {{kDeadlineAnnotation, base::formatMicroTime(deadline)}}},
        {"ownerReferences", base::Json::array({probes::ownerReference(run.name, run.uid)})}};
    return {{"apiVersion", "networking.k8s.io/v1"},
            {"kind", "NetworkPolicy"},
            {"metadata", metadata},
            {"spec",
             {{"podSelector", {{"matchLabels", labels}}},
              {"policyTypes", base::Json::array({"Ingress", "Egress"})}}}};
}

}  // namespace chaos::effects
