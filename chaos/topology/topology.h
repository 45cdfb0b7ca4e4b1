// What a chaos run knows of an application: who its pods are, what they serve, how many must be
// there. Taken from the application's own labels, spec and status, never from a selector that a
// person guesses.
//
//   topology::App app = topology::parseApp(json);
//   std::vector<topology::Pod> pods = ...parsePod(podJson, zoneOfNode)...;
//   topology::readyCount(pods);
//
// A tier is one line of the table in chaos/registry.cpp: its name in the API, the label of its pods
// and its capacity rule. Nothing else knows tiers by name.
// Thread safety: plain values, pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace chaos::topology {

inline constexpr const char* kOptInLabel = "scalableapp.dev/chaos";
inline constexpr const char* kOptInValue = "allowed";
inline constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";
// On a node that the cluster's own processes run on.
inline constexpr const char* kControlPlaneLabel = "node-role.kubernetes.io/control-plane";
// On a node under a fault: who, until when, and what to give back (effects/node_mark.h).
inline constexpr const char* kMarkAnnotation = "scalableapp.dev/chaos-fault";

// On a pod whose container a run has ended: the run's uid, and how often it had restarted before.
inline constexpr const char* kStruckAnnotation = "scalableapp.dev/chaos-struck";

// The first container of a pod: of a tier's pods, the one that serves.
struct Container {
    std::string image;
    std::string imageId;  // of what runs, as its status says
    int64_t restarts = 0;
    std::optional<base::WallTime> startedAt;  // by its node's clock; empty: it does not run
};

struct Pod {
    std::string namespace_;
    std::string name;
    std::string uid;
    std::string tier;  // value of the tier label
    std::string node;
    std::string zone;       // empty: its node names none
    std::string zoneLabel;  // its own: only of pods that the application has by zone
    std::string role;
    std::string version;     // resourceVersion it was seen at
    bool annotated = false;  // it has annotations at all
    Container container;
    std::string struckBy;  // of kStruckAnnotation; empty: there is none
    int64_t restartsWhenStruck = 0;
    bool ready = false;
    bool ended = false;  // phase Succeeded or Failed, or every container terminated
    // When the delete was accepted: the server's deletionTimestamp less the grace it granted.
    std::optional<base::WallTime> deletedAt;

    bool serving() const { return ready && !deletedAt; }
};

struct Node {
    std::string name;
    std::string uid;
    std::string version;  // resourceVersion it was seen at
    std::string zone;
    bool ready = false;
    bool unschedulable = false;
    bool controlPlane = false;
    base::Json taints = base::Json::array();
    std::string mark;  // the annotation of a fault on it, as text; empty: none
};

// The autoscaler of the web tier, summed over zones.
struct Scaler {
    int64_t desired = 0;
    int64_t maximum = 0;
    bool metricOver = false;  // a metric it knows is over its target
    // How long it keeps what it has after the load; Kubernetes' own default where none says.
    int64_t scaleDownAfterSeconds = 0;
};

struct App {
    std::string name;
    std::string namespace_;
    std::string uid;
    int64_t generation = 0;
    bool optedIn = false;
    bool deleting = false;
    bool ready = false;
    bool reconciling = false;  // a change is being rolled out
    std::string readyMessage;  // of the Ready condition, for people
    int64_t wantedReplicas =
        1;  // what the web tier may not fall below by itself: replicas or minReplicas
    int64_t startupSeconds = 60;  // how long one of its pods may take to start
    int64_t webPort = 8080;
    std::vector<std::string> zones;  // by name; empty: it names none
    int64_t balancers = 0;           // pods of the load balancer that are asked for
    int64_t edges = 0;               // pods of the CDN, over all zones
    std::optional<base::WallTime> readySince;
};

// What of an application is capacity of one kind.
struct Tier {
    const char* name;   // in spec.target.tier
    const char* label;  // value of scalableapp.dev/tier
    // How many pods must serve after a fault; `budget`: desiredHealthy of its disruption budgets.
    int64_t (*floor)(const App& app, std::optional<int64_t> budget);
};
const std::vector<Tier>& tiers();           // chaos/registry.cpp
const Tier* tierNamed(const std::string&);  // null: no such tier
const Tier* tierLabelled(const std::string&);

// Of any object; empty: it has none of that name.
std::string labelOf(const base::Json& object, const char* label);
Pod parsePod(const base::Json& pod, const std::map<std::string, std::string>& zoneOfNode);
App parseApp(const base::Json& app);
Node parseNode(const base::Json& node);
Scaler parseScalers(const std::vector<base::Json>& horizontalPodAutoscalers);

// Pods that serve now: ready and not being deleted.
int64_t readyCount(const std::vector<Pod>& pods);
// The same by zone; pods of nodes without one under "".
std::map<std::string, int64_t> readyByZone(const std::vector<Pod>& pods);
std::vector<Pod> ofTier(const std::vector<Pod>& pods, const std::string& label);

// How many pods of a tier must serve after the fault. The application's own disruption budget says
// so (`desiredHealthy`); where none exists, all but one of what was asked for, and never none at
// all.
int64_t webFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy);
int64_t balancerFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy);
int64_t edgeFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy);

}  // namespace chaos::topology
