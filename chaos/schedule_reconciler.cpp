#include "chaos/schedule_reconciler.h"

#include <algorithm>

#include "api/condition.h"
#include "chaos/after_error.h"
#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/report/history.h"
#include "chaos/run_labels.h"
#include "chaos/topology/topology.h"
#include "runtime/owner.h"

namespace chaos {
namespace {

using base::textAt;
using namespace std::chrono_literals;
using kube::ErrorKind;

constexpr const char* kScheduledAt = "/spec/scheduledAt";
constexpr const char* kScheduled = "Scheduled";
constexpr const char* kMissed = "scalableapp_chaos_schedule_missed_total";
constexpr const char* kStarted = "scalableapp_chaos_schedule_started_total";
// A far time is looked at again in between: clocks are set, and the longest timer is bounded.
constexpr auto kLongest = std::chrono::hours(1);

std::optional<base::WallTime> time(const base::Json& json, const char* pointer) {
    base::WallTime out;
    return base::parseTime(textAt(json, pointer), out) ? std::optional(out) : std::nullopt;
}

kube::ObjectKey keyOf(const base::Json& object) {
    return {textAt(object, "/metadata/namespace"), textAt(object, "/metadata/name")};
}

schedule::Child childOf(const base::Json& run) {
    schedule::Child out;
    out.name = textAt(run, "/metadata/name");
    out.uid = textAt(run, "/metadata/uid");
    out.scheduledAt = time(run, kScheduledAt);
    auto status = run::parseStatus(run.value("status", base::Json::object()));
    out.completedAt = status.completedAt;
    out.verdict = status.verdict;
    const auto* annotations = base::at(run, "/metadata/annotations");
    out.aborting = annotations != nullptr && annotations->contains(kAbortAnnotation);
    return out;
}

// What was last told about a time that waits.
std::string waitingOf(const base::Json& object) {
    for (const auto& one : api::parseConditions(base::arrayAt(object, "/status/conditions"))) {
        if (one.type == kScheduled && one.reason == schedule::kRunActive) {
            return one.message;
        }
    }
    return "";
}

runtime::Metrics::Labels labelsOf(const kube::ObjectKey& key) {
    return {{"namespace", key.namespace_}, {"schedule", key.name}};
}

bool ownedBy(const kube::Object& object, const std::string& uid) {
    const auto& owners = object.meta().owners;
    return std::any_of(owners.begin(), owners.end(),
                       [&](const auto& owner) { return owner.uid == uid; });
}

// `waiting`: why the time that is due is not begun yet; empty: none is, or nothing is in its way.
api::Condition scheduled(const base::Json& object, const std::string& waiting) {
    bool suspended = base::boolAt(object, "/spec/suspend").value_or(false);
    api::Condition out{
        .type = kScheduled,
        .status = api::kTrue,
        .reason = waiting.empty() ? kScheduled : schedule::kRunActive,
        .message = waiting,
        .observedGeneration = base::intAt(object, "/metadata/generation").value_or(0),
        .lastTransitionTime = ""};
    if (isPaused(object)) {
        out.status = api::kFalse;
        out.reason = "Paused";
        out.message = std::string("no run is started while it is annotated ") + kPauseAnnotation +
                      ": remove the annotation to go on";
    } else if (suspended) {
        out.status = api::kFalse;
        out.reason = "Suspended";
        out.message = "spec.suspend is set";
    }
    return out;
}

base::Json statusOf(const base::Json& object, const schedule::Seen& seen,
                    const schedule::Decision& decision) {
    base::Json status = base::Json::object();
    auto last = decision.lastScheduleTime ? decision.lastScheduleTime : seen.lastScheduleTime;
    if (last) {
        status["lastScheduleTime"] = base::formatTime(*last);
    }
    auto active = base::Json::array();
    const schedule::Child* ended = nullptr;
    for (const auto& child : seen.children) {
        if (child.active()) {
            active.push_back(child.name);
        } else if (ended == nullptr || child.completedAt > ended->completedAt) {
            ended = &child;
        }
    }
    status["active"] = active;
    if (ended != nullptr) {
        status["lastRun"] = ended->name;
        status["lastVerdict"] = run::name(*ended->verdict);
    }
    auto conditions = api::parseConditions(base::arrayAt(object, "/status/conditions"));
    api::setCondition(conditions, scheduled(object, decision.waiting), seen.now);
    status["conditions"] = api::toJson(conditions);
    return status;
}

}  // namespace

base::Result<base::Json> runOfSchedule(const base::Json& object, base::WallTime due) {
    auto name = textAt(object, "/metadata/name");
    base::Json metadata{
        {"name", schedule::runName(name, due)},
        {"namespace", textAt(object, "/metadata/namespace")},
        {"labels", runLabels(kScheduleLabel, name, textAt(object, "/spec/experiment/app"))}};
    base::Json spec{{"schedule", name}, {"scheduledAt", base::formatTime(due)}};
    if (const auto* asked = base::at(object, "/spec/experiment")) {
        spec.update(*asked);
    }
    return runtime::withController(
        {kChaosSchedules, keyOf(object), textAt(object, "/metadata/uid")}, kChaosRuns,
        {{"apiVersion", kChaosRuns.apiVersion()},
         {"kind", kChaosRuns.kind},
         {"metadata", metadata},
         {"spec", spec}});
}

ScheduleReconciler::ScheduleReconciler(kube::Client& client, EventSink events,
                                       runtime::Metrics& metrics, const base::Clock& clock)
    : client_(client), events_(std::move(events)), metrics_(metrics), clock_(clock) {
    using enum runtime::Metrics::Kind;
    metrics_.define(kMissed, Counter,
                    "Times of chaos schedules that passed without a run, by reason");
    metrics_.define(kStarted, Counter, "Runs started by chaos schedules");
}

// Counted from nought: an increase is only seen of what was there before.
void ScheduleReconciler::count(const kube::ObjectKey& key,
                               const std::map<std::string, int64_t>& missed) {
    metrics_.count(kStarted, labelsOf(key), 0);
    for (const char* reason : schedule::kMissReasons) {
        auto labels = labelsOf(key);
        labels["reason"] = reason;
        auto found = missed.find(reason);
        metrics_.count(kMissed, labels,
                       found == missed.end() ? 0 : static_cast<double>(found->second));
    }
}

kube::ApiResult<schedule::Seen> ScheduleReconciler::look(const base::Json& object,
                                                         const api::ChaosScheduleSpec& spec,
                                                         std::vector<base::Json>& runs,
                                                         const std::stop_token& stop) {
    auto key = keyOf(object);
    schedule::Seen seen;
    seen.name = key.name;
    seen.createdAt = time(object, "/metadata/creationTimestamp").value_or(clock_.wall());
    seen.lastScheduleTime = time(object, "/status/lastScheduleTime");
    seen.waiting = waitingOf(object);
    auto list = client_.list(kChaosRuns,
                             {.namespace_ = key.namespace_,
                              .labelSelector = std::string(kScheduleLabel) + "=" + key.name},
                             stop);
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        if (ownedBy(*item, textAt(object, "/metadata/uid"))) {
            runs.push_back(item->json());
            seen.children.push_back(childOf(runs.back()));
        }
    }
    if (spec.cooldownSeconds > 0) {
        auto app = client_.get(kScalableApps, {key.namespace_, spec.app}, stop);
        if (app) {
            seen.appReadySince = topology::parseApp((*app)->json()).readySince;
        } else if (!app.error().is(ErrorKind::NotFound)) {
            return base::failWith(app.error());
        }
    }
    seen.now = clock_.wall();
    return seen;
}

