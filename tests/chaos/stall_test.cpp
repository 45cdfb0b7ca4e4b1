// The real probe, stopped in the middle as a starved node or a suspended machine does it: what it
// could not see is told as blindness, never as a failure of the service.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "chaos/probe/load.h"
#include "chaos/support/flaky_server.h"
#include "e2e/support/process.h"

namespace {

using namespace chaos::probe;
using namespace std::chrono_literals;
using chaos::fake::Answer;
using chaos::fake::FlakyServer;

// Lets as much time go by as a load takes.
void pass(uint16_t port, std::chrono::milliseconds duration) {
    Recorder nobody([](const Second&) {});
    Load({.host = "127.0.0.1", .port = port, .requestsPerSecond = 10, .duration = duration}, nobody,
         base::systemClock())
        .run();
}

Series seriesIn(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return parseSeries(text.str());
}

TEST(Stall, AProbeThatStoodStillBlamesNobody) {
    FlakyServer server([](int64_t) { return Answer::Ok; });
    FlakyServer other([](int64_t) { return Answer::Ok; });
    auto file = testing::TempDir() + "stalled-probe.log";
    std::remove(file.c_str());
    e2e::Background probe(
        {PROBE, "--url=http://127.0.0.1:" + std::to_string(server.port()) + "/",
         "--requests-per-second=50", "--duration-seconds=4", "--timeout-milliseconds=1500"},
        file);
    while (server.requests() < 30) {
        std::this_thread::yield();
    }
    kill(probe.pid(), SIGSTOP);
    pass(other.port(), 2s);
    kill(probe.pid(), SIGCONT);
    while (probe.running()) {
        pass(other.port(), 100ms);
    }
    auto series = seriesIn(file);
    EXPECT_EQ(series.end, "Finished");
    int64_t sent = 0;
    int64_t blind = 0;
    for (const auto& second : series.seconds) {
        sent += second.sent;
        blind += second.blind() ? 1 : 0;
        EXPECT_TRUE(second.failed() == 0 || second.blind())
            << second.failed() << " failures blamed in second " << second.second;
    }
    EXPECT_EQ(sent, 4 * 50) << "a request that began late belongs to its second all the same";
    EXPECT_GE(blind, 1);
}

}  // namespace
