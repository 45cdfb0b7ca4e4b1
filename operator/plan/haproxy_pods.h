// What a load balancer is told of the web pods beside what names say: the cluster's DNS may answer
// from caches, for 5 to 30 seconds on many clusters.
//
//   plan::tellPods(observed, kBalancerTier, kPodsAnnotation, plan::podsText(observed), out);
//
// One line for a pod: its pool, address, port, and since when it is ready (seconds since 1970), or
// with a minus when it is to be gone. The kubelet makes a file of the annotation within a second,
// and a script in HAProxy reads it: a pod that came gets a server of its own until names tell of
// it, a pod that goes gets nothing new. Names stay the truth: what is told grows old by itself, so
// that nothing depends on the operator, and a HAProxy without Lua follows names alone.
//
// With SourceIPHash a pod that came takes clients twice: to its own server, and again once names
// tell of it, because a server's place on the ring is its number (3.0 and later know `hash-key`,
// 2.x does not). With a bulkhead it may have twice what it allows at once, while requests are under
// way at that moment: they end where they began. The other choice, to wait for names, would leave a
// rollout without pods wherever names are slower than the rollout. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "plan/plan.h"

namespace plan {

inline constexpr const char* kPodsAnnotation = "scalableapp.dev/web-pods";
inline constexpr const char* kPodsFile = "/etc/scalableapp/web-pods";
inline constexpr const char* kPodsScriptFile = "/etc/scalableapp/web-pods.lua";

// "web", "zone-z1": of HAProxy's servers, by the zone of the pods.
std::string poolName(const std::string& zone);

// The pods that got ready last and those that go; the same for the same pods at any time.
std::string podsText(const Observed& observed);

// The servers of a pool that pods get while names do not know them, as configuration.
std::string newcomerServers(const std::string& pool, int64_t slots);

// In Lua 5.3, as HAProxy 2.6 and later load it.
std::string podsScript();

}  // namespace plan
