// What several verbs ask the cluster for.
//
//   auto app = session->client->get(reconcile::scalableApps(), key, {});
//   if (!app) { return complainOfApp(key, app.error()); }
//   auto children = cli::childrenOf(*session->client, (*app)->meta());
//
// Thread safety: from any thread. Blocking: one request per kind of child.
#pragma once

#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "kube/client.h"

namespace cli {

// Everything in the cluster that carries the app's label and is its own or its children's, as the
// operator would have it in its caches.
kube::ApiResult<std::vector<base::Json>> childrenOf(kube::Client& client, const kube::Meta& app);

// One line on stderr for a ScalableApp that could not be read or changed; answers the exit code.
int complainOfApp(const kube::ObjectKey& key, const kube::ApiError& error);

}  // namespace cli
