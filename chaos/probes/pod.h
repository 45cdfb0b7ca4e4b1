// The pod that carries scalableapp-probe for one run: restricted, without any API credentials,
// owned by the run so that it cannot outlive it, and ending by itself.
//
//   base::Json pod = probes::probePod({.name = probes::podName(run), .image = flag, .url =
//   "http://shop.ns.svc/",
//                                      .requestsPerSecond = 100, .lifetime = 330s, .avoidZones =
//                                      {"z1"}});
//   client.create(kPods, pod, stop);       // AlreadyExists: it is there from before a crash
//
// A Service may keep visitors in their own zone: where the targets' zone goes on, the probe is a
// visitor of that zone, or it would never ask a pod that is hit. It prefers nodes without targets,
// and zones that do not fail: a probe that dies with its target has seen nothing.
// Thread safety: pure.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace chaos::probes {

// Another place than the url that is looked at, and told of by its name.
struct Place {
    std::string name{};
    std::string url{};
    bool operator==(const Place&) const = default;
};

struct PodRequest {
    std::string name{};  // podName or stepName of the run
    std::string namespace_{};
    std::string runName{};
    std::string runUid{};
    std::string image{};
    std::string url{};
    int requestsPerSecond = 100;
    std::vector<Place> places{};
    int placeRequestsPerSecond = 5;  // at each of them
    std::chrono::seconds lifetime{300};
    std::set<std::string> nearZones{};
    std::set<std::string> avoidNodes{};
    std::set<std::string> avoidZones{};
    bool mustAvoid = false;  // rather not run at all than run there
};

inline constexpr const char* kRunLabel = "scalableapp.dev/chaos-run";
inline constexpr const char* kContainer = "probe";

std::string podName(const std::string& runName);
// The pod that adds a LoadStep's load.
std::string stepName(const std::string& runName);
// What visitors of an application ask for.
std::string urlOf(const std::string& app, const std::string& namespace_, const std::string& path);
base::Json ownerReference(const std::string& runName, const std::string& runUid);
base::Json probePod(const PodRequest& request);

}  // namespace chaos::probes
