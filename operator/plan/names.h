// Names and labels that every child carries: part of the contract with users.
//
//   Json labels = plan::labelsFor(app, "web");
//   Json object = plan::childOf(app, "v1", "Service", app.name, "web");
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "api/scalable_app.h"
#include "base/json.h"

namespace plan {

base::Json labelsFor(const api::ScalableApp& app, const std::string& tier);
// What selects the pods of a tier: never changes, a Deployment's selector cannot.
base::Json selectorFor(const api::ScalableApp& app, const std::string& tier);

// Identity, labels and owner reference; the caller adds what the object is about.
base::Json childOf(const api::ScalableApp& app, const std::string& apiVersion,
                   const std::string& kind, const std::string& name, const std::string& tier);

}  // namespace plan
