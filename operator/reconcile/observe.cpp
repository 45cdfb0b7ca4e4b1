#include "reconcile/observe.h"

#include <algorithm>
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
        store.addIndex(kAppIndex, runtime::labelIndex(api::kAppLabel));
    }
    sources_.push_back({type, namespace_, &store});
}

const Observer::Source* Observer::find(const std::string& plural,
                                       const std::string& namespace_) const {
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

std::vector<base::Json> Observer::children(const kube::Meta& app) const {
    // A chain of owners is as long as app -> Deployment -> ReplicaSet -> Pod; kinds come in that
    // order, so one pass follows it.
    std::set<std::string, std::less<>> family{app.uid};
    std::vector<base::Json> out;
    for (const auto& type : childTypes()) {
        for (const auto& object : labelled(type, app.key)) {
            const auto* controller = controllerOf(object->meta());
            if (controller != nullptr && family.contains(controller->uid.str())) {
                family.insert(object->meta().uid);
                out.push_back(object->json(outlineOf(type)));
            }
        }
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
