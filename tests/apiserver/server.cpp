#include "apiserver/server.h"

#include <chrono>
#include <utility>

#include "apiserver/target.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

std::string reasonOf(int status) {
    static const std::map<int, std::string> kReasons{
        {400, "BadRequest"},    {401, "Unauthorized"},
        {403, "Forbidden"},     {404, "NotFound"},
        {409, "Conflict"},      {410, "Expired"},
        {422, "Invalid"},       {429, "TooManyRequests"},
        {500, "InternalError"}, {503, "ServiceUnavailable"},
        {504, "Timeout"}};
    auto it = kReasons.find(status);
    return it == kReasons.end() ? "" : it->second;
}

kube::ApiError unreachable() {
    kube::ApiError error;
    error.kind = kube::ErrorKind::Unreachable;
    error.message = "connection refused";
    return error;
}

kube::ApiError cancelled() {
    kube::ApiError error;
    error.kind = kube::ErrorKind::Cancelled;
    error.message = "cancelled";
    return error;
}

}  // namespace

struct ApiServer::Watch {
    Target target;
    std::string path;
    uint64_t version = 0;
    size_t raw = 0;
    uint64_t bookmarks = 0;
    uint64_t cuts = 0;
    std::vector<std::string> first;
    bool expired = false;
};

// --- what was asked

std::vector<ApiServer::Request> ApiServer::requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
}

size_t ApiServer::mutations(const std::string& part) const {
    std::lock_guard lock(mutex_);
    size_t n = 0;
    for (const auto& request : requests_) {
        n += request.mutating() && request.target.find(part) != std::string::npos ? 1 : 0;
    }
    return n;
}

size_t ApiServer::openWatches(const std::string& part) const {
    std::lock_guard lock(mutex_);
    size_t n = 0;
    for (const auto& [id, target] : watches_) {
        n += target.find(part) != std::string::npos ? 1 : 0;
    }
    return n;
}

void ApiServer::forgetRequests() {
    std::lock_guard lock(mutex_);
    requests_.clear();
}

void ApiServer::note(const kube::HttpRequest& request, int status, bool watch) {
    requests_.push_back({request.method, request.target, request.body, status, watch});
    changed_.notify_all();
}

bool ApiServer::waitFor(const std::function<bool()>& condition) const {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        std::unique_lock lock(mutex_);
        // Conditions may look at more than this server, so they are asked again now and then.
        changed_.wait_for(lock, std::chrono::milliseconds(10));
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
    }
    return true;
}

// --- faults

void ApiServer::onRequest(Intercept intercept) {
    std::lock_guard lock(mutex_);
    intercept_ = std::move(intercept);
}

void ApiServer::failNext(int times, const std::string& method, const std::string& part, int status,
                         int retryAfterSeconds) {
    std::lock_guard lock(mutex_);
    failures_.push_back({times, method, part, status, retryAfterSeconds});
}

void ApiServer::setReachable(bool reachable) {
    std::lock_guard lock(mutex_);
    reachable_ = reachable;
    changed_.notify_all();
}

void ApiServer::cutWatches() {
    std::lock_guard lock(mutex_);
    ++cuts_;
    changed_.notify_all();
}

void ApiServer::compact() {
    std::lock_guard lock(mutex_);
    compacted_ = ++version_;
    history_.clear();
}

void ApiServer::bookmark() {
    std::lock_guard lock(mutex_);
    ++bookmarks_;
    changed_.notify_all();
}

void ApiServer::say(const std::string& part, const std::string& line) {
    std::lock_guard lock(mutex_);
    raw_.emplace_back(part, line);
    changed_.notify_all();
}

void ApiServer::hide(const std::string& plural) {
    std::lock_guard lock(mutex_);
    hidden_.insert(plural);
}

void ApiServer::setStreamedLists(bool supported) {
    std::lock_guard lock(mutex_);
    streamedLists_ = supported;
}

std::optional<kube::ApiResult<HttpResponse>> ApiServer::fault(const kube::HttpRequest& request) {
    if (!reachable_) {
        return base::failWith(unreachable());
    }
    for (auto& failure : failures_) {
        if (failure.times > 0 && (failure.method.empty() || failure.method == request.method) &&
            request.target.find(failure.part) != std::string::npos) {
            --failure.times;
            auto response = refusal(failure.status, reasonOf(failure.status), "injected");
            if (failure.retryAfter >= 0) {
                response.retryAfter = std::to_string(failure.retryAfter);
            }
            return response;
        }
    }
    return std::nullopt;
}

// --- requests

kube::ApiResult<HttpResponse> ApiServer::send(const kube::HttpRequest& request,
                                              std::stop_token stop) {
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    Intercept intercept;
    {
        std::lock_guard lock(mutex_);
        intercept = intercept_;
    }
    auto instead = intercept ? intercept(request) : std::nullopt;
    std::lock_guard lock(mutex_);
    if (!instead) {
        instead = fault(request);
    }
    if (instead) {
        note(request, instead->ok() ? (*instead)->status : 0, false);
        return *instead;
    }
    auto response = answer(request, Target(request.target));
    note(request, response.status, false);
    return response;
}

