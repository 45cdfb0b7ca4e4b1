// What every transport test needs: a stub server and a transport that talks to it. The suites
// derived from TransportTest are the contract of kube/transport.h and run against each
// implementation.
//
//   class TransportSend : public TransportTest {};
//   EVERY_TRANSPORT(TransportSend);
//   TEST_P(TransportSend, ...) { HttpStub server(...); auto got = to(server)->send(get("/x"), {});
//   }
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kube/transport.h"
#include "support/http_stub.h"

namespace kube_test {

using support::Gate;
using support::HttpStub;
using support::StubReply;
using support::StubRequest;

inline kube::ClusterConfig configFor(const HttpStub& server) {
    kube::ClusterConfig config;
    config.server = server.url();
    return config;
}

class TransportTest : public testing::TestWithParam<kube::TransportKind> {
  protected:
    static std::shared_ptr<kube::Transport> make(kube::ClusterConfig config) {
        config.transport = GetParam();
        return kube::makeTransport(config);
    }
    static std::shared_ptr<kube::Transport> to(const HttpStub& server) {
        return make(configFor(server));
    }
    static bool overBeast() { return GetParam() == kube::TransportKind::Beast; }
};

#define EVERY_TRANSPORT(suite)                                                                  \
    INSTANTIATE_TEST_SUITE_P(                                                                   \
        Over, suite, testing::Values(kube::TransportKind::Cpprest, kube::TransportKind::Beast), \
        [](const auto& one) {                                                                   \
            return one.param == kube::TransportKind::Beast ? "Beast" : "Cpprest";               \
        })

inline kube::HttpRequest get(const std::string& target) {
    kube::HttpRequest request;
    request.target = target;
    return request;
}

inline kube::HttpRequest write(const std::string& method, const std::string& target,
                               const std::string& body) {
    kube::HttpRequest request;
    request.method = method;
    request.target = target;
    request.contentType = "application/json";
    request.body = body;
    return request;
}

// How many of our own ends of connections to a port have keep-alive on.
inline int keptAlive(int port) {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename());
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        int on = 0;
        socklen_t onSize = sizeof on;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
            ntohs(peer.sin_port) == port &&
            ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &onSize) == 0) {
            found += on;
        }
    }
    return found;
}

// The lines of one watch, collected.
struct Watched {
    std::vector<std::string> lines;
    kube::ApiResult<void> end;
};

inline Watched watch(kube::Transport& transport, const kube::HttpRequest& request,
                     std::stop_token stop = {}) {
    Watched out;
    out.end = transport.stream(
        request, [&](std::string_view line) { out.lines.emplace_back(line); }, stop);
    return out;
}

}  // namespace kube_test
