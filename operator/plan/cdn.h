// The edge tier: nginx pods that keep answers, in front of everything else.
//
//   Deployment <app>-edge (one for each named zone: <app>-edge-<zone>), PodDisruptionBudget
//   <app>-edge, and the Service <app>-origin, which leads to what is behind the edges: the load
//   balancer where there is one, else the web pods. The public Service <app> leads to the edges
//   once they are ready (plan/entry.h).
//
// Decisions: the configuration is part of the pod template, as the load balancer's is, and for the
// same reasons; the epoch is not (plan/cdn_epoch.h), so that a purge is no rollout. A pod is ready
// once it had an answer from an origin, and then for good: an edge whose origin is gone is the one
// that still has something to give. No request is lost when a pod leaves: answers carry
// "Connection: close" while traffic is led away, then nginx stops softly (SIGQUIT, the image's stop
// signal). Thread safety: pure functions.
#pragma once

#include "plan/cdn_groups.h"
#include "plan/tier.h"

namespace plan {

Tier cdnTier();

// Rolled out as the spec asks for, with all pods ready.
bool edgesCurrent(const api::ScalableApp& app, const Observed& observed);
// Any pod at all that is ready.
bool edgesServe(const Observed& observed);
// Whether a pod was made with the configuration that the spec asks for.
bool hasAskedConfig(const api::ScalableApp& app, const base::Json& pod);

}  // namespace plan
