// The program behind tests/kube/soak: one transport, for as long as told, against a server in a
// process of its own (whose memory does not count).
//   kube_soak TRANSPORT MINUTES [LEAK]
// TRANSPORT: cpprestsdk or beast. LEAK: bytes to lose per call, to see that it is noticed.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "kube/transport.h"
#include "served.h"

namespace {

using namespace std::chrono_literals;
using support::StubReply;
using support::StubRequest;

// How far the line through all samples may rise, from the end of the warm-up to the end of the run.
constexpr double kMostRiseKiB = 2048;
constexpr auto kReportEvery = 30s;
constexpr int kWatchers = 4;
constexpr int kCallers = 4;

unsigned below(unsigned bound) {
    thread_local std::mt19937 random(std::random_device{}());
    return std::uniform_int_distribution<unsigned>(0, bound - 1)(random);
}

// --- the server ---

void serveWatch(StubReply& reply) {
    reply.begin();
    for (unsigned lines = below(40); lines > 0; --lines) {
        const std::string line = "{\"pad\":\"" + std::string(below(20000), 'x') + "\"}\n";
        const size_t cut = below(static_cast<unsigned>(line.size()));
        if (!reply.chunk(line.substr(0, cut) + "") || !reply.chunk(line.substr(cut))) {
            return;
        }
    }
    switch (below(5)) {
        case 0:
            reply.chunk("{\"cut\":");
            reply.close();
            break;
        case 1:
            reply.reset();
            break;
        case 2:
            reply.awaitPeerGone();
            break;
        default:
            reply.end();
    }
}

void serveCall(const StubRequest& request, StubReply& reply) {
    switch (below(20)) {
        case 0:
            reply.close();
            break;
        case 1:
            reply.awaitPeerGone();
            break;
        case 2:
            reply.send(429, R"({"kind":"Status","reason":"TooManyRequests"})",
                       {{"Retry-After", "1"}});
            break;
        default:
            reply.send(200, "{\"pad\":\"" + std::string(below(50000), 'y') + "\"}",
                       request.method == "GET" ? StubReply::Headers{}
                                               : StubReply::Headers{{"Warning", "299 - \"w\""}});
    }
}

// --- the load ---

class Load {
  public:
    Load(const kube::ClusterConfig& config, size_t leak)
        : transport_(kube::makeTransport(config)), leak_(leak) {
        for (int i = 0; i < kWatchers + kCallers; ++i) {
            threads_.emplace_back([this, i](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    i < kWatchers ? watch(i) : call(i);
                    std::this_thread::sleep_for(1ms);
                }
            });
        }
        threads_.emplace_back([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1 + below(5)));
                cancel(below(kWatchers + kCallers));
            }
        });
    }
    ~Load() {
        for (auto& thread : threads_) {
            thread.request_stop();
        }
        for (unsigned i = 0; i < stops_.size(); ++i) {
            cancel(i);
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    std::string report() const {
        return std::to_string(calls_) + " calls, " + std::to_string(watches_) + " watches, " +
               std::to_string(lines_) + " lines, " + std::to_string(cancelled_) + " cancelled, " +
               std::to_string(failed_) + " failed";
    }
    bool sound() const { return wrong_ == 0 && cancelled_ > 0 && lines_ > 0 && calls_ > 0; }

  private:
    std::stop_token fresh(int i) {
        const std::lock_guard lock(mutex_);
        auto& stop = stops_.at(static_cast<size_t>(i));
        stop = std::stop_source();
        return stop.get_token();
    }
    void cancel(unsigned i) {
        std::stop_source stop;
        {
            const std::lock_guard lock(mutex_);
            stop = stops_.at(i);
        }
        stop.request_stop();
    }
    void count(const kube::ApiError& error) {
        (error.is(kube::ErrorKind::Cancelled) ? cancelled_ : failed_)++;
    }
    void lose() {
        if (leak_ > 0) {
            // Written to, so that it is resident.
            std::fill_n(static_cast<char*>(std::malloc(leak_)), leak_, 'l');
        }
    }
    void watch(int i) {
        kube::HttpRequest request;
        request.target = "/watch";
        request.timeout = 2s;
        auto end = transport_->stream(
            request,
            [&](std::string_view line) {
                ++lines_;
                wrong_ += line.starts_with("{\"pad\":\"") && line.ends_with("\"}") ? 0 : 1;
            },
            fresh(i));
        ++watches_;
        lose();
        if (!end) {
            count(end.error());
        }
    }
    void call(int i) {
        kube::HttpRequest request;
        request.target = "/call";
        request.timeout = 2s;
        if (below(2) == 0) {
            request.method = "POST";
            request.contentType = "application/json";
            request.body = std::string(below(5000), 'z');
        }
        auto answer = transport_->send(request, fresh(i));
        ++calls_;
        lose();
        if (!answer) {
            count(answer.error());
        }
    }

    std::shared_ptr<kube::Transport> transport_;
    const size_t leak_;
    std::mutex mutex_;
    std::array<std::stop_source, kWatchers + kCallers> stops_;
    std::atomic<uint64_t> calls_{0};
    std::atomic<uint64_t> watches_{0};
    std::atomic<uint64_t> lines_{0};
    std::atomic<uint64_t> cancelled_{0};
    std::atomic<uint64_t> failed_{0};
    std::atomic<uint64_t> wrong_{0};
    std::vector<std::jthread> threads_;
};

// --- the verdict ---

double residentKiB() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

size_t openFiles() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
}

