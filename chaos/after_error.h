// What a reconcile ends with when the API server said no: what is gone needs nothing more, all else
// is tried again.
//
//   auto seen = client.get(kChaosRuns, key, stop);
//   if (!seen) { return afterError(seen.error()); }
#pragma once

#include "kube/errors.h"
#include "runtime/controller.h"

namespace chaos {

inline runtime::Outcome afterError(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::NotFound) ? runtime::Outcome::done()
                                               : runtime::Outcome::retry(error.str());
}

}  // namespace chaos
