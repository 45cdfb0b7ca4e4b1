// What `status` shows, gathered from the objects themselves: a pure function from them to a view
// and from the view to one screen of text or to JSON.
//
//   cli::AppView view = cli::viewOf(app, services, pods, zoneOfNode);
//   std::cout << cli::text(view, clock.wall(), /*colour=*/true);
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/condition.h"
#include "base/clock.h"
#include "base/json_fwd.h"

namespace cli {

struct PodRow {
    std::string name;
    std::string tier;
    std::string zone;
    std::string node;
    std::string state;      // "Running", "ImagePullBackOff", "Terminating", ...
    std::string createdAt;  // RFC 3339
    int64_t restarts = 0;
    bool ready = false;
};

// One station of a request's way through the application.
struct Hop {
    std::string name;    // "load balancer", "web"
    std::string detail;  // "Service shop, 10.0.0.7:80"
    bool works = false;
};

struct AppView {
    std::string name;
    std::string namespace_;
    std::string stage;
    bool deleting = false;
    bool ready = false;
    std::string rootCause;  // empty: all is well, or nothing was reported yet
    std::vector<Hop> path;
    std::vector<PodRow> pods;
    api::Conditions conditions;
    std::vector<std::string> singlePointsOfFailure;  // "web: one replica: ..."
};

AppView viewOf(const base::Json& app, const std::vector<base::Json>& services,
               const std::vector<base::Json>& pods,
               const std::map<std::string, std::string>& zoneOfNode);

std::string text(const AppView& view, base::WallTime now, bool colour);
base::Json json(const AppView& view);

}  // namespace cli
