// The hard ends of a process: a lease lost in the midst of a drain, work that never ends, an
// elector that hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "apiserver/server.h"
#include "runtime/loopback.h"
#include "runtime/manager.h"
#include "runtime/manager_options.h"
#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using runtime::Outcome;
using test::httpGet;
using test::kPods;
using test::podJson;
using testing::HasSubstr;
using testing::StartsWith;

const kube::ObjectKey kLease{"system", "operator"};

std::string holderIn(const test::ApiServer& server) {
    auto lease = server.find(test::kLeases, kLease);
    return lease ? base::stringAt(*lease, "/spec/holderIdentity").value_or("") : "";
}

void steal(test::ApiServer& server) {
    server.edit(test::kLeases, kLease,
                [](base::Json& lease) { lease["spec"]["holderIdentity"] = "thief"; });
}

// A process whose only reconcile is under way, as `body` wants it to be.
class Busy {
  public:
    using Body = std::function<void(runtime::Manager&, std::stop_token)>;
    Busy(runtime::ManagerOptions options, Body body)
        : manager(std::move(options)), body_(std::move(body)) {
        auto& controller = manager.controller(
            "busy", {}, [this](const kube::ObjectKey&, const runtime::ReconcileContext& context) {
                began_.set_value();
                body_(manager, context.stop);
                return Outcome::done();
            });
        exit = std::async(std::launch::async, [this] { return manager.run(); });
        controller.enqueue({"ns", "x"});
        began_.get_future().wait();
    }
    ~Busy() { manager.shutdown(); }
    runtime::Manager manager;
    std::future<int> exit;

  private:
    std::promise<void> began_;
    const Body body_;
};

// Until the lease was renewed: what was asked of the process before has reached it by then.
void awaitRenewal(test::ApiServer& server) {
    server.forgetRequests();
    ASSERT_TRUE(server.waitFor([&] { return server.mutations("leases") >= 2; }));
}

void waitForStop(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
}

void neverEnd() {
    std::promise<void>().get_future().wait_for(1h);
}

TEST(ManagerEnd, ALeaseLostInADrainEndsItWithoutAnotherWrite) {
    auto server = std::make_shared<test::ApiServer>();
    std::atomic<bool> forbidden{false};
    Busy process(test::managerOptions(server, "a"),
                 [&](runtime::Manager& manager, const std::stop_token& stop) {
                     waitForStop(stop);
                     // Asked to stop, it writes all the same.
                     auto written = manager.client().apply(kPods, podJson("late"), {});
                     forbidden = !written && written.error().is(kube::ErrorKind::NotLeader);
                 });
    process.manager.shutdown();
    awaitRenewal(*server);
    auto begin = std::chrono::steady_clock::now();
    steal(*server);
    EXPECT_EQ(process.exit.get(), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s) << "the grace is not waited for";
    EXPECT_TRUE(forbidden);
    EXPECT_FALSE(server->find(kPods, {"ns", "late"}));
    EXPECT_EQ(server->mutations(), server->mutations("leases"));
    EXPECT_EQ(holderIn(*server), "thief");
}

// In processes of their own: they are cut off.
TEST(ManagerEnd, AReconcileThatNeverEndsIsCutOffAfterTheGrace) {
    auto begin = std::chrono::steady_clock::now();
    EXPECT_EXIT(
        {
            alarm(40);
            auto options = test::managerOptions(std::make_shared<test::ApiServer>(), "a");
            options.grace = 100ms;
            Busy process(std::move(options), [](auto&, const auto&) { neverEnd(); });
            kill(getpid(), SIGTERM);
            process.exit.wait();
            std::_Exit(42);
        },
        testing::ExitedWithCode(1), "could not stop in time");
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 5100ms) << "it has time to say goodbye";
}

TEST(ManagerEnd, ALeaseLostInADrainCutsOffWhatDoesNotEnd) {
    EXPECT_EXIT(
        {
            alarm(40);
            auto server = std::make_shared<test::ApiServer>();
            auto options = test::managerOptions(server, "a");
            options.grace = 1h;
            Busy process(std::move(options), [](auto&, const auto&) { neverEnd(); });
            kill(getpid(), SIGTERM);
            awaitRenewal(*server);
            steal(*server);
            process.exit.wait();
            std::_Exit(42);
        },
        testing::ExitedWithCode(1), "could not stop in time");
}

// A transport that breaks its promise: requests about the lease hang, stop or no stop.
class Hanging final : public test::ToServer {
  public:
    using ToServer::ToServer;
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override {
        if (request.target.find("/leases") != std::string::npos) {
            hangs.wait(true);
        }
        return ToServer::send(request, std::move(stop));
    }
    std::atomic<bool> hangs{false};
};

TEST(ManagerEnd, AnElectorThatHangsBeyondItsLeaseIsUnhealthy) {
    auto server = std::make_shared<test::ApiServer>();
    auto hanging = std::make_shared<Hanging>(server);
    auto port = test::freePort();
    runtime::Manager manager(test::shortLease(test::managerOptions(hanging, "a", port)));
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    EXPECT_TRUE(server->waitFor([&] { return holderIn(*server) == "a"; }));
    EXPECT_THAT(httpGet(port, "/healthz"), StartsWith("HTTP/1.1 200 "));
    hanging->hangs = true;
    auto end = std::chrono::steady_clock::now() + 20s;
    std::string health;
    while (!health.starts_with("HTTP/1.1 503 ") && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(20ms);
        health = httpGet(port, "/healthz");
    }
    EXPECT_THAT(health, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(health, HasSubstr("leader election: the lease ran out without a renewal"));
    EXPECT_THAT(httpGet(port, "/metrics"), StartsWith("HTTP/1.1 200 "));
    auto written = manager.client().apply(kPods, podJson("late"), {});
    EXPECT_TRUE(!written && written.error().is(kube::ErrorKind::NotLeader));
    hanging->hangs = false;
    hanging->hangs.notify_all();
    EXPECT_EQ(exit.get(), 1) << "it notices by itself as soon as it can";
}

}  // namespace
