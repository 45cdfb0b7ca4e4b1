#include "reconcile/observe.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "api/labels.h"
#include "base/json.h"
#include "reconcile/resources.h"

namespace reconcile {
namespace {

constexpr const char* kAppIndex = "app";

const kube::OwnerReference* controllerOf(const kube::Meta& object) {
    for (const auto& owner : object.owners) {
        if (owner.controller) {
            return &owner;
        }
    }
    return nullptr;
}

}  // namespace

Ownership ownershipOf(const kube::Meta& object, const kube::Meta& app) {
    const auto* controller = controllerOf(object);
    if (controller == nullptr) {
        return Ownership::Foreign;
    }
    if (controller->uid == app.uid) {
        return Ownership::Ours;
    }
    bool sameName = controller->kind == scalableApps().kind && controller->name == app.key.name;
    return sameName ? Ownership::Predecessor : Ownership::Foreign;
}

void Observer::watch(const kube::ResourceType& type, const std::string& namespace_,
                     runtime::Store& store) {
    if (type != scalableApps()) {
        bool chaos = type == reconcile::chaosRuns();
        store.addIndex(kAppIndex, runtime::labelIndex(chaos ? api::kChaosLabel : api::kAppLabel));
    }
    const std::unique_lock lock(mutex_);
    sources_.push_back({type, namespace_, &store});
}

const Observer::Source* Observer::find(const std::string& plural,
                                       const std::string& namespace_) const {
    const std::shared_lock lock(mutex_);
    for (const auto& source : sources_) {
        if (source.type.plural == plural &&
            (source.namespace_.empty() || source.namespace_ == namespace_)) {
            return &source;
        }
    }
    return nullptr;
}

kube::ObjectPtr Observer::app(const kube::ObjectKey& key) const {
    return child(scalableApps(), key);
}

kube::ObjectPtr Observer::child(const kube::ResourceType& type, const kube::ObjectKey& key) const {
    const auto* source = find(type.plural, key.namespace_);
    return source == nullptr ? nullptr : source->store->get(key);
}

std::vector<kube::ObjectPtr> Observer::labelled(const kube::ResourceType& type,
                                                const kube::ObjectKey& app) const {
    const auto* source = find(type.plural, app.namespace_);
    return source == nullptr ? std::vector<kube::ObjectPtr>()
                             : source->store->byIndex(kAppIndex, app.str());
}

std::vector<kube::ObjectPtr> Observer::family(const kube::Meta& app) const {
    // A chain of owners is as long as app -> Deployment -> ReplicaSet -> Pod; kinds come in that
    // order, so one pass follows it.
    std::set<std::string, std::less<>> uids{app.uid};
    std::vector<kube::ObjectPtr> out;
    for (const auto* types : {&childTypes(), &optionalTypes()}) {
        for (const auto& type : *types) {
            for (const auto& object : labelled(type, app.key)) {
                const auto* controller = controllerOf(object->meta());
                if (controller != nullptr && uids.contains(controller->uid.str())) {
                    uids.insert(object->meta().uid);
                    out.push_back(object);
                }
            }
        }
    }
    return out;
}

std::vector<kube::ObjectPtr> Observer::chaosRuns(const kube::ObjectKey& app) const {
    return labelled(reconcile::chaosRuns(), app);
}

std::vector<base::Json> treesOf(const std::vector<kube::ObjectPtr>& family) {
    std::vector<base::Json> out;
    out.reserve(family.size());
    for (const auto& object : family) {
        out.push_back(object->json(outlineOf(object->meta().kind)));
    }
    return out;
}

std::string Observer::scope(const kube::ResourceType& type, const std::string& namespace_) {
    return type.plural + "/" + namespace_;
}

bool Observer::reached(const std::string& scope, const std::string& resourceVersion) const {
    size_t slash = scope.find('/');
    const auto* source = find(scope.substr(0, slash), scope.substr(slash + 1));
    return source == nullptr || kube::atLeast(source->store->resourceVersion(), resourceVersion);
}

kube::ObjectKey appOf(const kube::Meta& object) {
    auto label = object.labels.find(api::kAppLabel);
    return {object.key.namespace_, label == object.labels.end() ? "" : label->second.str()};
}

}  // namespace reconcile
