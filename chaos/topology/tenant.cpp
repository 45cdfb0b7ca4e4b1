#include "chaos/topology/tenant.h"

#include "api/labels.h"
#include "base/json.h"
#include "chaos/topology/topology.h"

namespace chaos::topology {
namespace {

// Its manifest is a file on its node: no scheduler has put it there, nobody moves it.
bool isStatic(const base::Json& pod) {
    const auto* annotations = base::at(pod, "/metadata/annotations");
    return annotations != nullptr && annotations->contains(kMirrorAnnotation);
}

std::string ownerOf(const base::Json& pod, const char* kind) {
    for (const auto& owner : base::arrayAt(pod, "/metadata/ownerReferences")) {
        if (base::stringAt(owner, "/kind") == kind) {
            return base::stringAt(owner, "/uid").value_or("");
        }
    }
    return "";
}

}  // namespace

Tenant parseTenant(const base::Json& pod) {
    Tenant out;
    out.namespace_ = base::stringAt(pod, "/metadata/namespace").value_or("");
    out.name = base::stringAt(pod, "/metadata/name").value_or("");
    out.app = labelOf(pod, api::kAppLabel);
    out.runUid = ownerOf(pod, "ChaosRun");
    out.ended = parsePod(pod, {}).ended;
    // As kubeadm and those who follow it label what they start from files.
    out.controlPlane = isStatic(pod) && labelOf(pod, "tier") == "control-plane";
    out.ofNode = !out.controlPlane && (isStatic(pod) || !ownerOf(pod, "DaemonSet").empty());
    return out;
}

}  // namespace chaos::topology
