// A cluster in a few lines for tests of the planner: what the API server and its controllers would
// make of the intents.
//
//   Seen seen = seenAfter(app);                       // everything applied, rolled out and ready
//   breakPod(seen.children, waiting("ImagePullBackOff", "..."));
//
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace plan_test {

api::ScalableApp app(const std::string& web = R"({"image":"shop:1"})",
                     const std::string& spec = "{}");

base::WallTime clockStart();

// All intents applied, the Deployment rolled out, `ready` pods of it ready and the others running
// but not ready. ready < 0: all.
plan::Observed seenAfter(const api::ScalableApp& app, int ready = -1);

base::Json* find(plan::Observed& seen, const std::string& kind, const std::string& name = "");
// Replaces the state of every pod that is not ready.
void setStates(plan::Observed& seen, const base::Json& containerStatus);
// The status of a plan goes into the app, as if it had been written and read again.
void remember(api::ScalableApp& app, const plan::Plan& plan);

const api::Condition* condition(const plan::Plan& plan, const std::string& type);
base::Json object(const plan::Plan& plan, const std::string& kind);

}  // namespace plan_test
