#include "kube/interned.h"

#include <atomic>
#include <mutex>
#include <ostream>
#include <unordered_set>

namespace kube {

struct Interned::Entry {
    const std::string text;
    mutable std::atomic<size_t> holders;
};

class Interned::Pool {
  public:
    // Never destroyed: the last holders may be static themselves.
    static Pool& instance() {
        static Pool& pool = *new Pool;
        return pool;
    }

    Entry* hold(std::string_view text) {
        const std::lock_guard lock(mutex_);
        auto it = entries_.find(text);
        if (it == entries_.end()) {
            it = entries_.insert(new Entry{std::string(text), 0}).first;
        }
        (*it)->holders.fetch_add(1, std::memory_order_relaxed);
        return *it;
    }
    void release(Entry* entry) {
        size_t seen = entry->holders.load(std::memory_order_relaxed);
        while (seen > 1) {
            if (entry->holders.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) {
                return;
            }
        }
        // Perhaps the last one: under the lock, so that nobody finds what is being taken away.
        const std::lock_guard lock(mutex_);
        if (entry->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            entries_.erase(entry);
            delete entry;
        }
    }
    size_t size() {
        const std::lock_guard lock(mutex_);
        return entries_.size();
    }

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
        size_t operator()(const Entry* entry) const {
            return (*this)(std::string_view(entry->text));
        }
    };
    struct Same {
        using is_transparent = void;
        bool operator()(const Entry* a, const Entry* b) const { return a == b; }
        bool operator()(std::string_view a, const Entry* b) const { return a == b->text; }
        bool operator()(const Entry* a, std::string_view b) const { return a->text == b; }
    };

    std::mutex mutex_;
    std::unordered_set<Entry*, Hash, Same> entries_;
};

Interned::Interned(std::string_view text)
    : entry_(text.empty() ? nullptr : Pool::instance().hold(text)) {}

Interned::Interned(const Interned& other) noexcept : entry_(other.entry_) {
    if (entry_ != nullptr) {
        entry_->holders.fetch_add(1, std::memory_order_relaxed);
    }
}

Interned::~Interned() {
    if (entry_ != nullptr) {
        Pool::instance().release(entry_);
    }
}

const std::string& Interned::str() const {
    static const std::string kEmpty;
    return entry_ == nullptr ? kEmpty : entry_->text;
}

size_t Interned::count() {
    return Pool::instance().size();
}

std::ostream& operator<<(std::ostream& out, const Interned& text) {
    return out << text.str();
}

}  // namespace kube
