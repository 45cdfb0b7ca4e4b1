#include "kube/client.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/json.h"
#include "kube/encoding.h"
#include "kube/json_scan.h"
#include "kube/warnings.h"

namespace kube {
namespace {

constexpr int kMaxRetries = 4;
constexpr auto kLongestWait = std::chrono::seconds(30);
// The server ends a watch by itself; only silence beyond that means that it is gone.
constexpr auto kWatchMargin = std::chrono::seconds(10);

class Query {
  public:
    void add(std::string_view name, const std::string& value) {
        if (!value.empty()) {
            text_ += (text_.empty() ? "?" : "&") + std::string(name) + "=" + percentEncode(value);
        }
    }
    const std::string& str() const { return text_; }

  private:
    std::string text_;
};

ApiError cancelled() {
    ApiError error;
    error.kind = ErrorKind::Cancelled;
    error.message = "the call was stopped";
    return error;
}

ObjectKey keyOf(const ResourceType& type, const base::Json& object) {
    ObjectKey key;
    key.name = base::stringAt(object, "/metadata/name").value_or("");
    if (type.namespaced) {
        key.namespace_ = base::stringAt(object, "/metadata/namespace").value_or("");
    }
    return key;
}

std::string deleteBody(const std::string& uid, const DeleteOptions& options) {
    base::Json body = {{"kind", "DeleteOptions"},
                       {"apiVersion", "v1"},
                       {"propagationPolicy", options.propagationPolicy}};
    if (options.gracePeriodSeconds) {
        body["gracePeriodSeconds"] = *options.gracePeriodSeconds;
    }
    body["preconditions"]["uid"] = uid;
    if (!options.resourceVersion.empty()) {
        body["preconditions"]["resourceVersion"] = options.resourceVersion;
    }
    return base::dumpJson(body);
}

// A raw JSON string without escapes, as resourceVersion and continue are.
std::string unquoted(std::string_view raw) {
    return raw.size() >= 2 && raw.front() == '"' ? std::string(raw.substr(1, raw.size() - 2)) : "";
}

ApiResult<ObjectList> parseList(const std::string& body, const ResourceType& type, TextPack* pack) {
    ObjectList out;
    std::optional<ApiError> bad;
    auto item = [&](std::string_view text) {
        auto object = Object::parse(text, type.apiVersion(), type.kind, pack);
        if (!object) {
            bad = std::move(object).error();
            return false;
        }
        out.items.push_back(std::move(object).value());
        return true;
    };
    bool sawItems = false;
    const bool good = scanObject(body, [&](std::string_view key, std::string_view value) {
        if (key == "metadata") {
            return scanObject(value, [&](std::string_view field, std::string_view raw) {
                if (field == "resourceVersion") {
                    out.resourceVersion = unquoted(raw);
                } else if (field == "continue") {
                    out.continueToken = unquoted(raw);
                }
                return true;
            });
        }
        if (key != "items") {
            return true;
        }
        sawItems = true;
        return value == "null" || scanArray(value, item);
    });
    if (!good || !sawItems) {
        return base::failWith(bad.value_or(malformed("no list of " + type.plural)));
    }
    if (!out.resourceVersion.empty() && !isVersion(out.resourceVersion)) {
        return base::failWith(malformed("a list of " + type.plural + " at \"" +
                                        out.resourceVersion + "\", which is no resourceVersion"));
    }
    return out;
}

}  // namespace

struct Client::Impl {
    std::shared_ptr<Transport> transport;
    ClientOptions options;

    std::mutex mutex;
    std::condition_variable_any freed;
    int inFlight = 0;

    struct Call {
        const char* verb;
        const ResourceType* type = nullptr;  // nullptr: a raw path
        HttpRequest request;
    };

    std::string typeName(const Call& call) const {
        return call.type == nullptr ? call.request.target : call.type->plural;
    }

    void report(const Call& call, RequestInfo info, std::chrono::steady_clock::time_point started) {
        if (options.observe) {
            info.verb = call.verb;
            info.resource = typeName(call);
            info.duration = std::chrono::steady_clock::now() - started;
            info.requestBytes = call.request.body.size();
            options.observe(info);
        }
    }

    // False: stopped while waiting for a place.
    bool enter(const std::stop_token& stop) {
        std::unique_lock lock(mutex);
        if (!freed.wait(lock, stop, [this] { return inFlight < options.maxInFlight; })) {
            return false;
        }
        ++inFlight;
        return true;
    }
    void leave() {
        const std::lock_guard lock(mutex);
        --inFlight;
        freed.notify_one();
    }

