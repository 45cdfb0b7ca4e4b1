// Deletion: preconditions, policies, finalizers, and the garbage collector.
#include <algorithm>
#include <utility>

#include "apiserver/server.h"
#include "apiserver/target.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";

bool has(const Json& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

std::string uidOf(const Json& object) {
    return base::stringAt(object, "/metadata/uid").value_or("");
}

bool isLeaving(const Json& object) {
    return base::at(object, "/metadata/deletionTimestamp") != nullptr;
}

const Json& listIn(const Json& object, const char* name) {
    static const Json kNone = Json::array();
    auto metadata = object.find("metadata");
    if (metadata == object.end()) {
        return kNone;
    }
    auto list = metadata->find(name);
    return list == metadata->end() ? kNone : *list;
}

std::string finalizerOf(const Json& options) {
    auto policy = base::stringAt(options, "/propagationPolicy");
    if (policy == "Foreground") {
        return kForeground;
    }
    return policy == "Orphan" ? kOrphan : "";
}

HttpResponse deleted(const Target& target, const Json& object) {
    return okResponse(
        {{"kind", "Status"},
         {"apiVersion", "v1"},
         {"metadata", Json::object()},
         {"status", "Success"},
         {"details",
          {{"name", target.key.name}, {"kind", target.plural}, {"uid", uidOf(object)}}}});
}

struct Dependent {
    std::string collection;
    kube::ObjectKey key;
    Stored object;
};

std::vector<Dependent> dependentsOf(const Storage& storage, const std::string& uid) {
    std::vector<Dependent> out;
    for (const auto& [collection, objects] : storage.collections()) {
        for (const auto& [key, object] : objects) {
            for (const auto& owner : listIn(*object, "ownerReferences")) {
                if (base::stringAt(owner, "/uid") == uid) {
                    out.push_back({collection, key, object});
                }
            }
        }
    }
    return out;
}

bool blocks(const Dependent& dependent, const std::string& uid) {
    for (const auto& owner : listIn(*dependent.object, "ownerReferences")) {
        if (base::stringAt(owner, "/uid") == uid) {
            return base::boolAt(owner, "/blockOwnerDeletion").value_or(false);
        }
    }
    return false;
}

}  // namespace

HttpResponse ApiServer::remove(const Target& target, const Json& options) {
    auto live = storage_.get(target.collection, target.key);
    if (live == nullptr) {
        return notFound(target);
    }
    for (const char* name : {"uid", "resourceVersion"}) {
        auto wanted = base::stringAt(options, std::string("/preconditions/") + name);
        auto is = base::stringAt(*live, std::string("/metadata/") + name).value_or("");
        if (wanted && *wanted != is && !this->is(Defect::IgnoresPreconditions)) {
            return refusal(409, "Conflict",
                           "Operation cannot be fulfilled on " + target.resource() + " \"" +
                               target.key.name + "\": Precondition failed: " + name +
                               " in precondition: " + *wanted + ", in object meta: " + is);
        }
    }
    auto finalizer = finalizerOf(options);
    bool held = !listIn(*live, "finalizers").empty() || !finalizer.empty();
    if (!held || is(Defect::FinalizersDoNotHold)) {
        erase(target.collection, target.key);
        if (options_.collectsGarbage) {
            collect();
        }
        return deleted(target, *live);
    }
    beginDeletion(target.collection, target.key, finalizer);
    if (options_.collectsGarbage) {
        collect();
    }
    auto left = storage_.get(target.collection, target.key);
    return left == nullptr ? deleted(target, *live) : okResponse(*left);
}

// Marks an object as leaving; it goes when its last finalizer does.
void ApiServer::beginDeletion(const std::string& collection, const kube::ObjectKey& key,
                              const std::string& finalizer) {
    auto live = storage_.get(collection, key);
    if (isLeaving(*live)) {
        return;
    }
    Json object = *live;
    auto& metadata = object["metadata"];
    metadata["deletionTimestamp"] = now();
    metadata["deletionGracePeriodSeconds"] = 0;
    if (!finalizer.empty() && !has(listIn(object, "finalizers"), finalizer)) {
        metadata["finalizers"].push_back(finalizer);
    }
    commit(collection, key, std::move(object), nullptr);
}

void ApiServer::erase(const std::string& collection, const kube::ObjectKey& key) {
    auto live = storage_.get(collection, key);
    storage_.erase(collection, key);
    deadUids_.insert(uidOf(*live));
    garbage_ = true;
    changed_.notify_all();
}

bool ApiServer::collectGarbage() {
    std::lock_guard lock(mutex_);
    return collectOnce();
}

void ApiServer::collect() {
    while (garbage_ && collectOnce()) {
    }
}

// One step of the collector; false: there is nothing to do.
bool ApiServer::collectOnce() {
    garbage_ = collectDead() || collectForLeaving();
    return garbage_;
}

// What has lost an owner.
bool ApiServer::collectDead() {
    for (const auto& [collection, objects] : storage_.collections()) {
        for (const auto& [key, object] : objects) {
            const auto& owners = listIn(*object, "ownerReferences");
            Json alive = Json::array();
            for (const auto& owner : owners) {
                if (!deadUids_.contains(base::stringAt(owner, "/uid").value_or(""))) {
                    alive.push_back(owner);
                }
            }
            if (alive.size() == owners.size()) {
                continue;
            }
            auto where = collection;
            auto which = key;
            if (!alive.empty()) {
                Json changed = *object;
                changed["metadata"]["ownerReferences"] = alive;
                commit(where, which, std::move(changed), nullptr);
                return true;
            }
            if (listIn(*object, "finalizers").empty()) {
                erase(where, which);
                return true;
            }
            if (!isLeaving(*object)) {
                beginDeletion(where, which, "");
                return true;
            }
        }
    }
    return false;
}

// Owners that wait for their dependents, or want to leave them behind.
bool ApiServer::collectForLeaving() {
    for (const auto& [collection, objects] : storage_.collections()) {
        for (const auto& [key, object] : objects) {
            const auto& finalizers = listIn(*object, "finalizers");
            bool orphans = has(finalizers, kOrphan);
            if (!isLeaving(*object) || (!orphans && !has(finalizers, kForeground))) {
                continue;
            }
            auto where = collection;
            auto which = key;
            auto uid = uidOf(*object);
            bool blocked = false;
            for (const auto& dependent : dependentsOf(storage_, uid)) {
                if (orphans) {
                    Json changed = *dependent.object;
                    std::erase_if(
                        changed["metadata"]["ownerReferences"].get_ref<Json::array_t&>(),
                        [&](const Json& owner) { return base::stringAt(owner, "/uid") == uid; });
                    commit(dependent.collection, dependent.key, std::move(changed), nullptr);
                    return true;
                }
                if (isLeaving(*dependent.object)) {
                    blocked = blocked || blocks(dependent, uid);
                    continue;
                }
                if (listIn(*dependent.object, "finalizers").empty()) {
                    erase(dependent.collection, dependent.key);
                } else {
                    beginDeletion(dependent.collection, dependent.key, "");
                }
                return true;
            }
            if (blocked) {
                continue;
            }
            Json changed = *storage_.get(where, which);
            std::erase_if(changed["metadata"]["finalizers"].get_ref<Json::array_t&>(),
                          [](const Json& one) { return one == kForeground || one == kOrphan; });
            commit(where, which, std::move(changed), nullptr);
            return true;
        }
    }
    return false;
}

}  // namespace test
