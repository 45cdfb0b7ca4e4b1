// The truth of the stopwatch: an application on loopback with outages of known length, loaded by
// the real scalableapp-probe in a process of its own, and measured as in a run. Beside it, what a
// tool would have said that waits for the pod to be "Ready again", as a kubelet with its defaults
// sees it. By hand, on a quiet machine:
//   build/dev/tests/chaos/chaos_stopwatch [ROUNDS]       default 20: 12 minutes
//   build/dev/tests/chaos/chaos_stopwatch rate [N]       one probe, on one processor, N requests a
//   second
// Exit code 1: an outage was measured wrong by more than 100 ms, or the probe did not keep its
// rate.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "chaos/probe/samples.h"
#include "chaos/probes/window.h"
#include "chaos/support/flaky_server.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::Answer;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int64_t kBoundMilliseconds = 100;
constexpr int kAtOnce = 4;  // rounds: more would compete for the processors
constexpr auto kLead = 1500ms;
constexpr auto kTail = 3000ms;

enum class Kind { Errors, Latency, Partial };

struct Script {
    const char* name;
    Answer answer;
    Kind kind;
};

// The probe's lines, from its own process.
std::string probed(uint16_t port, int perSecond, milliseconds length, const std::string& prefix) {
    auto seconds = (length.count() + 999) / 1000;
    auto command = prefix + PROBE " --url http://127.0.0.1:" + std::to_string(port) +
                   "/ --requests-per-second " + std::to_string(perSecond) + " --duration-seconds " +
                   std::to_string(seconds) + " --timeout-milliseconds 2000";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return out;
    }
    char buffer[65536];
    while (auto got = fread(buffer, 1, sizeof buffer, pipe)) {
        out.append(buffer, got);
    }
    pclose(pipe);
    return out;
}

