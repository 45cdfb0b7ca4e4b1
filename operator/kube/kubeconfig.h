// Kubeconfig files, as kubectl has them: one, or a list that is merged.
//
//   auto config = loadKubeconfigList(getenv("KUBECONFIG"), "");
//   if (!config) { ... "kubeconfig /x: user \"u\": field tokenFile: ..." }
//
// Thread safety: any thread. Blocking: reads files.
#pragma once

#include <string>

#include "kube/config.h"

namespace kube {

// `context` empty: the file's current-context.
base::Result<ClusterConfig> loadKubeconfigFile(const std::string& path, const std::string& context);

// Paths with ':' between; what the first names wins. Some may not exist yet; at least one must.
base::Result<ClusterConfig> loadKubeconfigList(const std::string& list, const std::string& context);

}  // namespace kube
