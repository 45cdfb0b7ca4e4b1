#include "chaos/run/machine.h"

#include <algorithm>

#include "chaos/effects/neighbours.h"
#include "chaos/kinds.h"
#include "chaos/probes/places.h"
#include "chaos/run/sight.h"
#include "chaos/run/steady.h"
#include "chaos/run/turn.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr uint64_t kSeedMask = (uint64_t{1} << 53U) - 1;
// A right comes back when people give it.
constexpr auto kUnseen = 2s;
// What a fault that ends by itself may take longer than it was asked to.
constexpr auto kSlack = 30s;
// Who takes over knows no look that is not written down: what happened since is in a gap.
constexpr auto kWriteLook = 5s;

}  // namespace

Turn::Turn(const Run& run, const Seen& seen)
    : run_(run), spec_(run.spec), seen_(seen), fault_(predict::faultOf(run)) {
    step_.status = run.status;
}

Step Turn::take() {
    if (run_.deleting) {
        leave();
        return std::move(step_);
    }
    if (run_.held() && nothingHeld()) {
        step_.actions.emplace_back(HoldRun{false});
    }
    if (!seen_.refused.empty()) {
        unseen();
        describe();
        return std::move(step_);
    }
    if (watching()) {
        noteLook(status(), seen_.lastLook, now());
    }
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
            reverting();
            break;
        case Phase::Verifying:
            verifying();
            break;
        case Phase::Done:
            cleanUp();
            break;
    }
    describe();
    writeLookDown();
    return std::move(step_);
}

// Whether what is seen now may be an event of the fault.
bool Turn::watching() const {
    return run_.status.intentAt && !run_.status.observedUntil && run_.status.phase != Phase::Done;
}

void Turn::writeLookDown() {
    auto written = run_.status.lookedAt;
    if (watching() && (step_.status != run_.status || !written || now() >= *written + kWriteLook)) {
        status().lookedAt = now();
    }
}

void Turn::enter(Phase phase) {
    status().phase = phase;
    status().phaseSince = now();
    again(0ms);
}

