// How long a request may take on its way through the proxies, as the spec has it: who asks waits no
// shorter than who is asked, and a proxy that ends lets what it has come to its end.
//
//   plan::podSeconds(app.resilience);            // 60, or `timeoutSeconds`
//   plan::shutdownSeconds(answerSeconds(...));   // what a proxy has for it
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>

#include "api/scalable_app.h"

namespace plan {

// A web pod's time for its answer, and a request's for a pod.
int64_t podSeconds(const api::Resilience& resilience);

// After that the load balancer has answered, if only to say that no pod did.
int64_t answerSeconds(const api::Resilience& resilience);

// What an edge gives an origin: no less than the load balancer, if there is one, gives itself.
int64_t originSeconds(const api::ScalableApp& app);

// What a proxy that no longer gets new requests has for those that it still has, the longest of
// which takes that long.
int64_t shutdownSeconds(int64_t longest);

// Of its pod: from being told to go until it is ended by force.
int64_t proxyGraceSeconds(int64_t longest);

}  // namespace plan
