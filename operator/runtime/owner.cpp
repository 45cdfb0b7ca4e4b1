#include "runtime/owner.h"

#include "base/json.h"

namespace runtime {
namespace {

std::string wrong(const Owner& owner, const kube::ResourceType& childType,
                  const base::Json& child) {
    auto namespace_ = base::stringAt(child, "/metadata/namespace").value_or("");
    if (owner.uid.empty()) {
        return "the owner has no UID";
    }
    if (owner.type.namespaced && !childType.namespaced) {
        return "a cluster-scoped object cannot have a namespaced owner";
    }
    if (owner.type.namespaced && owner.key.namespace_ != namespace_) {
        return "an owner must be in the namespace of what it owns, which is " +
               (namespace_.empty() ? "none" : namespace_);
    }
    for (const auto& other : base::arrayAt(child, "/metadata/ownerReferences")) {
        if (base::boolAt(other, "/controller").value_or(false)) {
            return base::stringAt(other, "/kind").value_or("") + " " +
                   base::stringAt(other, "/name").value_or("") + " controls it already";
        }
    }
    return "";
}

}  // namespace

base::Result<base::Json> withController(const Owner& owner, const kube::ResourceType& childType,
                                        base::Json child) {
    if (auto why = wrong(owner, childType, child); !why.empty()) {
        return base::fail(owner.type.kind + " " + owner.key.str() + " cannot own " +
                          childType.kind + " " +
                          base::stringAt(child, "/metadata/name").value_or("") + ": " + why);
    }
    child["metadata"]["ownerReferences"].push_back({{"apiVersion", owner.type.apiVersion()},
                                                    {"kind", owner.type.kind},
                                                    {"name", owner.key.name},
                                                    {"uid", owner.uid},
                                                    {"controller", true}});
    return child;
}

}  // namespace runtime
