#include "apiserver/server.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "apiserver/schema.h"
#include "apiserver/target.h"
#include "apiserver/watch.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

// 2026-01-01, always.
class StillClock final : public base::Clock {
  public:
    base::SteadyTime steady() const override { return base::SteadyTime(std::chrono::hours(1)); }
    base::WallTime wall() const override {
        return base::WallTime(std::chrono::seconds(1767225600));
    }
};

const Author kOthers{.manager = "others"};

Json shown(const Stored& object) {
    Json out = *object;
    out["metadata"].erase("managedFields");
    return out;
}

kube::ApiError cancelled() {
    kube::ApiError error;
    error.kind = kube::ErrorKind::Cancelled;
    error.message = "cancelled";
    return error;
}

constexpr auto kPatience = std::chrono::seconds(20);

}  // namespace

ApiServer::ApiServer(const ServerOptions& options)
    : options_(options), storage_(options.seed == 0 ? 100 : 1 + options.seed * 7919 % 10007) {}

ApiServer::~ApiServer() = default;

const base::Clock& ApiServer::clock() const {
    static const StillClock kStill;
    return options_.clock == nullptr ? kStill : *options_.clock;
}

std::string ApiServer::now() const {
    return base::formatTime(clock().wall());
}

std::string ApiServer::kindAt(const Target& target) const {
    auto it = kinds_.find(target.collection);
    return it == kinds_.end() ? kindOf(target.plural) : it->second;
}

// --- the content

Json ApiServer::put(const kube::ResourceType& type, Json object) {
    std::lock_guard lock(mutex_);
    object["apiVersion"] = type.apiVersion();
    object["kind"] = type.kind;
    auto key = keyOf(object);
    auto author = kOthers;
    author.apiVersion = type.apiVersion();
    commit(collectionOf(type), key, std::move(object), &author);
    auto stored = storage_.get(collectionOf(type), key);
    return stored == nullptr ? Json() : shown(stored);
}

Json ApiServer::edit(const kube::ResourceType& type, const kube::ObjectKey& key,
                     const std::function<void(Json&)>& change) {
    auto edited = tryToEdit(type, key, change);
    if (!edited) {
        std::cerr << "no " << type.plural << " " << key.str() << " to edit\n";
        std::abort();
    }
    return *edited;
}

std::optional<Json> ApiServer::tryToEdit(const kube::ResourceType& type, const kube::ObjectKey& key,
                                         const std::function<void(Json&)>& change) {
    std::lock_guard lock(mutex_);
    auto live = storage_.get(collectionOf(type), key);
    if (live == nullptr) {
        return std::nullopt;
    }
    Json object = shown(live);
    change(object);
    auto author = kOthers;
    author.apiVersion = type.apiVersion();
    auto stored = commit(collectionOf(type), key, std::move(object), &author);
    stored["metadata"].erase("managedFields");
    return stored;
}

void ApiServer::drop(const kube::ResourceType& type, const kube::ObjectKey& key) {
    std::lock_guard lock(mutex_);
    if (storage_.get(collectionOf(type), key) != nullptr) {
        erase(collectionOf(type), key);
        if (options_.collectsGarbage) {
            collect();
        }
    }
}

std::optional<Json> ApiServer::find(const kube::ResourceType& type,
                                    const kube::ObjectKey& key) const {
    std::lock_guard lock(mutex_);
    auto object = storage_.get(collectionOf(type), key);
    return object == nullptr ? std::nullopt : std::optional(shown(object));
}

std::vector<Json> ApiServer::all(const kube::ResourceType& type) const {
    std::lock_guard lock(mutex_);
    std::vector<Json> out;
    for (const auto& [key, object] : storage_.all(collectionOf(type))) {
        out.push_back(shown(object));
    }
    return out;
}

std::map<std::string, std::vector<Json>> ApiServer::everything() const {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<Json>> out;
    for (const auto& [collection, objects] : storage_.collections()) {
        for (const auto& [key, object] : objects) {
            out[collection].push_back(shown(object));
        }
    }
    return out;
}

