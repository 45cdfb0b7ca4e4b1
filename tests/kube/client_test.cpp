#include "kube/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.h"
#include "support/http_stub.h"

namespace {

using namespace std::string_literals;
using base::Json;
using kube::ErrorKind;
using support::Gate;
using support::HttpStub;
using support::StubReply;
using support::StubRequest;

const kube::ResourceType kPods{"", "v1", "pods", "Pod", true};
const kube::ResourceType kDeployments{"apps", "v1", "deployments", "Deployment", true};
const kube::ResourceType kNodes{"", "v1", "nodes", "Node", false};

constexpr const char* kPod =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"n","resourceVersion":"5"}})";

void answerPod(const StubRequest&, StubReply& reply) {
    reply.send(200, kPod);
}

std::unique_ptr<kube::Client> clientOf(const HttpStub& server, kube::ClientOptions options = {}) {
    kube::ClusterConfig config;
    config.server = server.url();
    return std::make_unique<kube::Client>(kube::makeTransport(config), std::move(options));
}

Json object(const std::string& kind, const std::string& name, const std::string& namespace_ = "n") {
    return {{"apiVersion", "v1"},
            {"kind", kind},
            {"metadata", {{"name", name}, {"namespace", namespace_}}}};
}

TEST(Client, GetAsksForOneObject) {
    HttpStub server(answerPod);
    auto got = clientOf(server)->get(kPods, {"n", "a"}, {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ((*got)->meta().resourceVersion, "5");
    EXPECT_EQ(server.requests()[0].target, "/api/v1/namespaces/n/pods/a");
}

TEST(Client, ListSendsItsOptionsEncodedAndReadsItems) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.send(
            200,
            R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"77",)"
            R"("continue":"next=="},"items":[{"metadata":{"name":"a","namespace":"n"}},)"
            R"({"metadata":{"name":"b","namespace":"n","managedFields":[{}]},"spec":{"x":1.0}}]})");
    });
    auto list = clientOf(server)->list(kPods,
                                       {.namespace_ = "n",
                                        .labelSelector = "app in (a,b)",
                                        .fieldSelector = "spec.nodeName=x",
                                        .shardSelector = "shardRange(x,'0x0')",
                                        .resourceVersion = "0",
                                        .continueToken = "t/+",
                                        .limit = 50},
                                       {});
    ASSERT_TRUE(list.ok()) << list.error().str();
    EXPECT_EQ(list->resourceVersion, "77");
    EXPECT_EQ(list->continueToken, "next==");
    ASSERT_EQ(list->items.size(), 2U);
    EXPECT_EQ(
        list->items[1]->text(),
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"n"},"spec":{"x":1.0}})");
    EXPECT_EQ(server.requests()[0].target,
              "/api/v1/namespaces/n/pods?labelSelector=app%20in%20%28a%2Cb%29&fieldSelector="
              "spec.nodeName%3Dx&shardSelector=shardRange%28x%2C%270x0%27%29&resourceVersion=0&"
              "continue=t%2F%2B&limit=50");
    EXPECT_EQ(server.requests()[0].header("accept-encoding"), "gzip");
}

TEST(Client, AnEmptyListMayHaveNullItems) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.send(200, R"({"kind":"PodList","metadata":{"resourceVersion":"1"},"items":null})");
    });
    auto list = clientOf(server)->list(kPods, {}, {});
    ASSERT_TRUE(list.ok());
    EXPECT_TRUE(list->items.empty());
    EXPECT_EQ(server.requests()[0].target, "/api/v1/pods");
}

TEST(Client, AnAnswerThatIsNoListOrNoObjectIsMalformed) {
    for (
        const char* body :
        {"", "{}", "[]", R"({"items":[{"metadata":}]})", R"({"items":[{]})",
         R"({"metadata":{"resourceVersion":"07"},"items":[]})",
         R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"resourceVersion":"x"}}]})"}) {
        HttpStub server([&](const StubRequest&, StubReply& reply) { reply.send(200, body); });
        auto list = clientOf(server)->list(kPods, {}, {});
        ASSERT_FALSE(list.ok()) << body;
        EXPECT_EQ(list.error().kind, ErrorKind::Malformed);
    }
    HttpStub server([](const StubRequest&, StubReply& reply) { reply.send(200, "ok"); });
    auto got = clientOf(server)->get(kPods, {"n", "a"}, {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Malformed);
    EXPECT_EQ(*clientOf(server)->getRaw("/readyz", {}), "ok");
}

