// Whether an object is as its intent wants it: what keeps a steady cluster free of writes.
//
//   if (plan::differs(intent, observed)) { client.apply(type, intent, stop); }
//
// Only what the intent names counts; everything else belongs to others (an autoscaler, defaults,
// people's annotations). A field that an older intent had and this one has not is caught by the
// hash that every intent carries as an annotation: it is one of the fields that differ then. Thread
// safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace plan {

inline constexpr const char* kHashAnnotation = "scalableapp.dev/intent-hash";

bool differs(const base::Json& intent, const base::Json& observed);

struct Difference {
    std::string pointer;  // within the observed object
    base::Json wanted;
    base::Json seen;  // null: nothing is there
    bool operator==(const Difference&) const = default;
};

// Where they differ, as deep as it can be told; empty: nowhere.
std::vector<Difference> differences(const base::Json& intent, const base::Json& observed);

// Over everything but the annotation itself; the order of fields does not count.
std::string intentHash(const base::Json& intent);

}  // namespace plan
