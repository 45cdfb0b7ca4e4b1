#include "runtime/events.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "runtime/alarm.h"
#include "runtime/event_retries.h"
#include "runtime/event_series.h"
#include "runtime/metrics.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMaxQueue = 1000;
constexpr auto kTick = 1min;
constexpr auto kLastSend = 2s;

const kube::ResourceType kEvents{"events.k8s.io", "v1", "events", "Event", true};

}  // namespace

struct EventRecorder::Impl {
    Impl(kube::Client& theClient, std::string controller, std::string instance,
         const base::Clock& theClock, Metrics* theMetrics)
        : client(theClient),
          clock(theClock),
          metrics(theMetrics),
          series(std::move(controller), std::move(instance)) {}

    void run(const std::stop_token& stop);
    std::chrono::milliseconds patience() const;
    void deliver(const EventSeries::Request& request);
    void attempt(const EventSeries::Request& request);
    void refused(const EventSeries::Request& request, const kube::ApiError& error);
    kube::ApiResult<kube::ObjectPtr> send(const EventSeries::Request& request);
    void discarded(const char* why) {
        if (metrics != nullptr) {
            metrics->count("events_discarded_total", {{"reason", why}});
        }
    }

    kube::Client& client;
    const base::Clock& clock;
    Metrics* metrics;
    EventSeries series;  // these two: of the sender thread alone
    EventRetries retries;

    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<Event> queue;
    bool saidFull = false;
    std::stop_source abandon;  // ends a request under way: the time to say goodbye is over
    std::jthread thread;
};

void EventRecorder::Impl::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (true) {
        changed.wait_for(lock, stop, patience(), [&] { return !queue.empty(); });
        const bool ending = stop.stop_requested();
        auto batch = std::exchange(queue, {});
        saidFull = false;
        lock.unlock();
        if (ending) {
            retries.rush();
        }
        while (auto request = retries.due(clock.steady())) {
            attempt(*request);
        }
        for (const auto& event : batch) {
            if (auto request = series.add(event, clock.steady(), clock.wall())) {
                deliver(*request);
            }
        }
        for (const auto& request : series.tick(clock.steady())) {
            deliver(request);
        }
        lock.lock();
        if (ending && queue.empty()) {
            return;
        }
    }
}

// Until there is something to do even if no event comes.
std::chrono::milliseconds EventRecorder::Impl::patience() const {
    auto next = retries.next();
    auto pause = next ? *next - clock.steady() : base::SteadyTime::duration(kTick);
    return std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp<base::SteadyTime::duration>(pause, 0ms, kTick));
}

void EventRecorder::Impl::deliver(const EventSeries::Request& request) {
    switch (retries.take(request, clock.steady())) {
        case EventRetries::Fate::Now:
            attempt(request);
            break;
        case EventRetries::Fate::Later:
            break;
        case EventRetries::Fate::Full:
            series.unsent(request);
            discarded("full");
            break;
    }
}

void EventRecorder::Impl::attempt(const EventSeries::Request& request) {
    auto sent = send(request);
    if (sent || sent.error().is(kube::ErrorKind::AlreadyExists)) {
        retries.done(request.key);
        return;
    }
    if (!request.create && sent.error().is(kube::ErrorKind::NotFound)) {
        retries.done(request.key);
        // Under another name from here on.
        if (auto anew = series.recreate(request.key, clock.steady(), clock.wall())) {
            deliver(*anew);
            return;
        }
    }
    if (!retries.failed(request, sent.error(), clock.steady())) {
        refused(request, sent.error());
    }
}

void EventRecorder::Impl::refused(const EventSeries::Request& request,
                                  const kube::ApiError& error) {
    if (error.transient()) {
        series.unsent(request);
    }
    discarded("refused");
    if (!error.is(kube::ErrorKind::NotLeader) && !abandon.stop_requested()) {
        base::logDebug("an event was not sent",
                       {{"event", request.key.str()}, {"error", error.str()}});
    }
}

kube::ApiResult<kube::ObjectPtr> EventRecorder::Impl::send(const EventSeries::Request& request) {
    auto stop = abandon.get_token();
    return request.create ? client.create(kEvents, request.body, stop)
                          : client.patch(kEvents, request.key, kube::PatchType::MergePatch,
                                         request.body, stop);
}

EventRecorder::EventRecorder(kube::Client& client, std::string reportingController,
                             std::string reportingInstance, const base::Clock& clock,
                             Metrics* metrics)
    : impl_(std::make_unique<Impl>(client, std::move(reportingController),
                                   std::move(reportingInstance), clock, metrics)) {
    if (metrics != nullptr) {
        metrics->create("events_discarded_total", {{"reason", "full"}});
        metrics->create("events_discarded_total", {{"reason", "refused"}});
    }
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

EventRecorder::~EventRecorder() {
    Alarm alarm(base::systemClock());
    auto bell = alarm.at(base::systemClock().steady() + kLastSend,
                         [this] { impl_->abandon.request_stop(); });
    impl_->thread.request_stop();
    impl_->thread.join();
}

void EventRecorder::record(Event event) {
    std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() >= kMaxQueue) {
        impl_->discarded("full");
        if (!std::exchange(impl_->saidFull, true)) {
            base::logWarning("events come faster than they can be sent; the newest are dropped");
        }
        return;
    }
    impl_->queue.push_back(std::move(event));
    impl_->changed.notify_one();
}

}  // namespace runtime
