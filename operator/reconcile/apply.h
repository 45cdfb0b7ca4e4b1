// Brings the cluster to what a plan asks for: writes what differs, deletes what nothing asks for,
// sets the counts that the plan fixes, notes on pods what they are to know, and patches them.
//
//   reconcile::Applier applier(client, observer);
//   reconcile::Applied applied = applier.apply(app->meta(), plan, seen.children, context);
//   if (applied.retry) { return runtime::Outcome::retry(*applied.retry); }
//
// An object that is already as asked costs no request. One that is not in the cache is looked up by
// name first: the caches hold only what carries our label, and a stranger's object is never taken
// over. Before the first write of a pass the app itself is read from the server: caches of
// different kinds lag by different times, and nothing is made or deleted for the sake of an app
// that has been changed or deleted since.
//
// Thread safety: all members from any thread. Blocking: one request after the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "kube/client.h"
#include "plan/plan.h"
#include "reconcile/observe.h"
#include "reconcile/rewrites.h"
#include "runtime/controller.h"

namespace reconcile {

// Reasons of problems: they are API.
inline constexpr const char* kObjectConflict = "ObjectConflict";
inline constexpr const char* kForbidden = "Forbidden";
inline constexpr const char* kApplyFailed = "ApplyFailed";
inline constexpr const char* kInvalidSpec = "InvalidSpec";

// What stands between an app and one of its objects, for the status.
struct Problem {
    bool stalled = true;  // nobody but a person (or a quota, a webhook) can change it
    std::string reason;   // one of the above
    std::string message;  // names the object and the remedy
};

struct Applied {
    std::vector<Problem> problems;
    // Set: the run cannot go on and nothing is to be said about it but in the log.
    std::optional<std::string> retry;
    // An object of a predecessor, or one of ours that is being deleted, must go first.
    bool waiting = false;
    // The namespace (or the app itself) is on its way out: nothing can be made, nobody is to be
    // told.
    bool leaving = false;
    // The app is no longer what the plan was made for: the next pass begins when its cache has
    // caught up.
    bool outdated = false;
    bool confirmed = false;  // the server was asked: it is
    // Set: it refused a patch of the plan, with these words. Another plan is needed.
    std::optional<std::string> refused;
    // Fields that an apply could not change.
    std::vector<Rewrite> rewritten;
    // What this run wrote, newer than what the caches hold.
    std::vector<kube::ObjectPtr> written;
};

class Applier {
  public:
    Applier(kube::Client& client, const Observer& observer)
        : client_(client), observer_(observer) {}

    // `seen`: the children as the plan saw them. Those that are still the same are not read again.
    Applied apply(const kube::Meta& app, const plan::Plan& plan,
                  const std::vector<base::Json>& seen,
                  const runtime::ReconcileContext& context) const;

  private:
    // False: stop here.
    bool applyOne(const kube::Meta& app, const base::Json& intent,
                  const std::vector<base::Json>& seen, const runtime::ReconcileContext& context,
                  Applied& applied) const;
    bool confirm(const kube::Meta& app, const runtime::ReconcileContext& context,
                 Applied& applied) const;
    bool write(const kube::Meta& app, const kube::ResourceType& type, base::Json intent,
               const kube::Object* current, const runtime::ReconcileContext& context,
               Applied& applied) const;
    bool removeOne(const kube::Meta& app, const plan::Removal& removal,
                   const runtime::ReconcileContext& context, Applied& applied) const;
    bool noteOne(const kube::Meta& app, const plan::Note& note,
                 const runtime::ReconcileContext& context, Applied& applied) const;
    bool patchOne(const kube::Meta& app, const plan::Patch& patch,
                  const runtime::ReconcileContext& context, Applied& applied) const;
    bool scaleOne(const kube::Meta& app, const plan::Scale& scale,
                  const std::vector<base::Json>& seen, const runtime::ReconcileContext& context,
                  Applied& applied) const;

    kube::Client& client_;
    const Observer& observer_;
};

}  // namespace reconcile