// One look of a kubelet at a pod: its readiness probe with a time-out of a second.
bool ready(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    timeval patience{.tv_sec = 1, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char request[] = "GET / HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n";
    char answer[64]{};
    bool good = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
                send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
                recv(fd, answer, sizeof answer - 1, 0) > 0 &&
                std::strstr(answer, " 200") != nullptr;
    close(fd);
    return good;
}

// From not Ready to Ready again, as a kubelet with the defaults (every 10 s, three failures in a
// row) tells it, beginning somewhere in its period; 0: the pod was never not Ready.
milliseconds readyAgain(uint16_t port, Clock::time_point start, milliseconds offset,
                        milliseconds lasts) {
    constexpr auto kPeriod = 10s;
    constexpr int kFailures = 3;
    int failures = 0;
    std::optional<Clock::time_point> lost;
    for (auto at = start + offset; at < start + lasts; at += kPeriod) {
        std::this_thread::sleep_until(at);
        bool good = ready(port);
        failures = good ? 0 : failures + 1;
        if (failures == kFailures) {
            lost = Clock::now();
        }
        if (good && lost) {
            return std::chrono::duration_cast<milliseconds>(Clock::now() - *lost);
        }
    }
    return 0ms;
}

struct Measured {
    int64_t milliseconds = 0;
    int64_t podSays = 0;
};

Measured measure(const Script& script, milliseconds length, int round) {
    // The server's outage begins with the first request it sees, so that both clocks agree on it.
    std::atomic<int64_t> begin = 0;
    fake::FlakyServer server([&](int64_t n) {
        auto now = Clock::now().time_since_epoch().count();
        int64_t none = 0;
        begin.compare_exchange_strong(none, now);
        auto since = Clock::duration(now - begin.load());
        bool out = since >= kLead && since < kLead + length &&
                   (script.kind != Kind::Partial || n % 2 == 0);
        return out ? script.answer : Answer::Ok;
    });
    auto whole = kLead + length + kTail;
    auto pod = std::async(std::launch::async, [&] {
        auto offset = milliseconds(round * 137 % 10'000) % whole;
        return readyAgain(server.port(), Clock::now(), offset, whole).count();
    });
    auto series = probe::parseSeries(probed(server.port(), 200, whole, ""));
    Measured out{.milliseconds = -1, .podSays = pod.get()};
    if (!series.header) {
        return out;
    }
    auto window =
        probes::over(series, series.header->startedAt,
                     series.header->startedAt + std::chrono::ceil<std::chrono::seconds>(whole));
    auto span = [](const auto& from, const auto& to) {
        return from && to ? std::chrono::duration_cast<milliseconds>(*to - *from).count() : -1;
    };
    switch (script.kind) {
        case Kind::Errors:
            out.milliseconds = window.longestGap.count();
            break;
        case Kind::Latency:
            out.milliseconds = span(window.firstSlow, window.lastSlow);
            break;
        case Kind::Partial:
            out.milliseconds = span(window.firstError, window.lastError);
            break;
    }
    return out;
}

// True when every round was measured within the bound.
bool report(const Script& script, milliseconds length, int rounds) {
    std::vector<int64_t> all;
    int64_t worst = 0;
    int64_t podSays = 0;
    for (int i = 0; i < rounds; i += kAtOnce) {
        std::vector<std::future<Measured>> some;
        for (int k = i; k < std::min(rounds, i + kAtOnce); ++k) {
            some.push_back(
                std::async(std::launch::async, [&, k] { return measure(script, length, k); }));
        }
        for (auto& one : some) {
            auto got = one.get();
            all.push_back(got.milliseconds);
            worst = std::max<int64_t>(worst, std::abs(got.milliseconds - length.count()));
            podSays = std::max(podSays, got.podSays);
        }
    }
    std::sort(all.begin(), all.end());
    auto pod = podSays == 0 ? std::string("never away") : std::to_string(podSays);
    std::printf("%-9s %8lld %14lld %13lld   %s\n", script.name,
                static_cast<long long>(length.count()), static_cast<long long>(all[all.size() / 2]),
                static_cast<long long>(worst), pod.c_str());
    std::fflush(stdout);
    return worst <= kBoundMilliseconds;
}

int outages(int rounds) {
    bool good = true;
    std::printf("%-9s %8s %14s %13s   %s\n", "outage", "true ms", "measured p50", "worst error",
                "\"Ready again\" after");
    for (const auto& script : {Script{"errors", Answer::Status500, Kind::Errors},
                               Script{"closed", Answer::Close, Kind::Errors},
                               Script{"latency", Answer::Late, Kind::Latency},
                               Script{"partial", Answer::Status500, Kind::Partial}}) {
        for (auto length : {1000ms, 3000ms, 7500ms}) {
            good = report(script, length, rounds) && good;
        }
    }
    return good ? 0 : 1;
}

int rate(int perSecond) {
    constexpr auto kLength = 10s;
    fake::FlakyServer server([](int64_t) { return Answer::Ok; });
    auto series = probe::parseSeries(probed(server.port(), perSecond, kLength, "taskset -c 1 "));
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    if (!series.header) {
        std::fprintf(stderr, "the probe has said nothing\n");
        return 1;
    }
    auto all = probes::over(series, series.header->startedAt, series.header->startedAt + kLength);
    std::printf(
        "asked %d/s, sent %.0f/s, failed %lld, p50 %lld us, p99 %lld us, processor %.0f %%\n",
        perSecond, all.perSecond(), static_cast<long long>(all.failed()),
        static_cast<long long>(all.latency.quantile(0.5).count()),
        static_cast<long long>(all.latency.quantile(0.99).count()),
        (seconds(used.ru_utime) + seconds(used.ru_stime)) * 10);
    bool kept = all.sent >= static_cast<int64_t>(perSecond) * 10 - perSecond / 10;
    return kept && all.failed() == 0 ? 0 : 1;
}

int misuse() {
    std::fprintf(stderr, "usage: chaos_stopwatch [ROUNDS | rate [N]]: numbers from 1 up\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    bool speed = argc > 1 && std::string(argv[1]) == "rate";
    int first = speed ? 2 : 1;
    int number = argc > first ? std::atoi(argv[first]) : (speed ? 2000 : 20);
    if (number < 1 || argc > first + 1) {
        return misuse();
    }
    return speed ? rate(number) : outages(number);
}
