// Many clients at once: each keeps one connection and asks again as soon as it is answered, so that
// the pace is that of the answers.
//
//   auto met = support::crowd({.to = {balancer.port()}, .clients = 16, .requests = 4000});
//   EXPECT_EQ(met.failed, 0);
//   std::cout << met.perSecond() << met.p50();
//
// One thread, in whose network namespace all connections are. Blocking: until all are answered, and
// no longer than a minute.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/http_ask.h"

namespace support {

struct Crowd {
    std::vector<Address> to;  // clients take turns at them, as connections of a Service do
    std::vector<std::string> from = {};  // addresses of ours, in turns; none: the system chooses
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
    std::vector<double> milliseconds = {};       // of each that was answered, whatever it was
    std::map<int, int64_t> statuses = {};        // how many of each
    std::map<std::string, int64_t> bodies = {};  // of those with 200
    std::vector<std::string> last = {};          // for each client the body of its last 200

    double perSecond() const { return static_cast<double>(ok) / seconds; }
    double percentile(double share) const;
    double p50() const { return percentile(0.5); }
    void add(const Met& more);
};

Met crowd(const Crowd& what);

// Raises the limit of open files of this process, and of those that it starts, as far as allowed;
// answers how many there may be.
int64_t raiseOpenFiles();

}  // namespace support
