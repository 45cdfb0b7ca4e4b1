// Which keys a change concerns: the lines between kinds of objects and the controller of one of
// them.
//
//   relate(shops, controller, runtime::itself());
//   relate(deployments, controller, runtime::controllingOwner("Shop"));
//   relate(pods, controller, shopOfPod, {.firstList = false, .burst = 100ms});
//
// Both the old and the new state of an object are asked: a child that changes hands concerns both
// owners. Keys of the first list yield to what changes meanwhile (kStartupPriority).
// Thread safety: before the informer starts; the controller must outlive it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "kube/object.h"
#include "runtime/controller.h"
#include "runtime/informer.h"

namespace runtime {

// The keys that an object concerns.
using Mapper = std::function<std::vector<kube::ObjectKey>(const kube::Meta& object)>;

// The object's own key.
Mapper itself();
// The controlling owner of that kind, in the object's namespace. By name, whatever its UID: what a
// predecessor left stands in the way of the fixed names of its successor, which has to hear when it
// goes. Whose children they are, ownerIndex says.
Mapper controllingOwner(std::string kind);

struct RelationOptions {
    // False: the first list concerns nobody, because what it would concern is listed as well.
    bool firstList = true;
    // A look at the end of a burst of changes sees what ten looks would.
    std::chrono::milliseconds burst{0};
};

void relate(Informer& informer, Controller& controller, Mapper mapper,
            const RelationOptions& options = {});

// The same for whoever hands out changes in another way.
Informer::Handler relation(
    Mapper mapper, const RelationOptions& options,
    std::function<void(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority)>
        enqueue);

}  // namespace runtime
