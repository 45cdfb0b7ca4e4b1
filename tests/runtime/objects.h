// Kinds and objects that the tests of this folder use.
#pragma once

#include <string>

#include "base/json.h"
#include "kube/object.h"
#include "kube/resource.h"

namespace test {

inline const kube::ResourceType kPods{"", "v1", "pods", "Pod", true};
inline const kube::ResourceType kMaps{"", "v1", "configmaps", "ConfigMap", true};
inline const kube::ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const kube::ResourceType kEvents{"events.k8s.io", "v1", "events", "Event", true};

inline base::Json podJson(const std::string& name, const std::string& app = "shop") {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"namespace", "ns"}, {"name", name}, {"labels", {{"app", app}}}}}};
}

// A pod as a server has it.
inline base::Json pod(const std::string& name, const std::string& version,
                      const std::string& uid = "", const std::string& app = "shop") {
    auto json = podJson(name, app);
    json["metadata"]["uid"] = uid.empty() ? "uid-" + name : uid;
    json["metadata"]["resourceVersion"] = version;
    return json;
}

inline kube::ObjectPtr podPtr(const std::string& name, const std::string& version,
                              const std::string& uid = "", const std::string& app = "shop") {
    return kube::Object::fromJson(pod(name, version, uid, app));
}

}  // namespace test
