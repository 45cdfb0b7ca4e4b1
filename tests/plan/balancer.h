// A real HAProxy on loopback with a rendered configuration, and the little that its tests need.
//
//   Pods pods(3);
//   Balancer balancer(model, {{"web", {&pods[0], &pods[1], &pods[2]}}});
//   EXPECT_EQ(balancer.get("/").status, 200);
//   EXPECT_EQ(pods[0].hits(), 1);
//
// The configuration is changed in three places only: ports and sockets that are free, addresses in
// place of names of the cluster, and quicker health checks. Thread safety: get() from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "e2e/support/process.h"
#include "plan/dns_stub.h"
#include "plan/haproxy.h"
#include "plan/own_port.h"
#include "support/http_ask.h"
#include "support/http_stub.h"

namespace plan_test {

using support::Answer;
using support::ask;

// The haproxy of this machine; empty: there is none.
std::string haproxyBinary();

// What `haproxy -c` says against a rendered configuration, warnings included; empty: it takes it.
std::string haproxyRefuses(const std::string& config);

// A web pod: answers its name. Health checks do not count.
class Pod {
  public:
    explicit Pod(std::string name);

    int port() const { return server_.port(); }
    int hits() const { return hits_; }
    int mostAtOnce() const { return most_; }
    int atOnce() const { return now_; }
    const std::string& name() const { return name_; }

    // 0: breaks off without an answer.
    std::atomic<int> status = 200;
    // Requests in order of arrival.
    std::vector<support::StubRequest> requests() const;
    std::vector<std::chrono::steady_clock::time_point> arrivals() const;
    // While set, requests wait here before they are answered.
    void hold() { setGate(std::make_shared<support::Gate>()); }
    void release();

  private:
    void answer(const support::StubRequest& request, support::StubReply& reply);
    std::shared_ptr<support::Gate> setGate(std::shared_ptr<support::Gate> gate);

    std::string name_;
    std::atomic<int> hits_ = 0;
    std::atomic<int> now_ = 0;
    std::atomic<int> most_ = 0;
    std::shared_ptr<support::Gate> gate_;
    mutable std::mutex mutex_;
    std::vector<std::chrono::steady_clock::time_point> arrivals_;
    support::HttpStub server_;
};

using PodsByPool = std::map<std::string, std::vector<const Pod*>>;

class Balancer {
  public:
    // Starts it and waits until it is ready; without any pod: until it listens. `ports`: of what
    // else serves, in the pool "web".
    Balancer(const plan::HaproxyModel& model, const PodsByPool& pods,
             const std::vector<int>& ports = {});
    // One that finds its pods by names, as deployed.
    Balancer(const plan::HaproxyModel& model, const DnsStub& dns);
    ~Balancer();
    Balancer(const Balancer&) = delete;
    Balancer& operator=(const Balancer&) = delete;

    int port() const { return port_; }
    // One request on a connection of its own, from this address of the loopback network.
    Answer get(const std::string& path, const std::string& method = "GET",
               const std::string& from = "127.0.0.1") const;
    Answer admin(const std::string& path) const;
    // Asks it to stop as a kubelet does: it serves until its connections are done.
    void stop() const;
    // What it has logged.
    std::string log() const;
    // What the operator would have it know of the pods.
    void tell(const std::string& pods) const;
    // Polls until it is so; false after ten seconds.
    bool circuitBecomes(int state) const;

  private:
    OwnPort port_;
    OwnPort adminPort_;
    std::string folder_;
    std::unique_ptr<e2e::Background> process_;
};

// True as soon as `check` is; false after ten seconds.
bool soon(const std::function<bool()>& check);

}  // namespace plan_test
