// Pods as HAProxy finds them by names, with the command that a balancer is started by.
#include <gmock/gmock.h>

#include <thread>

#include "plan/balancing.h"
#include "plan/dns_stub.h"

namespace {

using namespace plan_test;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Naming : public Balancing {
  protected:
    static std::string serving(size_t count) {
        return "haproxy_backend_active_servers{proxy=\"web\"} " + std::to_string(count) + "\n";
    }

    static bool has(const Balancer& balancer, size_t count) {
        return balancer.admin("/metrics").body.find(serving(count)) != std::string::npos;
    }
};

// Their names are 20 KiB and more: by UDP most of them would be left out, others each time.
TEST_F(Naming, FindsEveryPodOfManyAndKeepsThem) {
    constexpr size_t kPods = 200;
    auto all = pods(4);
    std::vector<int> ports;
    for (size_t i = 0; i < kPods; ++i) {
        ports.push_back(all[i % all.size()]->port());
    }
    DnsStub dns(ports);
    auto many = model();
    many.pools[0].slots = 256;
    Balancer balancer(many, dns);
    EXPECT_TRUE(soon([&] { return has(balancer, kPods); })) << balancer.log();
    for (int before = dns.told(); dns.told() < before + 4;) {
        EXPECT_TRUE(has(balancer, kPods)) << "after answer " << dns.told();
        EXPECT_TRUE(soon([&, now = dns.told()] { return dns.told() > now; })) << "asks no more";
    }
    EXPECT_EQ(balancer.get("/").status, 200);
    EXPECT_EQ(balancer.admin("/readyz").status, 200);
}

// A balancer on its own way out is told nothing new, and outlives the pods that it was told of.
TEST_F(Naming, APodThatNamesHaveForgottenIsNotTakenForANewcomer) {
    auto all = pods(3);
    DnsStub dns({all[0]->port(), all[1]->port()});
    Balancer balancer(model(), dns);
    ASSERT_TRUE(soon([&] { return has(balancer, 2); })) << balancer.log();
    auto now = std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
    auto line = [&](const Pod& pod) {
        return "web 127.0.0.1 " + std::to_string(pod.port()) + " " + std::to_string(now - 1) + "\n";
    };
    balancer.tell(line(*all[1]) + line(*all[2]));
    ASSERT_TRUE(soon([&] { return has(balancer, 3); })) << "a newcomer is served";
    dns.tell({all[0]->port()});
    ASSERT_TRUE(soon([&] { return has(balancer, 2); })) << balancer.log();
    int before = all[1]->hits();
    // What is told is read five times a second.
    for (int i = 0; i < 20; ++i) {
        balancer.get("/");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(all[1]->hits(), before);
    EXPECT_GT(all[2]->hits(), 0) << "of the other newcomer names have not told yet";
}

// Figure: how long it takes.
TEST_F(Naming, FollowsPodsThatComeAndGo) {
    auto all = pods(3);
    DnsStub dns({all[0]->port(), all[1]->port()});
    Balancer balancer(model(), dns);
    ASSERT_TRUE(soon([&] { return has(balancer, 2); })) << balancer.log();
    auto told = Clock::now();
    dns.tell({all[0]->port(), all[2]->port()});
    EXPECT_TRUE(soon([&] {
        int before = pod(1).hits();
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(balancer.get("/").status, 200);
        }
        return pod(2).hits() > 0 && pod(1).hits() == before;
    }));
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - told);
    std::printf("names tell of another pod: followed after %d ms\n",
                static_cast<int>(took.count()));
}

TEST_F(Naming, TroubleOfTheNamesEmptiesNoPool) {
    auto all = pods(2);
    DnsStub dns({all[0]->port(), all[1]->port()});
    Balancer balancer(model(), dns);
    ASSERT_TRUE(soon([&] { return has(balancer, 2); })) << balancer.log();
    auto keeps = [&](const char* what) {
        EXPECT_TRUE(soon([&, before = dns.told()] { return dns.told() > before + 2; })) << what;
        EXPECT_TRUE(has(balancer, 2)) << what;
        EXPECT_EQ(balancer.get("/").status, 200) << what;
    };
    for (int failure :
         {DnsStub::kServerFailure, DnsStub::kNoSuchName, DnsStub::kRefused, DnsStub::kSilence}) {
        dns.fail(failure);
        keeps(std::to_string(failure).c_str());
    }
    dns.fail(DnsStub::kNothing);
    dns.tell({});
    keeps("an answer without any");
}

}  // namespace
