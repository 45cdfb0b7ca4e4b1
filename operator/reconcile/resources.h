// The kinds of objects the operator deals with: its own resource and the children it makes or
// reads.
//
//   for (const auto& type : reconcile::childTypes()) { manager.informer({.type = type, ...}); }
//   const kube::ResourceType* type = reconcile::childType("apps/v1", "Deployment");
//
// A new kind of child is one line in resources.cpp (and one rule in the chart's RBAC).
// Thread safety: constants.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "kube/resource.h"

namespace reconcile {

const kube::ResourceType& scalableApps();
const kube::ResourceType& chaosRuns();

// Everything that carries api::kAppLabel and that a plan looks at, pods and ReplicaSets included.
const std::vector<kube::ResourceType>& childTypes();

// What of that kind no plan reads; null: everything may be read, because intents are compared with
// it. A tier that reads more takes its pointer out of the list.
const base::JsonOutline* outlineOf(const std::string& kind);

// The same of kinds that a cluster may not know: those of the Gateway API.
const std::vector<kube::ResourceType>& optionalTypes();

// Null: no kind that the operator knows.
const kube::ResourceType* childType(const std::string& apiVersion, const std::string& kind);

}  // namespace reconcile
