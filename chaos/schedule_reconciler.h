// Starts the runs of a ChaosSchedule when they are due. What is due is decided in
// schedule/decide.h; here are the reads and the writes, in the order that survives a crash: the run
// first (its name is made of the scheduled time, so a second start finds it there), then
// lastScheduleTime, then what is to be removed.
//
//   chaos::ScheduleReconciler schedules(client, sink, metrics, clock);
//   manager.controller("chaosschedule", {}, [&](auto& key, auto& context) {
//       return schedules.reconcile(key, context); });
//
// Thread safety: reconcile from any thread, for different keys.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/chaos_schedule.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "chaos/run_reconciler.h"
#include "chaos/schedule/decide.h"
#include "kube/client.h"
#include "runtime/controller.h"

namespace chaos {

class ScheduleReconciler {
  public:
    ScheduleReconciler(kube::Client& client, EventSink events, runtime::Metrics& metrics,
                       const base::Clock& clock);

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);

  private:
    // `runs`: those that it has made, as they are.
    kube::ApiResult<schedule::Seen> look(const base::Json& object,
                                         const api::ChaosScheduleSpec& spec,
                                         std::vector<base::Json>& runs,
                                         const std::stop_token& stop);
    // Nothing: it was done. Otherwise how the reconcile ends.
    std::optional<runtime::Outcome> carryOut(const base::Json& object,
                                             const schedule::Decision& decision,
                                             const std::stop_token& stop);
    std::optional<runtime::Outcome> start(const base::Json& object, base::WallTime due,
                                          const std::stop_token& stop);
    runtime::Outcome settle(const base::Json& object, const base::Json& status,
                            std::optional<base::WallTime> wakeAt, const std::stop_token& stop);
    runtime::Outcome reject(const base::Json& object, const std::string& reason,
                            const std::string& message, const std::stop_token& stop);
    void count(const kube::ObjectKey& key, const std::map<std::string, int64_t>& missed);

    kube::Client& client_;
    EventSink events_;
    runtime::Metrics& metrics_;
    const base::Clock& clock_;
};

// The run of a schedule for one of its times.
base::Result<base::Json> runOfSchedule(const base::Json& schedule, base::WallTime due);

}  // namespace chaos
