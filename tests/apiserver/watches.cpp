// Watches: what each is told, and the handle that reads it.
#include <algorithm>
#include <utility>

#include "apiserver/schema.h"
#include "apiserver/server.h"
#include "apiserver/target.h"
#include "apiserver/watch.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

std::string eventLine(const char* type, const Json& object) {
    return Json{{"type", type}, {"object", object}}.dump();
}

std::string bookmarkLine(const std::string& apiVersion, const std::string& kind,
                         const std::string& version, bool initialEnd) {
    Json object{{"kind", kind},
                {"apiVersion", apiVersion},
                {"metadata", {{"resourceVersion", version}, {"creationTimestamp", nullptr}}}};
    if (initialEnd) {
        object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return eventLine("BOOKMARK", object);
}

kube::ApiError brokenOff(bool silent) {
    kube::ApiError error;
    error.kind = silent ? kube::ErrorKind::Timeout : kube::ErrorKind::Unreachable;
    error.message = silent ? "no answer in time" : "the connection broke";
    return error;
}

bool breaks(const Fault& fault) {
    using Kind = Fault::Kind;
    return fault.kind == Kind::CutInLine || fault.kind == Kind::ResetStream ||
           fault.kind == Kind::Stall;
}

}  // namespace

std::optional<HttpResponse> ApiServer::refuseWatch(const Target& target) const {
    auto version = target.option("resourceVersion");
    if (!target.valid || hidden_.contains(target.plural)) {
        return refusal(404, "NotFound", "the server could not find the requested resource");
    }
    if (!version.empty() && !isVersion(version)) {
        return refusal(400, "BadRequest", "Invalid value: \"" + version + "\"");
    }
    auto forbidden = [](const std::string& field, const std::string& why) {
        return refusal(422, "Invalid",
                       "ListOptions.meta.k8s.io \"\" is invalid: " + field + ": Forbidden: " + why,
                       {{field, "Forbidden: " + why, "FieldValueForbidden"}});
    };
    bool initial = !target.option("sendInitialEvents").empty();
    if (initial && !streamedLists_) {
        return forbidden("sendInitialEvents",
                         "sendInitialEvents is forbidden for watch unless the WatchList feature "
                         "gate is enabled");
    }
    auto match = target.option("resourceVersionMatch");
    if (initial && match != "NotOlderThan") {
        return forbidden("resourceVersionMatch",
                         "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (!initial && !match.empty()) {
        return forbidden("resourceVersionMatch",
                         "resourceVersionMatch is forbidden for watch "
                         "unless sendInitialEvents is provided");
    }
    return std::nullopt;
}

void ApiServer::begin(Watch& watch) const {
    const Target& target = watch.target;
    auto from = target.option("resourceVersion");
    bool initial = target.option("sendInitialEvents") == "true";
    watch.version = viewed(target);
    watch.raw = raw_.size();
    watch.bookmarks = bookmarks_;
    watch.cuts = cuts_;
    if (auto seconds = target.option("timeoutSeconds"); isVersion(seconds)) {
        watch.deadline = clock().steady() + std::chrono::seconds(std::stoll(seconds));
    }
    if (initial || from.empty() || from == "0") {
        for (const auto& [key, object] : storage_.at(target.collection, watch.version)) {
            if (target.selects(*object)) {
                watch.lines.push_back(eventLine("ADDED", *object));
            }
        }
        if (initial && target.option("allowWatchBookmarks") == "true" &&
            !is(Defect::NoInitialEventsEnd)) {
            watch.lines.push_back(bookmarkLine(target.apiVersion, kindAt(target),
                                               std::to_string(watch.version), true));
        }
        return;
    }
    uint64_t version = std::stoull(from);
    if (version < storage_.compacted() && !is(Defect::ExpiredAsEmpty)) {
        auto status = Json::parse(refusal(410, "Expired",
                                          "too old resource version: " + from + " (" +
                                              std::to_string(storage_.compacted()) + ")")
                                      .body);
        watch.lines.push_back(eventLine("ERROR", status));
        watch.ending = true;
    }
    // A watch from the future waits for it.
    watch.version = std::max(version, storage_.compacted());
}

std::string ApiServer::lineOf(const Watch& watch, const Change& change) const {
    bool was = change.before != nullptr && watch.target.selects(*change.before);
    bool is = change.after != nullptr && watch.target.selects(*change.after);
    if (is) {
        return eventLine(was ? "MODIFIED" : "ADDED", *change.after);
    }
    if (!was || (change.after != nullptr && this->is(Defect::ForgetsLeavers))) {
        return "";
    }
    Json last = *change.before;
    last["metadata"]["resourceVersion"] = std::to_string(change.version);
    return eventLine("DELETED", last);
}

// Puts what this watch has not been told yet among its lines.
void ApiServer::pump(Watch& watch) const {
    if (watch.ending) {
        return;
    }
    auto add = [&](std::string line) {
        if (watch.fault && watch.fault->kind == Fault::Kind::Duplicate) {
            watch.lines.push_back(line);
        }
        watch.lines.push_back(std::move(line));
    };
    auto until = viewed(watch.target);
    for (const auto* change : storage_.since(watch.target.collection, watch.version, until)) {
        auto line = change->silent ? "" : lineOf(watch, *change);
        if (!line.empty()) {
            add(std::move(line));
        }
    }
    watch.version = std::max(watch.version, until);
    bool timeUp = watch.deadline && clock().steady() >= *watch.deadline;
    bool wanted = watch.target.option("allowWatchBookmarks") == "true";
    if ((std::exchange(watch.bookmarks, bookmarks_) != bookmarks_ || timeUp) && wanted) {
        add(bookmarkLine(watch.target.apiVersion, kindAt(watch.target),
                         std::to_string(watch.version), false));
    }
    for (; watch.raw < raw_.size(); ++watch.raw) {
        if (watch.path.find(raw_[watch.raw].first) != std::string::npos) {
            add(raw_[watch.raw].second);
        }
    }
    watch.ending = timeUp || watch.cuts != cuts_;
    if (!reachable_) {
        watch.ending = true;
        watch.error = brokenOff(false);
    }
}

void ApiServer::pumpAll() const {
    for (const auto& [id, weak] : watches_) {
        if (auto watch = weak.lock()) {
            pump(*watch);
        }
    }
}

ApiServer::Opened ApiServer::open(const kube::HttpRequest& request) {
    if (auto instead = intercepted(request, true)) {
        return {nullptr, std::move(*instead)};
    }
    std::lock_guard lock(mutex_);
    std::optional<Fault> fault;
    if (auto instead = interfere(request, true, fault)) {
        return {nullptr, std::move(*instead)};
    }
    auto watch =
        std::make_shared<Watch>(Watch{.target = Target(request.target), .path = request.target});
    if (auto refused = refuseWatch(watch->target)) {
        note(request, refused->status, true);
        return {nullptr, {.response = std::move(*refused)}};
    }
    watch->fault = takeFault(request, true);
    watch->id = ++lastWatch_;
    begin(*watch);
    watches_[watch->id] = watch;
    note(request, 200, true);
    return {std::make_unique<WatchHandle>(*this, std::move(watch)), {}};
}

// --- the handle

WatchHandle::~WatchHandle() {
    std::lock_guard lock(server_.mutex_);
    server_.watches_.erase(watch_->id);
    server_.changed_.notify_all();
}

std::vector<std::string> WatchHandle::take(size_t limit) {
    std::lock_guard lock(server_.mutex_);
    server_.pump(*watch_);
    bool broken = watch_->fault && breaks(*watch_->fault);
    std::vector<std::string> out;
    while (!watch_->lines.empty() && out.size() < limit &&
           !(broken && watch_->passed >= watch_->fault->lines)) {
        out.push_back(std::move(watch_->lines.front()));
        watch_->lines.pop_front();
        ++watch_->passed;
    }
    if (broken && watch_->passed >= watch_->fault->lines && !watch_->lines.empty()) {
        watch_->lines.clear();
        watch_->ending = true;
        watch_->error = brokenOff(watch_->fault->kind == Fault::Kind::Stall);
    }
    server_.changed_.notify_all();
    return out;
}

bool WatchHandle::ended() {
    std::lock_guard lock(server_.mutex_);
    server_.pump(*watch_);
    return watch_->ending && watch_->lines.empty();
}

std::optional<kube::ApiError> WatchHandle::error() {
    std::lock_guard lock(server_.mutex_);
    return watch_->error;
}

std::optional<Fault> WatchHandle::fault() {
    std::lock_guard lock(server_.mutex_);
    return watch_->fault;
}

bool WatchHandle::wait(std::stop_token stop, std::chrono::milliseconds patience) {
    std::unique_lock lock(server_.mutex_);
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        watch_->deadline.value_or(base::SteadyTime::max()) - server_.clock().steady());
    return server_.changed_.wait_for(lock, std::move(stop), std::min(patience, left), [&] {
        server_.pump(*watch_);
        return !watch_->lines.empty() || watch_->ending;
    });
}

}  // namespace test
