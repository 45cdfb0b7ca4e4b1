#include "runtime/store.h"

#include <mutex>
#include <utility>

namespace runtime {

IndexFunction labelIndex(std::string label) {
    return [label = std::move(label)](const kube::Object& object) -> std::vector<std::string> {
        const auto& meta = object.meta();
        auto it = meta.labels.find(label);
        if (it == meta.labels.end()) {
            return {};
        }
        return {meta.key.namespace_ + "/" + it->second};
    };
}

IndexFunction ownerIndex(std::string ownerKind) {
    return [kind = std::move(ownerKind)](const kube::Object& object) {
        std::vector<std::string> keys;
        for (const auto& owner : object.meta().owners) {
            if (owner.controller && owner.kind == kind) {
                keys.push_back(object.meta().key.namespace_ + "/" + owner.name);
            }
        }
        return keys;
    };
}

void Store::addIndex(const std::string& name, IndexFunction function) {
    std::unique_lock lock(mutex_);
    indexFunctions_[name] = std::move(function);
    indexes_[name];
    for (const auto& [key, object] : objects_) {
        link(object);
    }
}

kube::ObjectPtr Store::get(const kube::ObjectKey& key) const {
    std::shared_lock lock(mutex_);
    auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
}

std::vector<kube::ObjectPtr> Store::list() const {
    std::shared_lock lock(mutex_);
    std::vector<kube::ObjectPtr> out;
    out.reserve(objects_.size());
    for (const auto& [key, object] : objects_) {
        out.push_back(object);
    }
    return out;
}

std::vector<kube::ObjectPtr> Store::byIndex(const std::string& index,
                                            const std::string& key) const {
    std::shared_lock lock(mutex_);
    std::vector<kube::ObjectPtr> out;
    auto named = indexes_.find(index);
    if (named == indexes_.end()) {
        return out;
    }
    auto bucket = named->second.find(key);
    if (bucket != named->second.end()) {
        for (const auto& [objectKey, object] : bucket->second) {
            out.push_back(object);
        }
    }
    return out;
}

size_t Store::size() const {
    std::shared_lock lock(mutex_);
    return objects_.size();
}

bool Store::synced() const {
    std::shared_lock lock(mutex_);
    return synced_;
}

std::string Store::resourceVersion() const {
    std::shared_lock lock(mutex_);
    return resourceVersion_;
}

void Store::raise(const std::string& resourceVersion) {
    if (kube::atLeast(resourceVersion, resourceVersion_)) {
        resourceVersion_ = resourceVersion;
    }
}

void Store::link(const kube::ObjectPtr& object) {
    for (const auto& [name, function] : indexFunctions_) {
        for (const auto& key : function(*object)) {
            indexes_[name][key][object->meta().key] = object;
        }
    }
}

void Store::unlink(const kube::ObjectPtr& object) {
    for (const auto& [name, function] : indexFunctions_) {
        Index& index = indexes_[name];
        for (const auto& key : function(*object)) {
            auto bucket = index.find(key);
            if (bucket != index.end() && bucket->second.erase(object->meta().key) > 0 &&
                bucket->second.empty()) {
                index.erase(bucket);
            }
        }
    }
}

Store::Change Store::upsert(kube::ObjectPtr object) {
    std::unique_lock lock(mutex_);
    const auto& meta = object->meta();
    raise(meta.resourceVersion);
    kube::ObjectPtr& slot = objects_[meta.key];
    if (slot != nullptr) {
        if (kube::atLeast(slot->meta().resourceVersion, meta.resourceVersion)) {
            return {slot, slot};
        }
        unlink(slot);
    }
    Change change{std::exchange(slot, object), object};
    link(object);
    return change;
}

Store::Change Store::erase(const kube::ObjectKey& key, const std::string& resourceVersion) {
    std::unique_lock lock(mutex_);
    raise(resourceVersion);
    auto it = objects_.find(key);
    if (it == objects_.end() ||
        (it->second->meta().resourceVersion != resourceVersion &&
         kube::atLeast(it->second->meta().resourceVersion, resourceVersion))) {
        return {};
    }
    Change change{it->second, nullptr};
    unlink(it->second);
    objects_.erase(it);
    return change;
}

std::vector<Store::Change> Store::replace(std::vector<kube::ObjectPtr> objects,
                                          const std::string& resourceVersion) {
    std::unique_lock lock(mutex_);
    std::vector<Change> changes;
    std::map<kube::ObjectKey, kube::ObjectPtr> fresh;
    for (auto& object : objects) {
        fresh[object->meta().key] = std::move(object);
    }
    for (const auto& [key, before] : objects_) {
        auto it = fresh.find(key);
        if (it == fresh.end() || it->second->meta().uid != before->meta().uid) {
            changes.push_back({before, nullptr});
        }
    }
    for (auto& [key, after] : fresh) {
        auto it = objects_.find(key);
        bool same = it != objects_.end() && it->second->meta().uid == after->meta().uid;
        if (same && it->second->meta().resourceVersion == after->meta().resourceVersion) {
            after = it->second;  // readers and indexes keep sharing one copy
        } else {
            changes.push_back({same ? it->second : nullptr, after});
        }
    }
    objects_ = std::move(fresh);
    for (auto& [name, index] : indexes_) {
        index.clear();
    }
    for (const auto& [key, object] : objects_) {
        link(object);
    }
    // The list is the truth even where its version is lower: the server was restored from a backup.
    resourceVersion_ = resourceVersion;
    synced_ = true;
    return changes;
}

void Store::advance(const std::string& resourceVersion) {
    std::unique_lock lock(mutex_);
    raise(resourceVersion);
}

}  // namespace runtime
