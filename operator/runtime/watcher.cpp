#include "runtime/watcher.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "kube/json_scan.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 800ms;
constexpr auto kLongestPause = 30s;
constexpr auto kCalm = 2min;
constexpr int kPageSize = 500;
// From one version, before the objects are listed again.
constexpr int kServerErrorTries = 3;
// Each lasts between one and two times that.
constexpr auto kWatchTime = 290s;
// A watch that ends sooner, and without a word, is an error: else a broken server is asked in a
// loop.
constexpr auto kShortestWatch = 1s;

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

kube::ApiError malformed(std::string message) {
    kube::ApiError error;
    error.kind = kube::ErrorKind::Malformed;
    error.message = std::move(message);
    return error;
}

kube::ApiError statusError(std::string_view object) {
    auto status = base::parseJson(object);
    int code = status ? static_cast<int>(base::intAt(*status, "/code").value_or(500)) : 500;
    return kube::errorFromStatus(code, std::string(object));
}

bool endsInitialEvents(const kube::Object& bookmark) {
    auto tree = bookmark.json();
    return base::stringAt(tree, "/metadata/annotations/k8s.io~1initial-events-end") == "true";
}

// Answers that mean "I do not know streamed lists", not "not now".
bool refusesStreamedLists(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::BadRequest) || error.is(kube::ErrorKind::Invalid) ||
           error.httpStatus == 405 || error.httpStatus == 415;
}

// The server was not reached or has too much to do: asking in another way would not help.
bool retriable(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::Unreachable) || error.is(kube::ErrorKind::TooManyRequests);
}

// It says nothing about the version that was asked for.
bool saysNothing(const kube::ApiError& error) {
    return retriable(error) || error.is(kube::ErrorKind::Timeout) ||
           error.is(kube::ErrorKind::Cancelled);
}

// Our version lies in the server's future: it was restored from a backup, or lags behind another.
bool aheadOfServer(const kube::ApiError& error) {
    return error.message.find("Too large resource version") != std::string::npos;
}

}  // namespace

std::optional<RawEvent> splitEvent(std::string_view line) {
    RawEvent event;
    bool whole = kube::scanObject(line, [&](std::string_view key, std::string_view value) {
        if (key == "type" && value.size() > 2 && value.front() == '"') {
            event.type = value.substr(1, value.size() - 2);
        } else if (key == "object") {
            event.object = value;
        }
        return true;
    });
    if (!whole || event.type.empty() || event.object.empty()) {
        return std::nullopt;
    }
    return event;
}

std::chrono::milliseconds Backoff::next(base::SteadyTime now, double random) {
    bool fresh = !last_ || now - *last_ > kCalm;
    step_ = fresh ? kFirstPause : std::min<std::chrono::milliseconds>(step_ * 2, kLongestPause);
    last_ = now;
    std::chrono::duration<double, std::milli> extra(static_cast<double>(step_.count()) * random);
    return step_ + std::chrono::duration_cast<std::chrono::milliseconds>(extra);
}

Watcher::Watcher(Scope scope, std::function<double()> jitter)
    : scope_(std::move(scope)), jitter_(std::move(jitter)), state_(Empty{}) {}

Watcher::Outputs Watcher::next(const Input& input, base::SteadyTime now) {
    Outputs out;
    std::visit([&](const auto& what) { on(what, now, out); }, input);
    return out;
}

kube::ListOptions Watcher::listOptions(const Listing& state) const {
    // No resourceVersion: the answer is never older than what was already seen or written.
    return {.namespace_ = scope_.namespace_,
            .labelSelector = scope_.labelSelector,
            .fieldSelector = scope_.fieldSelector,
            .shardSelector = scope_.shardSelector,
            .resourceVersion = "",
            .continueToken = state.continueToken,
            .limit = state.paged ? kPageSize : 0,
            .pack = pack_};
}

kube::WatchOptions Watcher::watchOptions() const {
    kube::WatchOptions options;
    options.namespace_ = scope_.namespace_;
    options.labelSelector = scope_.labelSelector;
    options.fieldSelector = scope_.fieldSelector;
    options.shardSelector = scope_.shardSelector;
    options.timeout =
        std::chrono::duration_cast<std::chrono::seconds>(kWatchTime * (1 + jitter_()));
    return options;
}

