// The children of an app, as the planner sees them.
//
//   for (const base::Json* child : plan::childrenOf(observed, "web")) { ... }
//
// Thread safety: pure functions; what is returned refers to what was given.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "plan/plan.h"

namespace plan {

std::string tierOf(const base::Json& child);

std::vector<const base::Json*> childrenOf(const Observed& observed, const std::string& tier);

// Null: there is none, or it is on its way out.
const base::Json* findChild(const Observed& observed, const std::string& kind,
                            const std::string& name);

}  // namespace plan
