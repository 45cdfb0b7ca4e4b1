#include "plan/status.h"

#include <algorithm>

#include "plan/look_again.h"
#include "plan/stage.h"

namespace plan {
namespace {

using api::Condition;
using api::ScalableApp;
using base::Json;

// What is told about the app as a whole: the first tier that is not well.
struct Trouble {
    const Tier* tier = nullptr;
    std::string reason;
    std::string message;
    std::string since;  // of its cause; empty: not known
    bool needsHelp = false;
    bool known = false;    // a cause beyond "it is on its way"
    bool serving = false;  // it hurts nobody yet: the autoscaler cannot add pods
};

Trouble troubleOf(const TierReport& report) {
    const auto& state = report.state;
    Trouble out;
    out.tier = report.tier;
    out.reason = state.doing.empty() ? "WaitingForPods" : state.doing;
    out.message = std::string(report.tier->name) + ": " + state.progress;
    out.serving = state.settled;
    if (state.cause) {
        out.known = !state.cause->starting;
        out.needsHelp = state.cause->needsHelp;
        out.message = state.cause->text(report.tier->name);
        if (out.known) {
            out.reason = state.cause->reason;
            out.since = state.cause->since;
        }
    }
    return out;
}

bool isTrouble(const TierState& state) {
    return !state.settled || (state.cause && !state.cause->starting);
}

// Zero pods are a wish: nothing is left to do, although nothing serves. Who waits for the
// application waits no longer, as for a Deployment of none.
bool atRest(const Trouble& trouble) {
    return trouble.reason == kScaledToZero;
}

// A tier that hurts before one that does not, a known cause before an unknown one: what is in front
// of no pods waits for nothing but them.
std::optional<Trouble> worst(const std::vector<TierReport>& reports) {
    std::vector<Trouble> all;
    for (const auto& report : reports) {
        if (isTrouble(report.state)) {
            all.push_back(troubleOf(report));
        }
    }
    if (all.empty()) {
        return std::nullopt;
    }
    auto weight = [](const Trouble& trouble) {
        return (trouble.serving ? 0 : 4) + (trouble.needsHelp ? 2 : 0) +
               (trouble.known || atRest(trouble) ? 1 : 0);
    };
    return *std::max_element(all.begin(), all.end(), [&](const Trouble& a, const Trouble& b) {
        return weight(a) < weight(b);
    });
}

constexpr const char* kChaosRunning = "ChaosRunning";
constexpr const char* kDeadlineReason = "ProgressDeadlineExceeded";

// True, and said of the spec as it is now.
bool stands(const api::Condition* condition, const ScalableApp& app) {
    return condition != nullptr && condition->status == api::kTrue &&
           condition->observedGeneration == app.generation;
}

// When the present step began: its cause's own time, else that of the condition that tells of it.
base::WallTime beginOf(const ScalableApp& app, const Trouble& trouble, base::WallTime now) {
    base::WallTime begin = now;
    if (base::parseTime(trouble.since, begin)) {
        return begin;
    }
    const auto* reconciling = api::findCondition(app.conditions, "Reconciling");
    if (stands(reconciling, app) && base::parseTime(reconciling->lastTransitionTime, begin)) {
        return begin;
    }
    // It began a deadline before it stalled, where that is why it stalled: a cause that stalled at
    // once and is gone has left a fresh deadline.
    const auto* stalled = api::findCondition(app.conditions, "Stalled");
    if (stands(stalled, app) && stalled->reason == kDeadlineReason &&
        base::parseTime(stalled->lastTransitionTime, begin)) {
        return begin - std::chrono::seconds(app.progressDeadlineSeconds);
    }
    return now;
}

class Judge {
  public:
    Judge(const ScalableApp& app, const std::string& undone, base::WallTime now)
        : app_(app), undone_(undone), now_(now), conditions_(app.conditions) {}

    void judge(const std::vector<TierReport>& reports) {
        auto trouble = worst(reports);
        bool ready = undone_.empty() && (!trouble || trouble->serving || atRest(*trouble));
        if (undone_.empty()) {
            decideStalled(trouble);
            bool plain = !trouble || trouble->serving;
            set("Ready", ready, plain ? "Ready" : trouble->reason, readyMessage(reports, trouble));
            only("Reconciling", trouble && !stalled_ && !atRest(*trouble), trouble);
        } else {
            set("Ready", false, kPaused, pausedMessage(trouble));
            only("Reconciling", false, trouble);
        }
        only("Stalled", stalled_, trouble);
        setPaused();
        for (const auto& report : reports) {
            setTier(report);
            events_.insert(events_.end(), report.state.events.begin(), report.state.events.end());
        }
        tell(ready, trouble);
    }

