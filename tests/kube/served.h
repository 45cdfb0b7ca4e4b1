// A stub server over TLS in a process of its own: what it uses of memory and processor does not
// count as that of the transport under test.
//
//   auto server = kube_test::Served::start([](const auto& request, auto& reply) { ... });
//   auto transport = kube::makeTransport(server->config(kube::TransportKind::Beast));
//
// Start it before the first thread. It ends with this object, or with the process. Thread safety:
// as for a plain value.
#pragma once

#include <sys/types.h>

#include <memory>

#include "kube/config.h"
#include "support/http_stub.h"

namespace kube_test {

class Served {
  public:
    // nullptr: there is no process to be had.
    static std::unique_ptr<Served> start(const support::HttpStub::Handler& handler);
    ~Served();
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    kube::ClusterConfig config(kube::TransportKind transport) const;

  private:
    Served(pid_t process, int port, std::string authority);

    const pid_t process_;
    const int port_;
    const std::string authority_;
};

}  // namespace kube_test
