// The cache of one kind of object: what the watch has seen so far, for readers.
//
//   runtime::Store pods;
//   pods.addIndex("app", runtime::labelIndex("scalableapp.dev/app"));
//   for (const auto& pod : pods.byIndex("app", "shop-ns/shop")) { ... }
//
// A relist swaps the whole content at once: readers never see it half done, and the old content stays
// readable meanwhile. Entries are immutable and shared.
// Thread safety: readers from any thread; one writer (the informer).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kube/object.h"

namespace runtime {

// The index keys of an object (none, one or several).
using IndexFunction = std::function<std::vector<std::string>(const kube::Object&)>;

// "<namespace>/<value of the label>", none without the label.
IndexFunction labelIndex(std::string label);
// "<namespace>/<name of the controlling owner>" of the given kind.
IndexFunction ownerIndex(std::string ownerKind);

class Store {
  public:
    struct Change {
        kube::ObjectPtr before;  // null: added
        kube::ObjectPtr after;   // null: removed
    };

    // Before the first object arrives.
    void addIndex(const std::string& name, IndexFunction function);

    kube::ObjectPtr get(const kube::ObjectKey& key) const;
    std::vector<kube::ObjectPtr> list() const;
    std::vector<kube::ObjectPtr> byIndex(const std::string& index, const std::string& key) const;
    size_t size() const;
    // True once the first list is complete.
    bool synced() const;
    // The newest resourceVersion the watch has reached, bookmarks included.
    std::string resourceVersion() const;

    // --- the writer's side
    Change upsert(kube::ObjectPtr object);
    Change erase(const kube::ObjectKey& key, const std::string& resourceVersion);
    // Replaces everything; returns what differed, deletions as {before, null}.
    std::vector<Change> replace(std::vector<kube::ObjectPtr> objects,
                                const std::string& resourceVersion);
    void advance(const std::string& resourceVersion);  // a bookmark

  private:
    using Index = std::unordered_map<std::string, std::map<kube::ObjectKey, kube::ObjectPtr>>;

    void link(const kube::ObjectPtr& object);
    void unlink(const kube::ObjectPtr& object);

    mutable std::shared_mutex mutex_;
    std::map<std::string, IndexFunction> indexFunctions_;
    std::map<std::string, Index> indexes_;
    std::map<kube::ObjectKey, kube::ObjectPtr> objects_;
    std::string resourceVersion_;
    bool synced_ = false;
};

}  // namespace runtime
