// Folds repeats of an event into one object: the bookkeeping of the recorder, without a thread.
//
//   runtime::EventSeries series("scalableapp-operator", podName);
//   if (auto request = series.add(event, steadyNow, wallNow)) { send(*request); }
//   for (const auto& request : series.tick(steadyNow)) { send(request); }
//
// The first of a kind is created, the second turns it into a series by a patch, later ones are only
// counted here and patched in every 30 minutes and when the series ends (6 minutes of silence).
// Source of rules and figures: client-go tools/events/event_broadcaster.go.
// Thread safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "runtime/events.h"

namespace runtime {

class EventSeries {
  public:
    struct Request {
        bool create = true;  // else a merge patch of `key`
        kube::ObjectKey key;
        base::Json body;
    };

    EventSeries(std::string reportingController, std::string reportingInstance)
        : controller_(std::move(reportingController)), instance_(std::move(reportingInstance)) {}

    // Nothing: the repeat was counted.
    std::optional<Request> add(const Event& event, base::SteadyTime now, base::WallTime wall);
    // What has to be sent because time went by.
    std::vector<Request> tick(base::SteadyTime now);
    // A patch found nothing to patch (events live an hour): the whole event, to be created anew.
    std::optional<Request> recreate(const kube::ObjectKey& key, base::SteadyTime now,
                                    base::WallTime wall);
    // This did not get through: the next request of its series makes up for it, at its end at the
    // latest.
    void unsent(const Request& request);
    size_t open() const { return series_.size(); }

  private:
    // Everything but the note: texts that vary must not make a series fall apart.
    using Kind = std::tuple<EventType, std::string, std::string, std::string, std::string,
                            kube::ObjectKey, std::string>;
    // Thousands are open while an operator starts: what is rarely sent again is built anew.
    struct Series {
        kube::ObjectKey key;
        std::string note;
        int64_t count = 1;
        int64_t sentCount = 1;
        bool there = true;  // on the server, as far as we know
        base::WallTime firstWall;
        base::WallTime lastWall;
        base::SteadyTime lastSeen;
        base::SteadyTime lastSent;
    };

    Request whole(const Kind& kind, const Series& series) const;
    Request patch(Series& series, base::SteadyTime now) const;
    Request anew(const Kind& kind, Series& series, base::SteadyTime now) const;
    std::string newName(const std::string& object, base::WallTime wall);

    const std::string controller_;
    const std::string instance_;
    std::map<Kind, Series> series_;
    int64_t lastStamp_ = 0;
};

}  // namespace runtime
