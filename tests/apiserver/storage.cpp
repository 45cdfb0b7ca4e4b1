#include "apiserver/storage.h"

#include <algorithm>
#include <utility>

namespace test {

Stored Storage::get(const std::string& collection, const kube::ObjectKey& key) const {
    const auto& objects = all(collection);
    auto it = objects.find(key);
    return it == objects.end() ? nullptr : it->second;
}

const Objects& Storage::all(const std::string& collection) const {
    static const Objects kNone;
    auto it = collections_.find(collection);
    return it == collections_.end() ? kNone : it->second;
}

std::vector<Change>::const_iterator Storage::after(uint64_t version) const {
    return std::upper_bound(
        history_.begin(), history_.end(), version,
        [](uint64_t wanted, const Change& change) { return wanted < change.version; });
}

Objects Storage::at(const std::string& collection, uint64_t version) const {
    Objects out = all(collection);
    auto first = after(version);
    for (auto it = history_.end(); it != first;) {
        --it;
        if (it->collection != collection) {
            continue;
        }
        if (it->before == nullptr) {
            out.erase(it->key);
        } else {
            out[it->key] = it->before;
        }
    }
    return out;
}

std::vector<const Change*> Storage::since(const std::string& collection, uint64_t from,
                                          uint64_t to) const {
    std::vector<const Change*> out;
    for (auto it = after(from); it != history_.end() && it->version <= to; ++it) {
        if (it->collection == collection) {
            out.push_back(&*it);
        }
    }
    return out;
}

Stored Storage::put(const std::string& collection, const kube::ObjectKey& key, base::Json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    auto stored = std::make_shared<const base::Json>(std::move(object));
    auto& slot = collections_[collection][key];
    history_.push_back({version_, collection, key, slot, stored, silent_});
    slot = stored;
    return stored;
}

void Storage::erase(const std::string& collection, const kube::ObjectKey& key) {
    auto node = collections_[collection].extract(key);
    if (!node.empty()) {
        history_.push_back({++version_, collection, key, node.mapped(), nullptr, silent_});
    }
}

void Storage::compact() {
    compacted_ = ++version_;
    history_.clear();
}

}  // namespace test
