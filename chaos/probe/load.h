// Open-loop HTTP load: requests start when they are due, whether or not earlier ones were answered,
// so that a stalled service cannot hide behind a slow client.
//
//   probe::Load load({.host = "shop.shop.svc", .port = 80, .requestsPerSecond = 100,
//                     .duration = std::chrono::minutes(5)},
//                    recorder, clock);
//   load.run();   // until the duration is over or stop() is called; every second goes to the
//   recorder
//
// Connections: every fifth request opens one of its own and closes it (what a new visitor meets);
// the others take turns on 16 kept-alive ones (what a returning visitor or a proxy meets). A
// kept-alive connection that the server closed before the first byte of an answer is replaced once
// and the request sent again, as browsers and HTTP libraries do; it keeps its intended start and
// its deadline. The host name is resolved before the first request and again every second in the
// background, the last good answer staying in use: name resolution is no part of the latency. Where
// no address was ever found, requests fail as Resolve. A name with several addresses is asked at
// each in turn; where one refuses, the next is tried. One thread; memory is bounded by rate ×
// time-out, however long the answers are: bodies are read and not kept.
// Thread safety: stop() from any thread and from signal handlers' threads; the rest from
// one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "chaos/probe/recorder.h"

namespace chaos::probe {

struct LoadOptions {
    std::string host = "localhost";
    uint16_t port = 80;
    std::string path = "/";
    int requestsPerSecond = 100;
    std::chrono::milliseconds timeout{2000};
    std::chrono::milliseconds duration{60000};
    int newConnectionEvery = 5;
    size_t keptConnections = 16;
};

class Load {
  public:
    // `recorder` and `clock` outlive the load.
    Load(LoadOptions options, Recorder& recorder, const base::Clock& clock);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Blocks. `onStart` is told the wall time of the recorder's zero, before the first request.
    // Every request that was started has come out when it returns.
    void run(const std::function<void(base::WallTime)>& onStart = {});
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chaos::probe
