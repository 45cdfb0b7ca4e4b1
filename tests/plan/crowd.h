// Many clients on loopback at once: each keeps one connection and asks again as soon as it is
// answered, so that the pace is that of the answers.
//
//   auto met = crowd({.ports = {balancer.port()}, .path = "/", .clients = 16, .requests = 4000});
//   EXPECT_EQ(met.failed, 0);
//   std::cout << met.perSecond() << met.p50();
//
// One thread. Blocking: until all are answered, and no longer than a minute.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace plan_test {

struct Crowd {
    std::vector<int> ports;  // clients take turns at them, as connections of a Service do
    std::string path = "/";
    int clients = 1;
    int64_t requests = 1;  // of all of them together
    // All clients have asked for the first time.
    std::function<void()> allAsked = nullptr;
};

struct Met {
    int64_t ok = 0;      // 200
    int64_t failed = 0;  // anything else, and what was cut off or came too late
    double seconds = 0;
    std::vector<double> milliseconds;  // of each that was answered

    double perSecond() const { return static_cast<double>(ok) / seconds; }
    double percentile(double share) const;
    double p50() const { return percentile(0.5); }
    void add(const Met& more);
};

Met crowd(const Crowd& what);

// Raises the limit of open files of this process, and of those that it starts, as far as allowed;
// answers how many there may be.
int64_t raiseOpenFiles();

}  // namespace plan_test
