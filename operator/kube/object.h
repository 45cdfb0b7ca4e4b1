// One object as the API server gave it: immutable compact text plus the metadata that caches,
// queues and preconditions need. The rest is parsed when somebody looks at it.
//
//   kube::ApiResult<kube::ObjectPtr> pod = kube::Object::parse(line);
//   if (pod && (*pod)->meta().deleting) { ... }
//   base::Json tree = (*pod)->json();
//
// `metadata.managedFields` and the last-applied annotation are dropped on the way in: a quarter of
// the bytes, and nothing here reads them. Thread safety: immutable, share freely.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "kube/errors.h"
#include "kube/resource.h"

namespace kube {

struct OwnerReference {
    std::string apiVersion;
    std::string kind;
    std::string name;
    std::string uid;
    bool controller = false;
};

struct Meta {
    std::string apiVersion;
    std::string kind;
    ObjectKey key;
    std::string uid;
    std::string resourceVersion;
    int64_t generation = 0;
    bool deleting = false;  // deletionTimestamp is set
    std::map<std::string, std::string> labels;
    std::vector<OwnerReference> owners;
};

class Object;
using ObjectPtr = std::shared_ptr<const Object>;

class Object {
  public:
    // Errors: Malformed. `apiVersion` and `kind` fill in for list items, which carry none.
    static ApiResult<ObjectPtr> parse(std::string_view text, const std::string& apiVersion = "",
                                      const std::string& kind = "");
    static ObjectPtr fromJson(const base::Json& json);

    const Meta& meta() const { return meta_; }
    const std::string& text() const { return text_; }
    // The whole tree, parsed anew at each call.
    base::Json json() const;

  private:
    Meta meta_;
    std::string text_;
};

// resourceVersions are integers of unbounded size (comparable by contract since Kubernetes 1.35):
// true when `a` is at least as new as `b`. An empty one is older than everything.
bool atLeast(std::string_view a, std::string_view b);

}  // namespace kube
