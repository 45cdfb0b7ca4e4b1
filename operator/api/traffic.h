// What a spec says about the way of a request: zones, load balancer, resilience.
//
//   std::vector<api::Zone> zones;
//   api::readZones(spec, app.name, zones);    // spec.zones, with the weights resolved
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/fields.h"
#include "api/pod_fields.h"

namespace api {

inline constexpr int64_t kDefaultZoneWeight = 100;

struct Zone {
    std::string name;
    int64_t weight = kDefaultZoneWeight;  // 0: drained
    bool operator==(const Zone&) const = default;
};

// Names in `zones` are part of the names of Services: both together must fit into one.
void readZones(Fields& spec, const std::string& appName, std::vector<Zone>& out);

// How many of them are to have pods.
int64_t activeZones(const std::vector<Zone>& zones);

enum class Algorithm { RoundRobin, WeightedRoundRobin, LeastConnections, SourceIPHash };
enum class Exposure { ClusterIP, LoadBalancer, Ingress, Gateway };

struct LoadBalancer {
    std::string image = "haproxy:2";
    std::optional<Algorithm> algorithm;  // none: a plain Service, unless a resilience clause is set
    int64_t replicas = 2;
    Resources resources;  // of each HAProxy pod; what is not given is the operator's choice
    Overrides overrides;  // of the HAProxy pods
    Exposure exposure = Exposure::ClusterIP;
    std::string host;                    // of Ingress and Gateway, never of another exposure
    std::string tlsSecretName;           // likewise; empty: plain HTTP
    std::vector<NameValue> annotations;  // of the object by which requests come in
    bool operator==(const LoadBalancer&) const = default;
};

struct CircuitBreaker {
    int64_t errorRatePercent = 50;
    int64_t windowSeconds = 10;
    int64_t minimumRequests = 20;
    int64_t openSeconds = 15;
    int64_t halfOpenRequests = 3;
    bool operator==(const CircuitBreaker&) const = default;
};

struct Bulkhead {
    int64_t maxConcurrentRequests = 0;  // at one web pod, from all balancers together
    int64_t maxPendingRequests = 100;   // waiting for a pod, at all balancers together
    bool operator==(const Bulkhead&) const = default;
};

struct Retry {
    int64_t attempts = 2;           // beside the first
    int64_t baseMilliseconds = 50;  // before the second retry twice as long, and so on; 0: at once
    int64_t maxMilliseconds = 1000;
    int64_t budgetPercent = 20;
    bool operator==(const Retry&) const = default;
};

struct StaticResponse {
    int64_t statusCode = 503;
    std::string body = "The service is not available at the moment.";
    int64_t retryAfterSeconds = 5;
    bool operator==(const StaticResponse&) const = default;
};

struct Resilience {
    std::optional<int64_t> timeoutSeconds;
    std::optional<CircuitBreaker> circuitBreaker;
    std::optional<Bulkhead> bulkhead;
    std::optional<Retry> retry;
    std::optional<StaticResponse> staticResponse;
    bool operator==(const Resilience&) const = default;

    bool any() const {
        return timeoutSeconds || circuitBreaker || bulkhead || retry || staticResponse;
    }
};

void readLoadBalancer(Fields& spec, LoadBalancer& out);
// After the load balancer, whose number of pods the bulkhead is split over.
void readResilience(Fields& spec, const LoadBalancer& loadBalancer, Resilience& out);

}  // namespace api
