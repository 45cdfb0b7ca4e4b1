// The operator's binary as a process of the test's own.
//
//   OperatorProcess process(kubeconfigPath, logPath);
//   process.start();
//   process.kill();        // SIGKILL: no goodbye of any kind
//
// It dies with the test. Thread safety: kill() from any thread, everything else from one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>

namespace sieve {

class OperatorProcess {
  public:
    OperatorProcess(std::string kubeconfig, std::string log)
        : kubeconfig_(std::move(kubeconfig)), log_(std::move(log)) {}
    ~OperatorProcess();
    OperatorProcess(const OperatorProcess&) = delete;
    OperatorProcess& operator=(const OperatorProcess&) = delete;

    void start();
    void kill();
    // Waits for the end of a process that was killed.
    void reap();
    bool killed() const { return killed_; }
    // What it wrote, over all its lives.
    std::string log() const;

  private:
    std::string kubeconfig_;
    std::string log_;
    std::atomic<pid_t> pid_{0};
    std::atomic<bool> killed_{false};
};

}  // namespace sieve
