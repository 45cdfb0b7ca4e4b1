// Which epoch the edges are to be on: what they keep belongs to one, and with a new one it is let
// go of everywhere.
//
//   Epoch epoch = plan::epochOf(app, observed);
//   if (epoch.settled) { ... "a93f01bc-5e8d2c10" ... }
//
// Decisions:
// - It has two parts: one of the web tier's content, which changes when a rollout is complete, and
//   one of the purge token, which changes at once. The order matters for the first: until the last
//   old web pod is gone an edge could keep what that one answers under the new epoch. So the old
//   epoch stays while there is any such pod, pods on their way out included (load balancers and
//   clients may still know them), and a Deployment's own word "rolled out" is not enough.
// - The content's part holds the Deployments' revision, too: a rollout that was taken back midway
//   ends with the content it began with, but what was kept of the other must go.
// - The epoch reaches an edge as an annotation of its pod, which the pod sees as a file within a
//   second, because the kubelet looks at a pod anew when it changes; a ConfigMap may take a minute,
//   and a rollout of the edges would take longer and throw the visitors' connections away.
// Thread safety: pure function.
#pragma once

#include <string>

#include "api/scalable_app.h"
#include "plan/plan.h"

namespace plan {

struct Epoch {
    std::string value;
    // False: web pods of another content are still there, and the epoch will change once more.
    bool settled = false;
};

Epoch epochOf(const api::ScalableApp& app, const Observed& observed);

}  // namespace plan
