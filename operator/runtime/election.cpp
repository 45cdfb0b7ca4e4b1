#include "runtime/election.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace runtime {
namespace {

constexpr const char* kApiVersion = "coordination.k8s.io/v1";

int64_t wholeSeconds(std::chrono::milliseconds duration) {
    return std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count());
}

}  // namespace

bool Election::attempt(std::stop_token stop) {
    lastError_.reset();
    if (leading()) {
        if (renewRemembered(stop)) {
            return true;
        }
        if (lastError_ && !lastError_->is(kube::ErrorKind::Conflict) &&
            !lastError_->is(kube::ErrorKind::NotFound)) {
            return false;
        }
        ++slowPaths_;
        lastError_.reset();
    }
    auto current = leases_.get(options_.lease, stop);
    if (!current && current.error().is(kube::ErrorKind::NotFound)) {
        vanished();
        return !otherIsAlive() && write(true, stop);
    }
    if (!current) {
        lastError_ = current.error();
        return false;
    }
    observe(*current);
    return !otherIsAlive() && write(false, stop);
}

// Its holder cannot have renewed it any later than this.
void Election::vanished() {
    std::lock_guard lock(mutex_);
    if (std::exchange(observed_, nullptr) != nullptr) {
        observedAt_ = clock_.steady();
    }
}

bool Election::renewRemembered(std::stop_token stop) {
    return write(false, stop);
}

bool Election::otherIsAlive() const {
    std::lock_guard lock(mutex_);
    return !holder_.empty() && holder_ != options_.identity &&
           clock_.steady() < observedAt_ + duration_;
}

// The next content of the lease: ours, from now on.
base::Json Election::record() const {
    std::lock_guard lock(mutex_);
    base::Json lease = observed_ != nullptr ? observed_->json() : base::Json::object();
    lease["apiVersion"] = kApiVersion;
    lease["kind"] = "Lease";
    auto& metadata = lease["metadata"];
    metadata["namespace"] = options_.lease.namespace_;
    metadata["name"] = options_.lease.name;
    auto now = base::formatMicroTime(clock_.wall());
    auto& spec = lease["spec"];
    if (holder_ != options_.identity) {
        spec["acquireTime"] = now;
        spec["leaseTransitions"] = base::intAt(lease, "/spec/leaseTransitions").value_or(-1) + 1;
    }
    spec["holderIdentity"] = options_.identity;
    spec["leaseDurationSeconds"] = wholeSeconds(options_.leaseDuration);
    spec["renewTime"] = now;
    return lease;
}

bool Election::write(bool create, std::stop_token stop) {
    if (create) {
        std::lock_guard lock(mutex_);
        observed_ = nullptr;
        holder_.clear();
    }
    auto lease = record();
    auto sentAt = clock_.steady();
    auto written = create ? leases_.create(lease, stop) : leases_.update(lease, stop);
    if (!written) {
        lastError_ = written.error();
        return false;
    }
    won(*written, sentAt);
    return true;
}

void Election::won(const kube::ObjectPtr& lease, base::SteadyTime sentAt) {
    std::lock_guard lock(mutex_);
    observed_ = lease;
    observedAt_ = sentAt;
    holder_ = options_.identity;
    duration_ = options_.leaseDuration;
    renewedAt_ = sentAt;
    leading_ = !resigned_;
}

void Election::observe(const kube::ObjectPtr& lease) {
    auto tree = lease->json();
    std::lock_guard lock(mutex_);
    bool changed = observed_ == nullptr ||
                   observed_->meta().resourceVersion != lease->meta().resourceVersion ||
                   observed_->meta().uid != lease->meta().uid;
    if (!changed) {
        return;
    }
    observed_ = lease;
    observedAt_ = clock_.steady();
    holder_ = base::stringAt(tree, "/spec/holderIdentity").value_or("");
    auto seconds = base::intAt(tree, "/spec/leaseDurationSeconds");
    duration_ = seconds ? std::chrono::seconds(*seconds) : options_.leaseDuration;
    leading_ = leading_ && holder_ == options_.identity;
}

bool Election::release(std::stop_token stop) {
    for (int tries = 0; tries < 2; ++tries) {
        if (!leading()) {
            return true;
        }
        base::Json lease = record();
        lease["spec"]["holderIdentity"] = "";
        lease["spec"]["leaseDurationSeconds"] = 1;
        auto written = leases_.update(lease, stop);
        if (written) {
            resign();
            std::lock_guard lock(mutex_);
            holder_.clear();
            return true;
        }
        lastError_ = written.error();
        if (!written.error().is(kube::ErrorKind::Conflict)) {
            return false;
        }
        auto current = leases_.get(options_.lease, stop);
        if (!current) {
            return false;
        }
        observe(*current);
    }
    return false;
}

void Election::resign() {
    std::lock_guard lock(mutex_);
    leading_ = false;
    resigned_ = true;
}

bool Election::holds() const {
    std::lock_guard lock(mutex_);
    return leading_ && clock_.steady() < renewedAt_ + options_.renewDeadline;
}

bool Election::leading() const {
    std::lock_guard lock(mutex_);
    return leading_;
}

bool Election::healthy() const {
    std::lock_guard lock(mutex_);
    return !leading_ || clock_.steady() < renewedAt_ + options_.leaseDuration;
}

std::string Election::holder() const {
    std::lock_guard lock(mutex_);
    return holder_;
}

base::SteadyTime Election::heldUntil() const {
    std::lock_guard lock(mutex_);
    return renewedAt_ + options_.renewDeadline;
}

}  // namespace runtime
