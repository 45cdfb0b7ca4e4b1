// Whether the API server answers, as all watches of a process see it together: an outage is one
// line in the log and its end another, however many watches there are.
//
//   runtime::ServerHealth health;
//   health.failed("pods", error);      // the first to fail says so
//   health.answered("pods");           // the last to recover says so
//
// Thread safety: all members from any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "kube/errors.h"

namespace runtime {

class ServerHealth {
  public:
    void failed(const std::string& who, const kube::ApiError& error);
    void answered(const std::string& who);

  private:
    std::mutex mutex_;
    std::set<std::string> failing_;
};

}  // namespace runtime
