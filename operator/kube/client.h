// Typed requests to the API server: the one door to the cluster.
//
//   kube::Client client(kube::makeTransport(config), {.fieldManager =
//   "scalableapp-operator"}); auto page = client.list(kPods, {.namespace_ = "shop"}, stop); auto
//   applied = client.apply(kDeployments, intentJson, stop);   // server-side apply, forced
//   client.remove(kPods, key, pod.meta().uid, stop);      // never a same-named successor
//
// Semantics: 429 and 5xx are tried again only when the server says Retry-After (of at most 30 s;
// at most 4 times, within the caller's stop). Writes carry fieldValidation=Strict. Warnings of the
// server are logged once each. At most `maxInFlight` requests are on their way at a time; watches
// do not count. Every mutating request first asks `mayWrite`; a false is answered NotLeader and
// nothing is sent. Thread safety: all members from any thread. Blocking: until answered or stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "kube/object.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace kube {

struct ListOptions {
    std::string namespace_{};  // empty: all
    std::string labelSelector{};
    std::string fieldSelector{};
    std::string shardSelector{};
    std::string resourceVersion{};
    std::string continueToken{};
    int limit = 0;
    std::shared_ptr<TextPack> pack{};  // keeps the texts of the answer; null: each for itself
};

struct ObjectList {
    std::vector<ObjectPtr> items;
    std::string resourceVersion;
    std::string continueToken;
};

struct WatchOptions {
    std::string namespace_{};
    std::string labelSelector{};
    std::string fieldSelector{};
    std::string shardSelector{};
    std::string resourceVersion{};
    bool sendInitialEvents = false;  // WatchList: needs resourceVersionMatch=NotOlderThan, set here
    std::chrono::seconds timeout{290};
};

struct DeleteOptions {
    std::string resourceVersion{};  // a precondition beside the UID
    std::string propagationPolicy = "Background";
    std::optional<int64_t> gracePeriodSeconds{};
};

enum class PatchType { JsonPatch, MergePatch };

// Of an apply that meets a field which another manager has given another value.
enum class Conflicts { Take, Refuse };

// What one finished request was: for metrics and for tests that count writes.
struct RequestInfo {
    std::string verb;  // get, list, watch, create, apply, patch, update, delete
    std::string resource;
    int httpStatus = 0;
    std::chrono::duration<double> duration{};
    std::chrono::duration<double> queued{};  // until one of `maxInFlight` places was free
    size_t requestBytes = 0;                 // of the body
    size_t responseBytes = 0;                // of the body, unpacked; of watches 0
    bool retry = false;                      // the same call was answered with Retry-After before
    bool mutating() const { return verb != "get" && verb != "list" && verb != "watch"; }
};

struct ClientOptions {
    std::string fieldManager = "scalableapp";
    int maxInFlight = 32;
    std::function<bool()> mayWrite{};  // empty: always
    std::function<void(const RequestInfo&)> observe{};
};

class Client {
  public:
    Client(std::shared_ptr<Transport> transport, ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    ApiResult<ObjectPtr> get(const ResourceType& type, const ObjectKey& key, std::stop_token stop);
    ApiResult<ObjectList> list(const ResourceType& type, const ListOptions& options,
                               std::stop_token stop);
    // Raw GET of any path ("/version", "/readyz").
    ApiResult<std::string> getRaw(const std::string& target, std::stop_token stop);

    ApiResult<ObjectPtr> create(const ResourceType& type, const base::Json& object,
                                std::stop_token stop);
    // Replaces the whole object; the resourceVersion in it is the optimistic lock.
    ApiResult<ObjectPtr> update(const ResourceType& type, const base::Json& object,
                                std::stop_token stop);
    // Server-side apply: `object` is the full intent of our field manager. Refuse: Conflict, and
    // nothing is done.
    ApiResult<ObjectPtr> apply(const ResourceType& type, const base::Json& object,
                               std::stop_token stop, Conflicts conflicts = Conflicts::Take);
    // Server-side apply of the status subresource; `object` carries identity and `status` only.
    ApiResult<ObjectPtr> applyStatus(const ResourceType& type, const base::Json& object,
                                     std::stop_token stop);
    ApiResult<ObjectPtr> patch(const ResourceType& type, const ObjectKey& key, PatchType patchType,
                               const base::Json& patch, std::stop_token stop,
                               const std::string& subresource = "");
    // The object with that UID, which is always a precondition: a name alone means whoever bears it
    // now. Without one Malformed, and nothing is sent. NotFound and a failed precondition
    // (Conflict) are errors like any other: the caller decides.
    ApiResult<void> remove(const ResourceType& type, const ObjectKey& key, const std::string& uid,
                           std::stop_token stop, const DeleteOptions& options = {});

    // Blocks until the server or `stop` ends the watch; `onLine` gets raw watch events.
    ApiResult<void> watch(const ResourceType& type, const WatchOptions& options,
                          const Transport::LineHandler& onLine, std::stop_token stop);

    const std::string& fieldManager() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kube
