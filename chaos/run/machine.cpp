#include "chaos/run/machine.h"

#include <algorithm>

#include "chaos/faults/pod_kill.h"
#include "chaos/predict/predict.h"
#include "chaos/run/measure.h"
#include "chaos/run/steady.h"
#include "chaos/verdict/verdict.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::to_string;
using std::chrono::seconds;

constexpr uint64_t kSeedMask = (uint64_t{1} << 53U) - 1;
// A fault moves fast: what is observed by looking is stamped no later than this.
constexpr auto kWatchClosely = 250ms;
constexpr auto kWatch = 1000ms;

// One call of next(): reads the run, builds the step.
class Turn {
  public:
    Turn(const Run& run, const Seen& seen) : run_(run), spec_(run.spec), seen_(seen) {
        step_.status = run.status;
    }

    Step take() {
        switch (run_.status.phase) {
            case Phase::Pending:
                pending();
                break;
            case Phase::Predicting:
                predicting();
                break;
            case Phase::SteadyState:
                steady();
                break;
            case Phase::Injecting:
                injecting();
                break;
            case Phase::Observing:
                observing();
                break;
            case Phase::Reverting:
                status().revertedAt = now();
                tell("nothing to revert: PodKill leaves nothing behind");
                enter(Phase::Verifying);
                break;
            case Phase::Verifying:
                verifying();
                break;
            case Phase::Done:
                cleanUp();
                break;
        }
        describe();
        return std::move(step_);
    }

  private:
    Status& status() { return step_.status; }
    base::WallTime now() const { return seen_.now; }
    void tell(std::string what) { status().tell(now(), std::move(what)); }
    void again(std::chrono::milliseconds pause) { step_.lookAgain = pause; }
    bool late() const { return run_.status.abortAt && now() >= *run_.status.abortAt; }

    void enter(Phase phase) {
        status().phase = phase;
        status().phaseSince = now();
        again(0ms);
    }

    void finish(Verdict verdict, const std::string& reason, std::vector<std::string> reasons) {
        status().verdict = verdict;
        status().reason = reason;
        status().completedAt = now();
        std::string text = name(verdict);
        text += " (" + reason + ")";
        if (!reasons.empty()) {
            text += ": " + reasons.front();
        }
        tell(text);
        step_.notes.push_back({verdict == Verdict::Failed || verdict == Verdict::Degraded,
                               std::string("Chaos") + name(verdict), std::move(text)});
        status().reasons = std::move(reasons);
        enter(Phase::Done);
    }

    void refuse(const predict::Refusal& refusal) {
        finish(Verdict::Inconclusive, refusal.reason, {refusal.message});
    }

    void pending() {
        if (!seen_.otherRun.empty()) {
            std::string wait =
                "waiting for ChaosRun " + seen_.otherRun + " of the same application";
            if (status().timeline.empty()) {
                tell(wait);
            }
            waiting_ = wait;
            again(kWatch);
            return;
        }
        status().startedAt = now();
        status().abortAt = now() + seconds(spec_.safety.abortAfterSeconds);
        enter(Phase::Predicting);
    }

    predict::Outcome predictNow() const {
        return predict::podKill(spec_, *seen_.app, seen_.pods, seen_.budget,
                                static_cast<uint64_t>(*step_.status.seed));
    }

    void predicting() {
        if (!status().seed) {
            status().seed = static_cast<int64_t>(seen_.chance & kSeedMask);
        }
        if (auto refusal = predict::permission(spec_, seen_.app)) {
            return refuse(*refusal);
        }
        if (auto refusal = predict::feasibility(spec_)) {
            return refuse(*refusal);
        }
        auto outcome = predictNow();
        status().prediction = outcome.prediction;
        if (outcome.refusal) {
            return refuse(*outcome.refusal);
        }
        tell("predicted: " + outcome.prediction.message);
        if (spec_.safety.dryRun) {
            return finish(Verdict::Inconclusive, "DryRun",
                          {"spec.safety.dryRun: predicted only, nothing was touched; " +
                           outcome.prediction.message});
        }
        enter(Phase::SteadyState);
    }

