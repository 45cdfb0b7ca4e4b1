// The keys that wait to be reconciled: each at most once, never two workers on one, none lost.
//
//   runtime::WorkQueue queue(clock);
//   queue.add({"shop-ns", "shop"});
//   if (auto lease = queue.get()) {      // blocks; empty after shutdown
//       work(lease->key());
//   }                                    // the lease's end says done
//
// Semantics (controller-runtime's priority queue): higher priority first, first in first out within
// one; adding a waiting key again keeps the higher priority and the earlier time; a key added while
// it is worked on runs once more afterwards; a delayed key gets its place in the line when it is
// due.
//
// Thread safety: all members from any thread. Blocking: get() only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.h"
#include "kube/resource.h"

namespace runtime {

class WorkQueue {
  public:
    // The right to work on one key until this object ends.
    class Lease {
      public:
        Lease(Lease&& other) noexcept;
        Lease& operator=(Lease&&) = delete;
        Lease(const Lease&) = delete;
        ~Lease();

        const kube::ObjectKey& key() const { return key_; }
        int priority() const { return priority_; }
        // How long the key stood ready before it was taken.
        std::chrono::duration<double> waited() const { return waited_; }

      private:
        friend class WorkQueue;
        Lease(WorkQueue& queue, kube::ObjectKey key, int priority,
              std::chrono::duration<double> waited);
        WorkQueue* queue_;
        kube::ObjectKey key_;
        int priority_;
        std::chrono::duration<double> waited_;
    };

    explicit WorkQueue(const base::Clock& clock) : clock_(clock) {}
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    // True when the key was not in the queue before.
    bool add(const kube::ObjectKey& key, int priority = 0);
    bool addAfter(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority = 0);

    std::optional<Lease> get();
    std::optional<Lease> tryGet();
    // Ends every get(); adds are ignored from here on.
    void shutdown();
    // Makes waiting threads read the clock again: for clocks that jump (tests).
    void wake();

    // True when tryGet() would answer a key now.
    bool ready() const;
    // When the next delayed key is due, if one waits.
    std::optional<base::SteadyTime> nextDue() const;
    // Ready keys by priority, those included that are being worked on and will run again.
    std::map<int, size_t> depth() const;

    struct Working {
        size_t count = 0;
        std::chrono::duration<double> sum{};
        std::chrono::duration<double> longest{};
        kube::ObjectKey oldest{};  // that one's
    };
    Working working() const;

  private:
    struct Item {
        int priority = 0;
        uint64_t place = 0;                   // in the line of its priority; 0 while it waits
        std::optional<base::SteadyTime> due;  // set while it waits
        base::SteadyTime readyAt{};
    };
    struct Place {
        int priority;
        uint64_t place;
        kube::ObjectKey key;
        bool operator<(const Place& other) const;
    };

    bool insert(const kube::ObjectKey& key, std::optional<base::SteadyTime> due, int priority);
    void raise(const kube::ObjectKey& key, Item& item, int priority);
    void makeReady(const kube::ObjectKey& key, Item& item);
    void leaveLine(int priority);
    void promote();
    base::SteadyTime firstDue() const;
    bool unguarded() const;
    void sleep(std::unique_lock<std::mutex>& lock);
    std::optional<Lease> take();
    void finish(const kube::ObjectKey& key);

    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<kube::ObjectKey, Item> items_;
    std::set<Place> ready_;  // without keys that are being worked on
    std::set<std::pair<base::SteadyTime, kube::ObjectKey>> waiting_;
    std::map<kube::ObjectKey, base::SteadyTime> working_;
    std::map<int, size_t> depth_;  // of items with a place: no walk through them to be told
    std::optional<base::SteadyTime> alarm_;  // when the first thread that sleeps for a time wakes
    uint64_t lastPlace_ = 0;
    bool closed_ = false;
};

}  // namespace runtime
