#include "runtime/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "apiserver/server.h"
#include "runtime/loopback.h"
#include "runtime/manager_options.h"
#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using runtime::Outcome;
using test::httpGet;
using test::kMaps;
using test::kPods;
using test::podJson;
using testing::HasSubstr;
using testing::StartsWith;

// For each pod, a config map of its name.
class Process {
  public:
    Process(std::shared_ptr<kube::Transport> transport, const std::string& identity, uint16_t port)
        : Process(test::managerOptions(std::move(transport), identity, port)) {}
    explicit Process(runtime::ManagerOptions options)
        : manager(std::move(options)),
          pods(manager.informer({.type = kPods})),
          maps(manager.informer({.type = kMaps})),
          controller(manager.controller("mirror", {.workers = 2},
                                        [this](const kube::ObjectKey& key, const auto& context) {
                                            return reconcile(key, context);
                                        })) {
        pods.onChange([this](const runtime::Store::Change& change, bool initial) {
            const auto& object = change.after ? change.after : change.before;
            controller.enqueue(object->meta().key, initial ? runtime::kStartupPriority : 0);
        });
        manager.whileLeading([this](std::stop_token stop) {
            std::mutex mutex;
            std::condition_variable_any end;
            std::unique_lock lock(mutex);
            tasks++;
            end.wait(lock, stop, [] { return false; });
            tasks--;
        });
    }
    ~Process() { manager.shutdown(); }
    void run() {
        exit = std::async(std::launch::async, [this] { return manager.run(); });
    }
    Outcome reconcile(const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
        if (pods.store().get(key) == nullptr || maps.store().get(key) != nullptr) {
            return Outcome::done();
        }
        auto made = manager.client().apply(
            kMaps,
            {{"apiVersion", "v1"},
             {"kind", "ConfigMap"},
             {"metadata", {{"namespace", key.namespace_}, {"name", key.name}}}},
            context.stop);
        if (!made) {
            return Outcome::retry(made.error().str());
        }
        context.wrote("configmaps", (*made)->meta().resourceVersion);
        return Outcome::done();
    }

    runtime::Manager manager;
    runtime::Informer& pods;
    runtime::Informer& maps;
    runtime::Controller& controller;
    std::atomic<int> tasks{0};
    std::future<int> exit;
};

class ManagerTest : public testing::Test {
  protected:
    std::string leaseHolder() const {
        auto lease = server->find(test::kLeases, {"system", "operator"});
        return lease ? base::stringAt(*lease, "/spec/holderIdentity").value_or("") : "";
    }
    bool mirrored(const std::string& name) const {
        return server->waitFor([&] { return server->find(kMaps, {"ns", name}).has_value(); });
    }
    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
};

