// The load balancer tier: HAProxy pods in front of the web pods.
//
//   Deployment and PodDisruptionBudget <app>-lb, and a headless Service for each Deployment of the
//   web tier, by which HAProxy finds its pods. The public Service <app> leads to them once they are
//   ready (plan/entry.h), and back to the web pods before they go.
//
// Decisions: the configuration is part of the pod template (an annotation that the pod sees as a
// file) and not a ConfigMap: a change is a rollout, whose progress the Deployment's status tells,
// in which a configuration that HAProxy refuses stops at the first pod while the old ones serve,
// and no pod that restarts gets one that others do not have yet. A reload in place would save the
// new pods, but nobody could tell when a ConfigMap has arrived where (up to a minute), and it would
// need a second container with a right to signal the first. No request is lost: pods leave by a
// sleep in preStop, then HAProxy stops softly (SIGUSR1, the image's stop signal). A pod on its way
// out still serves, and its files do not change any more: nobody can tell it which web pods go. So
// none that the operator takes away goes before it. Thread safety: pure functions.
#pragma once

#include <optional>

#include "plan/tier.h"

namespace plan {

inline constexpr const char* kBalancerTier = "loadBalancer";

Tier loadBalancerTier();

std::string balancerName(const api::ScalableApp& app);

// Rolled out as the spec (and what is there) asks for, with all pods ready.
bool balancerCurrent(const api::ScalableApp& app, const Observed& observed);

// Until when balancers that are on their way out may ask web pods; empty: there are none.
std::optional<base::WallTime> balancersAskUntil(const api::ScalableApp& app,
                                                const Observed& observed);

}  // namespace plan
