// What the caches hold about one app: the only place where a reconcile reads the cluster's state.
//
//   reconcile::Observer observer;
//   observer.watch(type, "", informer.store());      // each store once, before its informer starts
//   auto app = observer.app({"shop-ns", "shop"});    // null: there is none
//   std::vector<base::Json> children = observer.children(app->meta());
//
// With one store per namespace (an operator that may see some namespaces only) give each of them;
// the empty namespace stands for all. Thread safety: watch() first, from one thread; everything
// else from any thread.
#pragma once

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
    // alone, so that neither a stranger's object nor a predecessor's pods count. Without what no
    // plan reads of kinds that it only looks at (outlineOf).
    std::vector<base::Json> children(const kube::Meta& app) const;

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

    std::vector<Source> sources_;
};

// The app an object belongs to by its label; the name is empty when it has none.
kube::ObjectKey appOf(const kube::Meta& object);

}  // namespace reconcile
