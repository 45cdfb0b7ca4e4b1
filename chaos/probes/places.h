// The places on the request's way where a run looks beside the public Service, so that a fault is
// seen where it hurts: pods that fail behind a balancer that hides it, edges that serve what the
// balancer no longer has.
//
//   for (const auto& place : probes::placesOf(*seen.app, seen.pods, spec.load.path)) {
//       place.name;   // "loadBalancer", "web", "web-z1"
//       place.url;    // "http://shop-origin.ns.svc/"
//   }
//
// The public Service itself is none of them: what visitors meet is judged, what is seen elsewhere
// only tells. An application whose public Service leads straight to its web pods has no other
// place.
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "chaos/probes/pod.h"
#include "chaos/topology/topology.h"

namespace chaos::probes {

// Zones beyond those are not looked at one by one.
inline constexpr size_t kMostPlaces = 12;

std::vector<Place> placesOf(const topology::App& app, const std::vector<topology::Pod>& pods,
                            const std::string& path);

// Requests a second for each place beside `load` of visitors: enough to see an outage of a second,
// too little to be one.
int rateOf(int load);

}  // namespace chaos::probes
