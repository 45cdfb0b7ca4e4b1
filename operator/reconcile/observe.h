// What the caches hold about one app: the only place where a reconcile reads the cluster's state.
//
//   reconcile::Observer observer;
//   observer.watch(type, "", informer.store());      // each store once, before its informer starts
//   auto app = observer.app({"shop-ns", "shop"});    // null: there is none
//   std::vector<kube::ObjectPtr> family = observer.family(app->meta());
//   std::vector<base::Json> children = treesOf(family);
//
// With one store per namespace (an operator that may see some namespaces only) give each of them;
// the empty namespace stands for all. Thread safety: all members from any thread; a store that is
// watched must outlive the observer's last use.
#pragma once

#include <deque>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "kube/object.h"
#include "kube/resource.h"
#include "runtime/store.h"

namespace reconcile {

// Whose object this is, as seen from an app.
enum class Ownership {
    Ours,         // the app itself controls it
    Predecessor,  // an app of the same name that was deleted: it goes by itself
    Foreign,      // anybody else, or nobody
};
Ownership ownershipOf(const kube::Meta& object, const kube::Meta& app);

class Observer {
  public:
    void watch(const kube::ResourceType& type, const std::string& namespace_,
               runtime::Store& store);

    kube::ObjectPtr app(const kube::ObjectKey& key) const;
    kube::ObjectPtr child(const kube::ResourceType& type, const kube::ObjectKey& key) const;

    // The app's children, and theirs (ReplicaSets, pods): told by the owner's UID, not by the label
    // alone, so that neither a stranger's object nor a predecessor's pods count.
    std::vector<kube::ObjectPtr> family(const kube::Meta& app) const;

    // The chaos runs of the app that are not over; none where they are not watched.
    std::vector<kube::ObjectPtr> chaosRuns(const kube::ObjectKey& app) const;

    // For the controller's read-your-own-writes gate: `scope` names the store that a write to this
    // object comes back to, `reached` answers whether it has.
    static std::string scope(const kube::ResourceType& type, const std::string& namespace_);
    bool reached(const std::string& scope, const std::string& resourceVersion) const;

  private:
    struct Source {
        kube::ResourceType type;
        std::string namespace_;
        runtime::Store* store;
    };
    const Source* find(const std::string& plural, const std::string& namespace_) const;
    std::vector<kube::ObjectPtr> labelled(const kube::ResourceType& type,
                                          const kube::ObjectKey& app) const;

    mutable std::shared_mutex mutex_;
    std::deque<Source> sources_;  // what is in it stays where it is
};

// Without what no plan reads of kinds that it only looks at (outlineOf).
std::vector<base::Json> treesOf(const std::vector<kube::ObjectPtr>& family);

// The app an object belongs to by its label; the name is empty when it has none.
kube::ObjectKey appOf(const kube::Meta& object);

}  // namespace reconcile