    // The lease is asked on both sides of the wait for a place: that may be long.
    ApiResult<HttpResponse> once(const Call& call, bool retry, const std::stop_token& stop) {
        const auto asked = std::chrono::steady_clock::now();
        if (forbidden(call)) {
            return base::failWith(notLeader(call));
        }
        if (stop.stop_requested() || !enter(stop)) {
            return base::failWith(cancelled());
        }
        if (forbidden(call)) {
            leave();
            return base::failWith(notLeader(call));
        }
        const auto started = std::chrono::steady_clock::now();
        auto answer = transport->send(call.request, stop);
        leave();
        RequestInfo info;
        info.httpStatus = answer ? answer->status : 0;
        info.responseBytes = answer ? answer->body.size() : 0;
        info.queued = started - asked;
        info.retry = retry;
        report(call, std::move(info), started);
        if (!answer) {
            return answer;
        }
        logWarnings(answer->warnings);
        if (answer->status < 200 || answer->status > 299) {
            return base::failWith(
                errorFromStatus(answer->status, answer->body, answer->retryAfter));
        }
        return answer;
    }

    // False: stopped.
    static bool sleep(std::chrono::seconds time, const std::stop_token& stop) {
        std::mutex own;
        std::condition_variable_any never;
        std::unique_lock lock(own);
        never.wait_for(lock, stop, time, [] { return false; });
        return !stop.stop_requested();
    }

    bool forbidden(const Call& call) const {
        const bool mutating = call.request.method != "GET";
        return mutating && options.mayWrite && !options.mayWrite();
    }

    ApiError notLeader(const Call& call) const {
        ApiError error;
        error.kind = ErrorKind::NotLeader;
        error.message =
            std::string(call.verb) + " " + typeName(call) + " was not sent: the lease is not ours";
        return error;
    }

    ApiResult<HttpResponse> call(const Call& call, const std::stop_token& stop) {
        for (int attempt = 0;; ++attempt) {
            auto answer = once(call, attempt > 0, stop);
            if (answer || attempt == kMaxRetries || !answer.error().retryAfter ||
                !answer.error().transient()) {
                return answer;
            }
            // Asking sooner than the server wants is no courtesy, and waiting for longer is the
            // caller's to decide.
            if (*answer.error().retryAfter > kLongestWait) {
                return answer;
            }
            if (!sleep(*answer.error().retryAfter, stop)) {
                return base::failWith(cancelled());
            }
        }
    }

    ApiResult<ObjectPtr> object(const Call& call, const std::stop_token& stop) {
        auto answer = this->call(call, stop);
        if (!answer) {
            return base::failWith(std::move(answer).error());
        }
        return Object::parse(answer->body, call.type->apiVersion(), call.type->kind);
    }

    Query writeQuery(bool force) const {
        Query query;
        query.add("fieldManager", options.fieldManager);
        query.add("fieldValidation", "Strict");
        query.add("force", force ? "true" : "");
        return query;
    }

