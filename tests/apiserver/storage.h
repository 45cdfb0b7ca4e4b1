// What the API server in memory keeps: objects, versions and the history that watches read.
//
//   Storage storage(100);
//   storage.put("v1/pods", key, object);          // gives it the next version
//   for (const auto& change : storage.since("v1/pods", 100, storage.version())) { ... }
//   Objects then = storage.at("v1/pods", 120);    // as it was at that version
//
// Every write takes one version, over all kinds. Thread safety: none, the server's lock guards it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "kube/resource.h"

namespace test {

using Stored = std::shared_ptr<const base::Json>;
using Objects = std::map<kube::ObjectKey, Stored>;

struct Change {
    uint64_t version;
    std::string collection;
    kube::ObjectKey key;
    Stored before;  // null: created
    Stored after;   // null: deleted
    bool silent;    // no watch is told
};

class Storage {
  public:
    explicit Storage(uint64_t first) : version_(first) {}

    uint64_t version() const { return version_; }
    // Versions below are Expired.
    uint64_t compacted() const { return compacted_; }

    Stored get(const std::string& collection, const kube::ObjectKey& key) const;
    const Objects& all(const std::string& collection) const;
    const std::map<std::string, Objects>& collections() const { return collections_; }
    // Precondition: compacted() <= version <= version().
    Objects at(const std::string& collection, uint64_t version) const;
    // The changes after `from` up to and with `to`, in order.
    std::vector<const Change*> since(const std::string& collection, uint64_t from,
                                     uint64_t to) const;

    Stored put(const std::string& collection, const kube::ObjectKey& key, base::Json object);
    void erase(const std::string& collection, const kube::ObjectKey& key);
    // The history is gone, and with it every version until now.
    void compact();
    // What is written while silent reaches no watch.
    void setSilent(bool silent) { silent_ = silent; }

  private:
    std::vector<Change>::const_iterator after(uint64_t version) const;

    std::map<std::string, Objects> collections_;  // by "group/version/plural"
    std::vector<Change> history_;
    uint64_t version_;
    uint64_t compacted_ = 0;
    bool silent_ = false;
};

}  // namespace test
