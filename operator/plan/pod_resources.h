// What containers may use, and how that changes without a restart.
//
//   std::string problem = plan::resizeProblem(*seenTemplate, *wantedTemplate);   // "": none
//   if (!plan::hasResources(pod, wantedTemplate)) {
//       send(plan::podResize(pod, wantedTemplate));      // to the pod's `resize` subresource
//   }
//
// A template is {"metadata": ..., "spec": {"containers": ...}}, and so are a pod and the template
// of a ReplicaSet. Thread safety: pure functions.
#pragma once

#include <string>

#include "base/json.h"

namespace plan {

// Of everything in a template but its containers' requests and limits: templates of one digest
// differ in nothing else.
std::string digestWithoutResources(const base::Json& podTemplate);
// Of its containers' requests and limits.
std::string digestOfResources(const base::Json& podTemplate);

base::Json withoutResources(base::Json podTemplate);
// With the requests and limits of `from` in place of its own, container by container.
base::Json withResourcesOf(base::Json podTemplate, const base::Json& from);

// The same requests and limits as they are written: what makes two templates equal.
bool sameResources(const base::Json& a, const base::Json& b);

// Whether the pod was told to have what its template asks for, and whether it has it.
bool hasResources(const base::Json& pod, const base::Json& podTemplate);
bool usesResources(const base::Json& pod, const base::Json& podTemplate);

// Why the step from one template to the other restarts containers; empty: it does not.
std::string resizeProblem(const base::Json& from, const base::Json& to);

// JSON patches: of a pod's `resize`, and of a ReplicaSet. Each tests what it is meant for.
base::Json podResize(const base::Json& pod, const base::Json& podTemplate);
base::Json replicaSetResize(const base::Json& replicaSet, const base::Json& podTemplate);

}  // namespace plan
