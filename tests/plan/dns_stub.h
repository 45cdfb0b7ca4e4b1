// A nameserver on loopback, by TCP: tells of as many pods as it is asked to, each time in another
// order, and of any name that it is on loopback.
//
//   DnsStub dns({8081, 8082});          // ports of the pods
//   Balancer balancer(model, dns);
//   dns.tell({8082, 8083});
//   dns.fail(DnsStub::kRefused);
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plan/own_port.h"

namespace plan_test {

class DnsStub {
  public:
    explicit DnsStub(std::vector<int> pods);
    ~DnsStub();
    DnsStub(const DnsStub&) = delete;
    DnsStub& operator=(const DnsStub&) = delete;

    static constexpr int kNothing = 0;
    static constexpr int kServerFailure = 2;
    static constexpr int kNoSuchName = 3;
    static constexpr int kRefused = 5;
    static constexpr int kSilence = -1;

    int port() const { return port_; }
    // From now on, of these.
    void tell(std::vector<int> pods);
    // From now on it says this in place of any answer.
    void fail(int how) { failure_ = how; }
    // How often it was asked for pods.
    int told() const { return told_; }

  private:
    void serve();
    void answerOn(int connection);
    std::string answerTo(const std::string& query);

    std::mutex mutex_;
    std::vector<int> pods_;
    std::atomic<int> failure_ = kNothing;
    OwnPort port_;
    std::atomic<int> told_ = 0;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace plan_test
