// The members of a JSON object in the order they came: a vector of pairs, searched from the front,
// which is the fastest there is for the few members that objects have.
//
// It is what nlohmann::ordered_map is, but for one thing: keys are not const in the vector, so that
// a growing object moves its members instead of copying everything below them.
//
//   using Json = nlohmann::basic_json<base::OrderedMap>;
//
// Thread safety: as for a plain container. Throws only std::out_of_range, from at().
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

template <class Key, class T, class IgnoredLess, class IgnoredAllocator>
struct OrderedMap : std::vector<std::pair<Key, T>> {
    using Members = std::vector<std::pair<Key, T>>;
    using key_type = Key;
    using mapped_type = T;
    using key_compare = std::equal_to<>;
    using typename Members::const_iterator;
    using typename Members::iterator;
    using typename Members::size_type;
    using typename Members::value_type;

    OrderedMap() = default;
    OrderedMap(std::initializer_list<value_type> members)
        : OrderedMap(members.begin(), members.end()) {}
    template <std::input_iterator It>
    OrderedMap(It first, It last) {
        insert(first, last);
    }

    template <std::convertible_to<std::string_view> K>
    iterator find(const K& key) {
        return std::find_if(this->begin(), this->end(), Named{key});
    }
    template <std::convertible_to<std::string_view> K>
    const_iterator find(const K& key) const {
        return std::find_if(this->begin(), this->end(), Named{key});
    }
    template <std::convertible_to<std::string_view> K>
    size_type count(const K& key) const {
        return find(key) == this->end() ? 0 : 1;
    }
    template <std::convertible_to<std::string_view> K>
    T& at(const K& key) {
        return found(*this, key)->second;
    }
    template <std::convertible_to<std::string_view> K>
    const T& at(const K& key) const {
        return found(*this, key)->second;
    }

    // Nothing happens where the key is there already; it is told where.
    template <std::convertible_to<std::string_view> K>
    std::pair<iterator, bool> emplace(K&& key, T value) {
        if (auto it = find(key); it != this->end()) {
            return {it, false};
        }
        this->emplace_back(Key(std::forward<K>(key)), std::move(value));
        return {std::prev(this->end()), true};
    }
    std::pair<iterator, bool> insert(value_type member) {
        return emplace(std::move(member.first), std::move(member.second));
    }
    template <std::input_iterator It>
    void insert(It first, It last) {
        for (; first != last; ++first) {
            emplace(first->first, first->second);
        }
    }
    template <std::convertible_to<std::string_view> K>
    T& operator[](K&& key) {
        return emplace(std::forward<K>(key), T()).first->second;
    }
    template <std::convertible_to<std::string_view> K>
    const T& operator[](const K& key) const {
        return at(key);
    }

    using Members::erase;
    template <std::convertible_to<std::string_view> K>
    size_type erase(const K& key) {
        auto it = find(key);
        if (it == this->end()) {
            return 0;
        }
        Members::erase(it);
        return 1;
    }

  private:
    struct Named {
        std::string_view key;
        bool operator()(const value_type& member) const { return member.first == key; }
    };
    template <class Self, class K>
    static auto found(Self& self, const K& key) {
        auto it = self.find(key);
        if (it == self.end()) {
            throw std::out_of_range("key not found");
        }
        return it;
    }
};

}  // namespace base
