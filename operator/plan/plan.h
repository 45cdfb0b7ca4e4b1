// The heart: what must be so, given what is asked and what is seen. Pure: no I/O, no clock, no
// randomness; the same input gives the same output, so every decision is a table test, and
// `kubectl scalableapp plan` shows offline exactly what the operator would do.
//
//   plan::Observed seen{.children = snapshot, .now = clock.wall()};
//   plan::Plan plan = plan::planApp(app, seen);
//   // reconcile/ applies plan.intents, removes plan.removals, writes plan.status
//
// Thread safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/clock.h"
#include "base/json.h"

namespace plan {

// Everything the operator's caches hold about one app: every child that carries its label, pods and
// ReplicaSets included, as the API server gave them.
struct Observed {
    std::vector<base::Json> children;
    // Names of Secrets and ConfigMaps that the spec refers to and that do not exist.
    std::vector<std::string> missingReferences;
    base::WallTime now;
};

// One object in full, as our field manager wants it (server-side apply): identity, owner reference,
// labels and exactly the fields we own.
struct Intent {
    base::Json object;
};

struct Removal {
    std::string apiVersion;
    std::string kind;
    std::string namespace_;
    std::string name;
    std::string uid;  // the delete's precondition
};

struct EventIntent {
    bool warning = false;
    std::string reason;
    std::string action;
    std::string note;
};

struct Plan {
    std::vector<Intent> intents;    // in the order of creation
    std::vector<Removal> removals;  // children of ours that nothing asks for any more
    base::Json status;              // the whole `status`, ready to write
    std::vector<EventIntent> events;
    // When time alone may change the answer (a deadline): look again then.
    std::optional<std::chrono::milliseconds> lookAgain;
};

Plan planApp(const api::ScalableApp& app, const Observed& observed);

// Only the intents, without any cluster: what `plan -f` prints.
std::vector<Intent> intentsFor(const api::ScalableApp& app);

}  // namespace plan
