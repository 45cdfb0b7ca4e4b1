// The rules of leader election on a Lease, one step at a time: no thread, no waiting.
//
//   runtime::Election election(leases, options, clock);
//   election.attempt(stop);             // one try to acquire or renew; true: it is ours
//   if (election.holds()) { ... }       // by the local clock, needs no server
//
// Safety: a holder counts from before its renewal was sent, the others count from after they saw
// it; the holder stops at the renew deadline, the others wait for the (longer) lease duration. No
// clock is ever compared with another machine's. A lease that is gone is no free one: who was seen
// to hold it may not know yet, and has its duration from then on.
//
// Thread safety: holds, healthy, holder and heldUntil from any thread; attempt, release from one.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "kube/client.h"
#include "runtime/leader.h"

namespace runtime {

// The three requests an election needs.
class LeaseClient {
  public:
    virtual ~LeaseClient() = default;
    virtual kube::ApiResult<kube::ObjectPtr> get(const kube::ObjectKey& key,
                                                 std::stop_token stop) = 0;
    virtual kube::ApiResult<kube::ObjectPtr> create(const base::Json& lease,
                                                    std::stop_token stop) = 0;
    virtual kube::ApiResult<kube::ObjectPtr> update(const base::Json& lease,
                                                    std::stop_token stop) = 0;
};

class Election {
  public:
    Election(LeaseClient& leases, LeaderOptions options, const base::Clock& clock)
        : leases_(leases), options_(std::move(options)), clock_(clock) {}

    // One try: renews what is ours, takes what is free, remembers what is neither.
    bool attempt(std::stop_token stop);
    // Gives the lease up if it is ours. False when the server could not be told.
    bool release(std::stop_token stop);
    // Never ours again from here on.
    void resign();

    bool holds() const;
    bool healthy() const;
    // True from the first success until somebody else's name is seen in the lease, or resign().
    bool leading() const;
    std::string holder() const;
    // When holds() turns false without another renewal.
    base::SteadyTime heldUntil() const;

    // Why the last attempt brought nothing; empty when a living holder is the reason.
    const std::optional<kube::ApiError>& lastError() const { return lastError_; }
    // How often the remembered record was not good enough to renew with.
    size_t slowPaths() const { return slowPaths_; }

  private:
    bool renewRemembered(std::stop_token stop);
    bool write(bool create, std::stop_token stop);
    base::Json record() const;
    void observe(const kube::ObjectPtr& lease);
    void vanished();
    void won(const kube::ObjectPtr& lease, base::SteadyTime sentAt);
    bool otherIsAlive() const;

    LeaseClient& leases_;
    const LeaderOptions options_;
    const base::Clock& clock_;
    std::optional<kube::ApiError> lastError_;
    size_t slowPaths_ = 0;

    mutable std::mutex mutex_;
    kube::ObjectPtr observed_;  // the lease as last seen; null: it was not there
    base::SteadyTime observedAt_{};
    std::string holder_;
    std::chrono::milliseconds duration_{};
    bool leading_ = false;
    bool resigned_ = false;
    base::SteadyTime renewedAt_{};
};

}  // namespace runtime