TEST(Client, ApplyIsAForcedServerSideApply) {
    HttpStub server(answerPod);
    auto client = clientOf(server, {.fieldManager = "the operator"});
    ASSERT_TRUE(client->apply(kDeployments, object("Deployment", "web"), {}).ok());
    ASSERT_TRUE(client->applyStatus(kDeployments, object("Deployment", "web"), {}).ok());
    const auto seen = server.requests();
    EXPECT_EQ(seen[0].method, "PATCH");
    EXPECT_EQ(seen[0].target,
              "/apis/apps/v1/namespaces/n/deployments/web?fieldManager=the%20operator&"
              "fieldValidation=Strict&force=true");
    EXPECT_EQ(seen[0].header("content-type"), "application/apply-patch+yaml");
    EXPECT_EQ(seen[0].body, base::dumpJson(object("Deployment", "web")));
    EXPECT_EQ(seen[1].target.rfind("/apis/apps/v1/namespaces/n/deployments/web/status?", 0), 0U);
}

TEST(Client, CreateUpdateAndPatch) {
    HttpStub server(answerPod);
    auto client = clientOf(server, {.fieldManager = "m"});
    const std::string query = "?fieldManager=m&fieldValidation=Strict";
    ASSERT_TRUE(client->create(kPods, object("Pod", "a"), {}).ok());
    ASSERT_TRUE(client->update(kPods, object("Pod", "a"), {}).ok());
    ASSERT_TRUE(client->patch(kPods, {"n", "a"}, kube::PatchType::MergePatch, {{"x", 1}}, {}).ok());
    ASSERT_TRUE(client
                    ->patch(kPods, {"n", "a"}, kube::PatchType::JsonPatch, Json::array(), {},
                            "ephemeralcontainers")
                    .ok());
    ASSERT_TRUE(client->create(kNodes, object("Node", "x", "ignored"), {}).ok());
    const auto seen = server.requests();
    EXPECT_EQ(seen[0].method + seen[0].target, "POST/api/v1/namespaces/n/pods" + query);
    EXPECT_EQ(seen[1].method + seen[1].target, "PUT/api/v1/namespaces/n/pods/a" + query);
    EXPECT_EQ(seen[2].method + seen[2].target, "PATCH/api/v1/namespaces/n/pods/a" + query);
    EXPECT_EQ(seen[2].header("content-type"), "application/merge-patch+json");
    EXPECT_EQ(seen[3].target, "/api/v1/namespaces/n/pods/a/ephemeralcontainers" + query);
    EXPECT_EQ(seen[3].header("content-type"), "application/json-patch+json");
    EXPECT_EQ(seen[4].target, "/api/v1/nodes" + query);
}

TEST(Client, DeleteCarriesItsPreconditions) {
    HttpStub server(answerPod);
    auto client = clientOf(server);
    ASSERT_TRUE(client->remove(kPods, {"n", "a"}, "u-1", {}, {.resourceVersion = "9"}).ok());
    ASSERT_TRUE(client
                    ->remove(kPods, {"n", "a"}, "u-2", {},
                             {.propagationPolicy = "Foreground", .gracePeriodSeconds = 0})
                    .ok());
    const auto seen = server.requests();
    EXPECT_EQ(seen[0].method, "DELETE");
    EXPECT_EQ(seen[0].body,
              R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background",)"
              R"("preconditions":{"uid":"u-1","resourceVersion":"9"}})");
    EXPECT_EQ(seen[1].body,
              R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground",)"
              R"("gracePeriodSeconds":0,"preconditions":{"uid":"u-2"}})");
}

