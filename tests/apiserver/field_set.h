// Which fields of an object somebody owns: a tree, as FieldsV1 of metadata.managedFields writes it.
//
//   FieldSet mine = fieldsOf("Deployment", intent);
//   FieldSet gone = before.minus(mine);
//   metadata["managedFields"][0]["fieldsV1"] = mine.json();
//
// Steps are FieldsV1's: `f:name` a field, `k:{"name":"web"}` an item of a list with keys, `v:"x"`
// an item of a set. Thread safety: a value like any other.
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace test {

class FieldSet {
  public:
    bool member = false;  // the element itself, not only something in it
    std::map<std::string, FieldSet> children;

    static FieldSet parse(const base::Json& fieldsV1);
    base::Json json() const;

    bool empty() const { return !member && children.empty(); }
    void add(const FieldSet& other);
    FieldSet minus(const FieldSet& other) const;
    FieldSet common(const FieldSet& other) const;
    const FieldSet* child(const std::string& step) const;
    // For messages: ".spec.replicas" of every member.
    std::vector<std::string> paths(const std::string& prefix = "") const;
    bool operator==(const FieldSet&) const = default;
};

// What changed from one object to the next.
struct Comparison {
    FieldSet changed;  // added or modified
    FieldSet removed;
};

// As server-side apply sees an intent.
FieldSet fieldsOf(const base::Json& object);
Comparison compare(const base::Json& before, const base::Json& after);
// `intent` over `live`: fields and items of keyed lists are merged, all else is replaced.
void mergeIntent(base::Json& live, const base::Json& intent);
// Takes out of `object` what `last` has and `keep` has not.
void prune(base::Json& object, const FieldSet& last, const FieldSet& keep);

// Equal whatever the order of fields.
bool sameContent(const base::Json& a, const base::Json& b);

}  // namespace test
