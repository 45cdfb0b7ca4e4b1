#include "runtime/informer_core.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "base/log.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUnreachable = "unreachable";
// A streamed list speaks at once and goes on, or leads nowhere: a list has an answer within bounded
// time.
constexpr auto kInitialSilence = 30s;
// Bookmarks come about once a minute: three of them are missing.
constexpr auto kBookmarkSilence = 3min;
// The server ends a watch by itself: if not even that comes, it is gone.
constexpr auto kEndSilence = 10s;
// Lines that come thick and fast do not each move the bell.
constexpr auto kBellSlack = 1s;
// Of a pause that somebody else's answer may cut short: where only this request fails, as a proxy's
// limit on streams makes it, others go on having answers.
constexpr std::chrono::milliseconds kLeastPause = 800ms;

std::string kindName(kube::ErrorKind kind) {
    switch (kind) {
        case kube::ErrorKind::Unreachable:
        case kube::ErrorKind::Timeout:
            return kUnreachable;
        case kube::ErrorKind::Unauthorized:
        case kube::ErrorKind::Forbidden:
            return "forbidden";
        case kube::ErrorKind::TooManyRequests:
            return "throttled";
        case kube::ErrorKind::ServerError:
            return "server";
        default:
            return "other";
    }
}

kube::ApiError nothingHeard() {
    kube::ApiError error;
    error.kind = kube::ErrorKind::Timeout;
    error.message = "the watch says nothing, not even that it ends";
    return error;
}

}  // namespace

InformerCore::InformerCore(kube::Client& client, InformerOptions options, const base::Clock& clock,
                           Timer& timer, Metrics& metrics, std::function<double()> jitter)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      timer_(timer),
      metrics_(metrics),
      synced_(metrics.gauge("informer_synced", labels())),
      healthy_(metrics.gauge("informer_healthy", labels())),
      objects_(metrics.gauge("informer_objects", labels())),
      watcher_({options_.namespace_, options_.labelSelector, options_.fieldSelector,
                options_.shardSelector},
               std::move(jitter)) {
    for (const char* kind : {kUnreachable, "forbidden", "throttled", "server", "other"}) {
        metrics.create("informer_failures_total",
                       {{"resource", options_.type.plural}, {"kind", kind}});
    }
}

// Several informers of one kind, each of one namespace, must not overwrite each other's values.
Metrics::Labels InformerCore::labels() const {
    Metrics::Labels out{{"resource", options_.type.plural}};
    if (!options_.namespace_.empty()) {
        out["namespace"] = options_.namespace_;
    }
    return out;
}

void InformerCore::refreshMetrics() {
    objects_.set(static_cast<double>(store_.size()));
}

void InformerCore::step(const std::stop_token& stop) {
    std::visit([&](const auto& what) { perform(what, stop); },
               std::exchange(request_, std::monostate{}));
}

// The watcher answers Waiting with nothing but a notice, which any thread may take.
void InformerCore::hand(const Watcher::Input& input) {
    Watcher::Outputs outputs;
    {
        const std::lock_guard lock(asking_);
        outputs = watcher_.next(input, clock_.steady());
    }
    for (const auto& output : outputs) {
        std::visit([&](const auto& what) { take(what); }, output);
    }
}

void InformerCore::feed(const Watcher::Input& input) {
    hand(input);
    for (const auto& tell : progressHandlers_) {
        tell();
    }
}

void InformerCore::perform(const Watcher::StartList& list, const std::stop_token& stop) {
    auto page = client_.list(options_.type, list.options, stop);
    if (stop.stop_requested()) {
        return;
    }
    if (page) {
        feed(Watcher::Page{std::move(*page)});
    } else {
        feed(Watcher::ListFailed{page.error()});
    }
}

