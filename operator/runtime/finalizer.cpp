#include "runtime/finalizer.h"

#include <algorithm>

#include "base/json.h"

namespace runtime {
namespace {

kube::ApiResult<kube::ObjectPtr> replace(kube::Client& client, const kube::ResourceType& type,
                                         const Finalizers& seen,
                                         const std::vector<std::string>& names,
                                         const std::stop_token& stop) {
    if (seen.resourceVersion.empty()) {
        // Without the lock the patch would take away what others put there meanwhile.
        return base::failWith(kube::malformed("the finalizers of " + type.kind + " " +
                                              seen.key.str() + " were seen at no version"));
    }
    base::Json patch{
        {"metadata", {{"resourceVersion", seen.resourceVersion}, {"finalizers", names}}}};
    return client.patch(type, seen.key, kube::PatchType::MergePatch, patch, stop);
}

}  // namespace

bool Finalizers::has(const std::string& name) const {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Finalizers finalizersOf(const base::Json& object) {
    Finalizers out{
        .key = {base::stringAt(object, "/metadata/namespace").value_or(""),
                base::stringAt(object, "/metadata/name").value_or("")},
        .resourceVersion = base::stringAt(object, "/metadata/resourceVersion").value_or(""),
        .names = {}};
    for (const auto& name : base::arrayAt(object, "/metadata/finalizers")) {
        out.names.push_back(name.get<std::string>());
    }
    return out;
}

kube::ApiResult<kube::ObjectPtr> addFinalizer(kube::Client& client, const kube::ResourceType& type,
                                              const Finalizers& seen, const std::string& name,
                                              const std::stop_token& stop) {
    auto names = seen.names;
    if (!seen.has(name)) {
        names.push_back(name);
    }
    return replace(client, type, seen, names, stop);
}

kube::ApiResult<kube::ObjectPtr> removeFinalizer(kube::Client& client,
                                                 const kube::ResourceType& type,
                                                 const Finalizers& seen, const std::string& name,
                                                 const std::stop_token& stop) {
    auto names = seen.names;
    std::erase(names, name);
    return replace(client, type, seen, names, stop);
}

}  // namespace runtime
