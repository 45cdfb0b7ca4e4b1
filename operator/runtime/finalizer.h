// Finalizers: what keeps a deleted object there until its controller has cleaned up what no garbage
// collector sees.
//
//   auto seen = runtime::finalizersOf(object->json());
//   if (!object->meta().deleting && !seen.has(kMine)) {
//       auto held = runtime::addFinalizer(client, kRuns, seen, kMine, stop);
//       ...  // begin only after that answer: it shows the finalizer in its place
//   }
//   if (object->meta().deleting && seen.has(kMine)) {
//       cleanUp();
//       auto gone = runtime::removeFinalizer(client, kRuns, seen, kMine, stop);
//   }
//
// The list is replaced as a whole, with the resourceVersion it was seen at: Conflict, and nothing
// is done, where anybody changed the object since or where another has its name now. (A JSON patch
// with `test` on the list would spare a conflict with a writer of the status, and would take a
// successor with the same list for the object.) A server takes no new finalizer on an object that
// is being deleted.
// Thread safety: functions without state. Blocking: until answered or stopped.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "kube/client.h"

namespace runtime {

struct Finalizers {
    kube::ObjectKey key;  // of the object
    std::string resourceVersion;
    std::vector<std::string> names;

    bool has(const std::string& name) const;
};

Finalizers finalizersOf(const base::Json& object);

kube::ApiResult<kube::ObjectPtr> addFinalizer(kube::Client& client, const kube::ResourceType& type,
                                              const Finalizers& seen, const std::string& name,
                                              const std::stop_token& stop);
kube::ApiResult<kube::ObjectPtr> removeFinalizer(kube::Client& client,
                                                 const kube::ResourceType& type,
                                                 const Finalizers& seen, const std::string& name,
                                                 const std::stop_token& stop);

}  // namespace runtime
