// What a request and an event of a watch cost in processor time, over TLS, by transport.
//   kube_cost cpprestsdk|beast [ROUNDS]
// Prints microseconds of processor time for each, what passed meanwhile, and how many connections
// it took. By hand, in a release build, on a quiet machine; compare within one session only.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "kube/transport.h"
#include "served.h"

namespace {

using namespace std::chrono_literals;
using support::StubReply;
using support::StubRequest;

constexpr int kCallers = 4;       // as many as the operator has workers
constexpr auto kBetween = 500us;  // events come one by one
const std::string kObject = R"({"pad":")" + std::string(3000, 'y') + R"("})";

void serve(const StubRequest& request, StubReply& reply) {
    if (!request.target.starts_with("/watch/")) {
        reply.send(200, "{\"connection\":" + std::to_string(request.connection) + "}" + kObject);
        return;
    }
    reply.begin();
    for (int left = std::atoi(request.target.c_str() + 7); left > 0; --left) {
        std::this_thread::sleep_for(kBetween);
        if (!reply.chunk(kObject + "\n")) {
            return;
        }
    }
    reply.end();
}

double spent() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(const char* what, int rounds, const std::function<bool()>& run) {
    const double before = spent();
    const auto begun = std::chrono::steady_clock::now();
    const bool good = run();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
    std::printf("%-12s %7.1f us each, %5.2f s passed%s\n", what, (spent() - before) * 1e6 / rounds,
                passed.count(), good ? "" : ", SOME FAILED");
}

bool callAll(kube::Transport& transport, const char* method, int rounds) {
    std::atomic<int> good = 0;
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
            kube::HttpRequest request;
            request.method = method;
            request.target = "/call";
            if (request.method != "GET") {
                request.contentType = "application/json";
                request.body = kObject;
            }
            for (int n = 0; n < rounds / kCallers; ++n) {
                good += transport.send(request, {}) ? 1 : 0;
            }
        });
    }
    callers.clear();
    return good == rounds / kCallers * kCallers;
}

bool watchAll(kube::Transport& transport, int rounds) {
    kube::HttpRequest request;
    request.target = "/watch/" + std::to_string(rounds);
    request.timeout = 10s;
    int lines = 0;
    auto end = transport.stream(request, [&](std::string_view) { ++lines; }, {});
    return end && lines == rounds;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "";
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 8000;
    if ((name != "cpprestsdk" && name != "beast") || rounds < kCallers) {
        std::fprintf(stderr, "usage: kube_cost cpprestsdk|beast [ROUNDS]\n");
        return 2;
    }
    auto server = kube_test::Served::start(serve);
    if (server == nullptr) {
        std::fprintf(stderr, "kube_cost: the server did not start\n");
        return 2;
    }
    auto transport = kube::makeTransport(server->config(
        name == "beast" ? kube::TransportKind::Beast : kube::TransportKind::Cpprest));
    callAll(*transport, "GET", 100);
    for (const char* method : {"GET", "PATCH"}) {
        measure(method, rounds, [&] { return callAll(*transport, method, rounds); });
    }
    measure("watch event", rounds, [&] { return watchAll(*transport, rounds); });
    auto last = transport->send({.target = "/call"}, {});
    std::printf("connections made until the end: %s or more\n",
                last ? last->body.substr(14, last->body.find('}') - 14).c_str() : "?");
    return 0;
}
