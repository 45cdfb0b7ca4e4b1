// A manager on the server in memory, for tests.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "apiserver/server.h"
#include "runtime/http_server.h"
#include "runtime/manager.h"

namespace test {

inline runtime::ManagerOptions managerOptions(std::shared_ptr<kube::Transport> transport,
                                              const std::string& identity, uint16_t port = 0) {
    runtime::ManagerOptions out;
    out.cluster.server = "https://fake";
    out.name = "operator";
    out.leaseNamespace = "system";
    out.listenAddress = "127.0.0.1";
    out.listenPort = port;
    out.leader.identity = identity;
    out.leader.retryPeriod = std::chrono::milliseconds(50);
    out.transport = std::move(transport);
    return out;
}

// The same with a lease that runs out soon.
inline runtime::ManagerOptions shortLease(runtime::ManagerOptions options) {
    options.leader.leaseDuration = std::chrono::milliseconds(3000);
    options.leader.renewDeadline = std::chrono::milliseconds(2000);
    return options;
}

// A port nobody listens on just now.
inline uint16_t freePort() {
    runtime::HttpServer probe;
    return *probe.listen("127.0.0.1", 0);
}

// The way to the server in memory, for what changes some of the requests on it.
class ToServer : public kube::Transport {
  public:
    explicit ToServer(std::shared_ptr<ApiServer> server) : server_(std::move(server)) {}
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token stop) override {
        return server_->send(request, std::move(stop));
    }
    kube::ApiResult<void> stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                 std::stop_token stop) override {
        return server_->stream(request, onLine, std::move(stop));
    }

  private:
    std::shared_ptr<ApiServer> server_;
};

}  // namespace test
