// The status that people and tools read: written only when it says something new.
//
//   base::Json status = reconcile::withProblems(plan.status, problems, app, now);
//   if (!reconcile::sameStatus(app, status)) { writeStatus(client, app, status, context); }
//
// Thread safety: pure functions, but for writeStatus (blocks for one request).
#pragma once

#include <string>
#include <vector>

#include "api/condition.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "kube/client.h"
#include "reconcile/apply.h"
#include "runtime/controller.h"

namespace reconcile {

// `status` with what kept the plan from being carried out: Ready=False with the first problem as
// its message, and Stalled or Reconciling. `app` is the object as seen, with the status of before:
// a condition whose status did not change keeps its transition time.
base::Json withProblems(base::Json status, const std::vector<Problem>& problems,
                        const base::Json& app, base::WallTime now);

// The status of an app whose spec cannot be read: everything else of it stays as it was.
base::Json invalidSpec(const base::Json& app, const std::string& message, base::WallTime now);

// Takes away what an earlier pass said of its problems, for the plan to judge afresh: to it a
// Stalled that was there before means a deadline that is over.
void forgetProblems(api::Conditions& conditions);

// Whether the app already carries this status; the order of fields does not count.
bool sameStatus(const base::Json& app, const base::Json& status);

// True when Ready's message or reason is not what it was: worth an event.
bool saysSomethingNew(const base::Json& app, const Problem& problem);

kube::ApiResult<kube::ObjectPtr> writeStatus(kube::Client& client, const kube::Meta& app,
                                             const base::Json& status,
                                             const runtime::ReconcileContext& context);

}  // namespace reconcile
