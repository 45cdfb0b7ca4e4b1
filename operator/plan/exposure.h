// The way into an application from outside the cluster, as `loadBalancer.exposure` asks for it.
//
//   LoadBalancer   no object of its own: the public Service asks the platform for an address
//   Ingress        Ingress <app>
//   Gateway        Gateway <app> and HTTPRoute <app> of the Gateway API; only the HTTPRoute where
//                  the operator was given a Gateway that all share
//
// All of them lead to the public Service, so that the load balancer tier and its resilience stay in
// the way. What the way in cannot keep is told by the condition PartiallyEnforced.
// Decisions: an app has a Gateway of its own, because host and certificate are fields of a
// Gateway's listener and of nothing else; its class is the operator's, or the only one of the
// cluster. A missing certificate keeps nothing from being made: some controllers issue it for what
// is there. Thread safety: pure functions.
#pragma once

#include "plan/tier.h"

namespace plan {

inline constexpr const char* kExposureTier = "exposure";
inline constexpr const char* kGatewayGroup = "gateway.networking.k8s.io";

Tier exposureTier();

}  // namespace plan
