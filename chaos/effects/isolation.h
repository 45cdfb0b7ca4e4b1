// A NetworkPolicy that lets nothing in and nothing out of an application's pods of one zone. It is
// owned by the run, so that it goes with it at the latest, and carries its deadline.
//
//   client.create(kNetworkPolicies, effects::isolationPolicy(run), stop);
//
// It selects by the labels that every pod of the application has from the start; no pod is changed.
// Works only where the cluster's network enforces policies, and may leave connections alone that
// are open already. Thread safety: pure.
#pragma once

#include <string>

#include "chaos/run/seen.h"

namespace chaos::effects {

inline constexpr const char* kDeadlineAnnotation = "scalableapp.dev/chaos-deadline";

std::string isolationName(const std::string& runName);
base::Json isolationPolicy(const run::Run& run);

}  // namespace chaos::effects
