#include "kube/resource.h"

namespace kube {

std::string ResourceType::collectionPath(const std::string& namespace_) const {
    std::string path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
    if (namespaced && !namespace_.empty()) {
        path += "/namespaces/" + namespace_;
    }
    return path + "/" + plural;
}

std::string ResourceType::path(const ObjectKey& key) const {
    return collectionPath(key.namespace_) + "/" + key.name;
}

}  // namespace kube
