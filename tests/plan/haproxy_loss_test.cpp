// Pods that end without anybody having told the balancer: what their visitors notice of it.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan/balancing.h"
#include "support/crowd.h"

namespace {

using namespace plan_test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// As the address of a pod that is gone, its network included: connections are not even refused.
class Nobody {
  public:
    Nobody() {
        listen(port_.fd(), 0);
        auto own = loopback(port_);
        // Nobody takes these from the queue: what comes after them is dropped.
        for (int& fd : queued_) {
            fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            connect(fd, reinterpret_cast<sockaddr*>(&own), sizeof own);
        }
    }
    ~Nobody() {
        for (int fd : queued_) {
            close(fd);
        }
    }
    Nobody(const Nobody&) = delete;
    Nobody& operator=(const Nobody&) = delete;

    int port() const { return port_; }

  private:
    OwnPort port_;
    int queued_[4] = {};
};

class Losing : public Balancing {
  protected:
    // Visitors on kept connections; meanwhile the first `count` pods end. How many of them failed.
    int64_t failedWhileEnd(size_t count, const Balancer& balancer) {
        auto visitors = std::async(std::launch::async, [&] {
            return support::crowd(
                {.to = {balancer.port()}, .clients = kClients, .requests = 20000});
        });
        EXPECT_TRUE(soon([&] { return hits() > 1000; }));
        for (size_t i = 0; i < count; ++i) {
            pods_[i].reset();
        }
        auto met = visitors.get();
        pods_.erase(pods_.begin(), pods_.begin() + static_cast<std::ptrdiff_t>(count));
        return met.failed;
    }

    static constexpr int kClients = 16;
};

// A connection that was refused says so at once, and most pods that have ended have the fewest
// requests: until they are known to be gone they are asked first.
TEST_F(Losing, HalfOfThePodsEndAtOnceAndAlmostNobodyNotices) {
    for (auto algorithm : {api::Algorithm::RoundRobin, api::Algorithm::LeastConnections}) {
        Balancer balancer(model(algorithm), {{"web", pods(4)}});
        auto failed = failedWhileEnd(2, balancer);
        std::printf("two of four pods end: %d of 20000 failed\n", static_cast<int>(failed));
        EXPECT_LE(failed, kClients) << "what was under way at that moment";
        pods_.clear();
    }
}

TEST_F(Losing, AWholeZoneEndsAtOnceAndTheOthersHaveItsShare) {
    auto zones = model(api::Algorithm::WeightedRoundRobin);
    zones.pools = {{.name = "zone-a", .service = "a"}, {.name = "zone-b", .service = "b"}};
    auto a = pods(2, "a");
    Balancer balancer(zones, {{"zone-a", a}, {"zone-b", pods(2, "b")}});
    auto failed = failedWhileEnd(2, balancer);
    std::printf("one of two zones ends: %d of 20000 failed\n", static_cast<int>(failed));
    EXPECT_LE(failed, kClients) << "what was under way at that moment";
}

TEST_F(Losing, APodWhoseNodeIsGoneCostsLessTimeThanVisitorsHave) {
    Nobody gone;
    Balancer balancer(model(), {{"web", pods(1)}}, {gone.port()});
    for (int i = 0; i < 4; ++i) {
        auto begun = Clock::now();
        EXPECT_EQ(balancer.get("/").status, 200);
        EXPECT_LT(Clock::now() - begun, 1900ms);
    }
}

// Nothing of it is known to have been done, where the method allows to do it twice.
TEST_F(Losing, AConnectionThatClosesWithoutAnAnswerIsPassedOverWithoutAnyRetryAskedFor) {
    Balancer balancer(model(), {{"web", pods(2)}});
    pod(0).status = 0;
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    int before = hits();
    int failed = 0;
    for (int i = 0; i < 4; ++i) {
        failed += balancer.get("/", "POST").status == 200 ? 0 : 1;
    }
    EXPECT_EQ(failed, 2);
    EXPECT_EQ(hits() - before, 4) << "no POST is sent twice";
}

}  // namespace