std::string ApiServer::version() const {
    std::lock_guard lock(mutex_);
    return std::to_string(storage_.version());
}

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
    for (const auto& [id, weak] : watches_) {
        auto watch = weak.lock();
        n += watch != nullptr && watch->path.find(part) != std::string::npos ? 1 : 0;
    }
    return n;
}

void ApiServer::forgetRequests() {
    std::lock_guard lock(mutex_);
    requests_.clear();
}

void ApiServer::note(const kube::HttpRequest& request, int status, bool watch) {
    requests_.push_back({request.method, request.target, request.body, status, watch});
    lastRequest_ = std::chrono::steady_clock::now();
    changed_.notify_all();
}

bool ApiServer::waitFor(const std::function<bool()>& condition) const {
    auto end = std::chrono::steady_clock::now() + kPatience;
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

bool ApiServer::waitForQuiet(std::chrono::milliseconds quiet) const {
    auto end = std::chrono::steady_clock::now() + kPatience;
    std::unique_lock lock(mutex_);
    size_t seen = requests_.size();
    auto version = storage_.version();
    auto since = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() < end) {
        bool told = true;
        for (const auto& [id, weak] : watches_) {
            auto watch = weak.lock();
            told = told && (watch == nullptr ||
                            (watch->lines.empty() && watch->version >= viewed(watch->target)));
        }
        auto now = std::chrono::steady_clock::now();
        if (!told || seen != requests_.size() || version != storage_.version()) {
            seen = requests_.size();
            version = storage_.version();
            since = now;
        }
        if (now - since >= quiet) {
            return true;
        }
        changed_.wait_until(lock, std::min(since + quiet, end));
    }
    return false;
}

// --- requests

HttpResponse ApiServer::answer(const kube::HttpRequest& request, const Target& target) {
    if (request.target.starts_with("/version")) {
        return okResponse({{"major", "1"}, {"minor", "36"}, {"gitVersion", "v1.36.0"}});
    }
    if (!target.valid || hidden_.contains(target.plural)) {
        return refusal(404, "NotFound", "the server could not find the requested resource");
    }
    Json body;
    if (!request.body.empty()) {
        auto parsed = base::parseJson(request.body);
        if (!parsed) {
            return refusal(400, "BadRequest", parsed.error().message);
        }
        body = std::move(*parsed);
    }
    if (request.method == "GET") {
        return target.key.name.empty() ? list(target) : get(target);
    }
    if (request.method == "DELETE") {
        return remove(target, body);
    }
    if (request.method == "POST" && target.subresource == "eviction") {
        return remove(target, Json::object());
    }
    if (!body.is_structured()) {
        return refusal(400, "BadRequest", "the body is not an object");
    }
    if (request.method == "POST") {
        return create(target, std::move(body));
    }
    if (request.method == "PUT") {
        return update(target, std::move(body));
    }
    return request.contentType.starts_with("application/apply-patch")
               ? apply(target, body)
               : patch(target, request.contentType, body);
}

kube::ApiResult<HttpResponse> ApiServer::send(const kube::HttpRequest& request,
                                              std::stop_token stop) {
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    auto done = exchange(request);
    if (done.response) {
        return std::move(*done.response);
    }
    return base::failWith(std::move(*done.error));
}

kube::ApiResult<std::unique_ptr<WatchHandle>> ApiServer::openWatch(const std::string& target) {
    auto opened = open({.method = "GET", .target = target});
    if (opened.watch != nullptr) {
        return std::move(opened.watch);
    }
    const auto& refused = opened.exchange;
    return base::failWith(refused.error ? *refused.error
                                        : kube::errorFromStatus(refused.response->status,
                                                                refused.response->body,
                                                                refused.response->retryAfter));
}

kube::ApiResult<void> ApiServer::stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                        std::stop_token stop) {
    auto opened = openWatch(request.target);
    if (!opened) {
        return base::failWith(opened.error());
    }
    auto& watch = **opened;
    while (!stop.stop_requested() && !watch.ended()) {
        for (const auto& line : watch.take()) {
            if (stop.stop_requested()) {
                break;
            }
            onLine(line);
        }
        watch.wait(stop, std::chrono::hours(1));
    }
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    auto error = watch.error();
    return error ? kube::ApiResult<void>(base::failWith(*error)) : kube::ApiResult<void>();
}

}  // namespace test
