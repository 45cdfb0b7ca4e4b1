// Fields that do not become what is asked for, however often it is applied: an admission webhook
// rewrites them (an image to that of a mirror), or the API server does not know them.
//
//   book.record(key, applied.rewritten);         // answers what is news, to be told
//   book.showAsAsked(key, observed.children);    // from then on they count as applied
//
// That an apply changed nothing is the proof; it is one apply more for each change of the object.
// As soon as such a field is anything else than it was then, it counts again. Thread safety: all
// members of RewriteBook from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "kube/object.h"
#include "plan/diff.h"

namespace reconcile {

struct Rewrite {
    std::string object;  // as it is told
    std::string uid;
    std::string hash;  // of the intent
    std::vector<plan::Difference> fields;
    bool operator==(const Rewrite&) const = default;

    // Names the first field, what is asked and what is there.
    std::string text() const;
};

class RewriteBook {
  public:
    std::vector<Rewrite> record(const kube::ObjectKey& app, const std::vector<Rewrite>& found);
    void showAsAsked(const kube::ObjectKey& app, std::vector<base::Json>& children);
    void forget(const kube::ObjectKey& app);

  private:
    std::mutex mutex_;
    std::map<kube::ObjectKey, std::map<std::string, Rewrite>> pages_;  // by app, then by uid
};

}  // namespace reconcile
