// What several verbs ask the cluster for.
//
//   return cli::withApp(globals, "shop", [&](const cli::NamedApp& app) {
//       auto changed = app.merge({{"spec", {{"management", "Observe"}}}});
//       return changed ? cli::kOk : cli::complainOfApp(app.key, changed.error());
//   });
//
// Thread safety: from any thread. Blocking: one request per kind of child.
#pragma once

#include <functional>
#include <string>
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

// A ScalableApp of the cluster, as it was read.
struct NamedApp {
    kube::Client& client;
    kube::ObjectKey key;
    base::Json json;

    kube::ApiResult<kube::ObjectPtr> merge(const base::Json& patch) const;
    kube::ApiResult<kube::ObjectPtr> again() const;
};

// Connects, reads the ScalableApp and does `use` with it. Answers the exit code: `use`'s own, or
// another one when there is no such app, and then it is said on stderr.
int withApp(const Globals& globals, const std::string& name,
            const std::function<int(const NamedApp&)>& use);

}  // namespace cli