    // True when the probe whose word this run relies on is not the one it started.
    bool probeLost() {
        auto& known = status().probePodUid;
        if (known.empty()) {
            known = seen_.probe.uid;
            return false;
        }
        return seen_.probe.uid != known || seen_.probe.ended;
    }

    void startProbe() {
        probes::PodRequest pod;
        pod.namespace_ = run_.namespace_;
        pod.runName = run_.name;
        pod.runUid = run_.uid;
        pod.url = "http://" + spec_.app + "." + run_.namespace_ + ".svc" + spec_.load.path;
        pod.requestsPerSecond = static_cast<int>(spec_.load.requestsPerSecond);
        // Longer than the run may last: its end is never what a run sees last.
        pod.lifetime = seconds(spec_.safety.abortAfterSeconds) + 2 * kProbeStart;
        for (const auto& target : predictNow().targets) {
            pod.avoidNodes.insert(target.node);
            if (!target.zone.empty()) {
                pod.avoidZones.insert(target.zone);
            }
        }
        step_.actions.emplace_back(CreateProbe{std::move(pod)});
    }

    std::string rejectedProbe() const {
        for (const auto& result : seen_.results) {
            if (std::holds_alternative<CreateProbe>(result.action) && !result.error.empty() &&
                !result.transient) {
                return result.error;
            }
        }
        return "";
    }

    void steady() {
        if (auto refusal = predict::permission(spec_, seen_.app)) {
            return refuse(*refusal);
        }
        if (auto error = rejectedProbe(); !error.empty()) {
            return finish(Verdict::Inconclusive, "ProbeNotRunning",
                          {"the probe's pod was refused: " + error});
        }
        if (probeLost()) {
            return finish(Verdict::Inconclusive, "ProbeFailed",
                          {"the probe ended before the fault" +
                           (seen_.probe.problem.empty() ? "" : ": " + seen_.probe.problem)});
        }
        if (seen_.probe.uid.empty()) {
            startProbe();
        }
        auto look = steadyState(spec_, status(), seen_);
        if (!look.well) {
            status().steadySince.reset();
        } else if (!status().steadySince) {
            status().steadySince = now();
        }
        waiting_ = look.problem;
        if (look.problem.empty()) {
            return intend();
        }
        auto limit = seconds(spec_.steadyState.holdSeconds) + kProbeStart;
        if (late() || now() - *status().phaseSince > limit) {
            return finish(Verdict::Inconclusive, look.reason,
                          {"no fault was injected: " + look.problem});
        }
        again(kWatch);
    }

    // The last look before the fault; what it decides is durable before anything is touched.
    void intend() {
        if (!seen_.otherRun.empty()) {
            return finish(Verdict::Inconclusive, "AnotherRunActive",
                          {"ChaosRun " + seen_.otherRun + " disturbs the same application"});
        }
        auto outcome = predictNow();
        if (outcome.prediction != *status().prediction) {
            tell("predicted anew: " + outcome.prediction.message);
        }
        status().prediction = outcome.prediction;
        if (outcome.refusal) {
            return refuse(*outcome.refusal);
        }
        status().targets = outcome.targets;
        status().intentAt = now();
        status().readyBefore = outcome.prediction.readyBefore;
        status().readyLowest = outcome.prediction.readyBefore;
        std::string names;
        for (const auto& target : outcome.targets) {
            status().evidence.push_back({.uid = target.uid,
                                         .name = target.name,
                                         .deletedAt = {},
                                         .deadAt = {},
                                         .message = ""});
            names += (names.empty() ? "" : ", ") + target.name +
                     (target.zone.empty() ? "" : " in " + target.zone);
        }
        tell("steady; going to kill " + names);
        step_.notes.push_back({true, "ChaosInjecting", "PodKill of " + names});
        enter(Phase::Injecting);
    }

