// The cache of one kind of object: what the watch has seen so far, for readers.
//
//   runtime::Store pods;
//   pods.addIndex("app", runtime::labelIndex("scalableapp.dev/app"));
//   for (const auto& pod : pods.byIndex("app", "shop-ns/shop")) { ... }
//
// A relist swaps the whole content at once: readers never see it half done, and the old content
// stays readable meanwhile. Entries are immutable and shared.
//
// Thread safety: readers from any thread; one writer (the informer).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "kube/object.h"

namespace runtime {

// The index keys of an object (none, one or several).
using IndexFunction = std::function<std::vector<std::string>(const kube::Object&)>;

// "<namespace>/<value of the label>", none without the label.
IndexFunction labelIndex(std::string label);
// The UID of the controlling owner, none without one. Not its name: an owner that was deleted and
// made anew does not inherit what its predecessor left, which is about to go.
IndexFunction ownerIndex();

class Store {
  public:
    struct Change {
        kube::ObjectPtr before;  // null: added
        kube::ObjectPtr after;   // null: removed
        // False for a delivery that told nothing new: before and after are the same object.
        bool changed() const { return before != after; }
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
    // The same or an older version of what has that name (a repeated or late delivery, be it of a
    // predecessor) changes nothing.
    Change upsert(kube::ObjectPtr object);
    // Nothing happens when a newer object of that name is here already.
    Change erase(const kube::ObjectKey& key, const std::string& resourceVersion);
    // Replaces everything; returns what differed, deletions as {before, null}. An object that was
    // deleted and made anew meanwhile is two changes, as it would be on the watch.
    std::vector<Change> replace(std::vector<kube::ObjectPtr> objects,
                                const std::string& resourceVersion);
    void advance(const std::string& resourceVersion);  // a bookmark

  private:
    // Keys are in the objects already: nothing is stored beside them.
    struct ByKey {
        using is_transparent = void;
        static const kube::ObjectKey& of(const kube::ObjectPtr& object) {
            return object->meta().key;
        }
        static const kube::ObjectKey& of(const kube::ObjectKey& key) { return key; }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return of(a) < of(b);
        }
    };
    using Objects = std::set<kube::ObjectPtr, ByKey>;
    // Under each index key its objects, in the order of their own keys.
    struct ByIndexKey {
        using is_transparent = void;
        using Entry = std::pair<kube::Interned, kube::ObjectPtr>;
        bool operator()(const Entry& a, const Entry& b) const {
            return a.first == b.first ? ByKey()(a.second, b.second) : before(a.first, b.first);
        }
        bool operator()(const Entry& a, const kube::Interned& b) const {
            return before(a.first, b);
        }
        bool operator()(const kube::Interned& a, const Entry& b) const {
            return before(a, b.first);
        }
        static bool before(const kube::Interned& a, const kube::Interned& b) {
            return std::less<>()(a.address(), b.address());
        }
    };
    using Index = std::set<ByIndexKey::Entry, ByIndexKey>;

    void raise(const std::string& resourceVersion);
    void link(const kube::ObjectPtr& object);
    void unlink(const kube::ObjectPtr& object);

    mutable std::shared_mutex mutex_;
    std::map<std::string, IndexFunction> indexFunctions_;
    std::map<std::string, Index> indexes_;
    Objects objects_;
    std::string resourceVersion_;
    bool synced_ = false;
};

}  // namespace runtime
