// An API server in memory, behind kube::Transport: no socket, no thread of its own.
//
//   auto server = std::make_shared<test::ApiServer>();
//   kube::Client client(server, {.fieldManager = "operator"});
//   server->put(kPods, {{"metadata", {{"namespace", "shop"}, {"name", "a"}}}});
//   ... run what is to be tested ...
//   EXPECT_TRUE(server->waitFor([&] { return server->find(kPods, {"shop", "b"}).has_value(); }));
//   EXPECT_EQ(server->mutations(), 0);
//
// One thread only (a simulation): a watch that does not block, a clock and a seed of the test's.
//
//   test::ApiServer server({.seed = 7, .clock = &clock});
//   auto watch = server.openWatch("/api/v1/pods?watch=true&resourceVersion=100");
//   for (const auto& line : (*watch)->take()) { ... }
//   if ((*watch)->ended()) { ... (*watch)->error() ... }
//
// Real processes: apiserver/http_front.h. Build: LINK sa_test_apiserver in sa_test.
//
// What it does as the real one (tests/apiserver/conformance runs the same cases against both):
// lists with selectors, limit, continue, resourceVersion and its match; watches from any version
// with bookmarks, initial events and 410 after compact(); create, update, apply with the owners of
// fields, merge and JSON patch, status, delete with preconditions and policies, finalizers, garbage
// collection, 404, 409, 410, 422; no-op writes keep their version; generation counts changes
// outside metadata and status.
//
// What it does not: definitions' schemas and defaults (but for a few, schema.h), strict field
// validation, admission. Every kind exists unless hide() says otherwise. An owner that never was
// counts as alive. The test's own put, edit and drop are what "others" do and count as no request.
//
// Thread safety: all members from any thread; onRequest's handler runs on the caller's thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "apiserver/faults.h"
#include "apiserver/managers.h"
#include "apiserver/storage.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace test {

struct Target;
struct Watch;
class ApiServer;

struct ServerOptions {
    uint64_t seed = 0;                   // of uids and of the first version
    const base::Clock* clock = nullptr;  // null: it stands still
    // False: what lost its owner stays until collectGarbage().
    bool collectsGarbage = true;
};

// A mistake that a test plants to see that a check finds it.
enum class Defect {
    None,
    ApplyKeepsAbandoned,     // apply leaves what the manager no longer names
    NoOpRaisesVersion,       // a write that changes nothing takes a version
    StatusThroughMain,       // the main resource writes the status too
    IgnoresPreconditions,    // deletes whatever the uid and version
    NoInitialEventsEnd,      // a streamed list without its closing bookmark
    ForgetsLeavers,          // an object that leaves a selection is not told as DELETED
    SkipsOverPages,          // a continued list shows what came meanwhile
    FinalizersDoNotHold,     // deletes in spite of finalizers
    ExpiredAsEmpty,          // a watch from a forgotten version starts as if from now
    ApplyIgnoresConflicts,   // apply without force takes what is another's
    ListsReplacedWhole,      // keyed lists are replaced, not merged
    GenerationCountsStatus,  // a write of the status raises the generation
};

// One open watch. Belongs to one thread; the server must outlive it.
class WatchHandle {
  public:
    WatchHandle(ApiServer& server, std::shared_ptr<Watch> watch)
        : server_(server), watch_(std::move(watch)) {}
    ~WatchHandle();
    WatchHandle(const WatchHandle&) = delete;
    WatchHandle& operator=(const WatchHandle&) = delete;

    // What has come since, at most `limit` lines; never blocks.
    std::vector<std::string> take(size_t limit = SIZE_MAX);
    // No line will come any more.
    bool ended();
    // How it ended, where not by the server's time limit.
    std::optional<kube::ApiError> error();
    // The fault that has ended it, or that lies on all its lines.
    std::optional<Fault> fault();
    // Until there are lines, the end, or the stop; false: `patience` went by.
    bool wait(std::stop_token stop, std::chrono::milliseconds patience);

  private:
    ApiServer& server_;
    std::shared_ptr<Watch> watch_;
};

class ApiServer final : public kube::Transport {
  public:
    struct Request {
        std::string method;
        std::string target;
        std::string body;
        int status = 0;  // 0: it was made to fail without an answer
        bool watch = false;
        bool mutating() const { return method != "GET"; }
    };
    // An answer in place of the server's; nothing: the server's own.
    using Intercept =
        std::function<std::optional<kube::ApiResult<kube::HttpResponse>>(const kube::HttpRequest&)>;

    explicit ApiServer(const ServerOptions& options = {});
    ~ApiServer() override;

    // --- the content, as other clients see and change it; managedFields are left out
    // Creates or replaces, status included; answers the stored object.
    base::Json put(const kube::ResourceType& type, base::Json object);
    // Changes an object that exists; aborts the test when it does not.
    base::Json edit(const kube::ResourceType& type, const kube::ObjectKey& key,
                    const std::function<void(base::Json&)>& change);
    // The same where somebody else may have deleted it meanwhile.
    std::optional<base::Json> tryToEdit(const kube::ResourceType& type, const kube::ObjectKey& key,
                                        const std::function<void(base::Json&)>& change);
    void drop(const kube::ResourceType& type, const kube::ObjectKey& key);
    std::optional<base::Json> find(const kube::ResourceType& type,
                                   const kube::ObjectKey& key) const;
    std::vector<base::Json> all(const kube::ResourceType& type) const;
    std::string version() const;
    // Everything there is, by collection.
    std::map<std::string, std::vector<base::Json>> everything() const;
    // One round of the garbage collector; false: nothing was left to do.
    bool collectGarbage();

