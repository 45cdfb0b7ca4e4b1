// The circuit breaker as HAProxy rules, and the answers given in a pod's place.
//
//   config += plan::breakerVariables();                       // into `global`
//   config += plan::breakerRules(breaker, answer, 60);        // into the frontend
//
// State is three variables of the process: open_until (0: closed; later than now: open; else
// half-open), round_until (the end of a round of probes), probes and good (of that round).
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/traffic.h"

namespace plan {

// As one argument of a configuration line, whatever is in it.
std::string asArgument(const std::string& text);

// Headers of an answer that HAProxy makes itself: nobody between it and the visitor may keep it,
// whatever its status says of that. ` hdr Retry-After 5` too; 0: without it.
std::string ownHeaders(int64_t retryAfterSeconds);

// "return status 503 ...": what `defaults` say to 503 where an answer is configured (it may be
// long, and stands nowhere else), or a bare one with this Retry-After.
std::string degradedAnswer(const std::optional<api::StaticResponse>& answer,
                           int64_t retryAfterSeconds);

std::string breakerVariables();
std::string breakerRules(const api::CircuitBreaker& breaker,
                         const std::optional<api::StaticResponse>& answer, int64_t requestSeconds);
// GET /circuit in Prometheus' words: scalableapp_circuit_state 0 (closed), 1 (half-open), 2 (open).
std::string breakerMetric();

}  // namespace plan
