// The operator's binary as a process of the test's own.
//
//   OperatorProcess process(kubeconfigPath, logPath);
//   process.start();
//   process.kill();        // SIGKILL: no goodbye of any kind
//
// It dies with the test. Thread safety: kill() and suspend() from any thread, everything else from
// one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

namespace sieve {

class OperatorProcess {
  public:
    // `pod`: its name as a replica that takes part in leader election; empty: it is alone.
    OperatorProcess(std::string kubeconfig, std::string log, std::string pod = "")
        : kubeconfig_(std::move(kubeconfig)), log_(std::move(log)), pod_(std::move(pod)) {}
    ~OperatorProcess();
    OperatorProcess(const OperatorProcess&) = delete;
    OperatorProcess& operator=(const OperatorProcess&) = delete;

    void start();
    void kill();
    // Waits for the end of a process that was killed.
    void reap();
    bool killed() const { return killed_; }
    // Nothing of it runs when this returns, until resume(); its clocks do.
    void suspend();
    void resume();
    // Its exit code; nothing: it goes on, or did not end by itself.
    std::optional<int> awaitExit(std::chrono::milliseconds patience);
    // What it wrote, over all its lives.
    std::string log() const;

  private:
    std::string kubeconfig_;
    std::string log_;
    std::string pod_;
    std::atomic<pid_t> pid_{0};
    std::atomic<bool> killed_{false};
};

}  // namespace sieve
