// The requests of the event recorder that did not get through and will be tried again: when, how
// often, and what waits behind them. The bookkeeping, without a thread.
//
//   runtime::EventRetries retries;
//   if (retries.take(request, now) == runtime::EventRetries::Fate::Now) {
//       auto sent = send(request);
//       if (sent) { retries.done(request.key); } else { retries.failed(request, sent.error(), now);
//       }
//   }
//   while (auto request = retries.due(now)) { ... }  // sent in the same way
//
// Each has twelve tries, 0.5 s doubling to 10 s apart; what waits holds up nobody else. Where the
// server is not reached at all, only one is tried at a time and the others wait without losing a
// try: an outage costs few of them. At most a thousand wait.
// Thread safety: none.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "base/clock.h"
#include "kube/errors.h"
#include "runtime/event_series.h"

namespace runtime {

class EventRetries {
  public:
    using Request = EventSeries::Request;
    enum class Fate {
        Now,    // to be sent
        Later,  // taken in: an earlier one of the same event waits, or nobody is reached
        Full,   // dropped
    };

    Fate take(const Request& request, base::SteadyTime now);
    // One whose time has come; it is answered with done or failed.
    std::optional<Request> due(base::SteadyTime now) const;
    void done(const kube::ObjectKey& key);
    // False: it is not tried again.
    bool failed(const Request& request, const kube::ApiError& error, base::SteadyTime now);
    // All are due: the process is about to end.
    void rush();
    std::optional<base::SteadyTime> next() const;

  private:
    struct Waiting {
        Request request;
        int tries = 0;
        base::SteadyTime due;
    };

    std::map<kube::ObjectKey, Waiting> waiting_;
    base::SteadyTime restsUntil_{};  // nobody is reached
};

}  // namespace runtime
