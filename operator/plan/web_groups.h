// The Deployments that the web tier is made of (one, or one for each named zone), and how the tier
// goes from one set of them to another without losing capacity.
//
//   Handover handover = plan::handoverOf(app, observed);
//   for (const auto& group : handover.groups) { ... }       // what is to be there
//   if (handover.covered) { ... }                           // what leaves is needed no longer
//
// A Deployment that nothing asks for any more (a zone was drained or taken out of the spec, zones
// were named or are named no longer) leaves: it goes on serving as it is until the others have the
// capacity of all. A zone that is lost (lost_zones.h) keeps its part, and the others get it
// besides. Thread safety: pure functions; a Handover refers to the children it was made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "plan/plan.h"

namespace plan {

struct WebGroup {
    std::string zone;  // empty: no zones are named
    std::string name;  // of its Deployment, autoscaler and budget
    int64_t least = 0;
    int64_t most = 0;
    // The count to set now, where the spec fixes it: no zone gives up a pod before the others
    // serve.
    int64_t count = 0;
    int64_t present = 0;  // the count that is set
    // It is there and asks for no pod, from which no autoscaler ever starts.
    bool atZero = false;
    bool lost = false;  // the others have its share for now
};

struct Handover {
    // What the spec asks for, in its order. While something leaves, `least` covers that too.
    std::vector<WebGroup> groups;
    std::vector<const base::Json*> leaving;  // Deployments
    // What the groups have to serve together before anything goes; 0: nothing leaves.
    int64_t total = 0;
    bool covered = true;
    // When time alone may change the answer.
    std::optional<std::chrono::milliseconds> lookAgain = {};

    std::set<std::string> lost() const;  // zones
};

inline constexpr const char* kHandoverAnnotation = "scalableapp.dev/handover-replicas";

// The name of a zone's Deployment; the empty zone's is that of an app without zones.
std::string webName(const api::ScalableApp& app, const std::string& zone);

// With nothing but the spec, and the names of lost zones.
std::vector<WebGroup> webGroups(const api::ScalableApp& app,
                                const std::set<std::string>& lost = {});

Handover handoverOf(const api::ScalableApp& app, const Observed& observed);

// By zone, the most pods that it may come to have once another one is lost; the empty zone's are
// those of an app without zones.
std::map<std::string, int64_t> roomsOf(const api::ScalableApp& app);

// Of all zones in the spec's order; a lost one has none.
std::vector<int64_t> zoneWeights(const api::ScalableApp& app, const std::set<std::string>& lost);

// The fewest pods of the whole tier: an autoscaler of its own keeps one in each zone.
int64_t leastPods(const api::ScalableApp& app);

// The zone a child is labelled with; empty: none.
std::string zoneOf(const base::Json& child);

}  // namespace plan