    const api::Conditions& conditions() const { return conditions_; }
    const std::vector<EventIntent>& events() const { return events_; }
    std::optional<std::chrono::milliseconds> lookAgain() const { return lookAgain_; }

  private:
    void set(const char* type, bool value, const std::string& reason, const std::string& message) {
        set(type, value ? api::kTrue : api::kFalse, reason, message);
    }

    void set(const char* type, const char* status, const std::string& reason,
             const std::string& message) {
        api::setCondition(conditions_,
                          {.type = type,
                           .status = status,
                           .reason = reason,
                           .message = message,
                           .observedGeneration = app_.generation,
                           .lastTransitionTime = ""},
                          now_);
    }

    void only(const char* type, bool value, const std::optional<Trouble>& trouble) {
        const auto* before = api::findCondition(conditions_, type);
        if (before != nullptr && (!value || before->observedGeneration != app_.generation)) {
            api::removeCondition(conditions_, type);
        }
        if (value) {
            set(type, true, stalled_ && deadlineOver_ ? kDeadlineReason : trouble->reason,
                trouble->message);
        }
    }

    // An autoscaler that cannot add pods hurts nobody yet.
    void decideStalled(const std::optional<Trouble>& trouble) {
        if (!trouble || trouble->serving || atRest(*trouble)) {
            return;
        }
        if (trouble->needsHelp) {
            stalled_ = true;
            return;
        }
        auto deadline =
            beginOf(app_, *trouble, now_) + std::chrono::seconds(app_.progressDeadlineSeconds);
        if (now_ >= deadline) {
            stalled_ = true;
            deadlineOver_ = true;
        } else {
            lookAgain_ = untilAfter(deadline, now_);
        }
    }

    static std::string readyMessage(const std::vector<TierReport>& reports,
                                    const std::optional<Trouble>& trouble) {
        if (trouble) {
            return trouble->message;
        }
        std::string out;
        for (const auto& report : reports) {
            out += (out.empty() ? "" : "; ") + std::string(report.tier->name) + ": " +
                   report.state.progress;
        }
        return out;
    }

    std::string pausedMessage(const std::optional<Trouble>& trouble) const {
        std::string out = "the operator only observes: " + undone_ +
                          "; to go on: kubectl scalableapp resume " + app_.name + " -n " +
                          app_.namespace_ + " (or `management: Manage`)";
        bool more = trouble && trouble->known && trouble->message != undone_;
        return more ? out + "; meanwhile " + trouble->message : out;
    }

    void setPaused() {
        if (app_.management == api::Management::Observe) {
            set(kPaused, true, "Observing",
                "`management` is `Observe`: what becomes different is told and not mended");
        } else {
            api::removeCondition(conditions_, kPaused);
        }
    }

    void setTier(const TierReport& report) {
        const auto& state = report.state;
        std::string reason = state.serving ? "Serving" : "WaitingForPods";
        std::string message = state.progress;
        if (!state.serving) {
            Trouble trouble = troubleOf(report);
            reason = trouble.reason;
            message = trouble.message;
        }
        set(report.tier->condition, state.serving, reason, message);
        for (const auto& extra : state.conditions) {
            const char* status = extra.value ? api::kTrue : api::kFalse;
            set(extra.type.c_str(), extra.unknown ? api::kUnknown : status, extra.reason,
                extra.message);
        }
    }

    // Only what changed since the last status is worth an event.
    void tell(bool ready, const std::optional<Trouble>& trouble) {
        const auto* before = api::findCondition(app_.conditions, "Ready");
        bool wasReady = before != nullptr && before->status == api::kTrue;
        if (ready && !wasReady) {
            events_.push_back({.warning = false,
                               .reason = "Ready",
                               .action = "Reconcile",
                               .note = api::findCondition(conditions_, "Ready")->message});
        }
        if (undone_.empty() && trouble && trouble->known && !trouble->serving &&
            (before == nullptr || before->reason != trouble->reason)) {
            events_.push_back({.warning = true,
                               .reason = trouble->reason,
                               .action = "Reconcile",
                               .note = trouble->message});
        }
        if (deadlineOver_ && api::findCondition(app_.conditions, "Stalled") == nullptr) {
            events_.push_back({.warning = true,
                               .reason = kDeadlineReason,
                               .action = "Reconcile",
                               .note = trouble->message});
        }
    }

