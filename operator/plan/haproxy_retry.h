// The retry as HAProxy rules: its budget, and the wait before a request is sent again.
//
//   config += plan::budgetRules(retry);              // into the frontend
//   if (plan::waitsToRetry(resilience)) {
//       config += plan::retryBackend(...) + plan::attemptFrontend(...);   // a hop of its own
//       config += plan::waitRules(retry, "web") + plan::otherPodRule();   // where pods are
//   }
//
// HAProxy sends a request again by itself, at once, and asks no rule before it does. So what it
// sends to is HAProxy itself: the backend `retry` has one server, a socket on which the frontend
// `attempt` of the same process listens. There, each attempt is a request that rules can see. One
// that comes again, by the number it was given, waits, and goes to another pod than the one that
// failed it last. Pods that refuse connections are passed over there, at once.
// - The wait is base * 2^n, at most the maximum, with "equal jitter" (M. Brooker, "Exponential
//   Backoff And Jitter", AWS Architecture Blog, 2015): half of it, and up to another half at
//   random. Clients wait meanwhile, so the time is bounded from both sides.
// - HAProxy's own answers (no pod, too late, bulkhead full) are not to be tried again: they pass
//   the hop under a status of their own.
// - Retries have what is left of the request's time; where a wait would outlast it, there is none.
// - A process that is about to stop leaves the hop out: its sockets close first.
// - Each client's connection has its own across the hop: the pods' connections are kept and shared
//   as they are without it.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "api/traffic.h"

namespace plan {

inline constexpr const char* kRetryScriptFile = "/etc/scalableapp/retry.lua";

bool waitsToRetry(const api::Resilience& resilience);

// Into `global`.
std::string retryVariables(const api::Resilience& resilience);
std::string budgetRules(const api::Retry& retry);

// `requestSeconds`: what bounds a request, and how long it may wait for a pod.
std::string retryBackend(const api::Retry& retry, int64_t requestSeconds);
// `routes`: the rules that choose among the backends with pods.
std::string attemptFrontend(const std::string& routes);
// What `public` says to take the hop.
std::string hopRules();
// Before anything is decided about the attempt in a backend with pods, and after it.
std::string waitRules(const api::Retry& retry, const std::string& backend);
std::string otherPodRule();

// In Lua 5.3, as HAProxy 2.6 and later load it. Without Lua, retries do not wait.
std::string retryScript();

}  // namespace plan
