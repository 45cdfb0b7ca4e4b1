#include "plan/names.h"

#include "api/labels.h"

namespace plan {

base::Json labelsFor(const api::ScalableApp& app, const std::string& tier) {
    return {{"app.kubernetes.io/name", app.name},
            {"app.kubernetes.io/instance", app.name},
            {"app.kubernetes.io/component", tier},
            {"app.kubernetes.io/part-of", app.name},
            {"app.kubernetes.io/managed-by", "scalableapp-operator"},
            {api::kAppLabel, app.name},
            {api::kTierLabel, tier}};
}

base::Json selectorFor(const api::ScalableApp& app, const std::string& tier) {
    return {{api::kAppLabel, app.name}, {api::kTierLabel, tier}};
}

base::Json childOf(const api::ScalableApp& app, const std::string& apiVersion,
                   const std::string& kind, const std::string& name, const std::string& tier) {
    base::Json metadata{
        {"name", name}, {"namespace", app.namespace_}, {"labels", labelsFor(app, tier)}};
    // A manifest that was never in a cluster has no UID, and nothing can be owned by it yet.
    if (!app.uid.empty()) {
        metadata["ownerReferences"] = base::Json::array({{{"apiVersion", api::kApiVersion},
                                                          {"kind", api::kKind},
                                                          {"name", app.name},
                                                          {"uid", app.uid},
                                                          {"controller", true},
                                                          {"blockOwnerDeletion", true}}});
    }
    return {{"apiVersion", apiVersion}, {"kind", kind}, {"metadata", metadata}};
}

}  // namespace plan
