// A nameserver on loopback, by TCP: tells of as many pods as it is asked to, each time in another
// order, and of any name that it is on loopback.
//
//   DnsStub dns({8081, 8082});          // ports of the pods
//   Balancer balancer(model, dns);
//   dns.forget(8081);                  // that pod is gone
//
// Thread safety: all of it from any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plan_test {

class DnsStub {
  public:
    explicit DnsStub(std::vector<int> pods);
    ~DnsStub();
    DnsStub(const DnsStub&) = delete;
    DnsStub& operator=(const DnsStub&) = delete;

    int port() const { return port_; }
    // How often it told of pods.
    int told() const { return told_; }
    void forget(int pod);

  private:
    void serve();
    void answerOn(int connection);
    std::string answerTo(const std::string& query);
    std::string answerWithPods(const std::string& head, const std::string& question);

    std::mutex mutex_;
    std::vector<int> pods_;  // ports; 0: forgotten
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> told_ = 0;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace plan_test
