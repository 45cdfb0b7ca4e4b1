// The heart: what must be so, given what is asked and what is seen. Pure: no I/O, no clock, no
// randomness; the same input gives the same output, so every decision is a table test, and
// `kubectl scalableapp plan` shows offline exactly what the operator would do.
//
//   plan::Observed seen{.children = snapshot, .now = clock.wall()};
//   plan::Plan plan = plan::planApp(app, seen);
//   // reconcile/ applies plan.intents, sets plan.scales, removes plan.removals, writes plan.status
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

enum class CircuitState { Closed, HalfOpen, Open };

// What one load balancer says of its circuit breaker.
struct Circuit {
    std::string pod;
    CircuitState state = CircuitState::Closed;
};

enum class Presence { Unknown, There, Missing };

// What is so outside of an app and decides about it: how the operator was set up, what the cluster
// offers, and what the app refers to.
struct Surroundings {
    int64_t operatorReplicas = 0;          // 0: nobody said
    std::string ingressClass = {};         // empty: the cluster's default
    bool gatewayApi = false;               // the cluster knows Gateway and HTTPRoute
    std::string sharedGateway = {};        // "namespace/name": routes go there, no Gateway is made
    std::string gatewayClass = {};         // of the Gateways that are made; empty: see below
    std::string gatewayClassProblem = {};  // why none could be chosen, and the remedy
    Presence tlsSecret = Presence::Unknown;
    bool resizeInPlace = false;  // pods may get other resources while they run
};

// What one edge says of itself.
struct Edge {
    std::string pod;
    std::string epoch;                     // that what it gives out belongs to
    std::vector<bool> originAnswers = {};  // in the order of the spec
    // Lately it gave out something beyond its time because an origin answered with errors.
    bool staleForErrors = false;
};

// A chaos run that puts the app to the test right now.
struct ChaosRun {
    std::string name;
    std::string fault;         // CamelCase
    base::WallTime mustEndBy;  // should nobody be left to end it: it counts no longer then
};

// Everything the operator's caches hold about one app: every child that carries its label, pods and
// ReplicaSets included, as the API server gave them.
struct Observed {
    std::vector<base::Json> children;
    base::WallTime now;
    std::vector<Circuit> circuits = {};  // of those that answered
    size_t silentBalancers = 0;          // those that were asked for long and never answered
    std::vector<Edge> edges = {};        // likewise, ready or not
    // What has to wait for something to serve waits for nothing: the plan is what it all ends in.
    bool assumeServing = false;
    Surroundings around = {};
    std::optional<ChaosRun> chaos = {};
    std::string resizeRefused = {};  // what the API server said to a patch of an earlier plan
};

// One object in full, as our field manager wants it (server-side apply): identity, owner reference,
// labels and exactly the fields we own.
struct Intent {
    base::Json object;
};

// A pod count that the spec fixes. It is set with a merge patch, after the intents and only where
// it differs, and never is part of an intent: what server-side apply owns and no longer sends it
// takes away, and a Deployment without `replicas` falls to 1. So an autoscaler that takes over
// finds the count that was, and nothing has to be handed over.
struct Scale {
    std::string apiVersion;
    std::string kind;
    std::string namespace_;
    std::string name;
    int64_t replicas = 0;
    bool operator==(const Scale&) const = default;
};

// An annotation on an object that somebody else made and that is ours all the same: a pod.
struct Note {
    std::string apiVersion;
    std::string kind;
    std::string namespace_;
    std::string name;
    std::string uid;  // the patch's precondition
    std::string annotation;
    std::string value;
    bool operator==(const Note&) const = default;
};

// A change of an object that somebody else made and that is ours all the same, which nothing but a
// patch can make: of a pod's resources. The server may refuse it: see Observed::resizeRefused.
struct Patch {
    std::string apiVersion;
    std::string kind;
    std::string namespace_;
    std::string name;
    std::string subresource;  // may be empty
    base::Json operations;    // RFC 6902; they test the UID
    bool operator==(const Patch&) const = default;
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
    std::vector<Scale> scales;      // those that hold already included
    std::vector<Removal> removals;  // children of ours that nothing asks for any more
    std::vector<Note> notes;        // those that are missing
    std::vector<Patch> patches;     // to be sent once everything else is as it is to be
    base::Json status;              // the whole `status`, ready to write
    std::vector<EventIntent> events;
    std::vector<std::string> refusals;  // what of the spec cannot be built, and why
    // When time alone may change the answer (a deadline): look again then.
    std::optional<std::chrono::milliseconds> lookAgain;
};

Plan planApp(const api::ScalableApp& app, const Observed& observed);

struct Objects {
    std::vector<Intent> intents;
    std::vector<std::string> refusals;  // as Plan's: the objects of those tiers are missing
};

// Only the objects, without any cluster and with the counts written into them: what `plan -f`
// prints and `kubectl apply` would take.
Objects objectsOf(const api::ScalableApp& app);

}  // namespace plan
