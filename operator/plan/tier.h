// What a tier of an application is to the planner. A tier is one source file that fills in a Tier;
// it is registered in tiers.cpp, and nothing else knows of it.
//
//   for (const Tier& tier : plan::tiers()) {
//       if (tier.wanted(app)) { TierIntents intents = tier.intents(app, observed); ... }
//   }
//
// Thread safety: constants and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "plan/plan.h"
#include "plan/root_cause.h"

namespace plan {

struct TierIntents {
    std::vector<base::Json> objects;
    std::vector<Scale> scales;
    std::vector<Note> notes = {};
    std::vector<Patch> patches = {};
    std::vector<EventIntent> events = {};
    // Children that nothing asks for any more and that have to stay for now, as they are.
    std::vector<const base::Json*> staying;
    // Set: the tier cannot be built from this spec. What there is of it stays as it is.
    std::optional<Cause> problem;
    // When time alone may change the answer.
    std::optional<std::chrono::milliseconds> lookAgain = {};
};

struct SinglePoint {
    std::string tier;
    std::string what;
    std::string why;
};

struct Endpoint {
    std::string name;
    std::string address;
};

// A condition beside the tier's own.
struct ExtraCondition {
    std::string type;
    bool value = false;
    std::string reason;
    std::string message;
    bool unknown = false;  // whatever the value
};

struct TierState {
    bool serving = false;  // with at least the capacity that is asked for
    bool settled = false;  // nothing is left to do: no rollout, no missing pod
    std::string progress;  // where it stands, in words: "2 of 3 pods ready"
    std::string doing;     // CamelCase, while not settled: "RollingOut"
    std::optional<Cause> cause;
    base::Json summary;    // status.<tier>
    base::Json effective;  // status.effective.<tier>; null: nothing was resolved
    std::vector<SinglePoint> singlePoints;
    std::vector<Endpoint> endpoints;
    std::vector<ExtraCondition> conditions;
    std::vector<EventIntent> events;
    // When time alone may change the answer.
    std::optional<std::chrono::milliseconds> lookAgain;
};

// A station of a request's way through the application, as people are shown it.
struct Hop {
    std::string name;    // "load balancer", "web"
    std::string detail;  // "2/2 ready, LeastConnections"
    bool works = false;
    std::string condition = {};  // that says why it does not; empty: the tier's own
    std::string tier = {};       // filled in by who asks for it
};

struct HopEvidence {
    const base::Json& app;  // with its status
    const api::Conditions& conditions;
    int64_t pods = 0;  // of the tier
    int64_t readyPods = 0;
    bool restWorks = true;  // the stations behind it
};

struct Tier {
    const char* name;       // "web": the label's value and the field of spec and status
    const char* condition;  // "WebReady"
    std::vector<const char*> alsoSets = {};  // further conditions that it may have
    bool (*wanted)(const api::ScalableApp& app);
    TierIntents (*intents)(const api::ScalableApp& app, const Observed& observed);
    TierState (*state)(const api::ScalableApp& app, const Observed& observed);
    // What of a tier that is wanted no longer has to stay for now; null: nothing ever.
    std::vector<const base::Json*> (*lingering)(const api::ScalableApp& app,
                                                const Observed& observed) = nullptr;
    // Null, or no answer: requests do not come by it.
    std::optional<Hop> (*hop)(const HopEvidence& seen) = nullptr;
    bool outside = false;  // requests come by it before they come to the application's Service
};

const std::vector<Tier>& tiers();

}  // namespace plan