void Turn::finish(Verdict verdict, const std::string& reason, std::vector<std::string> reasons) {
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

void Turn::refuse(const predict::Refusal& refusal) {
    finish(Verdict::Inconclusive, refusal.reason, {refusal.message});
}

void Turn::pending() {
    if (!run_.abort.empty()) {
        return finish(Verdict::Inconclusive, kAborted, {"aborted before it began: " + run_.abort});
    }
    if (!seen_.otherRun.empty() || run_.paused) {
        waiting_ = run_.paused
                       ? "paused"
                       : "waiting for ChaosRun " + seen_.otherRun + " of the same application";
        if (status().timeline.empty()) {
            tell(waiting_);
        }
        again(kWatch);
        return;
    }
    status().startedAt = now();
    status().abortAt = now() + seconds(spec_.safety.abortAfterSeconds);
    enter(Phase::Predicting);
}

void Turn::predicting() {
    if (!status().seed) {
        status().seed = static_cast<int64_t>(seen_.chance & kSeedMask);
    }
    if (auto refusal = predict::permission(run_, seen_)) {
        return refuse(*refusal);
    }
    if (auto refusal = predict::feasibility(run_, seen_.site)) {
        return refuse(*refusal);
    }
    if (auto refusal = predict::answerable(run_, seen_)) {
        return refuse(*refusal);
    }
    auto plan = fault_->plan(scene(), static_cast<uint64_t>(*status().seed));
    if (!plan.refusal && asksWhoIsThere(plan.effects)) {
        return;
    }
    status().prediction = plan.prediction;
    if (plan.refusal) {
        return refuse(*plan.refusal);
    }
    tell("predicted: " + plan.prediction.message);
    if (spec_.safety.dryRun) {
        return finish(Verdict::Inconclusive, "DryRun",
                      {"spec.safety.dryRun: predicted only, nothing was touched; " +
                       plan.prediction.message});
    }
    enter(Phase::SteadyState);
}

// True when it has to be seen first who is on the nodes that these take something from.
bool Turn::asksWhoIsThere(const std::vector<Effect>& effects) {
    bool asks = false;
    for (const auto& effect : effects) {
        if (effects::takesNode(effect) && !effects::known(effect, seen_)) {
            step_.tenantsOf.push_back(effect.name);
            asks = true;
        }
    }
    if (asks) {
        again(0ms);
    }
    return asks;
}

// True when the probe whose word this run relies on is not the one it started.
bool Turn::probeLost() {
    auto& known = status().probePodUid;
    if (known.empty()) {
        known = seen_.probe.uid;
        return false;
    }
    return seen_.probe.uid != known || seen_.probe.ended;
}

void Turn::startProbe() {
    probes::PodRequest pod;
    pod.name = probes::podName(run_.name);
    pod.namespace_ = run_.namespace_;
    pod.runName = run_.name;
    pod.runUid = run_.uid;
    pod.url = probes::urlOf(spec_.app, run_.namespace_, spec_.load.path);
    pod.requestsPerSecond = static_cast<int>(spec_.load.requestsPerSecond);
    pod.places = probes::placesOf(*seen_.app, seen_.pods, spec_.load.path);
    pod.placeRequestsPerSecond = probes::rateOf(pod.requestsPerSecond);
    // Longer than the run may last: its end is never what a run sees last.
    pod.lifetime = seconds(spec_.safety.abortAfterSeconds) + 2 * kProbeStart;
    auto plan = fault_->plan(scene(), static_cast<uint64_t>(status().seed.value_or(0)));
    for (const auto& target : plan.targets) {
        pod.avoidNodes.insert(target.node);
        if (!target.zone.empty()) {
            (fault_->takesZone() ? pod.avoidZones : pod.nearZones).insert(target.zone);
        }
    }
    // A probe in a failed domain has nothing to say about visitors elsewhere.
    pod.mustAvoid = fault_->lasts();
    step_.actions.emplace_back(CreateProbe{std::move(pod)});
}

std::string Turn::rejectedProbe() const {
    for (const auto& result : seen_.results) {
        if (std::holds_alternative<CreateProbe>(result.action) && !result.error.empty() &&
            !result.transient) {
            return result.error;
        }
    }
    return "";
}

void Turn::steady() {
    if (!run_.abort.empty()) {
        return finish(Verdict::Inconclusive, kAborted,
                      {"aborted, nothing was injected: " + run_.abort});
    }
    if (auto refusal = predict::permission(run_, seen_)) {
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
    // It may have been unwell while nobody watched.
    if (!seen_.lastLook || now() > *seen_.lastLook + kOutOfSight) {
        status().steadySince.reset();
    }
    auto look = steadyState(spec_, status(), seen_);
    if (!look.well) {
        status().steadySince.reset();
    } else if (!status().steadySince) {
        status().steadySince = now();
    }
    waiting_ = run_.paused ? "paused" : look.problem;
    if (look.problem.empty() && !run_.paused) {
        return intend();
    }
    auto limit = seconds(spec_.steadyState.holdSeconds) + kProbeStart;
    if (late() || (now() - *status().phaseSince > limit && !run_.paused)) {
        return finish(Verdict::Inconclusive, run_.paused ? "Paused" : look.reason,
                      {"no fault was injected: " + waiting_});
    }
    again(kWatch);
}

// The last look before the fault; what it decides is durable before anything is touched.
void Turn::intend() {
    if (!seen_.otherRun.empty()) {
        return finish(Verdict::Inconclusive, "AnotherRunActive",
                      {"ChaosRun " + seen_.otherRun + " disturbs the same application"});
    }
    auto plan = fault_->plan(scene(), static_cast<uint64_t>(status().seed.value_or(0)));
    if (!plan.refusal && asksWhoIsThere(plan.effects)) {
        return;
    }
    if (plan.prediction != *status().prediction) {
        tell("predicted anew: " + plan.prediction.message);
    }
    status().prediction = plan.prediction;
    if (plan.refusal) {
        return refuse(*plan.refusal);
    }
    status().targets = plan.targets;
    status().effects = plan.effects;
    status().driver = plan.driver;
    status().intentAt = now();
    status().probeStartedAt = seen_.series->header->startedAt;
    status().appGeneration = seen_.app->generation;
    if (fault_->lasts()) {
        status().deadline =
            now() + seconds(spec_.fault.lasts()) + (fault_->endsItself() ? kSlack : 0s);
    }
    beginScaling();
    auto subjects = fault_->subjects(scene());
    status().readyBefore = topology::readyCount(subjects);
    status().readyLowest = status().readyBefore;
    for (const auto& [zone, ready] : topology::readyByZone(subjects)) {
        status().readiness.push_back({now(), zone, ready});
    }
    std::string names;
    for (const auto& target : plan.targets) {
        if (fault_->kills()) {
            status().evidence.push_back({.uid = target.uid,
                                         .name = target.name,
                                         .deletedAt = {},
                                         .deadAt = {},
                                         .message = ""});
        }
        names += (names.empty() ? "" : ", ") + target.name +
                 (target.zone.empty() ? "" : " in " + target.zone);
    }
    std::string what = fault_->type() + (names.empty() ? "" : " of " + names);
    tell("steady; going on with " + what);
    step_.notes.push_back({true, "ChaosInjecting", what});
    enter(Phase::Injecting);
}

void Turn::cleanUp() {
    step_.lookAgain.reset();
    if (run_.told) {
        step_.actions.emplace_back(UntellRun{});
        again(kWatch);
    }
    auto remove = [&](const std::string& name, const ProbeSeen& pod) {
        if (pod.uid.empty()) {
            return;
        }
        if (!pod.deleting) {
            step_.actions.emplace_back(RemoveProbe{name, pod.uid});
        }
        again(kWatch);
    };
    remove(probes::podName(run_.name), seen_.probe);
    remove(probes::stepName(run_.name), seen_.step);
}

void Turn::unseen() {
    auto why = "the API server refuses to show what the run needs (" + seen_.refused +
               "): give the chaos controller's account that right";
    waiting_ = why;
    again(kUnseen);
    bool over = late() || !run_.abort.empty() || !status().aborted.empty();
    auto steadyFor = seconds(spec_.steadyState.holdSeconds) + kProbeStart;
    switch (run_.status.phase) {
        case Phase::Predicting:
        case Phase::SteadyState:
            over = over || now() - status().phaseSince.value_or(now()) > steadyFor;
            [[fallthrough]];
        case Phase::Verifying:
            return over ? finish(Verdict::Inconclusive, "ReadRefused", {why}) : void();
        case Phase::Injecting:
        case Phase::Observing:
            return over || overdue() ? giveUp(why) : void();
        case Phase::Reverting:
            giveBack();
            waiting_ = seen_.blind ? why : waiting_;
            return;
        case Phase::Pending:
        case Phase::Done:
            return;
    }
}

// `kubectl wait --for=condition=Complete` and people reading `describe`.
void Turn::describe() {
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

Needs needs(const Run& run) {
    Needs out;
    const auto* fault = predict::faultOf(run);
    if (fault != nullptr) {
        out = fault->needs();
    }
    auto phase = run.status.phase;
    if (phase == Phase::Pending || (phase == Phase::Done && fault == nullptr)) {
        out = {};
    }
    out.otherRuns = phase == Phase::Pending || phase == Phase::SteadyState;
    bool active = phase != Phase::Pending && phase != Phase::Done;
    out.app = active;
    out.pods = active;
    out.capacity = active;
    out.probe = active || phase == Phase::Done;
    // A long run has a long log: it is read as a whole before the fault and when all is over.
    out.series = phase == Phase::SteadyState ||
                 (phase == Phase::Verifying && run.status.observedUntil.has_value());
    bool during = phase == Phase::Injecting || phase == Phase::Observing;
    out.tail = during && run.spec.safety.abortErrorPercent.has_value();
    out.stepTail = during && out.step && !run.status.stepClockSeen;
    if (phase == Phase::Done) {
        out.nodes = out.operators = out.policy = false;
    }
    return out;
}

Needs needsToGiveBack(const Run& run) {
    Needs out;
    for (const auto& effect : run.status.effects) {
        out.nodes = out.nodes || effect.kind == effects::kNodeMark;
        out.step = out.step || effect.kind == effects::kLoadPod;
        out.policy = out.policy || effect.kind == effects::kIsolation;
    }
    return out;
}

Step next(const Run& run, const Seen& seen) {
    if (run.deleting && !run.held()) {
        return {.status = run.status, .actions = {}, .notes = {}, .lookAgain = {}, .tenantsOf = {}};
    }
    return Turn(run, seen).take();
}

bool Run::held() const {
    return std::find(finalizers.begin(), finalizers.end(), kHeldFinalizer) != finalizers.end();
}

}  // namespace chaos::run
