// A real nginx on loopback with a rendered configuration of the edge tier.
//
//   Pod web("web");
//   EdgeProcess edge(model, web.port());
//   EXPECT_EQ(edge.get("/static/a").header("X-Cache"), "MISS");
//   edge.epoch("two");
//
// The configuration is changed in its places only: ports that are free, folders of its own, and the
// port of the origin `web`. Thread safety: get() from any thread.
#pragma once

#include <memory>
#include <string>

#include "e2e/support/process.h"
#include "plan/balancer.h"
#include "plan/nginx.h"

namespace plan_test {

// The nginx of this machine; empty: there is none.
std::string nginxBinary();

// What `nginx -t` says of it; empty: it takes it.
std::string nginxRefuses(const plan::NginxModel& model);

class EdgeProcess {
  public:
    enum class Connections { Few, AsDeployed };
    // Starts it and waits until it listens. `model.webHost` has to be an address. Few: what every
    // machine's limits allow.
    EdgeProcess(const plan::NginxModel& model, int webPort,
                Connections connections = Connections::Few);
    ~EdgeProcess();
    EdgeProcess(const EdgeProcess&) = delete;
    EdgeProcess& operator=(const EdgeProcess&) = delete;

    Answer get(const std::string& path, const std::string& headers = "",
               const std::string& method = "GET") const;
    Answer admin(const std::string& path) const;
    // As the kubelet swaps a volume: a new folder, then the link.
    void epoch(const std::string& value);
    // What preStop does first.
    void leave() const;
    int port() const { return port_; }
    // The most memory that its workers ever had together.
    double mostMiB() const;
    // What it has logged.
    std::string log() const;
    // How often something was counted.
    int64_t tally(const std::string& name) const;

  private:
    std::string folder_;
    OwnPort port_;
    OwnPort adminPort_;
    int epochs_ = 0;
    std::unique_ptr<e2e::Background> process_;
};

}  // namespace plan_test
