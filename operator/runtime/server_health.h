// Whether the API server answers, as all watches of a process see it together: an outage is one
// line in the log and its end another, however many watches there are. Each has a name of its own.
//
//   runtime::ServerHealth health;
//   health.failed("pods", error);      // the first to fail says so
//   health.answered("pods");           // the last to recover says so
//   auto waiting = health.onAnswer([&] { source.request_stop(); });   // who pauses is woken
//
// A pause that grew during an outage would go on after its end: the first to get an answer wakes
// all others. Thread safety: all members from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "kube/errors.h"

namespace runtime {

class ServerHealth {
  public:
    void failed(const std::string& who, const kube::ApiError& error);
    void answered(const std::string& who);
    // Somebody else had an answer, whatever it said.
    void reached();

    // Calls `wake` at each answer until the handle ends; the handle's end waits for a running call.
    // `wake` must not block, nor call back.
    [[nodiscard]] std::shared_ptr<void> onAnswer(std::function<void()> wake);

  private:
    void wakeAll();

    std::mutex mutex_;
    std::set<std::string> failing_;
    std::set<const std::function<void()>*> waiting_;
};

}  // namespace runtime