    void takeResults() {
        for (const auto& result : seen_.results) {
            const auto* kill = std::get_if<KillPod>(&result.action);
            if (kill == nullptr) {
                continue;
            }
            for (auto& evidence : status().evidence) {
                if (evidence.uid == kill->uid && evidence.hit == Hit::Pending) {
                    takeResult(result, evidence);
                }
            }
        }
    }

    void takeResult(const ActionResult& result, Evidence& evidence) {
        if (result.error.empty()) {
            evidence.hit = Hit::Accepted;
            evidence.deletedAt = now();
            tell("deleted " + evidence.name);
        } else if (!result.transient) {
            evidence.hit = Hit::Missed;
            evidence.message = result.error;
            tell("could not delete " + evidence.name + ": " + result.error);
        }
    }

    void injecting() {
        watchProbe();
        takeResults();
        auto refusal = predict::permission(spec_, seen_.app);
        bool open = false;
        for (auto& evidence : status().evidence) {
            if (evidence.hit != Hit::Pending) {
                continue;
            }
            auto look = faults::look(evidence, seen_.pods, *status().intentAt, now());
            if (look != faults::Look::Apply) {
                continue;
            }
            if (refusal || late()) {
                evidence.hit = Hit::Missed;
                evidence.message = refusal ? refusal->message : "the run's time was over";
                continue;
            }
            open = true;
            step_.actions.emplace_back(
                KillPod{evidence.name, evidence.uid, spec_.fault.graceSeconds});
        }
        if (open) {
            again(kWatchClosely);
            return;
        }
        bool hit = std::any_of(status().evidence.begin(), status().evidence.end(),
                               [](const Evidence& e) { return e.hit != Hit::Missed; });
        if (!hit) {
            status().observedUntil = now();
            status().readyAtEnd = topology::readyCount(seen_.pods);
        }
        enter(hit ? Phase::Observing : Phase::Reverting);
    }

    void watchProbe() {
        if (probeLost() && status().probeProblem.empty()) {
            status().probeProblem =
                seen_.probe.problem.empty() ? "it ended during the run" : seen_.probe.problem;
            tell("the probe is gone: " + status().probeProblem);
        }
    }

    void watchTargets() {
        for (auto& evidence : status().evidence) {
            auto before = evidence.hit;
            faults::look(evidence, seen_.pods, *status().intentAt, now());
            if (evidence.hit == Hit::Dead && before != Hit::Dead) {
                tell(evidence.name + " is dead: " + evidence.message);
            }
        }
    }

    void watchCapacity() {
        int64_t serving = 0;
        for (const auto& pod : seen_.pods) {
            bool target = std::any_of(status().targets.begin(), status().targets.end(),
                                      [&](const Target& t) { return t.uid == pod.uid; });
            serving += !target && pod.serving() ? 1 : 0;
        }
        status().readyLowest = std::min(status().readyLowest, topology::readyCount(seen_.pods));
        status().readyAtEnd = serving;
        // An autoscaler may ask for fewer meanwhile: then fewer are whole.
        auto wanted =
            std::min(status().readyBefore, seen_.desiredReplicas.value_or(status().readyBefore));
        if (serving < wanted && status().wholeAt) {
            status().wholeAt.reset();
            tell("the tier is not whole any more: " + to_string(serving) + " of " +
                 to_string(wanted) + " ready");
        } else if (serving >= wanted && !status().wholeAt) {
            status().wholeAt = now();
            tell("the tier is whole: " + to_string(serving) + " of " + to_string(wanted) +
                 " ready without the targets");
        }
    }

    // When both the deaths and the recovery are known and visitors were watched for as long again.
    bool seenEnough() const {
        const auto& s = step_.status;
        if (!s.wholeAt) {
            return false;
        }
        auto last = *s.wholeAt;
        for (const auto& evidence : s.evidence) {
            if (evidence.hit != Hit::Dead && evidence.hit != Hit::Missed) {
                return false;
            }
            last = std::max(last, evidence.deadAt.value_or(last));
        }
        return now() >= last + std::max(seconds(spec_.steadyState.holdSeconds), seconds(5)) + 3s;
    }

