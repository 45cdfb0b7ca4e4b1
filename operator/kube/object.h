// One object as the API server gave it: immutable compact text plus the metadata that caches,
// queues and preconditions need. The rest is parsed when somebody looks at it.
//
//   kube::ApiResult<kube::ObjectPtr> pod = kube::Object::parse(line);
//   if (pod && (*pod)->meta().deleting) { ... }
//   base::Json tree = (*pod)->json();
//
// `metadata.managedFields` and the last-applied annotation are dropped on the way in: a quarter of
// the bytes, and nothing here reads them. What many objects have in common (kinds, labels, owners;
// with a TextPack most of the text too) is stored once. Thread safety: immutable, share freely.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "kube/errors.h"
#include "kube/interned.h"
#include "kube/labels.h"
#include "kube/resource.h"
#include "kube/text_pack.h"

namespace kube {

struct OwnerReference {
    Interned apiVersion;
    Interned kind;
    Interned name;
    Interned uid;
    bool controller = false;
};

struct Meta {
    Interned apiVersion;
    Interned kind;
    ObjectKey key;
    std::string uid;
    std::string resourceVersion;
    int64_t generation = 0;
    bool deleting = false;  // deletionTimestamp is set
    Labels labels;
    std::vector<OwnerReference> owners;
};

class Object;
using ObjectPtr = std::shared_ptr<const Object>;

class Object {
  public:
    // Errors: Malformed; also of a resourceVersion that is none. `apiVersion` and `kind` fill in
    // for list items, which carry none. With a `pack` the text is kept by it.
    static ApiResult<ObjectPtr> parse(std::string_view text, const std::string& apiVersion = "",
                                      const std::string& kind = "", TextPack* pack = nullptr);
    static ObjectPtr fromJson(const base::Json& json);

    const Meta& meta() const { return meta_; }
    // Unpacked at each call.
    std::string text() const { return text_.text(); }
    // The tree without what `outline` leaves out, parsed anew at each call.
    base::Json json(const base::JsonOutline* outline = nullptr) const;

  private:
    Meta meta_;
    PackedText text_;
};

// resourceVersions are comparable by contract since Kubernetes 1.35 (KEP 5504): integers of
// unbounded size, digits without a leading zero. An object or a list with any other is Malformed:
// what cannot be compared would pass for old, and a cache would quietly stand still.
bool isVersion(std::string_view text);

// True when `a` is at least as new as `b`. An empty one (nothing seen yet) is older than every
// other.
bool atLeast(std::string_view a, std::string_view b);

}  // namespace kube
