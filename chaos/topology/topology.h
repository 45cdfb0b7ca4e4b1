// What a chaos run knows of an application: who its pods are, what they serve, how many must be
// there. Taken from the application's own labels, spec and status, never from a selector that a
// person guesses.
//
//   topology::App app = topology::parseApp(json);
//   std::vector<topology::Pod> pods = ...parsePod(podJson, zoneOfNode)...;
//   topology::readyCount(pods);
//
// A tier that is to be a target adds its pods here (label scalableapp.dev/tier) and its capacity
// rule.
// Thread safety: plain values, pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"

namespace chaos::topology {

inline constexpr const char* kOptInLabel = "scalableapp.dev/chaos";
inline constexpr const char* kOptInValue = "allowed";
inline constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";

struct Pod {
    std::string name;
    std::string uid;
    std::string node;
    std::string zone;  // empty: its node names none
    std::string role;
    bool ready = false;
    bool ended = false;  // phase Succeeded or Failed, or every container terminated
    // When the delete was accepted: the server's deletionTimestamp less the grace it granted.
    std::optional<base::WallTime> deletedAt;

    bool serving() const { return ready && !deletedAt; }
};

struct App {
    std::string name;
    std::string namespace_;
    std::string uid;
    bool optedIn = false;
    bool deleting = false;
    bool ready = false;
    std::string readyMessage;  // of the Ready condition, for people
    int64_t wantedReplicas =
        1;  // what the web tier may not fall below by itself: replicas or minReplicas
};

Pod parsePod(const base::Json& pod, const std::map<std::string, std::string>& zoneOfNode);
App parseApp(const base::Json& app);

// Pods that serve now: ready and not being deleted.
int64_t readyCount(const std::vector<Pod>& pods);

// How many pods must serve after the fault. The application's own disruption budget says so
// (`desiredHealthy`); where none exists, all but one of what was asked for, and never none at all.
int64_t capacityFloor(const App& app, std::optional<int64_t> budgetDesiredHealthy);

}  // namespace chaos::topology
