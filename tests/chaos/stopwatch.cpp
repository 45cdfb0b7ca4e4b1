// The stopwatch over real sockets: an application on loopback with outages of known length, loaded
// as in a run. A command for quiet machines, about a minute a round:
//   build/dev/tests/chaos/chaos_stopwatch [ROUNDS]
// Exit code 1: an outage was measured wrong by more than 100 ms.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "chaos/probe/load.h"
#include "chaos/probe/recorder.h"
#include "chaos/probes/window.h"
#include "chaos/support/flaky_server.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::Answer;
using Clock = std::chrono::steady_clock;

constexpr int64_t kBoundMilliseconds = 100;

struct Script {
    const char* name;
    Answer answer;
    bool partial;
};

// Milliseconds as the probe saw them.
int64_t measure(const Script& script, std::chrono::milliseconds length) {
    auto start = Clock::now();
    auto begin = start + 1500ms;
    fake::FlakyServer server([&](int64_t n) {
        auto now = Clock::now();
        bool out = now >= begin && now < begin + length && (!script.partial || n % 2 == 0);
        return out ? script.answer : Answer::Ok;
    });
    probe::Series series;
    probe::Recorder recorder([&](const probe::Second& one) { series.seconds.push_back(one); });
    probe::Load load({.port = server.port(),
                      .requestsPerSecond = 200,
                      .timeout = 1000ms,
                      .duration = 1500ms + length + 2000ms},
                     recorder, base::systemClock());
    load.run([&](base::WallTime at) {
        series.header = probe::Header{
            .startedAt = at, .target = "", .requestsPerSecond = 200, .timeout = 1000ms};
    });
    auto from = series.header->startedAt;
    auto window = probes::over(series, from, from + length + 4s);
    if (script.partial && window.firstError) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(*window.lastError -
                                                                     *window.firstError)
            .count();
    }
    return window.longestGap.count();
}

// True when every round was measured within the bound.
bool report(const Script& script, std::chrono::milliseconds length, int rounds) {
    std::vector<int64_t> all;
    int64_t worst = 0;
    for (int i = 0; i < rounds; ++i) {
        all.push_back(measure(script, length));
        worst = std::max<int64_t>(worst, std::abs(all.back() - length.count()));
    }
    std::sort(all.begin(), all.end());
    std::printf("%-9s %8lld %14lld %13lld\n", script.name, static_cast<long long>(length.count()),
                static_cast<long long>(all[all.size() / 2]), static_cast<long long>(worst));
    std::fflush(stdout);
    return worst <= kBoundMilliseconds;
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
    if (rounds < 1 || argc > 2) {
        std::fprintf(stderr, "usage: chaos_stopwatch [ROUNDS]: a number from 1 up, default 20\n");
        return 2;
    }
    bool good = true;
    std::printf("%-9s %8s %14s %13s\n", "outage", "true ms", "measured p50", "worst error");
    for (const auto& script :
         {Script{"errors", Answer::Status500, false}, Script{"closed", Answer::Close, false},
          Script{"partial", Answer::Status500, true}}) {
        for (auto length : {1000ms, 3000ms, 7500ms}) {
            good = report(script, length, rounds) && good;
        }
    }
    return good ? 0 : 1;
}
