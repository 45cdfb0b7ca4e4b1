// What `status` shows, gathered from the objects themselves: a pure function from them to a view
// and from the view to one screen of text or to JSON.
//
//   cli::AppView view = cli::viewOf(app, {.services = services, .pods = pods});
//   std::cout << cli::text(view, clock.wall(), /*colour=*/true);
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/condition.h"
#include "base/clock.h"
#include "base/json.h"
#include "plan/tier.h"

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

using plan::Hop;

struct AppView {
    std::string name;
    std::string namespace_;
    std::string stage;
    bool deleting = false;
    bool ready = false;
    std::string rootCause;  // empty: all is well or on its way, or nothing was reported yet
    std::string progress;   // of what is on its way, with nothing in it that anybody has to mend
    std::string whatToDo;   // about it, or about the hop that is broken; empty: nothing is known
    std::vector<Hop> path;
    std::string firstBroken;  // the name of a hop; empty: all work
    std::vector<PodRow> pods;
    api::Conditions conditions;
    std::vector<std::string> singlePointsOfFailure;  // "web: one replica: ..."
};

// What the name that visitors ask for leads to, seen from here.
struct NameLookup {
    std::string host;
    std::vector<std::string> addresses;
    std::string problem;  // why there are none; empty: nobody could be asked
};

// What there is beside the ScalableApp itself.
struct Evidence {
    std::vector<base::Json> services = {};
    std::vector<base::Json> pods = {};
    std::map<std::string, std::string> zoneOfNode = {};
    std::optional<NameLookup> lookup = {};
};

// The name to look up; empty: it is not reached by a name of its own.
std::string publicName(const base::Json& app);

// `tiers`: in their own order, the last of a request's way first.
AppView viewOf(const base::Json& app, const Evidence& evidence,
               const std::vector<plan::Tier>& tiers = plan::tiers());

std::string text(const AppView& view, base::WallTime now, bool colour);
base::Json json(const AppView& view);

}  // namespace cli
