// A small HTTP/1.1 server inside the test, on a loopback port of its own, that does exactly what
// the test says: whole answers, streams in any pieces, cuts, resets, silence, TLS, a CONNECT proxy.
//
//   support::HttpStub server([](const support::StubRequest& request, support::StubReply& reply) {
//       reply.send(200, R"({"kind":"Status"})");
//   });
//   config.server = server.url();
//   ...
//   EXPECT_EQ(server.requests().size(), 1U);
//
// The handler runs on the connection's own thread and may block (on a Gate, on awaitPeerGone): the
// destructor cuts every connection and opens the way. A handler that returns without an answer
// closes the connection. Thread safety: all members of HttpStub from any thread; StubReply only
// inside its handler.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/certificates.h"

namespace support {

// Something that one thread waits for until another tells. False: not told within 10 seconds, which
// is a failure of the test, never its way to succeed.
class Gate {
  public:
    void open();
    bool wait() const;

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool open_ = false;
};

struct StubRequest {
    std::string method;
    std::string target;
    std::multimap<std::string, std::string> headers;  // names in lower case
    std::string body;
    int connection = 0;          // counts from 1
    int onConnection = 0;        // this request's place on its connection, from 1
    std::string peerCommonName;  // of the client's certificate
    std::string serverName;      // SNI

    // The first of that name; "" when there is none.
    std::string header(const std::string& name) const;
    // All of that name, in the order in which they came.
    std::vector<std::string> headersNamed(const std::string& name) const;
};

class StubReply {
  public:
    using Headers = std::vector<std::pair<std::string, std::string>>;
    virtual ~StubReply() = default;

    // A whole answer with Content-Length.
    void send(int status, std::string_view body, const Headers& headers = {});
    // A streamed one: begin, any number of chunks, end.
    void begin(int status = 200, const Headers& headers = {});
    bool chunk(std::string_view bytes);
    void end();
    // Bytes as they are, for breaking the protocol. False: the peer is gone.
    virtual bool raw(std::string_view bytes) = 0;
    // Closes now: regularly (FIN) or rudely (RST).
    virtual void close() = 0;
    virtual void reset() = 0;
    // True once the peer closed its end; false after 10 seconds.
    virtual bool awaitPeerGone() = 0;
    // Whether the peer has closed its end; never blocks.
    virtual bool peerGone() = 0;
    // Answers a CONNECT with 200 and passes bytes to and from that loopback port until either ends.
    virtual void tunnelTo(int port) = 0;
};

struct StubTls {
    Identity identity;
    std::string clientAuthority;  // PEM; "": no client certificate is asked for
    bool clientOptional = false;  // it is asked for, and who shows none comes in all the same
};

class HttpStub {
  public:
    using Handler = std::function<void(const StubRequest&, StubReply&)>;
    explicit HttpStub(Handler handler, std::optional<StubTls> tls = std::nullopt);
    ~HttpStub();
    HttpStub(const HttpStub&) = delete;
    HttpStub& operator=(const HttpStub&) = delete;

    int port() const;
    std::string url() const;  // "http://127.0.0.1:PORT", with TLS "https://..."
    // In order of arrival.
    std::vector<StubRequest> requests() const;
    // For tests that run for long: later requests are answered, and not kept.
    void rememberAtMost(size_t count);
    int connections() const;
    // False: fewer than `count` requests after 10 seconds.
    bool awaitRequests(size_t count) const;
    // Closes every connection that is open now, as a restarting server does.
    void dropConnections();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace support