TEST_F(ManagerTest, AControllerWorksFromStartToEnd) {
    server->put(kPods, podJson("early"));
    auto port = test::freePort();
    Process process(server, "a", port);
    process.run();
    ASSERT_TRUE(mirrored("early"));
    server->put(kPods, podJson("late"));
    ASSERT_TRUE(mirrored("late"));
    EXPECT_EQ(process.tasks, 1);
    EXPECT_EQ(leaseHolder(), "a");
    EXPECT_THAT(httpGet(port, "/healthz"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(httpGet(port, "/readyz"), StartsWith("HTTP/1.1 200 "));
    auto metrics = httpGet(port, "/metrics");
    EXPECT_THAT(metrics, HasSubstr("leader_election_master_status{name=\"operator\"} 1"));
    EXPECT_THAT(metrics, HasSubstr("rest_client_requests_total{code=\"201\",host=\"fake\""));
    EXPECT_THAT(metrics, HasSubstr("controller_runtime_reconcile_total"));
    process.manager.shutdown();
    EXPECT_EQ(process.exit.get(), 0);
    EXPECT_EQ(leaseHolder(), "") << "released";
    EXPECT_EQ(process.tasks, 0);
    EXPECT_EQ(server->openWatches(), 0U);
    EXPECT_FALSE(test::Loopback(port).connected());
}

TEST_F(ManagerTest, AtRestItWritesNothingButTheLease) {
    server->put(kPods, podJson("a"));
    Process process(server, "a", 0);
    process.run();
    ASSERT_TRUE(mirrored("a"));
    server->forgetRequests();
    server->bookmark();
    ASSERT_TRUE(server->waitFor([&] { return server->mutations("leases") >= 5; }));
    EXPECT_EQ(server->mutations(), server->mutations("leases"));
    EXPECT_EQ(server->openWatches(), 2U);
    process.manager.shutdown();
    EXPECT_EQ(process.exit.get(), 0);
}

TEST_F(ManagerTest, AFollowerIsWarmReadyAndSilentAndTakesOver) {
    Process leader(server, "leader", 0);
    leader.run();
    ASSERT_TRUE(server->waitFor([&] { return leaseHolder() == "leader"; }));
    auto port = test::freePort();
    Process follower(server, "follower", port);
    follower.run();
    server->put(kPods, podJson("a"));
    ASSERT_TRUE(mirrored("a"));
    ASSERT_TRUE(server->waitFor([&] {
        return follower.maps.store().size() == 1 && follower.pods.store().synced();
    })) << "each kind is listed by a thread of its own";
    EXPECT_THAT(httpGet(port, "/readyz"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(httpGet(port, "/metrics"),
                HasSubstr("leader_election_master_status{name=\"operator\"} 0"));
    EXPECT_EQ(follower.tasks, 0);
    EXPECT_TRUE(follower.manager.client()
                    .apply(kMaps,
                           {{"apiVersion", "v1"},
                            {"kind", "ConfigMap"},
                            {"metadata", {{"namespace", "ns"}, {"name", "forbidden"}}}},
                           {})
                    .error()
                    .is(kube::ErrorKind::NotLeader));
    leader.manager.shutdown();
    EXPECT_EQ(leader.exit.get(), 0);
    server->put(kPods, podJson("b"));
    EXPECT_TRUE(mirrored("b"));
    EXPECT_EQ(leaseHolder(), "follower");
    follower.manager.shutdown();
    EXPECT_EQ(follower.exit.get(), 0);
}

// The way to the server, until it is cut.
class Cable final : public test::ToServer {
  public:
    using ToServer::ToServer;
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override {
        if (cut) {
            kube::ApiError error;
            error.kind = kube::ErrorKind::Unreachable;
            return base::failWith(std::move(error));
        }
        return ToServer::send(request, std::move(stop));
    }
    std::atomic<bool> cut{false};
};

// No goodbye of the leader's, and no list of the follower's: what it needs is in its caches.
TEST_F(ManagerTest, AWarmFollowerTakesOverWithoutAQuestion) {
    auto cable = std::make_shared<Cable>(server);
    Process leader(test::shortLease(test::managerOptions(cable, "leader")));
    leader.run();
    ASSERT_TRUE(server->waitFor([&] { return leaseHolder() == "leader"; }));
    Process follower(test::shortLease(test::managerOptions(server, "follower")));
    follower.run();
    server->put(kPods, podJson("a"));
    ASSERT_TRUE(mirrored("a"));
    ASSERT_TRUE(server->waitFor(
        [&] { return follower.pods.store().size() == 1 && follower.maps.store().size() == 1; }));
    cable->cut = true;
    server->forgetRequests();
    server->put(kPods, podJson("b"));
    EXPECT_TRUE(mirrored("b"));
    EXPECT_EQ(leaseHolder(), "follower");
    EXPECT_EQ(leader.exit.get(), 1);
    for (const auto& request : server->requests()) {
        EXPECT_TRUE(request.mutating() || request.target.find("/leases/") != std::string::npos)
            << request.target;
    }
    EXPECT_EQ(server->mutations("/configmaps/"), 1U) << "what the leader had made is known";
    follower.manager.shutdown();
    EXPECT_EQ(follower.exit.get(), 0);
}

TEST_F(ManagerTest, ALostLeaseIsExitCodeOne) {
    Process process(server, "a", 0);
    process.run();
    ASSERT_TRUE(server->waitFor([&] { return process.tasks == 1; }));
    server->edit(test::kLeases, {"system", "operator"},
                 [](base::Json& lease) { lease["spec"]["holderIdentity"] = "thief"; });
    EXPECT_EQ(process.exit.get(), 1);
    EXPECT_EQ(leaseHolder(), "thief") << "not released in another's name";
}

TEST_F(ManagerTest, AnUnreachableServerAtTheStartIsWaitedFor) {
    server->setReachable(false);
    server->put(kPods, podJson("a"));
    auto port = test::freePort();
    Process process(server, "a", port);
    process.run();
    ASSERT_TRUE(server->waitFor([&] { return server->requests().size() >= 4; }));
    EXPECT_THAT(httpGet(port, "/healthz"), StartsWith("HTTP/1.1 200 "));
    auto ready = httpGet(port, "/readyz");
    EXPECT_THAT(ready, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(ready, HasSubstr("not synced: pods\nnot synced: configmaps\n"));
    server->setReachable(true);
    EXPECT_TRUE(mirrored("a"));
    process.manager.shutdown();
    EXPECT_EQ(process.exit.get(), 0);
}

TEST_F(ManagerTest, AnOutageIsSaidOnceForAllWatches) {
    Process process(server, "a", 0);
    testing::internal::CaptureStderr();
    process.run();
    ASSERT_TRUE(server->waitFor([&] { return server->openWatches() == 2; }));
    server->setReachable(false);
    ASSERT_TRUE(server->waitFor([&] { return server->openWatches() == 0; }));
    server->forgetRequests();
    ASSERT_TRUE(server->waitFor([&] { return server->requests().size() >= 4; }));
    process.manager.shutdown();
    process.exit.get();
    auto log = testing::internal::GetCapturedStderr();
    auto first = log.find("the API server does not answer");
    EXPECT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find("the API server does not answer", first + 1), std::string::npos) << log;
}

TEST_F(ManagerTest, StopsWhileItStillWaitsForTheServer) {
    server->setReachable(false);
    Process process(server, "a", 0);
    process.run();
    ASSERT_TRUE(server->waitFor([&] { return !server->requests().empty(); }));
    process.manager.shutdown();
    EXPECT_EQ(process.exit.get(), 0);
}

TEST_F(ManagerTest, AMissingKindKeepsItUnreadyAndNamesIt) {
    server->hide("configmaps");
    auto port = test::freePort();
    Process process(server, "a", port);
    process.run();
    ASSERT_TRUE(server->waitFor([&] { return process.pods.store().synced(); }));
    EXPECT_THAT(httpGet(port, "/readyz"), HasSubstr("\r\n\r\nnot synced: configmaps\n"));
    process.manager.shutdown();
    EXPECT_EQ(process.exit.get(), 0);
}

TEST_F(ManagerTest, WhatNeverListsIsNamedAndEndsItWhereThatIsWanted) {
    server->hide("configmaps");
    auto options = test::managerOptions(server, "a");
    options.startTimeout = 50ms;
    options.startOrExit = true;
    runtime::Manager manager(std::move(options));
    manager.informer({.type = kMaps});
    testing::internal::CaptureStderr();
    EXPECT_EQ(manager.run(), 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::AllOf(HasSubstr("no first list in time"),
                               HasSubstr("missing=not synced: configmaps")));
}

TEST_F(ManagerTest, FiguresThatLetTwoLeadAreWrongUsage) {
    auto options = test::managerOptions(server, "a");
    options.leader.leaseDuration = 5s;
    runtime::Manager manager(std::move(options));
    testing::internal::CaptureStderr();
    EXPECT_EQ(manager.run(), 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("leaseDuration is 5000 ms"));
}

TEST_F(ManagerTest, ATakenPortEndsItWithOneClearLine) {
    runtime::HttpServer other;
    auto port = other.listen("127.0.0.1", 0);
    Process process(server, "a", *port);
    testing::internal::CaptureStderr();
    process.run();
    EXPECT_EQ(process.exit.get(), 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(*port)));
}

TEST_F(ManagerTest, WithoutElectionItLeadsAtOnce) {
    auto options = test::managerOptions(server, "a");
    options.leaderElection = false;
    runtime::Manager manager(std::move(options));
    std::atomic<bool> leads{false};
    manager.whileLeading([&](std::stop_token) { leads = true; });
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    EXPECT_TRUE(server->waitFor([&] { return leads.load(); }));
    manager.shutdown();
    EXPECT_EQ(exit.get(), 0);
    EXPECT_EQ(server->mutations(), 0U);
}

// The grace is for work under way, and only as long as the lease holds.
TEST_F(ManagerTest, ADrainLetsTheRunningReconcileWrite) {
    auto options = test::managerOptions(server, "a");
    runtime::Manager manager(std::move(options));
    std::promise<void> began;
    std::promise<void> released;
    auto& controller = manager.controller(
        "slow", {}, [&](const kube::ObjectKey&, const runtime::ReconcileContext& context) {
            began.set_value();
            released.get_future().wait();
            auto written = manager.client().apply(kPods, podJson("last"), context.stop);
            return written ? Outcome::done() : Outcome::retry(written.error().str());
        });
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    controller.enqueue({"ns", "x"});
    began.get_future().wait();
    manager.shutdown();
    server->forgetRequests();
    ASSERT_TRUE(server->waitFor([&] { return server->mutations("leases") >= 2; }))
        << "the lease is renewed while it drains";
    released.set_value();
    EXPECT_EQ(exit.get(), 0);
    EXPECT_TRUE(server->find(kPods, {"ns", "last"}));
    EXPECT_EQ(leaseHolder(), "");
}

TEST_F(ManagerTest, AHungReconcileIsToldToTheProbeWithItsKey) {
    auto port = test::freePort();
    runtime::Manager manager(test::managerOptions(server, "a", port));
    std::promise<void> released;
    auto& controller = manager.controller("stubborn", {.workers = 1, .deadline = 20ms},
                                          [&](const kube::ObjectKey&, const auto&) {
                                              released.get_future().wait();
                                              return Outcome::done();
                                          });
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    controller.enqueue({"ns", "x"});
    auto answers = [&](const std::string& start, const std::string& text) {
        return server->waitFor([&] {
            auto answer = httpGet(port, "/healthz");
            return answer.starts_with(start) && answer.find(text) != std::string::npos;
        });
    };
    EXPECT_TRUE(answers("HTTP/1.1 503 ", "ns/x"));
    released.set_value();
    EXPECT_TRUE(answers("HTTP/1.1 200 ", "ok"));
    manager.shutdown();
    EXPECT_EQ(exit.get(), 0);
}

// In a process of its own: the signal is for all its threads.
TEST_F(ManagerTest, SignalsEndTheProcessInOrder) {
    for (int signal : {SIGTERM, SIGINT}) {
        EXPECT_EXIT(
            {
                Process process(server, "a", 0);
                process.run();
                server->waitFor([&] { return process.tasks == 1; });
                kill(getpid(), signal);
                int code = process.exit.get();
                std::_Exit(code == 0 && leaseHolder().empty() ? 42 : 1);
            },
            testing::ExitedWithCode(42), "asked to stop by a signal");
    }
}

}  // namespace
