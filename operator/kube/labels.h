// The labels of one object: a small sorted list that shares its strings with everybody else's.
//
//   auto tier = object->meta().labels.find("scalableapp.dev/tier");
//   if (tier != object->meta().labels.end() && tier->second == "web") { ... }
//
// Thread safety: as for a plain value.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/interned.h"

namespace kube {

class Labels {
    template <class List>
    static auto place(List& labels, std::string_view key) {
        return std::lower_bound(
            labels.begin(), labels.end(), key,
            [](const auto& label, std::string_view wanted) { return label.first.str() < wanted; });
    }

  public:
    using Label = std::pair<Interned, Interned>;
    using const_iterator = std::vector<Label>::const_iterator;

    Labels() = default;
    Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
        for (const auto& [key, value] : labels) {
            set(key, value);
        }
    }

    // Of two with one key the last counts.
    void set(std::string_view key, std::string_view value) {
        auto it = place(labels_, key);
        if (it != labels_.end() && it->first == key) {
            it->second = Interned(value);
        } else {
            labels_.emplace(it, key, value);
        }
    }
    void shrink() { labels_.shrink_to_fit(); }

    const_iterator find(std::string_view key) const {
        auto it = place(labels_, key);
        return it != labels_.end() && it->first == key ? it : labels_.end();
    }
    bool contains(std::string_view key) const { return find(key) != end(); }
    // Throws std::out_of_range, as a map does.
    const std::string& at(std::string_view key) const {
        auto it = find(key);
        if (it == end()) {
            throw std::out_of_range("no label " + std::string(key));
        }
        return it->second;
    }
    const_iterator begin() const { return labels_.begin(); }
    const_iterator end() const { return labels_.end(); }
    size_t size() const { return labels_.size(); }
    bool empty() const { return labels_.empty(); }
    bool operator==(const Labels&) const = default;

  private:
    std::vector<Label> labels_;
};

}  // namespace kube
