// What a request addresses: a kind of object and one object of that kind.
//
//   const kube::ResourceType kDeployments{"apps", "v1", "deployments", "Deployment", true};
//   kube::ObjectKey key{"shop-ns", "shop-web"};
//   kDeployments.path(key)   // "/apis/apps/v1/namespaces/shop-ns/deployments/shop-web"
#pragma once

#include <compare>
#include <string>

namespace kube {

// Namespace (empty for cluster-scoped kinds) and name. Prints as "namespace/name" or "name".
struct ObjectKey {
    std::string namespace_;
    std::string name;

    auto operator<=>(const ObjectKey&) const = default;
    std::string str() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};

struct ResourceType {
    std::string group;  // "" for the core group
    std::string version;
    std::string plural;
    std::string kind;
    bool namespaced = true;

    bool operator==(const ResourceType&) const = default;
    std::string apiVersion() const { return group.empty() ? version : group + "/" + version; }
    // The collection, in one namespace or (namespace_ empty) over all.
    std::string collectionPath(const std::string& namespace_) const;
    std::string path(const ObjectKey& key) const;
};

}  // namespace kube
