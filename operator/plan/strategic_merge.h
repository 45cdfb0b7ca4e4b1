// A patch of a pod template, applied as `kubectl patch` does it: a strategic merge.
//
//   auto done = plan::strategicMerge(pod, patch);   // pod: {"metadata": ..., "spec": ...}
//   if (!done) { ... done.error().message }
//
// Maps are merged, null takes a field away. Lists whose items have a key (containers, volumes, env,
// ...) are merged item by item: the key finds the item, a new one is added, `"$patch": "delete"`
// takes it away; `"$patch": "replace"` in a map replaces the map. Every other list is replaced as a
// whole. Thread safety: pure function.
#pragma once

#include "base/json.h"
#include "base/result.h"

namespace plan {

// Error: an item without its key, or a directive that there is not. `object` is then unusable.
base::Status strategicMerge(base::Json& object, const base::Json& patch);

}  // namespace plan