std::optional<runtime::Outcome> ScheduleReconciler::start(const base::Json& object,
                                                          base::WallTime due,
                                                          const std::stop_token& stop) {
    auto run = runOfSchedule(object, due);
    if (!run) {
        return runtime::Outcome::terminal(run.error().message);
    }
    auto created = client_.create(kChaosRuns, *run, stop);
    if (created) {
        metrics_.count(kStarted, labelsOf(keyOf(object)));
        return std::nullopt;
    }
    if (!created.error().is(ErrorKind::AlreadyExists)) {
        return afterError(created.error());
    }
    kube::ObjectKey key{textAt(object, "/metadata/namespace"), textAt(*run, "/metadata/name")};
    auto there = client_.get(kChaosRuns, key, stop);
    if (there && ownedBy(**there, textAt(object, "/metadata/uid"))) {
        return std::nullopt;
    }
    return runtime::Outcome::retry("ChaosRun " + key.name + " of somebody else is in the way");
}

std::optional<runtime::Outcome> ScheduleReconciler::carryOut(const base::Json& object,
                                                             const schedule::Decision& decision,
                                                             const std::stop_token& stop) {
    auto namespace_ = textAt(object, "/metadata/namespace");
    for (const auto& child : decision.abort) {
        base::Json patch{{"metadata",
                          {{"uid", child.uid},
                           {"annotations", {{kAbortAnnotation, "replaced by a later run"}}}}}};
        auto patched = client_.patch(kChaosRuns, {namespace_, child.name},
                                     kube::PatchType::MergePatch, patch, stop);
        if (!patched && !patched.error().is(ErrorKind::NotFound)) {
            return afterError(patched.error());
        }
    }
    if (decision.start) {
        return start(object, *decision.start, stop);
    }
    return std::nullopt;
}

