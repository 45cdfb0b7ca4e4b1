// The Deployments that the edge tier is made of: one, or one for each named zone that has pods.
//
//   for (const auto& group : plan::edgeGroups(app)) { ... group.name ... }    // "shop-edge-z1"
//
// Thread safety: pure functions; what is returned refers to what was given.
#pragma once

#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "plan/plan.h"

namespace plan {

inline constexpr const char* kEdgeTier = "cdn";
inline constexpr const char* kEpochAnnotation = "scalableapp.dev/epoch";

struct EdgeGroup {
    std::string zone;  // empty: no zones are named
    std::string name;  // of its Deployment
};

// With a `cdn` only; what is there without one counts as leaving.
std::vector<EdgeGroup> edgeGroups(const api::ScalableApp& app);

std::string edgeName(const api::ScalableApp& app, const std::string& zone);
// The Service by which the edges find what is behind them.
std::string originName(const api::ScalableApp& app);

// Deployments of edges that nothing asks for any more.
std::vector<const base::Json*> leavingEdges(const api::ScalableApp& app, const Observed& observed);

// Pods that may give something out: those that are ready, and those on their way out whose time is
// not over.
std::vector<const base::Json*> servingEdges(const Observed& observed);

// Pods that run and are not ready: they wait for an origin.
std::vector<const base::Json*> startingEdges(const Observed& observed);

// Whether a pod on its way out has had its time: its node is lost if it is still there.
bool isPastItsTime(const base::Json& pod, base::WallTime now);

}  // namespace plan
