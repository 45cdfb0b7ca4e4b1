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

IndexFunction ownerIndex() {
    return [](const kube::Object& object) {
        std::vector<std::string> keys;
        for (const auto& owner : object.meta().owners) {
            if (owner.controller) {
                keys.push_back(owner.uid.str());
            }
        }
        return keys;
    };
}

void Store::addIndex(const std::string& name, IndexFunction function) {
    std::unique_lock lock(mutex_);
    indexFunctions_[name] = std::move(function);
    indexes_[name];
    for (const auto& object : objects_) {
        link(object);
    }
}

kube::ObjectPtr Store::get(const kube::ObjectKey& key) const {
    std::shared_lock lock(mutex_);
    auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : *it;
}

std::vector<kube::ObjectPtr> Store::list() const {
    std::shared_lock lock(mutex_);
    return {objects_.begin(), objects_.end()};
}

std::vector<kube::ObjectPtr> Store::byIndex(const std::string& index,
                                            const std::string& key) const {
    const kube::Interned wanted(key);
    std::shared_lock lock(mutex_);
    std::vector<kube::ObjectPtr> out;
    auto named = indexes_.find(index);
    if (named == indexes_.end()) {
        return out;
    }
    auto [begin, end] = named->second.equal_range(wanted);
    for (auto it = begin; it != end; ++it) {
        out.push_back(it->second);
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
            indexes_[name].emplace(key, object);
        }
    }
}

void Store::unlink(const kube::ObjectPtr& object) {
    for (const auto& [name, function] : indexFunctions_) {
        Index& index = indexes_[name];
        for (const auto& key : function(*object)) {
            index.erase({key, object});
        }
    }
}

Store::Change Store::upsert(kube::ObjectPtr object) {
    std::unique_lock lock(mutex_);
    const auto& meta = object->meta();
    raise(meta.resourceVersion);
    kube::ObjectPtr before;
    if (auto it = objects_.find(meta.key); it != objects_.end()) {
        before = *it;
        if (kube::atLeast(before->meta().resourceVersion, meta.resourceVersion)) {
            return {before, before};
        }
        unlink(before);
        auto node = objects_.extract(it);
        node.value() = object;
        objects_.insert(std::move(node));
    } else {
        objects_.insert(object);
    }
    link(object);
    return {std::move(before), std::move(object)};
}

Store::Change Store::erase(const kube::ObjectKey& key, const std::string& resourceVersion) {
    std::unique_lock lock(mutex_);
    raise(resourceVersion);
    auto it = objects_.find(key);
    if (it == objects_.end() || ((*it)->meta().resourceVersion != resourceVersion &&
                                 kube::atLeast((*it)->meta().resourceVersion, resourceVersion))) {
        return {};
    }
    Change change{*it, nullptr};
    unlink(*it);
    objects_.erase(it);
    return change;
}

std::vector<Store::Change> Store::replace(std::vector<kube::ObjectPtr> objects,
                                          const std::string& resourceVersion) {
    std::unique_lock lock(mutex_);
    std::vector<Change> changes;
    Objects fresh;
    for (auto& object : objects) {
        // Of two of one name the last counts.
        if (auto it = fresh.find(object); it != fresh.end()) {
            fresh.erase(it);
        }
        fresh.insert(std::move(object));
    }
    for (const auto& before : objects_) {
        auto it = fresh.find(before);
        if (it == fresh.end() || (*it)->meta().uid != before->meta().uid) {
            changes.push_back({before, nullptr});
        }
    }
    Objects merged;
    for (const auto& after : fresh) {
        auto it = objects_.find(after);
        bool same = it != objects_.end() && (*it)->meta().uid == after->meta().uid;
        if (same && (*it)->meta().resourceVersion == after->meta().resourceVersion) {
            merged.insert(merged.end(), *it);  // readers keep sharing one copy
        } else {
            changes.push_back({same ? *it : nullptr, after});
            merged.insert(merged.end(), after);
        }
    }
    objects_ = std::move(merged);
    for (auto& [name, index] : indexes_) {
        index.clear();
    }
    for (const auto& object : objects_) {
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
