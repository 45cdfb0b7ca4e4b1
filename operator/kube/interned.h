// A string that is stored once however many hold it: kinds, label keys and values, owners. Caches
// of thousands of objects say the same few words over and over.
//
//   kube::Interned kind = "Pod";
//   const std::string& text = kind;     // reads as a string
//   if (kind == owner.kind) { ... }     // one comparison of addresses
//
// Immutable. Thread safety: as for a shared_ptr to a constant.
#pragma once

#include <compare>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace kube {

class Interned {
  public:
    Interned() noexcept = default;  // the empty one
    Interned(std::string_view text);
    Interned(const std::string& text) : Interned(std::string_view(text)) {}
    Interned(const char* text) : Interned(std::string_view(text)) {}
    Interned(const Interned& other) noexcept;
    Interned(Interned&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    Interned& operator=(Interned other) noexcept {
        std::swap(entry_, other.entry_);
        return *this;
    }
    ~Interned();

    const std::string& str() const;
    operator const std::string&() const { return str(); }
    bool empty() const { return entry_ == nullptr; }
    // Orders equal ones together and costs nothing; not the order of the alphabet.
    const void* address() const { return entry_; }

    // How many different ones there are in the process.
    static size_t count();

    friend bool operator==(const Interned& a, const Interned& b) { return a.entry_ == b.entry_; }
    friend bool operator==(const Interned& a, std::string_view b) { return a.str() == b; }
    friend bool operator==(const Interned& a, const std::string& b) { return a.str() == b; }
    friend bool operator==(const Interned& a, const char* b) { return a.str() == b; }
    friend std::string operator+(const Interned& a, std::string_view b) {
        return std::string(a.str()).append(b);
    }
    friend std::string operator+(std::string a, const Interned& b) {
        return std::move(a.append(b.str()));
    }
    friend std::ostream& operator<<(std::ostream& out, const Interned& text);

  private:
    struct Entry;
    class Pool;
    Entry* entry_ = nullptr;
};

}  // namespace kube