runtime::Outcome ScheduleReconciler::settle(const base::Json& object, const base::Json& status,
                                            std::optional<base::WallTime> wakeAt,
                                            const std::stop_token& stop) {
    const auto* before = base::at(object, "/status");
    if (before == nullptr || !base::sameJson(*before, status)) {
        base::Json patch{
            {"metadata", {{"resourceVersion", textAt(object, "/metadata/resourceVersion")}}},
            {"status", status}};
        auto written = client_.patch(kChaosSchedules, keyOf(object), kube::PatchType::MergePatch,
                                     patch, stop, "status");
        if (!written) {
            return afterError(written.error());
        }
    }
    if (!wakeAt) {
        return runtime::Outcome::done();
    }
    auto pause = std::chrono::ceil<std::chrono::milliseconds>(*wakeAt - clock_.wall());
    return runtime::Outcome::after(std::clamp<std::chrono::milliseconds>(pause, 10ms, kLongest));
}

// Nothing is retried: only a change of the object can help.
runtime::Outcome ScheduleReconciler::reject(const base::Json& object, const std::string& reason,
                                            const std::string& message,
                                            const std::stop_token& stop) {
    auto status = object.value("status", base::Json::object());
    auto conditions = api::parseConditions(base::arrayAt(object, "/status/conditions"));
    api::setCondition(
        conditions,
        {.type = kScheduled,
         .status = api::kFalse,
         .reason = reason,
         .message = message,
         .observedGeneration = base::intAt(object, "/metadata/generation").value_or(0),
         .lastTransitionTime = ""},
        clock_.wall());
    status["conditions"] = api::toJson(conditions);
    return settle(object, status, std::nullopt, stop);
}

runtime::Outcome ScheduleReconciler::reconcile(const kube::ObjectKey& key,
                                               const runtime::ReconcileContext& context) {
    auto got = client_.get(kChaosSchedules, key, context.stop);
    if (!got) {
        return afterError(got.error());
    }
    if ((*got)->meta().deleting) {
        return runtime::Outcome::done();
    }
    auto object = (*got)->json();
    auto spec = api::parseChaosSchedule(object);
    if (!spec) {
        return reject(object, "InvalidSchedule", spec.error().message, context.stop);
    }
    auto cron = schedule::Cron::parse(spec->schedule);
    if (!cron) {
        return reject(object, "InvalidSchedule", cron.error().message, context.stop);
    }
    auto zone = schedule::Zone::named(spec->timeZone);
    if (!zone) {
        return reject(object, "UnknownTimeZone", zone.error().message, context.stop);
    }
    if (!cron->next(clock_.wall(), *zone)) {
        return reject(object, "NeverFires",
                      "spec.schedule \"" + spec->schedule + "\" means no time that will ever come",
                      context.stop);
    }
    spec->suspend = spec->suspend || isPaused(object);
    std::vector<base::Json> runs;
    auto seen = look(object, *spec, runs, context.stop);
    if (!seen) {
        return afterError(seen.error());
    }
    auto decision = schedule::decide(*spec, *cron, *zone, *seen);
    if (auto outcome = carryOut(object, decision, context.stop)) {
        return *outcome;
    }
    auto status = statusOf(object, *seen, decision);
    report::addHistory(object, runs, status);
    auto outcome = settle(object, status, decision.wakeAt, context.stop);
    if (outcome.kind() == runtime::Outcome::Kind::Retry) {
        return outcome;
    }
    count(key, decision.missed);
    for (const auto& told : decision.told) {
        events_({.regarding = {.apiVersion = kChaosSchedules.apiVersion(),
                               .kind = kChaosSchedules.kind,
                               .key = key,
                               .uid = (*got)->meta().uid},
                 .type = told.warning ? runtime::EventType::Warning : runtime::EventType::Normal,
                 .reason = told.reason,
                 .action = "Schedule",
                 .note = told.text});
    }
    for (const auto& child : decision.prune) {
        auto removed =
            client_.remove(kChaosRuns, {key.namespace_, child.name}, child.uid, context.stop);
        if (!removed && !removed.error().is(ErrorKind::NotFound)) {
            return afterError(removed.error());
        }
    }
    return outcome;
}

}  // namespace chaos
