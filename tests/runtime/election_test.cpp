#include "runtime/election.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/objects.h"
#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using kube::ErrorKind;

// One lease, as the server keeps it; several elections may talk to it.
class Leases final : public runtime::LeaseClient {
  public:
    kube::ApiResult<kube::ObjectPtr> get(const kube::ObjectKey&, std::stop_token) override {
        ++gets;
        return guarded([&]() -> kube::ApiResult<kube::ObjectPtr> {
            if (lease.is_null()) {
                return fail(ErrorKind::NotFound);
            }
            return kube::Object::fromJson(lease);
        });
    }
    kube::ApiResult<kube::ObjectPtr> create(const base::Json& object, std::stop_token) override {
        return guarded([&]() -> kube::ApiResult<kube::ObjectPtr> {
            return lease.is_null() ? keep(object) : fail(ErrorKind::AlreadyExists);
        });
    }
    kube::ApiResult<kube::ObjectPtr> update(const base::Json& object, std::stop_token) override {
        return guarded([&]() -> kube::ApiResult<kube::ObjectPtr> {
            if (lease.is_null()) {
                return fail(ErrorKind::NotFound);
            }
            if (object["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]) {
                return fail(ErrorKind::Conflict);
            }
            return keep(object);
        });
    }
    std::string holder() const {
        return base::stringAt(lease, "/spec/holderIdentity").value_or("");
    }

    base::Json lease;
    int gets = 0;
    bool reachable = true;
    bool answers = true;  // false: does what was asked, but the answer is lost
    std::function<void()> whileAsked;

  private:
    static kube::ApiResult<kube::ObjectPtr> fail(ErrorKind kind) {
        kube::ApiError error;
        error.kind = kind;
        return base::failWith(error);
    }
    template <class F>
    kube::ApiResult<kube::ObjectPtr> guarded(F what) {
        if (!reachable) {
            return fail(ErrorKind::Unreachable);
        }
        auto result = what();
        if (whileAsked) {
            whileAsked();
        }
        return answers ? result : fail(ErrorKind::Timeout);
    }
    kube::ApiResult<kube::ObjectPtr> keep(const base::Json& object) {
        lease = object;
        lease["metadata"]["uid"] = "lease-uid";
        lease["metadata"]["resourceVersion"] = std::to_string(++version_);
        return kube::Object::fromJson(lease);
    }
    int version_ = 0;
};

class ElectionTest : public testing::Test {
  protected:
    runtime::LeaderOptions options(const std::string& identity) {
        return {.lease = {"ns", "operator"}, .identity = identity};
    }
    test::FakeClock clock;
    Leases leases;
    std::stop_token never;
    runtime::Election a{leases, options("a"), clock};
    runtime::Election b{leases, options("b"), clock};
};

TEST_F(ElectionTest, TheFirstCreatesTheLease) {
    EXPECT_FALSE(a.holds());
    EXPECT_TRUE(a.attempt(never));
    EXPECT_TRUE(a.holds());
    EXPECT_EQ(leases.holder(), "a");
    EXPECT_EQ(base::intAt(leases.lease, "/spec/leaseDurationSeconds"), 15);
    EXPECT_EQ(base::intAt(leases.lease, "/spec/leaseTransitions"), 0);
    EXPECT_EQ(base::stringAt(leases.lease, "/spec/renewTime"), "2026-01-01T00:00:00.000000Z");
    EXPECT_FALSE(b.attempt(never));
    EXPECT_EQ(b.holder(), "a");
}

TEST_F(ElectionTest, RenewingNeedsNoReadAndKeepsTheAcquireTime) {
    a.attempt(never);
    int gets = leases.gets;
    clock.advance(2s);
    EXPECT_TRUE(a.attempt(never));
    EXPECT_EQ(leases.gets, gets);
    EXPECT_EQ(a.slowPaths(), 0U);
    EXPECT_EQ(base::stringAt(leases.lease, "/spec/acquireTime"), "2026-01-01T00:00:00.000000Z");
    EXPECT_EQ(base::stringAt(leases.lease, "/spec/renewTime"), "2026-01-01T00:00:02.000000Z");
}

TEST_F(ElectionTest, HoldsEndsAtTheRenewDeadlineByItself) {
    a.attempt(never);
    clock.advance(9999ms);
    EXPECT_TRUE(a.holds());
    clock.advance(1ms);
    EXPECT_FALSE(a.holds());
    EXPECT_TRUE(a.healthy());
    clock.advance(5s);
    EXPECT_FALSE(a.healthy());
}

TEST_F(ElectionTest, TheHoldersTimeCountsFromBeforeTheRequestWasSent) {
    leases.whileAsked = [&] { clock.advance(4s); };
    EXPECT_TRUE(a.attempt(never));
    leases.whileAsked = nullptr;
    clock.advance(1999ms);  // 4 s for the read, 4 s for the write
    EXPECT_TRUE(a.holds());
    EXPECT_EQ(a.heldUntil(), clock.steady() + 4001ms);
}

TEST_F(ElectionTest, TheOtherWaitsTheWholeDurationSinceItSawTheRecordChange) {
    a.attempt(never);
    clock.advance(14s);
    EXPECT_FALSE(b.attempt(never)) << "first sight: its clock begins here";
    clock.advance(14999ms);
    EXPECT_FALSE(b.attempt(never));
    clock.advance(1ms);
    EXPECT_TRUE(b.attempt(never));
    EXPECT_FALSE(a.holds());
    EXPECT_EQ(base::intAt(leases.lease, "/spec/leaseTransitions"), 1);
}

TEST_F(ElectionTest, ARenewalMakesTheOtherWaitAnew) {
    a.attempt(never);
    b.attempt(never);
    clock.advance(9s);
    EXPECT_TRUE(a.attempt(never));
    clock.advance(6s);
    EXPECT_FALSE(b.attempt(never));
    clock.advance(14s);
    EXPECT_FALSE(b.attempt(never));
}

TEST_F(ElectionTest, StampsOfAWrongClockDoNotMatter) {
    a.attempt(never);
    leases.lease["spec"]["renewTime"] = "1999-01-01T00:00:00.000000Z";
    EXPECT_FALSE(b.attempt(never));
}

// Whatever happens when: at no moment do two hold.
TEST_F(ElectionTest, NeverTwoHolders) {
    unsigned seed = 1;
    auto random = [&](unsigned below) {
        return (seed = seed * 1103515245 + 12345) / 65536 % below;
    };
    int changes = 0;
    std::string last;
    for (int step = 0; step < 20000; ++step) {
        clock.advance(std::chrono::milliseconds(random(4000)));
        leases.reachable = random(10) < 7;
        leases.answers = random(10) < 8;
        leases.whileAsked = [&] { clock.advance(std::chrono::milliseconds(random(3000))); };
        auto& one = random(2) == 0 ? a : b;
        one.attempt(never);
        ASSERT_FALSE(a.holds() && b.holds()) << "step " << step;
        if (leases.holder() != last) {
            last = leases.holder();
            ++changes;
        }
    }
    EXPECT_GT(changes, 10);
}

TEST_F(ElectionTest, AnUnreachableServerKeepsNobodyInOffice) {
    a.attempt(never);
    leases.reachable = false;
    clock.advance(5s);
    EXPECT_FALSE(a.attempt(never));
    EXPECT_TRUE(a.holds());
    EXPECT_TRUE(a.lastError()->is(ErrorKind::Unreachable));
    clock.advance(5s);
    EXPECT_FALSE(a.attempt(never));
    EXPECT_FALSE(a.holds());
}

TEST_F(ElectionTest, ALostAnswerIsFoundOutByReading) {
    a.attempt(never);
    leases.answers = false;
    clock.advance(2s);
    EXPECT_FALSE(a.attempt(never));
    leases.answers = true;
    EXPECT_TRUE(a.attempt(never));
    EXPECT_EQ(a.slowPaths(), 1U);
    EXPECT_TRUE(a.holds());
}

TEST_F(ElectionTest, SeeingAnotherHolderEndsItAtOnce) {
    a.attempt(never);
    leases.lease["spec"]["holderIdentity"] = "intruder";
    leases.lease["metadata"]["resourceVersion"] = "999";
    EXPECT_FALSE(a.attempt(never));
    EXPECT_FALSE(a.leading());
    EXPECT_FALSE(a.holds());
    EXPECT_EQ(a.holder(), "intruder");
}

TEST_F(ElectionTest, ADeletedLeaseIsMadeAnew) {
    a.attempt(never);
    leases.lease = nullptr;
    EXPECT_TRUE(a.attempt(never));
    EXPECT_EQ(leases.holder(), "a");
}

// kubectl delete lease: the holder does not hear of it before its next renewal.
TEST_F(ElectionTest, ADeletedLeaseOfALivingHolderIsNotFreeBeforeItsTimeIsOver) {
    a.attempt(never);
    b.attempt(never);
    clock.advance(9s);
    a.attempt(never);  // b does not see that one
    clock.advance(1s);
    leases.lease = nullptr;
    EXPECT_FALSE(b.attempt(never));
    EXPECT_FALSE(b.lastError());
    EXPECT_EQ(b.holder(), "a");
    clock.advance(8999ms);
    EXPECT_FALSE(b.attempt(never));
    EXPECT_TRUE(a.holds());
    clock.advance(6s);
    EXPECT_FALSE(b.attempt(never));
    clock.advance(1ms);
    EXPECT_TRUE(b.attempt(never));
    EXPECT_FALSE(a.holds());
}

TEST_F(ElectionTest, WhoWaitsForADeletedLeaseSeesThatItsHolderMadeItAnew) {
    a.attempt(never);
    b.attempt(never);
    leases.lease = nullptr;
    EXPECT_FALSE(b.attempt(never));
    clock.advance(2s);
    EXPECT_TRUE(a.attempt(never));
    clock.advance(13s);
    EXPECT_FALSE(b.attempt(never));
    clock.advance(15s);
    EXPECT_TRUE(b.attempt(never));
}

TEST_F(ElectionTest, ADeletedLeaseThatWasNeverSeenIsMadeAtOnce) {
    a.attempt(never);
    leases.lease = nullptr;
    EXPECT_TRUE(b.attempt(never));
}

TEST_F(ElectionTest, AReleasedLeaseIsTakenAtOnce) {
    a.attempt(never);
    b.attempt(never);
    EXPECT_TRUE(a.release(never));
    EXPECT_FALSE(a.holds());
    EXPECT_EQ(leases.holder(), "");
    EXPECT_TRUE(b.attempt(never));
    EXPECT_TRUE(b.holds());
}

TEST_F(ElectionTest, ReleaseNeverTakesTheLeaseFromAnother) {
    a.attempt(never);
    leases.lease["spec"]["holderIdentity"] = "b";
    leases.lease["metadata"]["resourceVersion"] = "999";
    a.release(never);
    EXPECT_EQ(leases.holder(), "b");
}

TEST_F(ElectionTest, ReleaseSurvivesAConflict) {
    a.attempt(never);
    leases.lease["metadata"]["resourceVersion"] = "999";
    EXPECT_TRUE(a.release(never));
    EXPECT_EQ(leases.holder(), "");
}

TEST_F(ElectionTest, WhoResignedNeverHoldsAgain) {
    a.attempt(never);
    a.resign();
    EXPECT_FALSE(a.holds());
    a.attempt(never);
    EXPECT_FALSE(a.holds());
}

TEST_F(ElectionTest, ForeignFieldsOfTheLeaseSurvive) {
    a.attempt(never);
    leases.lease["metadata"]["labels"] = {{"team", "x"}};
    leases.lease["metadata"]["resourceVersion"] = "999";
    EXPECT_TRUE(a.attempt(never));
    EXPECT_EQ(base::stringAt(leases.lease, "/metadata/labels/team"), "x");
}

TEST(LeaderOptions, FiguresThatLetTwoLeadAreNamed) {
    EXPECT_EQ(runtime::LeaderOptions{}.problem(), "");
    runtime::LeaderOptions tooShort;
    tooShort.leaseDuration = 10s;
    EXPECT_EQ(tooShort.problem(),
              "leader election: leaseDuration is 10000 ms: must be above renewDeadline (10000 ms)");
    runtime::LeaderOptions tooLate;
    tooLate.retryPeriod = 9s;
    EXPECT_EQ(tooLate.problem(),
              "leader election: renewDeadline is 10000 ms: must be above 1.2 times retryPeriod "
              "(9000 ms)");
    runtime::LeaderOptions busy;
    busy.retryPeriod = 0ms;
    EXPECT_EQ(busy.problem(), "leader election: retryPeriod is 0 ms: must be above zero");
}

}  // namespace
