#include "chaos/probes/places.h"

#include <algorithm>

namespace chaos::probes {
namespace {

constexpr const char* kWeb = "web";
constexpr const char* kBalancer = "loadBalancer";
constexpr const char* kEdge = "cdn";

bool has(const std::vector<topology::Pod>& pods, const char* tier) {
    return !topology::ofTier(pods, tier).empty();
}

// The balancer's own Services of the web pods: without an address, one for each zone that has any.
void addWebPods(const topology::App& app, const std::vector<topology::Pod>& pods,
                const std::string& path, std::vector<Place>& out) {
    auto ready = topology::readyByZone(topology::ofTier(pods, kWeb));
    auto zones = app.zones;
    std::erase_if(zones, [&](const std::string& zone) { return ready.count(zone) == 0; });
    if (app.zones.empty()) {
        zones.emplace_back();
    }
    for (const auto& zone : zones) {
        auto suffix = zone.empty() ? "" : "-" + zone;
        if (out.size() < kMostPlaces) {
            out.push_back({kWeb + suffix, "http://" + app.name + "-web" + suffix + "." +
                                              app.namespace_ +
                                              ".svc:" + std::to_string(app.webPort) + path});
        }
    }
}

}  // namespace

std::vector<Place> placesOf(const topology::App& app, const std::vector<topology::Pod>& pods,
                            const std::string& path) {
    std::vector<Place> out;
    bool balanced = has(pods, kBalancer);
    if (has(pods, kEdge)) {
        out.push_back(
            {balanced ? kBalancer : kWeb, urlOf(app.name + "-origin", app.namespace_, path)});
    }
    if (balanced) {
        addWebPods(app, pods, path, out);
    }
    return out;
}

int rateOf(int load) {
    return std::min(load, std::max(5, load / 10));
}

}  // namespace chaos::probes
