#include "runtime/leader_core.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr double kAcquireJitter = 1.2;
constexpr auto kReleaseLimit = 3s;

const kube::ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};

class ApiLeases final : public LeaseClient {
  public:
    explicit ApiLeases(kube::Client& client) : client_(client) {}
    kube::ApiResult<kube::ObjectPtr> get(const kube::ObjectKey& key,
                                         std::stop_token stop) override {
        return client_.get(kLeases, key, stop);
    }
    kube::ApiResult<kube::ObjectPtr> create(const base::Json& lease,
                                            std::stop_token stop) override {
        return client_.create(kLeases, lease, stop);
    }
    kube::ApiResult<kube::ObjectPtr> update(const base::Json& lease,
                                            std::stop_token stop) override {
        return client_.update(kLeases, lease, stop);
    }

  private:
    kube::Client& client_;
};

std::chrono::milliseconds millis(base::SteadyTime::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

std::string LeaderOptions::problem() const {
    auto text = [](std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; };
    if (retryPeriod <= 0ms) {
        return "leader election: retryPeriod is " + text(retryPeriod) + ": must be above zero";
    }
    if (std::chrono::duration<double, std::milli>(renewDeadline) <= retryPeriod * kAcquireJitter) {
        return "leader election: renewDeadline is " + text(renewDeadline) +
               ": must be above 1.2 times retryPeriod (" + text(retryPeriod) + ")";
    }
    if (leaseDuration <= renewDeadline) {
        return "leader election: leaseDuration is " + text(leaseDuration) +
               ": must be above renewDeadline (" + text(renewDeadline) + ")";
    }
    return "";
}

LeaderCore::LeaderCore(kube::Client& client, const LeaderOptions& options, const base::Clock& clock,
                       Timer& timer, Metrics& metrics, std::function<double()> jitter)
    : options_(options),
      clock_(clock),
      timer_(timer),
      master_(metrics.gauge("leader_election_master_status", {{"name", options.lease.name}})),
      slowPaths_(metrics.counter("leader_election_slowpath_total", {{"name", options.lease.name}})),
      jitter_(std::move(jitter)),
      leases_(std::make_unique<ApiLeases>(client)),
      election_(*leases_, options_, clock) {}

LeaderCore::~LeaderCore() = default;

LeaderCore::Turn LeaderCore::step(const std::stop_token& stop) {
    return leads_ ? renew(stop) : seek(stop);
}

LeaderCore::Turn LeaderCore::seek(const std::stop_token& stop) {
    if (attempt(stop, clock_.steady() + options_.renewDeadline / 2)) {
        leads_ = true;
        master_.set(1);
        return {.started = true, .lost = false, .pause = options_.retryPeriod};
    }
    return {.started = false,
            .lost = false,
            .pause = std::chrono::duration_cast<std::chrono::milliseconds>(
                options_.retryPeriod * (1.0 + kAcquireJitter * jitter_()))};
}

LeaderCore::Turn LeaderCore::renew(const std::stop_token& stop) {
    if (election_.holds()) {
        attempt(stop,
                std::min(election_.heldUntil(), clock_.steady() + options_.renewDeadline / 2));
    }
    if (stop.stop_requested()) {
        return {};
    }
    if (!election_.holds()) {
        return lose();
    }
    auto left = millis(election_.heldUntil() - clock_.steady());
    return {.started = false, .lost = false, .pause = std::min(options_.retryPeriod, left + 1ms)};
}

LeaderCore::Turn LeaderCore::lose() {
    auto holder = election_.holder();
    resign();
    base::logError("the lease is lost", {{"lease", options_.lease.str()}, {"holder", holder}});
    return {.started = false, .lost = true, .pause = {}};
}

// One attempt that ends by `until` whatever the network does.
bool LeaderCore::attempt(const std::stop_token& stop, base::SteadyTime until) {
    std::stop_source limit;
    std::stop_callback chain(stop, [&] { limit.request_stop(); });
    auto bell = timer_.at(until, [&] { limit.request_stop(); });
    bool ours = election_.attempt(limit.get_token());
    bell.reset();
    slowPaths_.add(static_cast<double>(election_.slowPaths() -
                                       std::exchange(countedSlowPaths_, election_.slowPaths())));
    if (!stop.stop_requested()) {
        say(ours);
    }
    return ours;
}

// Once per change: who holds the lease, and whether the server can be asked at all.
void LeaderCore::say(bool ours) {
    const auto& error = election_.lastError();
    bool trouble = !ours && error && !error->is(kube::ErrorKind::Conflict) &&
                   !error->is(kube::ErrorKind::AlreadyExists);
    if (trouble != saidTrouble_) {
        saidTrouble_ = trouble;
        if (trouble) {
            base::logWarning("cannot reach the lease; trying again",
                             {{"lease", options_.lease.str()}, {"error", error->str()}});
        } else {
            base::logInfo("the lease can be reached again", {{"lease", options_.lease.str()}});
        }
    }
    auto holder = election_.holder();
    if (!trouble && !holder.empty() && holder != saidHolder_) {
        saidHolder_ = holder;
        base::logInfo("the lease has a holder",
                      {{"lease", options_.lease.str()}, {"holder", holder}});
    }
}

void LeaderCore::release() {
    if (!election_.holds()) {
        return;
    }
    std::stop_source limit;
    auto bell = timer_.at(clock_.steady() + kReleaseLimit, [&] { limit.request_stop(); });
    bool told = election_.release(limit.get_token());
    base::logInfo(told ? "the lease is released" : "the lease could not be released; it runs out",
                  {{"lease", options_.lease.str()}});
}

void LeaderCore::resign() {
    election_.resign();
    master_.set(0);
}

}  // namespace runtime
