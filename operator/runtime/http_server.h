// A small HTTP server for probes, metrics and read-only pages (Boost.Beast): bounded headers,
// bounded body, time-outs, at most 64 connections.
//
//   runtime::HttpServer server;
//   server.handle("/healthz", [](const auto&) { return runtime::ServerResponse{200, "ok"}; });
//   auto port = server.listen("0.0.0.0", 8080);   // 0: any free port, the answer names it
//
// Thread safety: handle before listen; handlers run on the server's thread and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace runtime {

struct ServerRequest {
    std::string method;
    std::string path;
    std::string query;
};

struct ServerResponse {
    int status = 200;
    std::string body;
    std::string contentType = "text/plain; charset=utf-8";
};

class HttpServer {
  public:
    HttpServer();
    ~HttpServer();  // stop()
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    void handle(const std::string& path,
                std::function<ServerResponse(const ServerRequest&)> handler);
    base::Result<uint16_t> listen(const std::string& address, uint16_t port);
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
