// Why runs do not go on, told once when it begins, once when it becomes another reason, and once
// when it is over. The three reasons ask different things of people: nothing, a look at the API
// server, a right or a credential.
//
//   Hindrance hindrance;
//   if (auto line = hindrance.met(error)) base::logWarning(*line, {{"error", error.str()}});
//   if (hindrance.passed(wrote)) base::logInfo(Hindrance::kOver);
//
// Thread safety: any function from any thread.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "kube/errors.h"

namespace chaos {

class Hindrance {
  public:
    static constexpr std::string_view kNotLeader =
        "this process does not lead: chaos runs are the leader's";
    static constexpr std::string_view kUnreachable =
        "the API server does not answer; chaos runs go on when it does";
    static constexpr std::string_view kRefused =
        "the API server refuses what chaos runs need; they go on when it does not";
    static constexpr std::string_view kOver = "chaos runs go on again";

    // The line for the log; empty: that is known already, or nobody's trouble (a cancelled call).
    std::optional<std::string_view> met(const kube::ApiError& error);
    // True when something was met before and is over now. `wrote`: a write was accepted; a process
    // that does not lead may still read.
    bool passed(bool wrote);

  private:
    enum class Kind { None, NotLeader, Unreachable, Refused };
    static Kind kindOf(const kube::ApiError& error);

    std::atomic<Kind> kind_ = Kind::None;
};

}  // namespace chaos