// Of the line through the samples (least squares), over all of them.
double rise(const std::vector<double>& samples) {
    const auto n = static_cast<double>(samples.size());
    double sumX = 0;
    double sumY = 0;
    double sumXX = 0;
    double sumXY = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
        const auto x = static_cast<double>(i);
        sumX += x;
        sumY += samples[i];
        sumXX += x * x;
        sumXY += x * samples[i];
    }
    return samples.size() < 2 ? 0 : (n * sumXY - sumX * sumY) / (n * sumXX - sumX * sumX) * n;
}

int soak(const std::string& name, const kube::ClusterConfig& config, std::chrono::seconds time,
         size_t leak) {
    // Pools, arenas and the library's threads fill up first.
    const auto warmUp = std::max<std::chrono::seconds>(time / 3, 20s);
    std::vector<double> samples;
    double growth = 0;
    bool sound = false;
    {
        Load load(config, leak);
        for (auto second = 1s; second <= time; ++second) {
            std::this_thread::sleep_for(1s);
            if (second > warmUp) {
                samples.push_back(residentKiB());
            }
            if (second % kReportEvery == 0s || second == time) {
                std::printf("%-10s %5lld s  %7.0f KiB  %3zu files  %s\n", name.c_str(),
                            static_cast<long long>(second.count()), residentKiB(), openFiles(),
                            load.report().c_str());
                std::fflush(stdout);
            }
        }
        growth = rise(samples);
        sound = load.sound();
    }
    std::printf("%-10s rise after the first %lld s: %.0f KiB, at most %.0f: %s%s\n", name.c_str(),
                static_cast<long long>(warmUp.count()), growth, kMostRiseKiB,
                growth <= kMostRiseKiB ? "flat" : "IT GROWS",
                sound ? "" : "; and a line was WRONG, or nothing happened");
    return growth <= kMostRiseKiB && sound ? 0 : 1;
}

std::optional<long> number(const char* text) {
    const std::string_view view(text);
    long value = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
    return error == std::errc() && end == view.data() + view.size() && value >= 0
               ? std::optional(value)
               : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "";
    const auto minutes = argc > 2 ? number(argv[2]) : std::nullopt;
    const auto leak = argc > 3 ? number(argv[3]) : std::optional<long>(0);
    if ((name != "cpprestsdk" && name != "beast") || !minutes || *minutes == 0 || !leak ||
        argc > 4) {
        std::fprintf(stderr,
                     "usage: kube_soak cpprestsdk|beast MINUTES [BYTES TO LEAK PER CALL]\n");
        return 2;
    }
    auto server = kube_test::Served::start([](const StubRequest& request, StubReply& reply) {
        request.target == "/watch" ? serveWatch(reply) : serveCall(request, reply);
    });
    if (server == nullptr) {
        std::fprintf(stderr, "kube_soak: the server did not start\n");
        return 2;
    }
    const auto transport =
        name == "beast" ? kube::TransportKind::Beast : kube::TransportKind::Cpprest;
    return soak(name, server->config(transport), std::chrono::minutes(*minutes),
                static_cast<size_t>(*leak));
}
