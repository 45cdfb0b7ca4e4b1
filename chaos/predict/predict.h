// Whether an experiment may be run at all, before anybody looks at pods. What a fault would do to
// them is the fault's own word (faults/fault.h).
//
//   if (auto refusal = predict::permission(run, seen)) { ... }   // it says what to change
//
// Thread safety: pure.
#pragma once

#include <optional>

#include "chaos/faults/fault.h"
#include "chaos/run/seen.h"

namespace chaos::predict {

using faults::Refusal;

// Whether the application may be touched.
std::optional<Refusal> permission(const run::Run& run, const run::Seen& seen);

// What the spec cannot deliver, whatever the cluster looks like: expectations that ask nothing or
// contradict each other, traffic too thin to prove anything, faults that cannot be applied here.
std::optional<Refusal> feasibility(const run::Run& run, const run::Site& site);

// What this application cannot answer: a question about an autoscaler that it does not have.
std::optional<Refusal> answerable(const run::Run& run, const run::Seen& seen);

// The fault that a run carries out: its spec's, or none for a control run. Null: no such fault.
const faults::Fault* faultOf(const run::Run& run);

// Fewer requests than this before the fault prove nothing.
inline constexpr int64_t kMinimumRequests = 50;

}  // namespace chaos::predict
