// The API server in memory behind HTTP/1.1 on a loopback port: for real processes and transports.
//
//   test::ServerOptions options{.clock = &base::systemClock()};   // watches end in time
//   auto server = std::make_shared<test::ApiServer>(options);
//   test::HttpFront front(server);
//   write(path, front.kubeconfig());
//   ... scalableapp-operator --kubeconfig path ...
//
// With TLS: test::HttpFront front(server, {}, support::StubTls{identity, ""}), trust is the
// client's. Faults that are injected into the server happen on the wire. From another process:
//
//   POST /control/inject   {"kind":"CutInLine","part":"/pods","lines":2,"times":1}
//   POST /control/compact, /control/cut, /control/bookmark
//   POST /control/freeze   {"version":120}, {} ends it
//
// Thread safety: all members from any thread; one thread per connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "apiserver/server.h"
#include "support/http_stub.h"

namespace test {

class HttpFront {
  public:
    // Called once per request, when its answer is known; a watch when it is opened.
    using Log =
        std::function<void(const std::string& method, const std::string& target, int status)>;

    explicit HttpFront(std::shared_ptr<ApiServer> server, Log log = {},
                       std::optional<support::StubTls> tls = std::nullopt);
    ~HttpFront();
    HttpFront(const HttpFront&) = delete;
    HttpFront& operator=(const HttpFront&) = delete;

    int port() const { return stub_->port(); }
    std::string url() const { return stub_->url(); }
    // One context, no credentials, namespace "default"; of a front without TLS.
    std::string kubeconfig() const;
    // Every connection breaks, as when the server restarts.
    void dropConnections() { stub_->dropConnections(); }

  private:
    void handle(const support::StubRequest& request, support::StubReply& reply);
    void answer(const ApiServer::Exchange& exchange, support::StubReply& reply);
    void serveWatch(WatchHandle& watch, support::StubReply& reply);
    void control(const support::StubRequest& request, support::StubReply& reply);

    std::shared_ptr<ApiServer> server_;
    Log log_;
    std::stop_source stop_;
    std::unique_ptr<support::HttpStub> stub_;
};

// Of the control path; nothing: not a fault.
std::optional<Fault> faultOf(const base::Json& json);

}  // namespace test