    const ScalableApp& app_;
    const std::string& undone_;
    base::WallTime now_;
    api::Conditions conditions_;
    std::vector<EventIntent> events_;
    std::optional<std::chrono::milliseconds> lookAgain_;
    bool stalled_ = false;
    bool deadlineOver_ = false;
};

bool sets(const TierState& state, const char* type) {
    return std::any_of(state.conditions.begin(), state.conditions.end(),
                       [&](const ExtraCondition& extra) { return extra.type == type; });
}

// Conditions of tiers that are no longer asked for go with them.
void dropOldTiers(api::Conditions& conditions, const std::vector<TierReport>& reports) {
    for (const auto& tier : tiers()) {
        auto report = std::find_if(reports.begin(), reports.end(),
                                   [&](const TierReport& one) { return one.tier == &tier; });
        if (report == reports.end()) {
            api::removeCondition(conditions, tier.condition);
        }
        for (const char* type : tier.alsoSets) {
            if (report == reports.end() || !sets(report->state, type)) {
                api::removeCondition(conditions, type);
            }
        }
    }
}

// The order in which people read them, whatever became of them before.
void sortConditions(api::Conditions& conditions) {
    static const std::vector<std::string> kFirst{"Ready", "Reconciling", "Stalled", kPaused};
    std::stable_sort(conditions.begin(), conditions.end(),
                     [](const Condition& a, const Condition& b) {
                         auto rank = [](const Condition& condition) {
                             return std::find(kFirst.begin(), kFirst.end(), condition.type);
                         };
                         return rank(a) < rank(b);
                     });
}

void putTier(Json& status, const TierReport& report) {
    const auto& state = report.state;
    status[report.tier->name] = state.summary;
    for (const auto& point : state.singlePoints) {
        status["singlePointsOfFailure"].push_back(
            {{"tier", point.tier}, {"what", point.what}, {"why", point.why}});
    }
    for (const auto& endpoint : state.endpoints) {
        status["endpoints"].push_back({{"name", endpoint.name}, {"address", endpoint.address}});
    }
    if (!state.effective.is_null()) {
        status["effective"][report.tier->name] = state.effective;
    }
}

void tellOfChaos(api::Conditions& conditions, const ScalableApp& app,
                 const std::optional<ChaosRun>& chaos, base::WallTime now) {
    if (!chaos) {
        api::removeCondition(conditions, kChaosRunning);
        return;
    }
    api::setCondition(conditions,
                      {.type = kChaosRunning,
                       .status = api::kTrue,
                       .reason = chaos->fault,
                       .message = "ChaosRun " + chaos->name +
                                  " puts it to the test; to end it: kubectl scalableapp chaos "
                                  "abort " +
                                  chaos->name + " -n " + app.namespace_,
                       .observedGeneration = app.generation,
                       .lastTransitionTime = ""},
                      now);
}

}  // namespace

Verdict judge(const ScalableApp& app, const std::vector<TierReport>& reports,
              const std::string& undone, base::WallTime now, const std::optional<ChaosRun>& chaos) {
    Judge judge(app, undone, now);
    judge.judge(reports);
    auto conditions = judge.conditions();
    dropOldTiers(conditions, reports);
    tellOfChaos(conditions, app, chaos, now);
    sortConditions(conditions);
    Verdict out;
    out.status = {{"observedGeneration", app.generation},
                  {"stage", stageOf(app)},
                  {"conditions", api::toJson(conditions)}};
    for (const auto& report : reports) {
        putTier(out.status, report);
    }
    out.events = judge.events();
    out.lookAgain = judge.lookAgain();
    for (const auto& report : reports) {
        sooner(out.lookAgain, report.state.lookAgain);
    }
    if (chaos) {
        sooner(out.lookAgain, untilAfter(chaos->mustEndBy, now));
    }
    return out;
}

}  // namespace plan