    ApiResult<ObjectPtr> applyTo(const ResourceType& type, const base::Json& object,
                                 const char* subresource, Conflicts conflicts,
                                 const std::stop_token& stop) {
        const ObjectKey key = keyOf(type, object);
        if (key.name.empty()) {
            return base::failWith(malformed("apply of a " + type.kind + " without metadata.name"));
        }
        Call call{"apply", &type, {}};
        call.request.method = "PATCH";
        call.request.target =
            type.path(key) + subresource + writeQuery(conflicts == Conflicts::Take).str();
        call.request.contentType = "application/apply-patch+yaml";
        call.request.body = base::dumpJson(object);
        return this->object(call, stop);
    }
};

Client::Client(std::shared_ptr<Transport> transport, ClientOptions options)
    : impl_(std::make_unique<Impl>()) {
    impl_->transport = std::move(transport);
    impl_->options = std::move(options);
}

Client::~Client() = default;

const std::string& Client::fieldManager() const {
    return impl_->options.fieldManager;
}

ApiResult<ObjectPtr> Client::get(const ResourceType& type, const ObjectKey& key,
                                 std::stop_token stop) {
    Impl::Call call{"get", &type, {}};
    call.request.target = type.path(key);
    return impl_->object(call, stop);
}

ApiResult<ObjectList> Client::list(const ResourceType& type, const ListOptions& options,
                                   std::stop_token stop) {
    Query query;
    query.add("labelSelector", options.labelSelector);
    query.add("fieldSelector", options.fieldSelector);
    query.add("shardSelector", options.shardSelector);
    query.add("resourceVersion", options.resourceVersion);
    query.add("continue", options.continueToken);
    query.add("limit", options.limit > 0 ? std::to_string(options.limit) : "");
    Impl::Call call{"list", &type, {}};
    call.request.target = type.collectionPath(options.namespace_) + query.str();
    call.request.acceptGzip = true;
    auto answer = impl_->call(call, stop);
    if (!answer) {
        return base::failWith(std::move(answer).error());
    }
    return parseList(answer->body, type, options.pack.get());
}

ApiResult<std::string> Client::getRaw(const std::string& target, std::stop_token stop) {
    Impl::Call call{"get", nullptr, {}};
    call.request.target = target;
    auto answer = impl_->call(call, stop);
    if (!answer) {
        return base::failWith(std::move(answer).error());
    }
    return std::move(answer->body);
}

ApiResult<ObjectPtr> Client::create(const ResourceType& type, const base::Json& object,
                                    std::stop_token stop) {
    Impl::Call call{"create", &type, {}};
    call.request.method = "POST";
    call.request.target =
        type.collectionPath(keyOf(type, object).namespace_) + impl_->writeQuery(false).str();
    call.request.contentType = "application/json";
    call.request.body = base::dumpJson(object);
    return impl_->object(call, stop);
}

ApiResult<ObjectPtr> Client::update(const ResourceType& type, const base::Json& object,
                                    std::stop_token stop) {
    const ObjectKey key = keyOf(type, object);
    if (key.name.empty()) {
        return base::failWith(malformed("update of a " + type.kind + " without metadata.name"));
    }
    Impl::Call call{"update", &type, {}};
    call.request.method = "PUT";
    call.request.target = type.path(key) + impl_->writeQuery(false).str();
    call.request.contentType = "application/json";
    call.request.body = base::dumpJson(object);
    return impl_->object(call, stop);
}

ApiResult<ObjectPtr> Client::apply(const ResourceType& type, const base::Json& object,
                                   std::stop_token stop, Conflicts conflicts) {
    return impl_->applyTo(type, object, "", conflicts, stop);
}

ApiResult<ObjectPtr> Client::applyStatus(const ResourceType& type, const base::Json& object,
                                         std::stop_token stop) {
    return impl_->applyTo(type, object, "/status", Conflicts::Take, stop);
}

ApiResult<ObjectPtr> Client::patch(const ResourceType& type, const ObjectKey& key,
                                   PatchType patchType, const base::Json& patch,
                                   std::stop_token stop, const std::string& subresource) {
    Impl::Call call{"patch", &type, {}};
    call.request.method = "PATCH";
    call.request.target = type.path(key) + (subresource.empty() ? "" : "/" + subresource) +
                          impl_->writeQuery(false).str();
    call.request.contentType = patchType == PatchType::JsonPatch ? "application/json-patch+json"
                                                                 : "application/merge-patch+json";
    call.request.body = base::dumpJson(patch);
    return impl_->object(call, stop);
}

ApiResult<void> Client::remove(const ResourceType& type, const ObjectKey& key,
                               const std::string& uid, std::stop_token stop,
                               const DeleteOptions& options) {
    if (key.name.empty()) {
        // The path without a name is the whole collection.
        return base::failWith(malformed("delete of a " + type.kind + " without a name"));
    }
    if (uid.empty()) {
        return base::failWith(
            malformed("delete of " + type.kind + " " + key.str() + " without a UID"));
    }
    Impl::Call call{"delete", &type, {}};
    call.request.method = "DELETE";
    call.request.target = type.path(key);
    call.request.contentType = "application/json";
    call.request.body = deleteBody(uid, options);
    auto answer = impl_->call(call, stop);
    if (!answer) {
        return base::failWith(std::move(answer).error());
    }
    return {};
}

ApiResult<void> Client::watch(const ResourceType& type, const WatchOptions& options,
                              const Transport::LineHandler& onLine, std::stop_token stop) {
    Query query;
    query.add("watch", "true");
    query.add("allowWatchBookmarks", "true");
    query.add("labelSelector", options.labelSelector);
    query.add("fieldSelector", options.fieldSelector);
    query.add("shardSelector", options.shardSelector);
    query.add("resourceVersion", options.resourceVersion);
    query.add("sendInitialEvents", options.sendInitialEvents ? "true" : "");
    query.add("resourceVersionMatch", options.sendInitialEvents ? "NotOlderThan" : "");
    query.add("timeoutSeconds", std::to_string(options.timeout.count()));
    Impl::Call call{"watch", &type, {}};
    call.request.target = type.collectionPath(options.namespace_) + query.str();
    call.request.timeout = options.timeout + kWatchMargin;
    const auto started = std::chrono::steady_clock::now();
    auto ended = impl_->transport->stream(call.request, onLine, stop);
    RequestInfo info;
    info.httpStatus = ended ? 200 : ended.error().httpStatus;
    impl_->report(call, std::move(info), started);
    return ended;
}

}  // namespace kube
