// An HTTP/1.1 server with keep-alive and a graceful stop.
//
//   shop::Server server({.port = 8080}, shop::routes(options, hostname));
//   server.run();                  // until SIGTERM or SIGINT, then until the last answer is out
//
// One thread (the caller of run) does all reading and writing; slow routes run on a bounded number
// of worker threads, with a bounded queue before them: beyond it the answer is 503 at once. So the
// shop's memory and threads have an upper limit at any load.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "shop/routes.h"

namespace shop {

struct ServerOptions {
    uint16_t port = 8080;
    std::size_t workers = 4;
    std::size_t queue = 64;
    std::chrono::seconds grace{25};
    std::shared_ptr<Trouble> trouble = nullptr;  // for the routes that are not spared
};

class Server {
  public:
    // Listens from here on. Throws std::system_error when the port cannot be had.
    Server(const ServerOptions& options, std::vector<Route> routes);
    ~Server();

    // The port it listens on, also when it was asked for any (0).
    uint16_t port() const;

    // Blocks until a signal came and all requests under way are answered, or the grace is over.
    // Returns the number of requests that were cut off: 0 is a graceful end.
    std::size_t run();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace shop