void InformerCore::perform(const Watcher::StartWatch& watch, const std::stop_token& stop) {
    auto begin = clock_.steady();
    auto& stream = stream_.emplace();
    stream.ends = begin + watch.options.timeout;
    stream.listing = watch.options.sendInitialEvents;
    if (stream.listing) {
        stream.reminder = timer_.every(Watcher::kWaiting, [this] { hand(Watcher::Waiting{}); });
    }
    std::stop_callback chain(stop, [&] { stream.stop.request_stop(); });
    listen();
    auto result = client_.watch(
        options_.type, watch.options,
        [&](std::string_view line) {
            feed(Watcher::Line{line});
            listen();
        },
        stream.stop.get_token());
    stream.bell.reset();
    stream.reminder.reset();
    if (stop.stop_requested()) {
        return;
    }
    Watcher::Ended ended;
    ended.lasted = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - begin);
    if (stream.silent) {
        // Should the bookmarks have ceased, and not the connection, they are not counted on again.
        bookmarked_ = stream.bookmarks > 0;
        ended.error = nothingHeard();
    } else if (!result && !stream.stop.stop_requested()) {
        ended.error = result.error();
    }
    feed(ended);
}

// Until when silence is no sign that the stream leads nowhere.
base::SteadyTime InformerCore::patience() const {
    auto now = clock_.steady();
    if (stream_->listing) {
        return now + kInitialSilence;
    }
    auto end = std::max(stream_->ends, now) + kEndSilence;
    return bookmarked_ ? std::min<base::SteadyTime>(end, now + kBookmarkSilence) : end;
}

void InformerCore::listen() {
    auto& stream = *stream_;
    auto until = patience();
    if (stream.bell != nullptr && until >= stream.givenUpAt &&
        until < stream.givenUpAt + kBellSlack) {
        return;
    }
    stream.givenUpAt = until;
    stream.bell = timer_.at(until, [&stream] {
        stream.silent = true;
        stream.stop.request_stop();
    });
}

void InformerCore::perform(const Watcher::Pause& pause, const std::stop_token& stop) {
    std::stop_source early;
    std::stop_callback chain(stop, [&] { early.request_stop(); });
    std::shared_ptr<void> waiting;
    if (trouble_ == kUnreachable) {
        waiting = health_->onAnswer([&] { early.request_stop(); });
    }
    const auto least = std::min<std::chrono::milliseconds>(pause.duration, kLeastPause);
    timer_.sleep(least, stop);
    timer_.sleep(pause.duration - least, early.get_token());
    waiting.reset();
    if (!stop.stop_requested()) {
        feed(Watcher::Paused{});
    }
}

// One comes at the end of a watch, too: only the second shows that they keep coming.
void InformerCore::take(const Watcher::Advance& output) {
    bookmarked_ = ++stream_->bookmarks > 1 || bookmarked_;
    store_.advance(output.resourceVersion);
}

void InformerCore::take(const Watcher::Replace& output) {
    if (stream_) {
        stream_->listing = false;
        stream_->reminder.reset();
    }
    bool initial = !store_.synced();
    for (const auto& change : store_.replace(output.objects, output.resourceVersion)) {
        tell(change, initial);
    }
    if (initial) {
        synced_.set(1);
        for (const auto& done : syncedHandlers_) {
            done();
        }
    }
}

void InformerCore::tell(const Store::Change& change, bool initial) {
    if (!change.changed()) {
        return;
    }
    for (const auto& handler : handlers_) {
        try {
            handler(change, initial);
        } catch (const std::exception& e) {
            base::logError("a change handler failed",
                           {{"resource", options_.type.plural}, {"error", e.what()}});
        }
    }
}

void InformerCore::take(const Watcher::Notice& output) {
    base::logWarning("something odd on a watch",
                     {{"resource", options_.type.plural}, {"notice", output.message}});
}

void InformerCore::take(const Watcher::Trouble& output) {
    std::string kind = kindName(output.error.kind);
    metrics_.count("informer_failures_total", {{"resource", options_.type.plural}, {"kind", kind}});
    healthy_.set(0);
    if (kind == kUnreachable) {
        health_->failed(options_.name(), output.error);
    } else if (kind != trouble_) {
        health_->answered(options_.name());
        base::logWarning("cannot list or watch; trying again with growing pauses",
                         {{"resource", options_.type.plural}, {"error", output.error.str()}});
    }
    trouble_ = kind;
}

void InformerCore::take(const Watcher::Healthy&) {
    health_->answered(options_.name());
    auto before = std::exchange(trouble_, "");
    if (!before.empty() && before != kUnreachable) {
        base::logInfo("list and watch work again", {{"resource", options_.type.plural}});
    }
    healthy_.set(1);
}

}  // namespace runtime
