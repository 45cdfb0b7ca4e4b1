// The web tier: stateless pods behind one address.
//
//   Deployment <app>-web, Service <app>, HorizontalPodAutoscaler and PodDisruptionBudget <app>-web;
//   where zones are named, one of each but the Service for every zone: <app>-web-<zone>.
//
// Decisions: a rollout never goes below the pods that are asked for (maxUnavailable 0); the budget
// lets a quarter of the pods go at once and never more than one of four; health is asked on one
// path, but liveness waits for a minute of silence, because a restart helps a hung process and
// harms a busy one; pods leave by a sleep in preStop, so that traffic is led away before SIGTERM.
// Thread safety: pure functions.
#pragma once

#include "plan/tier.h"

namespace plan {

Tier webTier();

}  // namespace plan
