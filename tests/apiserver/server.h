// An API server in memory, behind kube::Transport: no socket, no thread of its own.
//
//   auto server = std::make_shared<test::ApiServer>();
//   kube::Client client(server, {.fieldManager = "operator"});
//   server->put(kPods, {{"metadata", {{"namespace", "shop"}, {"name", "a"}}}});
//   ... run what is to be tested ...
//   EXPECT_TRUE(server->waitFor([&] { return server->find(kPods, {"shop", "b"}).has_value(); }));
//   EXPECT_EQ(server->mutations(), 0);
//
// Build: LINK sa_test_apiserver in sa_test.
//
// What it does as the real one: lists with selectors, limit and continue; watches from any version
// with bookmarks, initial events and 410 after compact(); create, update, apply, merge and JSON
// patch, status, delete with uid and version preconditions, finalizers, owner garbage collection,
// 404, 409; no-op writes keep their version; generation counts changes outside metadata and status.
//
// What it does not: schemas, defaults, admission; lists inside objects are replaced whole by apply.
// Every kind exists unless hide() says otherwise. The test's own put, edit and drop are what
// "others" do and count as no request.
//
// Thread safety: all members from any thread; onRequest's handler runs on the caller's thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace test {

struct Target;

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

    // --- the content, as other clients see and change it
    // Creates or replaces, status included; answers the stored object.
    base::Json put(const kube::ResourceType& type, base::Json object);
    // Changes an object that exists; aborts the test when it does not.
    base::Json edit(const kube::ResourceType& type, const kube::ObjectKey& key,
                    const std::function<void(base::Json&)>& change);
    void drop(const kube::ResourceType& type, const kube::ObjectKey& key);
    std::optional<base::Json> find(const kube::ResourceType& type,
                                   const kube::ObjectKey& key) const;
    std::vector<base::Json> all(const kube::ResourceType& type) const;
    std::string version() const;

    // --- what was asked of it
    std::vector<Request> requests() const;
    // Requests other than GET, optionally those whose target contains `part`.
    size_t mutations(const std::string& part = "") const;
    size_t openWatches(const std::string& part = "") const;
    void forgetRequests();
    // Waits until `condition` holds; looked at again after every request and change. False after 20
    // s.
    bool waitFor(const std::function<bool()>& condition) const;

    // --- faults
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

    // --- kube::Transport
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override;
    kube::ApiResult<void> stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                 std::stop_token stop) override;

  private:
    struct Watch;
    struct Change {
        uint64_t version;
        std::string collection;
        base::Json before;  // null: created
        base::Json after;   // null: deleted
        std::string deletedVersion;
    };
    struct Failure {
        int times;
        std::string method;
        std::string part;
        int status;
        int retryAfter;
    };
    using Objects = std::map<kube::ObjectKey, base::Json>;

    std::optional<kube::ApiResult<kube::HttpResponse>> fault(const kube::HttpRequest& request);
    kube::HttpResponse answer(const kube::HttpRequest& request, const Target& target);
    kube::HttpResponse get(const Target& target) const;
    kube::HttpResponse list(const Target& target) const;
    kube::HttpResponse create(const Target& target, base::Json object);
    kube::HttpResponse update(const Target& target, base::Json object);
    kube::HttpResponse apply(const Target& target, const base::Json& intent);
    kube::HttpResponse patch(const Target& target, const std::string& contentType,
                             const base::Json& patch);
    kube::HttpResponse remove(const Target& target, const base::Json& options);

    base::Json store(const std::string& collection, const kube::ObjectKey& key, base::Json object);
    void erase(const std::string& collection, const kube::ObjectKey& key);
    void collectOrphans(const std::string& ownerUid);
    bool ownerExists(const std::string& uid) const;
    void note(const kube::HttpRequest& request, int status, bool watch);
    std::vector<std::string> pending(Watch& watch) const;
    void begin(Watch& watch) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::map<std::string, Objects> collections_;  // by "group/version/plural"
    std::map<std::string, base::Json> applied_;   // last intent by uid, manager and subresource
    std::vector<Change> history_;
    std::vector<std::pair<std::string, std::string>> raw_;  // target part, line
    std::vector<Request> requests_;
    std::vector<Failure> failures_;
    std::map<uint64_t, std::string> watches_;  // target by id
    std::set<std::string> hidden_;
    Intercept intercept_;
    uint64_t version_ = 100;
    uint64_t compacted_ = 0;
    uint64_t bookmarks_ = 0;
    uint64_t cuts_ = 0;
    uint64_t lastUid_ = 0;
    uint64_t lastWatch_ = 0;
    bool reachable_ = true;
    bool streamedLists_ = true;
};

}  // namespace test
