// What a change of a spec does to a cluster as a whole: what happens at once, and what follows when
// that which takes over serves (a Service that moves, Deployments that go).
//
//   cli::Steps steps = cli::stepsOf(app, seen);
//   for (const auto* object : steps.objects()) { live[cli::identityOf(*object)] = ...; }
//   std::cout << cli::text("shop in ns", cli::changesOf(app, steps, seen, live));
//
// Thread safety: plain values, pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/changes.h"
#include "plan/plan.h"

namespace cli {

struct Steps {
    plan::Plan now;
    plan::Plan end;

    // What to look up in the cluster before they can be compared with it.
    std::vector<const base::Json*> objects() const;
};

// An object of the cluster that has the name of one that is wanted.
struct Live {
    base::Json object;
    bool ours = false;
};

using LiveObjects = std::map<std::string, Live>;

std::string identityOf(const base::Json& object);  // "Deployment/shop-web"

Steps stepsOf(const api::ScalableApp& app, plan::Observed seen);

std::vector<Change> changesOf(const api::ScalableApp& app, const Steps& steps,
                              const plan::Observed& seen, const LiveObjects& live);

}  // namespace cli