// From a resting state to the request it calls for.
void Watcher::request(Outputs& out) {
    if (auto* empty = std::get_if<Empty>(&state_)) {
        if (empty->streaming && streamedLists_) {
            auto options = watchOptions();
            options.sendInitialEvents = true;
            state_ = Streaming{};
            out.push_back(StartWatch{std::move(options)});
            return;
        }
        state_ = Listing{};
    }
    if (auto* listing = std::get_if<Listing>(&state_)) {
        out.push_back(StartList{listOptions(*listing)});
        return;
    }
    if (auto* listed = std::get_if<Listed>(&state_)) {
        auto options = watchOptions();
        options.resourceVersion = listed->resourceVersion;
        state_ =
            Watching{.resourceVersion = options.resourceVersion, .sawEvent = false, .failure = {}};
        out.push_back(StartWatch{std::move(options)});
    }
}

void Watcher::backOff(State resume, kube::ApiError error, base::SteadyTime now, Outputs& out) {
    auto pause = backoff_.next(now, jitter_());
    if (error.retryAfter) {
        pause = std::max<std::chrono::milliseconds>(pause, *error.retryAfter);
    }
    state_ = std::move(resume);
    out.push_back(Trouble{std::move(error)});
    out.push_back(Pause{pause});
}

void Watcher::on(const Begin&, base::SteadyTime, Outputs& out) {
    request(out);
}

void Watcher::on(const Paused&, base::SteadyTime, Outputs& out) {
    request(out);
}

void Watcher::on(const Page& input, base::SteadyTime, Outputs& out) {
    out.push_back(Healthy{});
    auto& listing = std::get<Listing>(state_);
    listing.objects.insert(listing.objects.end(), input.list.items.begin(), input.list.items.end());
    listing.continueToken = input.list.continueToken;
    if (listing.continueToken.empty()) {
        out.push_back(Replace{std::move(listing.objects), input.list.resourceVersion});
        state_ = Listed{input.list.resourceVersion};
    }
    request(out);
}

void Watcher::on(const ListFailed& input, base::SteadyTime now, Outputs& out) {
    auto& listing = std::get<Listing>(state_);
    if (input.error.is(kube::ErrorKind::Expired) && !listing.continueToken.empty()) {
        // The pages outlived the server's history: the rest is gone, one whole list is not.
        state_ = Listing{.objects = {}, .continueToken = "", .paged = false};
        request(out);
        return;
    }
    backOff(Empty{}, input.error, now, out);
}

void Watcher::on(const Line& input, base::SteadyTime, Outputs& out) {
    auto raw = splitEvent(input.text);
    if (!raw) {
        streamFailed(malformed("a watch line is no event"), out);
        return;
    }
    if (raw->type == "ERROR") {
        streamFailed(statusError(raw->object), out);
        return;
    }
    const bool stays = raw->type == "ADDED" || raw->type == "MODIFIED";
    auto object = kube::Object::parse(raw->object, "", "", stays ? pack_.get() : nullptr);
    if (!object) {
        streamFailed(object.error(), out);
        return;
    }
    std::string type(raw->type);
    std::visit(Overload{[&](Streaming& state) { initialEvent(state, type, *object, out); },
                        [&](Watching& state) { event(state, type, *object, out); }, [](auto&) {}},
               state_);
}

// A server that never sends the closing bookmark is told from a slow one by nobody but a reader of
// the log, and it may be silent meanwhile.
void Watcher::on(const Waiting&, base::SteadyTime, Outputs& out) {
    if (auto* streaming = std::get_if<Streaming>(&state_); streaming && !streaming->failed) {
        out.push_back(Notice{"the initial events are not complete: " +
                             std::to_string(streaming->objects.size()) + " objects so far"});
    }
}

