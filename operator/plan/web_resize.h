// Other resources for the web pods that run, without a restart: in place, where the cluster can
// (the `resize` of pods, Kubernetes 1.33 and later).
//
//   Resize resize = plan::resizeOf(app, deployment, children, observed);
//   // apply resize.deployment, then send resize.patches
//
// A Deployment's controller rolls on every change of its template, so that comes last:
//   1. the pods get the new resources, a few at a time; the template is the old one;
//   2. all pods have them: the Deployment is paused, and gets the new template;
//   3. its controller has seen that (it makes no ReplicaSet while it is paused): the ReplicaSet
//   gets
//      the new template too;
//   4. its controller counts the ReplicaSet's pods as up to date, so that there is nothing to roll:
//      it is paused no longer.
// Every step follows from what the cluster shows; whoever comes after a crash goes on with it. When
// it does not work out, the Deployment gets the new template at once and rolls, as by any other
// change. Thread safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "plan/plan.h"

namespace plan {

// Of everything in the template but what containers may use.
inline constexpr const char* kDigestAnnotation = "scalableapp.dev/template-digest";
// Where a resize in place is: "InPlace DIGEST TIME" (of what is asked for, since when), "Abandoned"
// (it rolls, and pods may still be asked for what they cannot have); absent: there is none.
inline constexpr const char* kResizeAnnotation = "scalableapp.dev/resize";

struct Resize {
    base::Json deployment;  // as it is to be now
    std::vector<Patch> patches = {};
    std::vector<EventIntent> events = {};
    std::optional<std::chrono::milliseconds> lookAgain = {};
};

// `wanted`: the Deployment with the template that the spec asks for; `children`: of its tier.
Resize resizeOf(const api::ScalableApp& app, base::Json wanted,
                const std::vector<const base::Json*>& children, const Observed& observed);

bool isResizing(const base::Json& deployment);

// How many of its pods have what the template asks for.
struct ResizeProgress {
    int64_t done = 0;
    int64_t pods = 0;
};
ResizeProgress resizeProgress(const base::Json& deployment, const base::Json& podTemplate,
                              const std::vector<const base::Json*>& children);

}  // namespace plan