TEST(Client, NothingWithoutANameIsWritten) {
    HttpStub server(answerPod);
    auto client = clientOf(server);
    EXPECT_EQ(client->remove(kPods, {"n", ""}, "u", {}).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(client->apply(kPods, Json::object(), {}).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(client->update(kPods, Json::object(), {}).error().kind, ErrorKind::Malformed);
    EXPECT_TRUE(server.requests().empty()) << "a DELETE of the collection was a letter away";
}

TEST(Client, NothingIsDeletedByItsNameAlone) {
    HttpStub server(answerPod);
    auto refused = clientOf(server)->remove(kPods, {"n", "a"}, "", {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::Malformed);
    EXPECT_EQ(refused.error().message, "delete of Pod n/a without a UID");
    EXPECT_TRUE(server.requests().empty());
}

TEST(Client, WatchAsksForBookmarksAndInitialEvents) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{\"type\":\"BOOKMARK\"}\n");
        reply.end();
    });
    auto client = clientOf(server);
    std::vector<std::string> lines;
    auto collect = [&](std::string_view line) { lines.emplace_back(line); };
    ASSERT_TRUE(client
                    ->watch(kPods,
                            {.namespace_ = "n",
                             .labelSelector = "a=b",
                             .shardSelector = "s",
                             .sendInitialEvents = true},
                            collect, {})
                    .ok());
    ASSERT_TRUE(client
                    ->watch(kPods, {.resourceVersion = "7", .timeout = std::chrono::seconds(5)},
                            collect, {})
                    .ok());
    EXPECT_EQ(lines.size(), 2U);
    EXPECT_EQ(server.requests()[0].target,
              "/api/v1/namespaces/n/pods?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db&"
              "shardSelector=s&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
              "timeoutSeconds=290");
    EXPECT_EQ(
        server.requests()[1].target,
        "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=5");
    EXPECT_EQ(server.requests()[0].header("accept-encoding"), "") << "no gzip on a watch";
}

// Answers with `status` until the request number `good`, then with the pod.
HttpStub::Handler failingUntil(int good, int status, StubReply::Headers headers) {
    auto count = std::make_shared<std::atomic<int>>(0);
    return [=](const StubRequest&, StubReply& reply) {
        ++*count < good ? reply.send(status, "{}", headers) : reply.send(200, kPod);
    };
}

TEST(ClientRetry, OnlyWhenTheServerSaysWhen) {
    for (int status : {429, 500, 503}) {
        HttpStub server(failingUntil(3, status, {{"Retry-After", "0"}}));
        EXPECT_TRUE(clientOf(server)->create(kPods, object("Pod", "a"), {}).ok());
        EXPECT_EQ(server.requests().size(), 3U) << status;
        HttpStub silent(failingUntil(3, status, {}));
        auto got = clientOf(silent)->get(kPods, {"n", "a"}, {});
        EXPECT_EQ(got.error().httpStatus, status);
        EXPECT_EQ(silent.requests().size(), 1U) << status;
    }
    HttpStub refused(failingUntil(3, 409, {{"Retry-After", "0"}}));
    EXPECT_FALSE(clientOf(refused)->get(kPods, {"n", "a"}, {}).ok());
    EXPECT_EQ(refused.requests().size(), 1U) << "a conflict is no matter of time";
}