void Watcher::initialEvent(Streaming& state, const std::string& type, const kube::ObjectPtr& object,
                           Outputs& out) {
    if (state.failed) {
        return;
    }
    if (type == "BOOKMARK") {
        if (!endsInitialEvents(*object)) {
            return;
        }
        Replace all{{}, object->meta().resourceVersion};
        for (auto& [key, known] : state.objects) {
            all.objects.push_back(std::move(known));
        }
        state_ = Watching{.resourceVersion = all.resourceVersion, .sawEvent = true, .failure = {}};
        out.push_back(Healthy{});
        out.push_back(std::move(all));
        return;
    }
    if (type == "DELETED") {
        state.objects.erase(object->meta().key);
        out.push_back(Notice{"an object was deleted in the midst of the initial events: " +
                             object->meta().key.str()});
    } else {
        state.objects[object->meta().key] = object;
    }
}

void Watcher::event(Watching& state, const std::string& type, const kube::ObjectPtr& object,
                    Outputs& out) {
    if (state.failure) {
        return;
    }
    if (!std::exchange(state.sawEvent, true)) {
        out.push_back(Healthy{});
    }
    state.resourceVersion = object->meta().resourceVersion;
    if (type == "ADDED" || type == "MODIFIED") {
        out.push_back(Upsert{object});
    } else if (type == "DELETED") {
        out.push_back(Erase{object->meta().key, state.resourceVersion});
    } else if (type == "BOOKMARK") {
        out.push_back(Advance{state.resourceVersion});
    } else {
        out.push_back(Notice{"a watch event of an unknown type: " + type});
    }
}

void Watcher::streamFailed(kube::ApiError error, Outputs& out) {
    if (auto* streaming = std::get_if<Streaming>(&state_); streaming && !streaming->failed) {
        streaming->failed = true;
        out.push_back(Notice{"the streamed list failed, an ordinary one follows: " + error.str()});
        out.push_back(StopWatch{});
    } else if (auto* watching = std::get_if<Watching>(&state_); watching && !watching->failure) {
        watching->failure = std::move(error);
        out.push_back(StopWatch{});
    }
}

void Watcher::on(const Ended& input, base::SteadyTime now, Outputs& out) {
    if (std::holds_alternative<Streaming>(state_)) {
        endedStreaming(input, now, out);
    } else {
        endedWatching(input, now, out);
    }
}

void Watcher::endedStreaming(const Ended& input, base::SteadyTime now, Outputs& out) {
    bool failed = std::get<Streaming>(state_).failed;
    if (!failed && input.error && retriable(*input.error)) {
        backOff(Empty{}, *input.error, now, out);
        return;
    }
    // Whatever it was: an ordinary list makes progress, and names the trouble where it has the
    // same.
    if (!failed && input.error && refusesStreamedLists(*input.error)) {
        streamedLists_ = false;
    }
    state_ = Empty{.streaming = false};
    request(out);
}

void Watcher::endedWatching(const Ended& input, base::SteadyTime now, Outputs& out) {
    auto& watching = std::get<Watching>(state_);
    auto error = watching.failure ? watching.failure : input.error;
    bool silent = !watching.sawEvent && input.lasted < kShortestWatch;
    std::string version = watching.resourceVersion;
    if (error && error->is(kube::ErrorKind::Expired)) {
        // A server that takes every version for too old is not asked for everything in a loop.
        auto before = std::exchange(expiredAt_, now);
        if (before && now - *before < kCalm) {
            backOff(Empty{}, *error, now, out);
        } else {
            state_ = Empty{};
            request(out);
        }
    } else if (error && worthAnotherTry(*error, version)) {
        backOff(Listed{version}, *error, now, out);
    } else if (error) {
        // From the same version the same answer would come again.
        serverErrors_ = 0;
        backOff(Empty{}, *error, now, out);
    } else if (silent) {
        backOff(Listed{version}, malformed("the watch ended at once and without an event"), now,
                out);
    } else {
        out.push_back(Healthy{});
        serverErrors_ = 0;
        state_ = Listed{version};
        request(out);
    }
}

bool Watcher::worthAnotherTry(const kube::ApiError& error, const std::string& version) {
    if (!error.is(kube::ErrorKind::ServerError) || aheadOfServer(error)) {
        return saysNothing(error);
    }
    // A server that starts or changes its leader is over it soon, and spared a list.
    serverErrors_ = version == erredAt_ ? serverErrors_ + 1 : 1;
    erredAt_ = version;
    return serverErrors_ <= kServerErrorTries;
}

}  // namespace runtime
