#include "runtime/leader.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "runtime/alarm.h"
#include "runtime/election.h"
#include "runtime/metrics.h"

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

}  // namespace

struct LeaderElector::Impl {
    Impl(kube::Client& client, const LeaderOptions& theOptions, const base::Clock& theClock,
         Metrics& theMetrics)
        : options(theOptions),
          clock(theClock),
          metrics(theMetrics),
          leases(client),
          election(leases, options, clock),
          alarm(clock) {}

    void run(const std::stop_token& stop);
    bool acquire(const std::stop_token& stop);
    void renew(const std::stop_token& stop);
    bool attempt(const std::stop_token& stop, base::SteadyTime until);
    void wait(const std::stop_token& stop, std::chrono::milliseconds pause);
    void say(bool ours);
    void setMaster(double value) {
        metrics.set("leader_election_master_status", {{"name", options.lease.name}}, value);
    }

    const LeaderOptions options;
    const base::Clock& clock;
    Metrics& metrics;
    ApiLeases leases;
    Election election;
    Alarm alarm;
    std::function<void()> onStarted;
    std::function<void()> onLost;

    std::string saidHolder;
    bool saidTrouble = false;
    size_t countedSlowPaths = 0;
    std::mt19937 random{std::random_device{}()};
    std::mutex waitMutex;
    std::condition_variable_any waitEnd;
    std::jthread thread;
};

void LeaderElector::Impl::run(const std::stop_token& stop) {
    if (!acquire(stop)) {
        return;
    }
    setMaster(1);
    onStarted();
    renew(stop);
    if (stop.stop_requested()) {
        return;
    }
    election.resign();
    setMaster(0);
    base::logError("the lease is lost",
                   {{"lease", options.lease.str()}, {"holder", election.holder()}});
    onLost();
}

bool LeaderElector::Impl::acquire(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (attempt(stop, clock.steady() + options.renewDeadline / 2)) {
            return true;
        }
        std::uniform_real_distribution<double> jitter(1.0, 1.0 + kAcquireJitter);
        wait(stop, std::chrono::duration_cast<std::chrono::milliseconds>(options.retryPeriod *
                                                                         jitter(random)));
    }
    return false;
}

void LeaderElector::Impl::renew(const std::stop_token& stop) {
    while (!stop.stop_requested() && election.holds()) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(election.heldUntil() -
                                                                          clock.steady());
        wait(stop, std::min(options.retryPeriod, left + 1ms));
        if (!stop.stop_requested() && election.holds()) {
            attempt(stop,
                    std::min(election.heldUntil(), clock.steady() + options.renewDeadline / 2));
        }
    }
}

// One attempt that ends by `until` whatever the network does.
bool LeaderElector::Impl::attempt(const std::stop_token& stop, base::SteadyTime until) {
    std::stop_source limit;
    std::stop_callback chain(stop, [&] { limit.request_stop(); });
    auto bell = alarm.at(until, [&] { limit.request_stop(); });
    bool ours = election.attempt(limit.get_token());
    bell.reset();
    metrics.count("leader_election_slowpath_total", {{"name", options.lease.name}},
                  static_cast<double>(election.slowPaths() -
                                      std::exchange(countedSlowPaths, election.slowPaths())));
    if (!stop.stop_requested()) {
        say(ours);
    }
    return ours;
}

// Once per change: who holds the lease, and whether the server can be asked at all.
void LeaderElector::Impl::say(bool ours) {
    const auto& error = election.lastError();
    bool trouble = !ours && error && !error->is(kube::ErrorKind::Conflict) &&
                   !error->is(kube::ErrorKind::AlreadyExists);
    if (trouble != saidTrouble) {
        saidTrouble = trouble;
        if (trouble) {
            base::logWarning("cannot reach the lease; trying again",
                             {{"lease", options.lease.str()}, {"error", error->str()}});
        } else {
            base::logInfo("the lease can be reached again", {{"lease", options.lease.str()}});
        }
    }
    auto holder = election.holder();
    if (!trouble && !holder.empty() && holder != saidHolder) {
        saidHolder = holder;
        base::logInfo("the lease has a holder",
                      {{"lease", options.lease.str()}, {"holder", holder}});
    }
}

void LeaderElector::Impl::wait(const std::stop_token& stop, std::chrono::milliseconds pause) {
    std::unique_lock lock(waitMutex);
    waitEnd.wait_for(lock, stop, pause, [] { return false; });
}

LeaderElector::LeaderElector(kube::Client& client, LeaderOptions options, const base::Clock& clock,
                             Metrics& metrics)
    : impl_(std::make_unique<Impl>(client, options, clock, metrics)) {
    impl_->setMaster(0);
    metrics.create("leader_election_slowpath_total", {{"name", impl_->options.lease.name}});
}

LeaderElector::~LeaderElector() {
    stop(false);
}

void LeaderElector::start(std::function<void()> onStarted, std::function<void()> onLost) {
    impl_->onStarted = std::move(onStarted);
    impl_->onLost = std::move(onLost);
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

bool LeaderElector::holds() const {
    return impl_->election.holds();
}

std::string LeaderElector::holder() const {
    return impl_->election.holder();
}

bool LeaderElector::healthy() const {
    return impl_->election.healthy();
}

void LeaderElector::stop(bool release) {
    if (!impl_->thread.joinable()) {
        return;
    }
    impl_->thread.request_stop();
    impl_->thread.join();
    if (release && impl_->election.holds()) {
        std::stop_source limit;
        auto bell =
            impl_->alarm.at(impl_->clock.steady() + kReleaseLimit, [&] { limit.request_stop(); });
        bool told = impl_->election.release(limit.get_token());
        base::logInfo(
            told ? "the lease is released" : "the lease could not be released; it runs out",
            {{"lease", impl_->options.lease.str()}});
    }
    impl_->election.resign();
    impl_->setMaster(0);
}

}  // namespace runtime
