// Why a workload is not as it should be: the deepest cause that its objects tell.
//
//   plan::Workload web = plan::workloadOf(deployment, children);
//   if (auto cause = plan::rootCause(web)) {
//       cause->text("web");   // web: ImagePullBackOff "shop:1.9": not found (3 pods, since
//       10:21:05Z); correct `web.image` or push it
//   }
//
// Messages hold a time ("since"), never a duration: a state that does not change writes nothing.
// For the same reason a pull error and its back-off, or a crash and the pause after it, are one
// cause. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace plan {

struct Cause {
    std::string reason;     // CamelCase
    std::string part = {};  // of the tier, as a zone; may be empty
    std::string subject;    // what it is about, quoted after the reason; may be empty
    std::string detail;     // may be empty
    int64_t pods = 0;       // 0: not about particular pods
    std::string since;      // RFC 3339; empty: not known
    // True: no retry of the platform can heal it, a person (or a quota) must.
    bool needsHelp = false;
    // True: the ordinary way of a pod that starts; told only while nothing else is wrong.
    bool starting = false;

    std::string text(const std::string& tier) const;
};

struct Workload {
    const base::Json* deployment = nullptr;
    const base::Json* current = nullptr;  // the ReplicaSet of the Deployment's present revision
    std::vector<const base::Json*> pods;  // the current ReplicaSet's, those that leave excluded
    // Every pod that serves, whatever its revision.
    std::vector<const base::Json*> readyPods;
    // False: the Deployment's controller has not yet seen the last change; nothing is known of it.
    bool upToDate = false;
};

Workload workloadOf(const std::string& deployment, const std::vector<const base::Json*>& children);

std::optional<Cause> rootCause(const Workload& workload);

bool isReadyPod(const base::Json& pod);

}  // namespace plan
