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
