// Runs a command and waits for it, with a bound.
//
//   auto result = e2e::run({"kubectl", "get", "pods", "-o", "json"});
//   ASSERT_EQ(result.exitCode, 0) << result.err;
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace e2e {

struct RunResult {
    int exitCode = -1;  // 128+n: ended by signal n; 124: killed at the time-out
    std::string out;
    std::string err;
    bool ok() const { return exitCode == 0; }
};

// No shell is involved. `input` goes to stdin.
RunResult run(const std::vector<std::string>& argv, const std::string& input = "",
              std::chrono::seconds timeout = std::chrono::seconds(60));

// A process that goes on while the test does other things; killed when this ends.
class Background {
  public:
    Background(const std::vector<std::string>& argv, const std::string& logFile);
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    bool running();
    int pid() const { return pid_; }

  private:
    int pid_ = -1;
};

}  // namespace e2e