TEST(ClientRetry, FourTimesAtMost) {
    HttpStub server(failingUntil(1000, 429, {{"Retry-After", "0"}}));
    auto got = clientOf(server)->get(kPods, {"n", "a"}, {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::TooManyRequests);
    EXPECT_EQ(server.requests().size(), 5U);
}

TEST(ClientRetry, NeverSoonerThanTheServerWants) {
    HttpStub server(failingUntil(2, 503, {{"Retry-After", "31"}}));
    auto got = clientOf(server)->get(kPods, {"n", "a"}, {});
    ASSERT_FALSE(got.ok()) << "that is longer than a call waits";
    EXPECT_EQ(got.error().retryAfter, std::chrono::seconds(31));
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(ClientRetry, WaitingEndsWithStop) {
    HttpStub server(failingUntil(1000, 429, {{"Retry-After", "30"}}));
    auto client = clientOf(server);
    std::stop_source source;
    std::jthread stopper([&] {
        EXPECT_TRUE(server.awaitRequests(1));
        source.request_stop();
    });
    auto got = client->get(kPods, {"n", "a"}, source.get_token());
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Cancelled);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(ClientGate, NoWriteLeavesWithoutTheLease) {
    HttpStub server(answerPod);
    bool leader = false;
    auto client = clientOf(server, {.mayWrite = [&] { return leader; }});
    EXPECT_EQ(client->create(kPods, object("Pod", "a"), {}).error().kind, ErrorKind::NotLeader);
    EXPECT_EQ(client->update(kPods, object("Pod", "a"), {}).error().kind, ErrorKind::NotLeader);
    EXPECT_EQ(client->apply(kPods, object("Pod", "a"), {}).error().kind, ErrorKind::NotLeader);
    EXPECT_EQ(client->applyStatus(kPods, object("Pod", "a"), {}).error().kind,
              ErrorKind::NotLeader);
    EXPECT_EQ(client->patch(kPods, {"n", "a"}, kube::PatchType::MergePatch, {}, {}).error().kind,
              ErrorKind::NotLeader);
    EXPECT_EQ(client->remove(kPods, {"n", "a"}, "u", {}).error().kind, ErrorKind::NotLeader);
    EXPECT_TRUE(server.requests().empty());
    EXPECT_TRUE(client->get(kPods, {"n", "a"}, {}).ok()) << "reading needs no lease";
    leader = true;
    EXPECT_TRUE(client->apply(kPods, object("Pod", "a"), {}).ok());
}

TEST(ClientGate, IsAskedAgainBeforeEveryRetry) {
    std::atomic<bool> leader{true};
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        leader = false;
        reply.send(429, "{}", {{"Retry-After", "0"}});
    });
    auto client = clientOf(server, {.mayWrite = [&] { return leader.load(); }});
    EXPECT_EQ(client->apply(kPods, object("Pod", "a"), {}).error().kind, ErrorKind::NotLeader);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Client, AtMostSoManyRequestsAtOnceAndWatchesDoNotCount) {
    constexpr int kMost = 3;
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    Gate watching;
    Gate go;
    HttpStub server([&](const StubRequest& request, StubReply& reply) {
        if (request.target.find("watch=true") != std::string::npos) {
            reply.begin();
            reply.chunk("{}\n");
            reply.awaitPeerGone();
            return;
        }
        int here = ++now;
        for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
        }
        if (here == kMost) {
            go.open();
        }
        EXPECT_TRUE(go.wait()) << "fewer than the cap were let through";
        --now;
        reply.send(200, kPod);
    });
    auto client = clientOf(server, {.maxInFlight = kMost});
    std::stop_source source;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kMost; ++i) {
            threads.emplace_back([&] {
                static_cast<void>(client->watch(
                    kPods, {}, [&](std::string_view) { watching.open(); }, source.get_token()));
            });
        }
        EXPECT_TRUE(watching.wait());
        std::vector<std::jthread> calls;
        for (int i = 0; i < 4 * kMost; ++i) {
            calls.emplace_back([&] { EXPECT_TRUE(client->get(kPods, {"n", "a"}, {}).ok()); });
        }
        calls.clear();
        source.request_stop();
    }
    EXPECT_EQ(most, kMost);
}

TEST(Client, ReportsEveryRequest) {
    HttpStub server([](const StubRequest& request, StubReply& reply) {
        request.method == "DELETE" ? reply.send(404, "{}") : reply.send(200, kPod + "\n"s);
    });
    std::vector<std::string> seen;
    auto client = clientOf(server, {.observe = [&](const kube::RequestInfo& info) {
                               seen.push_back(info.verb + " " + info.resource + " " +
                                              std::to_string(info.httpStatus) +
                                              (info.mutating() ? " mutating" : ""));
                               EXPECT_GE(info.duration.count(), 0);
                           }});
    static_cast<void>(client->get(kPods, {"n", "a"}, {}));
    static_cast<void>(client->apply(kDeployments, object("D", "a"), {}));
    static_cast<void>(client->remove(kPods, {"n", "a"}, "u", {}));
    static_cast<void>(client->watch(kPods, {}, [](std::string_view) {}, {}));
    EXPECT_EQ(seen, (std::vector<std::string>{"get pods 200", "apply deployments 200 mutating",
                                              "delete pods 404 mutating", "watch pods 200"}));
}

TEST(Client, LogsAWarningOfTheServerOnce) {
    HttpStub server([](const StubRequest&, StubReply& reply) {
        reply.send(200, kPod, {{"Warning", "299 - \"v1beta1 is deprecated\""}});
    });
    auto client = clientOf(server);
    testing::internal::CaptureStderr();
    static_cast<void>(client->get(kPods, {"n", "a"}, {}));
    static_cast<void>(client->get(kPods, {"n", "a"}, {}));
    const std::string log = testing::internal::GetCapturedStderr();
    const size_t first = log.find("v1beta1 is deprecated");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(log.find("v1beta1 is deprecated", first + 1), std::string::npos);
}

TEST(Client, AStoppedCallIsNotSent) {
    HttpStub server(answerPod);
    std::stop_source source;
    source.request_stop();
    auto got = clientOf(server)->get(kPods, {"n", "a"}, source.get_token());
    EXPECT_EQ(got.error().kind, ErrorKind::Cancelled);
    EXPECT_TRUE(server.requests().empty());
}

}  // namespace