    // --- what was asked of it
    std::vector<Request> requests() const;
    // Requests other than GET, optionally those whose target contains `part`.
    size_t mutations(const std::string& part = "") const;
    size_t openWatches(const std::string& part = "") const;
    void forgetRequests();
    // Waits until `condition` holds; looked at again after every request and change. False after 20
    // s.
    bool waitFor(const std::function<bool()>& condition) const;
    // Waits until for so long nothing was asked, and every open watch has been told everything.
    // False after 20 s.
    bool waitForQuiet(std::chrono::milliseconds quiet) const;
    // Runs after each request that changed something, before its answer: `count` so far. Leases do
    // not count: they are renewed all the time. It must not call the server.
    void afterMutation(std::function<void(size_t count)> hook);

    // --- faults
    void inject(const Fault& fault);
    void onRequest(Intercept intercept);  // replaces the one before; {} removes it
    // The next `times` requests with that method ("" any) whose target contains `part` get this
    // status.
    void failNext(int times, const std::string& method, const std::string& part, int status,
                  int retryAfterSeconds = -1);
    void setReachable(bool reachable);  // false: requests fail, watches break
    void cutWatches();                  // each ends as by the server's time limit
    void compact();                     // forgets its history: older versions are Expired
    void bookmark();                    // tells every watch the newest version
    void say(const std::string& part, const std::string& line);  // a raw line into matching watches
    void hide(const std::string& plural);   // 404 for the kind, as where its definition is missing
    void setStreamedLists(bool supported);  // false: sendInitialEvents is refused as by old servers
    // Lists and watches of collections that contain one of `parts` (none: all) show the state of
    // that version, as a replica that lags; nothing: the newest. Single objects are always read
    // newest.
    void freeze(std::optional<uint64_t> version, std::vector<std::string> parts = {});
    // What is written while muted reaches no watch: a list or a later watch knows it.
    void mute(bool muted);
    void plant(Defect defect);

    // --- kube::Transport, and the same without blocking
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override;
    kube::ApiResult<void> stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                 std::stop_token stop) override;
    kube::ApiResult<std::unique_ptr<WatchHandle>> openWatch(const std::string& target);

    // --- for the HTTP front: the answer, and the fault that the wire is to show
    struct Exchange {
        std::optional<kube::HttpResponse> response{};
        std::optional<kube::ApiError> error{};  // where there is no response
        std::optional<Fault> fault{};
    };
    Exchange exchange(const kube::HttpRequest& request);
    struct Opened {
        std::unique_ptr<WatchHandle> watch;  // null: refused by `exchange`
        Exchange exchange;
    };
    Opened open(const kube::HttpRequest& request);

  private:
    friend class WatchHandle;

    // faults.cpp
    std::optional<Fault> takeFault(const kube::HttpRequest& request, bool stream);
    std::optional<Exchange> intercepted(const kube::HttpRequest& request, bool watch);
    std::optional<Exchange> interfere(const kube::HttpRequest& request, bool watch,
                                      std::optional<Fault>& fault);
    bool is(Defect defect) const { return defect_ == defect; }

    // server.cpp
    kube::HttpResponse answer(const kube::HttpRequest& request, const Target& target);
    void note(const kube::HttpRequest& request, int status, bool watch);
    const base::Clock& clock() const;
    std::string now() const;
    std::string kindAt(const Target& target) const;

    // reads.cpp
    uint64_t viewed(const Target& target) const;
    kube::HttpResponse get(const Target& target) const;
    kube::HttpResponse list(const Target& target) const;

    // writes.cpp
    kube::HttpResponse create(const Target& target, base::Json object);
    kube::HttpResponse update(const Target& target, base::Json object);
    kube::HttpResponse apply(const Target& target, const base::Json& intent);
    kube::HttpResponse patch(const Target& target, const std::string& contentType,
                             const base::Json& patch);
    kube::HttpResponse finish(const Target& target, base::Json object, int status);
    base::Json commit(const std::string& collection, const kube::ObjectKey& key, base::Json object,
                      const Author* author);

    // deletes.cpp
    kube::HttpResponse remove(const Target& target, const base::Json& options);
    void beginDeletion(const std::string& collection, const kube::ObjectKey& key,
                       const std::string& finalizer);
    void erase(const std::string& collection, const kube::ObjectKey& key);
    bool collectOnce();
    bool collectDead();
    bool collectForLeaving();
    void collect();

    // watches.cpp
    std::optional<kube::HttpResponse> refuseWatch(const Target& target) const;
    void begin(Watch& watch) const;
    void pump(Watch& watch) const;
    void pumpAll() const;
    std::string lineOf(const Watch& watch, const Change& change) const;

    const ServerOptions options_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    Storage storage_;
    std::map<std::string, std::string> kinds_;  // by collection, as learned from objects
    std::set<std::string> deadUids_;            // owners that are gone
    std::vector<std::pair<std::string, std::string>> raw_;  // target part, line
    std::vector<Request> requests_;
    base::SteadyTime lastRequest_{};
    std::vector<Fault> faults_;
    std::map<uint64_t, std::weak_ptr<Watch>> watches_;
    std::set<std::string> hidden_;
    Intercept intercept_;
    std::function<void(size_t)> afterMutation_;
    size_t mutationCount_ = 0;
    std::optional<uint64_t> frozen_;
    std::vector<std::string> frozenParts_;
    Defect defect_ = Defect::None;
    uint64_t bookmarks_ = 0;
    uint64_t cuts_ = 0;
    uint64_t lastUid_ = 0;
    uint64_t lastWatch_ = 0;
    uint64_t lastGenerated_ = 0;
    bool garbage_ = false;  // the collector may have something to do
    bool reachable_ = true;
    bool streamedLists_ = true;
};

}  // namespace test
