// ScalableApp as a typed value: what a person asked for, with every default filled in.
//
//   auto app = api::parseScalableApp(object);              // a manifest: everything is checked
//   if (!app) { say(app.error().message); }                // "spec.web.port: Invalid value: 0:
//   ..." app->web.port;                                         // 8080 when it was not given
//   api::parseScalableApp(object, api::UnknownFields::Ignore);   // an object of the API server
//
// The rules are those of crds/scalableapps.yaml, in the same words, so that a check without a
// cluster and the API server agree (tests/api/cases serves both). An operator ignores fields it
// does not know: a newer definition may carry them, with defaults that nobody wrote. Thread safety:
// plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/cdn.h"
#include "api/condition.h"
#include "api/pod_fields.h"
#include "api/traffic.h"
#include "base/json.h"
#include "base/result.h"

namespace api {

inline constexpr const char* kApiVersion = "scalableapp.dev/v1alpha1";
inline constexpr const char* kKind = "ScalableApp";

// What the schema cannot show as a default, because it depends on other fields.
inline constexpr int64_t kDefaultWebReplicas = 2;  // where there is no autoscaling

struct KeyReference {
    std::string name;
    std::string key;
    bool operator==(const KeyReference&) const = default;
};

// Exactly one of the three is set.
struct EnvVar {
    std::string name;
    std::optional<std::string> value;
    std::optional<KeyReference> secretKeyRef;
    std::optional<KeyReference> configMapKeyRef;
    bool operator==(const EnvVar&) const = default;
};

struct Autoscaling {
    int64_t minReplicas = 2;
    int64_t maxReplicas = 0;
    int64_t targetCPUUtilizationPercent = 70;
    int64_t scaleDownStabilizationSeconds = 120;
    bool operator==(const Autoscaling&) const = default;
};

struct Health {
    std::string path = "/healthz";
    int64_t startupSeconds = 60;
    bool operator==(const Health&) const = default;
};

struct Web {
    std::string image;
    std::vector<std::string> command;
    std::vector<std::string> args;
    int64_t port = 8080;
    std::vector<EnvVar> env;
    Resources resources;
    std::optional<int64_t> replicas;  // never together with autoscaling
    std::optional<Autoscaling> autoscaling;
    Health health;
    int64_t drainSeconds = 5;
    Overrides overrides;
    bool operator==(const Web&) const = default;

    // The fewest pods that are asked for, and the most there may be.
    int64_t leastReplicas() const {
        return autoscaling ? autoscaling->minReplicas : replicas.value_or(kDefaultWebReplicas);
    }
    int64_t mostReplicas() const {
        return autoscaling ? autoscaling->maxReplicas : leastReplicas();
    }
};

enum class Management { Manage, Observe };

struct ScalableApp {
    std::string namespace_ = "default";
    std::string name;
    std::string uid;
    int64_t generation = 0;

    Management management = Management::Manage;
    int64_t progressDeadlineSeconds = 600;
    std::vector<Zone> zones;  // empty: pods spread softly over what there is
    Web web;
    LoadBalancer loadBalancer;
    Resilience resilience;
    std::optional<Cdn> cdn;
    std::optional<Geo> geo;

    // A tier of its own, in front of the web tier.
    bool hasLoadBalancerTier() const {
        return loadBalancer.algorithm.has_value() || resilience.any();
    }

    // As it was last written: transition times continue from here.
    Conditions conditions;
};

enum class UnknownFields { Refuse, Ignore };

// `object`: the whole resource. Error: one line, "<path>: <what is wrong>: <remedy>", the first
// breach found.
base::Result<ScalableApp> parseScalableApp(const base::Json& object,
                                           UnknownFields unknown = UnknownFields::Refuse);

}  // namespace api