// --- watches

namespace {

std::string eventLine(const char* type, const Json& object) {
    return Json{{"type", type}, {"object", object}}.dump();
}

std::string bookmarkLine(const std::string& apiVersion, const std::string& version,
                         bool initialEnd) {
    Json object{{"apiVersion", apiVersion},
                {"kind", "Bookmark"},
                {"metadata", {{"resourceVersion", version}}}};
    if (initialEnd) {
        object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return eventLine("BOOKMARK", object);
}

}  // namespace

void ApiServer::begin(Watch& watch) const {
    const Target& target = watch.target;
    auto from = target.option("resourceVersion");
    bool initial = target.option("sendInitialEvents") == "true";
    watch.version = version_;
    watch.raw = raw_.size();
    watch.bookmarks = bookmarks_;
    watch.cuts = cuts_;
    if (initial || from.empty() || from == "0") {
        auto objects = collections_.find(target.collection);
        if (objects != collections_.end()) {
            for (const auto& [key, object] : objects->second) {
                if (target.selects(object)) {
                    watch.first.push_back(eventLine("ADDED", object));
                }
            }
        }
        if (initial) {
            watch.first.push_back(bookmarkLine(target.apiVersion, std::to_string(version_), true));
        }
        return;
    }
    watch.version = std::stoull(from);
    watch.expired = watch.version < compacted_;
}

// What this watch has not been told yet.
std::vector<std::string> ApiServer::pending(Watch& watch) const {
    std::vector<std::string> lines = std::exchange(watch.first, {});
    const Target& target = watch.target;
    for (const auto& change : history_) {
        if (change.version <= watch.version || change.collection != target.collection) {
            continue;
        }
        bool was = !change.before.is_null() && target.selects(change.before);
        bool is = !change.after.is_null() && target.selects(change.after);
        if (is) {
            lines.push_back(eventLine(was ? "MODIFIED" : "ADDED", change.after));
        } else if (was) {
            Json last = change.before;
            last["metadata"]["resourceVersion"] = std::to_string(change.version);
            lines.push_back(eventLine("DELETED", last));
        }
    }
    watch.version = std::max(watch.version, version_);
    if (std::exchange(watch.bookmarks, bookmarks_) != bookmarks_) {
        lines.push_back(bookmarkLine(target.apiVersion, std::to_string(version_), false));
    }
    for (; watch.raw < raw_.size(); ++watch.raw) {
        if (watch.path.find(raw_[watch.raw].first) != std::string::npos) {
            lines.push_back(raw_[watch.raw].second);
        }
    }
    return lines;
}

kube::ApiResult<void> ApiServer::stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                        std::stop_token stop) {
    Intercept intercept;
    {
        std::lock_guard lock(mutex_);
        intercept = intercept_;
    }
    auto instead = intercept ? intercept(request) : std::nullopt;
    std::unique_lock lock(mutex_);
    Watch watch{.target = Target(request.target), .path = request.target, .first = {}};
    if (!instead) {
        instead = fault(request);
    }
    if (!instead && (!watch.target.valid || hidden_.contains(watch.target.plural))) {
        instead = refusal(404, "NotFound", "the server could not find the requested resource");
    }
    if (!instead && !streamedLists_ && !watch.target.option("sendInitialEvents").empty()) {
        instead = refusal(422, "Invalid", "sendInitialEvents: Forbidden: not supported");
    }
    if (instead) {
        note(request, instead->ok() ? (*instead)->status : 0, true);
        if (!instead->ok()) {
            return base::failWith(instead->error());
        }
        return base::failWith(kube::errorFromStatus((*instead)->status, (*instead)->body));
    }
    begin(watch);
    auto id = ++lastWatch_;
    watches_[id] = request.target;
    note(request, 200, true);
    bool ended = false;
    while (!stop.stop_requested() && reachable_ && !ended) {
        auto lines = pending(watch);
        if (watch.expired) {
            lines = {eventLine("ERROR", Json::parse(refusal(410, "Expired", "too old").body))};
        }
        ended = watch.expired || watch.cuts != cuts_;
        lock.unlock();
        for (const auto& line : lines) {
            if (stop.stop_requested()) {
                break;
            }
            onLine(line);
        }
        lock.lock();
        if (lines.empty() && !ended) {
            changed_.wait(lock, stop, [&] {
                return !reachable_ || watch.cuts != cuts_ || watch.version != version_ ||
                       watch.bookmarks != bookmarks_ || watch.raw != raw_.size();
            });
        }
    }
    watches_.erase(id);
    changed_.notify_all();
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    return reachable_ ? kube::ApiResult<void>() : base::failWith(unreachable());
}

}  // namespace test
