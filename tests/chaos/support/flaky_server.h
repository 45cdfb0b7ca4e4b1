// An HTTP server on loopback whose answers a test chooses per request, in order of arrival.
//
//   FlakyServer server([](int64_t n) { return n < 10 ? Answer::Ok : Answer::Status500; });
//   server.port();
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace chaos::fake {

enum class Answer {
    Ok,
    Status500,
    Status404,
    Silence,
    Close,
    OkThenClose,
    Late,  // 200, after 1.2 s
    Long,  // 200, with kLongBody bytes
    Split  // 200, the head and the body each by itself
};
inline constexpr size_t kLongBody = 24U << 20U;

class FlakyServer {
  public:
    explicit FlakyServer(std::function<Answer(int64_t)> choose);
    ~FlakyServer();
    FlakyServer(const FlakyServer&) = delete;
    FlakyServer& operator=(const FlakyServer&) = delete;

    uint16_t port() const;
    int64_t connections() const;
    int64_t open() const;  // connections, now
    int64_t requests() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// A loopback port nobody listens on.
uint16_t closedPort();

}  // namespace chaos::fake
