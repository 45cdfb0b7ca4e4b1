// Owner references: who is cleaned up with whom. Made here, because the server takes two kinds that
// never work: the garbage collector looks for the owner in the child's namespace, does not find it
// there, and deletes the child.
//
//   auto pod = runtime::withController({kRuns, run.key, run.uid}, kPods, podOf(run));
//   if (!pod) {
//       return runtime::Outcome::terminal(pod.error().message);
//   }
//   client.create(kPods, *pod, stop);
//
// Thread safety: functions without state.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "base/result.h"
#include "kube/resource.h"

namespace runtime {

struct Owner {
    kube::ResourceType type;
    kube::ObjectKey key;
    std::string uid;
};

// The intent `child`, controlled by the owner. Errors: an owner in another namespace, a namespaced
// owner of a cluster-scoped child, an owner without a UID (it was never in a cluster), a child that
// another controls. The reference does not block the owner's
// deletion: that takes a permission on the owner's finalizers, and is asked for seldom.
base::Result<base::Json> withController(const Owner& owner, const kube::ResourceType& childType,
                                        base::Json child);

}  // namespace runtime
