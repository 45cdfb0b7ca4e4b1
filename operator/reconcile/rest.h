// Apps at rest: what a look saw that found nothing to do. Another look at the very same would find
// nothing to do either, and ends before a single tree is read or built.
//
//   if (book.has(key) && book.knows(key, sightOf(*app, children))) {
//       return runtime::Outcome::done();
//   }
//   ...
//   book.note(key, sightOf(*app, children));    // nothing was written, and time alone changes
//   nothing
//
// Thread safety: all members of RestBook from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kube/object.h"

namespace reconcile {

// Everything of the caches that a plan goes by: the spec, which the generation stands for, the
// status, and every child and chaos run by its version. Labels and annotations of the app are
// nothing to it.
std::string sightOf(const kube::Object& app, const std::vector<kube::ObjectPtr>& children,
                    const std::vector<kube::ObjectPtr>& runs = {});

class RestBook {
  public:
    // Whether there is anything to compare a sight with: making one goes through all children.
    bool has(const kube::ObjectKey& app) const;
    bool knows(const kube::ObjectKey& app, const std::string& sight) const;
    void note(const kube::ObjectKey& app, std::string sight);
    void forget(const kube::ObjectKey& app);

  private:
    mutable std::mutex mutex_;
    std::map<kube::ObjectKey, std::string> sights_;
};

}  // namespace reconcile