    bool stillMoving() const {
        const auto& s = step_.status;
        return !s.wholeAt || std::any_of(s.evidence.begin(), s.evidence.end(), [](const auto& e) {
            return e.hit == Hit::Accepted || e.hit == Hit::Deleting;
        });
    }

    void observing() {
        watchProbe();
        if (!seen_.app || seen_.app->deleting) {
            status().observedUntil = now();
            return finish(Verdict::Inconclusive, "AppDeleted",
                          {"ScalableApp " + spec_.app + " was deleted during the run"});
        }
        watchTargets();
        watchCapacity();
        if (seenEnough() || late()) {
            status().observedUntil = now();
            tell(late() && !seenEnough() ? "the run's time is over" : "observed long enough");
            return enter(Phase::Reverting);
        }
        again(stillMoving() ? kWatchClosely : kWatch);
    }

    // The probe's last seconds arrive a little after they happened.
    bool seriesComplete() const {
        const auto& s = run_.status;
        if (!s.probeProblem.empty()) {
            return true;
        }
        return seen_.series && seen_.series->header && !seen_.series->seconds.empty() &&
               seen_.series->startOf(seen_.series->seconds.back()) + 1s >= *s.observedUntil;
    }

    void verifying() {
        bool waited = now() - *status().phaseSince > kProbeLag;
        if (!seriesComplete() && !waited) {
            watchProbe();
            waiting_ = "reading the probe's log";
            again(500ms);
            return;
        }
        if (!seen_.series && status().probeProblem.empty()) {
            status().probeProblem = "its log could not be read";
        }
        status().measurements = measure(status(), seen_.series.value_or(probe::Series{}));
        auto judgement = verdict::judge(spec_, status());
        finish(judgement.verdict, judgement.reason, std::move(judgement.reasons));
    }

    void cleanUp() {
        step_.lookAgain.reset();
        if (seen_.probe.uid.empty()) {
            return;
        }
        if (!seen_.probe.deleting) {
            step_.actions.emplace_back(RemoveProbe{probes::podName(run_.name), seen_.probe.uid});
        }
        again(kWatch);
    }

    // `kubectl wait --for=condition=Complete` and people reading `describe`.
    void describe() {
        bool done = status().phase == Phase::Done;
        std::string message =
            done ? (status().reasons.empty() ? "" : status().reasons.front()) : waiting_;
        api::setCondition(status().conditions,
                          {.type = "Complete",
                           .status = done ? api::kTrue : api::kFalse,
                           .reason = done ? status().reason : name(status().phase),
                           .message = message,
                           .observedGeneration = 1,
                           .lastTransitionTime = ""},
                          now());
    }

    const Run& run_;
    const api::ChaosExperimentSpec& spec_;
    const Seen& seen_;
    Step step_;
    std::string waiting_;
};

}  // namespace

Needs needs(const Status& status) {
    switch (status.phase) {
        case Phase::Pending:
            return {.otherRuns = true};
        case Phase::Predicting:
            return {.app = true, .pods = true, .capacity = true};
        case Phase::SteadyState:
            return {.otherRuns = true,
                    .app = true,
                    .pods = true,
                    .capacity = true,
                    .probe = true,
                    .series = true};
        case Phase::Injecting:
            return {.app = true, .pods = true, .probe = true};
        case Phase::Observing:
            return {.app = true, .pods = true, .capacity = true, .probe = true};
        case Phase::Verifying:
            return {.app = true, .probe = true, .series = true};
        case Phase::Reverting:
            return {};
        case Phase::Done:
            return {.probe = true};
    }
    return {};
}

Step next(const Run& run, const Seen& seen) {
    if (run.deleting) {
        return {.status = run.status, .actions = {}, .notes = {}, .lookAgain = {}};
    }
    return Turn(run, seen).take();
}

}  // namespace chaos::run
