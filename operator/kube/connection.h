// A TCP connection, plain or with TLS on top, whose every wait ends at a deadline or a stop.
//
//   StopSignal signal(stop);
//   const Limits limits{std::chrono::steady_clock::now() + std::chrono::seconds(30), signal};
//   auto connection = Connection::open("10.0.0.1", 6443, limits);
//   if (connection && (*connection)->secure(tls, limits)) {
//       size_t n = (*connection)->read(block, sizeof block, limits);   // 0: see state()
//   }
//
// The socket never blocks: poll waits for it and for the stop at once, so that a stop is heard in
// every phase without a thread that watches over it. Thread safety: one thread at a time.
// Blocking: open, secure, read and write, within their limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "kube/errors.h"

struct ssl_st;  // SSL

namespace kube {

class TlsSetup;

// A stop as a file descriptor, for poll.
class StopSignal {
  public:
    explicit StopSignal(std::stop_token stop);
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // Readable once stopped; negative when the process has no descriptor left.
    int fd() const { return event_.fd; }
    const std::stop_token& token() const { return stop_; }

  private:
    struct Event {
        Event();
        ~Event();
        Event(const Event&) = delete;
        Event& operator=(const Event&) = delete;
        int fd;
    };

    Event event_;  // outlives the callback, which writes to it
    std::stop_token stop_;
    std::stop_callback<std::function<void()>> callback_;
};

struct Limits {
    std::chrono::steady_clock::time_point until;
    const StopSignal& stop;
};

class Connection {
  public:
    enum class State { Good, Ended, TimedOut, Stopped, Failed };

    // To the first address of the name that answers, with TCP keep-alive on.
    static ApiResult<std::unique_ptr<Connection>> open(const std::string& host, int port,
                                                       const Limits& limits);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The TLS handshake; everything after it is encrypted.
    ApiResult<void> secure(TlsSetup& tls, const Limits& limits);

    // At least one byte, or 0 and state() says why: Ended is the peer's regular end.
    size_t read(char* to, size_t size, const Limits& limits);
    size_t write(const char* from, size_t size, const Limits& limits);

    State state() const { return state_; }
    // The error that state() stands for; Good and Ended are Unreachable too: the caller wanted
    // more.
    ApiError failure() const;
    // Bytes that left, since the connection was made.
    uint64_t sent() const { return sent_; }
    // Between two exchanges: the peer closed it or talks out of turn.
    bool dead() const;

  private:
    explicit Connection(int fd);

    bool await(short events, const Limits& limits);
    ApiResult<void> connect(const struct Address& address, const Limits& limits);
    template <class Operation>
    size_t encrypted(const Limits& limits, Operation operation);
    void failed(const std::string& why);

    // What OpenSSL reads and writes through.
    struct Bio;

    int fd_;
    ssl_st* ssl_ = nullptr;
    State state_ = State::Good;
    std::string why_;
    uint64_t sent_ = 0;
};

}  // namespace kube
