// What every transport test needs: a stub server and a transport that talks to it.
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

inline std::shared_ptr<kube::Transport> transportTo(const HttpStub& server) {
    return kube::makeCpprestTransport(configFor(server));
}

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
