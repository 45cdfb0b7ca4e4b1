// Whether a cluster has what an installation needs, and whether the installed parts do their work:
// pure functions from what the API server answered to one line each.
//
//   std::vector<cli::Check> checks{cli::serverCheck(version), cli::metricsCheck(apiService)};
//   std::cout << cli::text(checks);
//   return cli::allWell(checks) ? kOk : kFailed;
//
// Thread safety: plain values, pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace cli {

enum class Verdict { Good, Warning, Bad };

struct Check {
    Verdict verdict = Verdict::Good;
    std::string what;    // "Kubernetes 1.36"
    std::string remedy;  // empty when good
};

// The oldest minor version of Kubernetes 1 with everything that the children use:
// `trafficDistribution` of Services is on by default from here, `sleep` of container lifecycle
// hooks since the one before. The chart and README say the same number.
inline constexpr int kOldestMinor = 31;

// `version`: the answer of /version.
Check serverCheck(const base::Json& version);
// Null: the kind or the object does not exist.
Check metricsCheck(const base::Json* apiService);
Check nodesCheck(const std::vector<base::Json>& nodes);
// `allowed`: whether whoever asks may make definitions and cluster roles.
Check rightsCheck(bool allowed);
// `name`: "scalableapps.scalableapp.dev". Null: it is not there.
Check definitionCheck(const std::string& name, const base::Json* definition);
// `component`: "operator" or "chaos"; `deployments`: those with its labels, in any namespace.
Check processCheck(const std::string& component, const std::vector<base::Json>& deployments);
Check appsCheck(const std::vector<base::Json>& apps);

bool allWell(const std::vector<Check>& checks);  // warnings do not count
std::string text(const std::vector<Check>& checks);
base::Json json(const std::vector<Check>& checks);

}  // namespace cli
