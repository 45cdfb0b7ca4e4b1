// What is seen of the application meanwhile, and what it means in the end.
#include <algorithm>

#include "chaos/run/compare.h"
#include "chaos/run/measure.h"
#include "chaos/run/scaling.h"
#include "chaos/run/turn.h"
#include "chaos/verdict/verdict.h"

namespace chaos::run {

using namespace std::chrono_literals;
using std::to_string;
using std::chrono::seconds;

namespace {

// Beyond the autoscaler's own patience: the age of its metrics, and its next look.
constexpr auto kScaleIn = 60s;
// Patience that a run is still worth.
constexpr auto kWorthWaiting = 120s;

}  // namespace

void Turn::watchProbe() {
    if (probeLost() && status().probeProblem.empty()) {
        status().probeProblem =
            seen_.probe.problem.empty() ? "it ended during the run" : seen_.probe.problem;
        tell("the probe is gone: " + status().probeProblem);
    }
    // A load step's pod is gone at the end: its clock is compared while it runs.
    const auto& step = seen_.stepTail;
    if (step && !step->seconds.empty() && clockProblem(*step, now()).empty()) {
        status().stepClockSeen = true;
    }
}

void Turn::watchTargets() {
    auto pods = fault_->subjects(scene());
    for (auto& evidence : status().evidence) {
        auto before = evidence.hit;
        if (before == Hit::Pending) {
            continue;  // injecting() decides about it
        }
        fault_->look(scene(), evidence, pods);
        if (evidence.hit == Hit::Dead && before != Hit::Dead) {
            tell(evidence.name + " is dead: " + evidence.message);
        }
    }
    bool serving = std::any_of(pods.begin(), pods.end(), [&](const topology::Pod& pod) {
        return hitting(pod) && pod.serving();
    });
    if (!status().detectedAt && !status().targets.empty() && !serving) {
        status().detectedAt = now();
    }
}

bool Turn::returned(const topology::Pod& pod) const {
    const auto& all = step_.status.evidence;
    return fault_->targetsReturn() && std::any_of(all.begin(), all.end(), [&](const Evidence& e) {
               return e.uid == pod.uid && e.hit == Hit::Dead;
           });
}

// Whether a pod has not been started since its node lost power. Such a pod is shown as ready until
// the cluster gives its node up, which takes longer than many a fault does.
bool Turn::stillWithoutPower(const topology::Pod& pod) const {
    const auto& all = step_.status.effects;
    return hitting(pod) && std::any_of(all.begin(), all.end(), [&](const Effect& effect) {
               return effect.kind == effects::kNodePower && effect.name == pod.node &&
                      effect.appliedAt &&
                      pod.container.startedAt.value_or(base::WallTime{}) < *effect.appliedAt;
           });
}

void Turn::watchCapacity() {
    int64_t serving = 0;
    auto subjects = fault_->subjects(scene());
    // Once the fault is over, a pod that came back with its node is as good as a new one.
    bool over = status().revertedAt.has_value();
    for (const auto& pod : subjects) {
        bool counts = over ? !stillWithoutPower(pod) : !hitting(pod) || returned(pod);
        serving += counts && pod.serving() ? 1 : 0;
    }
    status().readyLowest = std::min(status().readyLowest, topology::readyCount(subjects));
    status().readyAtEnd = serving;
    auto byZone = topology::readyByZone(subjects);
    for (const auto& known : status().readiness) {
        byZone.try_emplace(known.zone, 0);  // a zone without any pod is the one that matters
    }
    for (const auto& [zone, ready] : byZone) {
        auto& all = status().readiness;
        auto last = std::find_if(all.rbegin(), all.rend(),
                                 [&name = zone](const Readiness& one) { return one.zone == name; });
        if ((last == all.rend() || last->ready != ready) && all.size() < kMaxReadiness) {
            all.push_back({now(), zone, ready});
        }
    }
    // An autoscaler may ask for fewer meanwhile: then fewer are whole.
    auto wanted =
        std::min(status().readyBefore, fault_->wanted(scene()).value_or(status().readyBefore));
    if (serving < wanted && status().wholeAt) {
        status().wholeAt.reset();
        tell("the tier is not whole any more: " + to_string(serving) + " of " + to_string(wanted) +
             " ready");
    } else if (serving >= wanted && !status().wholeAt) {
        status().wholeAt = now();
        tell("the tier is whole: " + to_string(serving) + " of " + to_string(wanted) +
             " ready without the targets");
    }
}

void Turn::beginScaling() {
    auto asked = seen_.desired.find("web");
    bool wanted = fault_->needs().step || spec_.expectations.autoscaling.asks();
    if (wanted && asked != seen_.desired.end()) {
        run::beginScaling(status(), asked->second);
    }
}

void Turn::watchScaling() {
    auto asked = seen_.desired.find("web");
    if (status().scaling && asked != seen_.desired.end()) {
        run::watchScaling(status(), seen_, asked->second,
                          topology::readyCount(topology::ofTier(seen_.pods, "web")));
    }
}

// When both the deaths and the recovery are known and visitors were watched for as long again.
bool Turn::seenEnough() const {
    const auto& s = step_.status;
    if (!s.wholeAt) {
        return false;
    }
    auto last = std::max(*s.wholeAt, s.revertedAt.value_or(*s.wholeAt));
    for (const auto& evidence : s.evidence) {
        if (evidence.hit != Hit::Dead && evidence.hit != Hit::Missed) {
            return false;
        }
        last = std::max(last, evidence.deadAt.value_or(last));
    }
    return now() >= last + std::max(seconds(spec_.steadyState.holdSeconds), seconds(5)) + 3s;
}

// An autoscaler that asked for more is watched until it asks for fewer, unless it lets the load be
// gone for longer than a run is worth: five minutes, where nobody says otherwise.
bool Turn::scaledIn() const {
    const auto& scaling = step_.status.scaling;
    if (!scaling || scaling->peak <= scaling->before || scaling->scaledInAt || !seen_.scaler) {
        return true;
    }
    auto patience = seconds(seen_.scaler->scaleDownAfterSeconds);
    return patience > kWorthWaiting ||
           now() >= step_.status.revertedAt.value_or(now()) + patience + kScaleIn;
}

bool Turn::stillMoving() const {
    const auto& s = step_.status;
    return !s.wholeAt || std::any_of(s.evidence.begin(), s.evidence.end(), [](const auto& e) {
        return e.hit == Hit::Accepted || e.hit == Hit::Deleting;
    });
}

// The probe's last seconds arrive a little after they happened.
bool Turn::seriesComplete() const {
    const auto& s = run_.status;
    if (!s.probeProblem.empty()) {
        return true;
    }
    return seen_.series && seen_.series->header && !seen_.series->seconds.empty() &&
           seen_.series->startOf(seen_.series->seconds.back()) + 1s >= *s.observedUntil;
}

void Turn::verifying() {
    watchProbe();
    if (!status().observedUntil) {
        heedEnd();
        watchTargets();
        watchCapacity();
        watchScaling();
        bool enough = seenEnough() && scaledIn();
        // Who wants it ended does not want to wait for a recovery either.
        if (!enough && !late() && status().aborted.empty()) {
            waiting_ = seenEnough() ? "watching the autoscaler" : "watching the recovery";
            again(stillMoving() ? kWatchClosely : kWatch);
            return;
        }
        status().observedUntil = now();
        status().phaseSince = now();
        tell(enough ? "observed long enough" : "the run's time is over");
        again(kWatchClosely);
        return;
    }
    bool waited = now() - *status().phaseSince > kProbeLag;
    bool agree = seen_.series && clockProblem(*seen_.series, now()).empty();
    bool complete = seriesComplete() && (agree || !run_.status.probeProblem.empty());
    if (!complete && !waited) {
        waiting_ = "reading the probe's log";
        again(500ms);
        return;
    }
    compareClocks();
    measureAndJudge();
}

// They agreed before the fault: a clock that jumped since, or a new leader's on another node, would
// move what happened into another phase.
void Turn::compareClocks() {
    auto& problem = status().clockProblem;
    if (problem.empty() && status().probeProblem.empty() && seen_.series) {
        problem = clockProblem(*seen_.series, now());
    }
    const auto& all = status().effects;
    bool step = std::any_of(all.begin(), all.end(), [](const Effect& effect) {
        return effect.kind == effects::kLoadPod && effect.appliedAt;
    });
    if (problem.empty() && step && !status().stepClockSeen) {
        problem =
            "the clock of the pod that adds the load was never seen to agree with the controller's";
    }
}

void Turn::measureAndJudge() {
    if (!seen_.series && status().probeProblem.empty()) {
        status().probeProblem = "its log could not be read";
    }
    auto series = seen_.series.value_or(probe::Series{});
    auto step = seen_.stepSeries.value_or(probe::Series{});
    status().measurements = measure(status(), series, step);
    finishScaling(status(), series, step);
    status().series = columns(series);
    status().comparison = compare(status());
    if (!status().aborted.empty()) {
        // What a person ended proves nothing; what had to be ended because visitors suffered does.
        bool suffered = status().aborted.find("abortErrorPercent") != std::string::npos;
        bool changed = status().aborted.starts_with(kAppChanged);
        return finish(suffered ? Verdict::Failed : Verdict::Inconclusive,
                      suffered  ? "TooManyErrors"
                      : changed ? kAppChanged
                                : kAborted,
                      {"the run was ended early: " + status().aborted});
    }
    Run judged = run_;
    judged.status = status();
    auto judgement = verdict::judge(spec_, status(), fault_->unproved(judged, step));
    finish(judgement.verdict, judgement.reason, std::move(judgement.reasons));
}

}  // namespace chaos::run
