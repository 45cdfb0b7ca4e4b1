// The elector's thread; its rules are in election_test.cpp.
#include "runtime/leader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "apiserver/server.h"
#include "runtime/metrics.h"
#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const kube::ObjectKey kLease{"ns", "operator"};

struct Candidate {
    Candidate(std::shared_ptr<test::ApiServer> transport, const std::string& identity,
              std::chrono::milliseconds renewDeadline)
        : client(transport, {}),
          elector(client,
                  {.lease = kLease,
                   .identity = identity,
                   .leaseDuration = renewDeadline + 1000ms,
                   .renewDeadline = renewDeadline,
                   .retryPeriod = 50ms},
                  base::systemClock(), metrics) {}
    void start() {
        elector.start([this] { started = true; }, [this] { lost = true; });
    }
    kube::Client client;
    runtime::Metrics metrics;
    std::atomic<bool> started{false};
    std::atomic<bool> lost{false};
    runtime::LeaderElector elector;
};

class LeaderTest : public testing::Test {
  protected:
    std::string holder() const {
        auto lease = server->find(test::kLeases, kLease);
        return lease ? base::stringAt(*lease, "/spec/holderIdentity").value_or("") : "";
    }
    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    Candidate a{server, "a", 10s};
    Candidate b{server, "b", 10s};
    // For tests that wait until a lease has run out.
    Candidate brief{server, "brief", 2s};
};

TEST_F(LeaderTest, OneLeadsAndTheOtherFollowsAfterTheRelease) {
    a.start();
    ASSERT_TRUE(server->waitFor([&] { return a.started.load(); }));
    EXPECT_TRUE(a.elector.holds());
    EXPECT_THAT(a.metrics.text(), HasSubstr("leader_election_master_status{name=\"operator\"} 1"));
    b.start();
    ASSERT_TRUE(server->waitFor([&] { return b.elector.holder() == "a"; }));
    EXPECT_FALSE(b.elector.holds());
    EXPECT_THAT(b.metrics.text(), HasSubstr("leader_election_master_status{name=\"operator\"} 0"));
    a.elector.stop(true);
    EXPECT_FALSE(a.elector.holds());
    EXPECT_FALSE(a.lost);
    EXPECT_TRUE(server->waitFor([&] { return b.started.load(); }));
    EXPECT_EQ(holder(), "b");
}

TEST_F(LeaderTest, StoppingWithoutReleaseLeavesTheLeaseToRunOut) {
    a.start();
    ASSERT_TRUE(server->waitFor([&] { return a.started.load(); }));
    a.elector.stop(false);
    EXPECT_EQ(holder(), "a");
    EXPECT_FALSE(a.elector.holds());
}

TEST_F(LeaderTest, AFollowerStopsWithoutTouchingTheLease) {
    a.start();
    ASSERT_TRUE(server->waitFor([&] { return a.started.load(); }));
    b.start();
    ASSERT_TRUE(server->waitFor([&] { return b.elector.holder() == "a"; }));
    b.elector.stop(true);
    EXPECT_EQ(holder(), "a");
}

TEST_F(LeaderTest, AnUnreachableServerMeansLossOnceAndForAll) {
    brief.start();
    ASSERT_TRUE(server->waitFor([&] { return brief.started.load(); }));
    server->setReachable(false);
    ASSERT_TRUE(server->waitFor([&] { return brief.lost.load(); }));
    EXPECT_FALSE(brief.elector.holds());
    server->setReachable(true);
    b.start();
    EXPECT_TRUE(server->waitFor([&] { return b.started.load(); }));
    EXPECT_FALSE(brief.elector.holds());
}

TEST_F(LeaderTest, AStolenLeaseIsNoticedAtTheNextRenewal) {
    a.start();
    ASSERT_TRUE(server->waitFor([&] { return a.started.load(); }));
    server->edit(test::kLeases, kLease,
                 [](base::Json& lease) { lease["spec"]["holderIdentity"] = "thief"; });
    EXPECT_TRUE(server->waitFor([&] { return a.lost.load(); }));
    EXPECT_EQ(holder(), "thief");
}

// The thread hangs in a request: the gate has to close all the same, by the clock alone.
TEST_F(LeaderTest, HoldsEndsEvenWhenARequestHangs) {
    brief.start();
    ASSERT_TRUE(server->waitFor([&] { return brief.started.load(); }));
    std::atomic<bool> hang{true};
    server->onRequest([&](const kube::HttpRequest&) {
        hang.wait(true);
        return std::nullopt;
    });
    EXPECT_TRUE(server->waitFor([&] { return !brief.elector.holds(); }));
    EXPECT_FALSE(brief.lost) << "its thread hangs, so nobody told";
    hang = false;
    hang.notify_all();
    server->onRequest({});
    EXPECT_TRUE(server->waitFor([&] { return brief.lost.load() || brief.elector.holds(); }));
}

}  // namespace
