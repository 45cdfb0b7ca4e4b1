// ChaosExperiment and ChaosRun as typed values: what is asked of a chaos run.
//
//   auto spec = api::parseChaosSpec(object);     // the whole object, as the API server gave it
//   if (!spec) { ... spec.error().message names the field }
//   spec->fault.type;                                  // "PodKill"
//
// Defaults are those of the CustomResourceDefinition, so that an object that was stored before a
// field existed means the same. Bounds are the API server's business; here only what would make no
// sense at all is refused.
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json_fwd.h"
#include "base/result.h"

namespace api {

struct ChaosTarget {
    std::string tier = "Web";
    std::string role;  // empty: any
    std::string zone;  // empty: any
    int64_t count = 1;
    bool operator==(const ChaosTarget&) const = default;
};

struct ChaosFault {
    std::string type = "PodKill";
    std::optional<int64_t> graceSeconds;       // empty: the fault's own default
    std::optional<int64_t> durationSeconds;    // of a fault that lasts; empty: 60
    std::string method;                        // ZoneOutage: "" or Composite, Power
    std::optional<int64_t> requestsPerSecond;  // LoadStep: what is added
    bool operator==(const ChaosFault&) const = default;

    int64_t lasts() const { return durationSeconds.value_or(60); }
};

struct ChaosSteadyState {
    int64_t webErrorPercent = 0;
    bool minimumReady = true;
    int64_t holdSeconds = 10;
    bool operator==(const ChaosSteadyState&) const = default;
};

struct ChaosLoad {
    int64_t requestsPerSecond = 50;
    std::string path = "/";
    bool operator==(const ChaosLoad&) const = default;
};

struct ChaosAutoscaling {
    std::string scaling = "Ignore";  // Required | Forbidden | Ignore
    std::optional<int64_t> reactWithinSeconds;
    std::optional<int64_t> settleWithinSeconds;
    bool operator==(const ChaosAutoscaling&) const = default;

    bool asks() const { return scaling != "Ignore" || reactWithinSeconds || settleWithinSeconds; }
};

struct ChaosExpectations {
    std::optional<int64_t> webErrorPercent;
    std::optional<int64_t> maxReadOutageSeconds;
    std::optional<int64_t> redundancyRestoredSeconds;
    ChaosAutoscaling autoscaling;
    bool operator==(const ChaosExpectations&) const = default;
};

struct ChaosSafety {
    bool dryRun = false;
    int64_t maxTargets = 1;
    int64_t maxTargetsPercent = 34;
    bool expectOutage = false;
    bool allowSharedNodes = false;
    int64_t abortAfterSeconds = 300;
    std::optional<int64_t> abortErrorPercent;  // of the last seconds: the fault is taken back
    bool operator==(const ChaosSafety&) const = default;
};

struct ChaosExperimentSpec {
    std::string app;
    int64_t runs = 1;      // of this generation, one after the other
    bool control = false;  // one more run before them, with the load and without the fault
    ChaosTarget target;
    ChaosFault fault;
    ChaosSteadyState steadyState;
    ChaosLoad load;
    ChaosExpectations expectations;
    ChaosSafety safety;
    bool operator==(const ChaosExperimentSpec&) const = default;
};

// The `spec` of a ChaosExperiment or of a ChaosRun, which carries the same fields as an immutable
// copy.
base::Result<ChaosExperimentSpec> parseChaosSpec(const base::Json& object);

}  // namespace api
