// While the fault is there: brought into force, held, taken back.
#include <algorithm>

#include "chaos/effects/neighbours.h"
#include "chaos/probes/window.h"
#include "chaos/run/turn.h"

namespace chaos::run {
namespace {

using namespace std::chrono_literals;
using std::to_string;

// Enough requests to tell a broken application from a hiccup.
constexpr auto kErrorWindow = 5s;

bool isEffect(const Action& action) {
    return std::holds_alternative<PatchNode>(action) ||
           std::holds_alternative<SwitchPower>(action) ||
           std::holds_alternative<SwitchCable>(action) ||
           std::holds_alternative<CreatePolicy>(action) ||
           std::holds_alternative<CreateProbe>(action) || std::holds_alternative<HoldRun>(action);
}

// Of what is done to a pod; empty: it is something else.
std::string struckUid(const Action& action) {
    if (const auto* kill = std::get_if<KillPod>(&action)) {
        return kill->uid;
    }
    if (const auto* restart = std::get_if<RestartContainer>(&action)) {
        return restart->uid;
    }
    const auto* evict = std::get_if<EvictPod>(&action);
    return evict == nullptr ? "" : evict->uid;
}

}  // namespace

bool Turn::hitting(const topology::Pod& pod) const {
    const auto& targets = step_.status.targets;
    return std::any_of(targets.begin(), targets.end(),
                       [&](const Target& target) { return target.uid == pod.uid; });
}

// From here on the fault is only taken back.
void Turn::giveUp(const std::string& why) {
    skipOpenTargets(why);
    noteEnd(why);
    enter(Phase::Reverting);
}

void Turn::noteEnd(const std::string& why) {
    if (status().aborted.empty()) {
        status().aborted = why;
        tell("ended early: " + why);
        step_.notes.push_back({true, "ChaosAborted", why});
    }
}

// What ends a run before its time; empty: nothing does.
std::string Turn::endedBy() const {
    if (!run_.abort.empty()) {
        return run_.abort;
    }
    auto before = step_.status.appGeneration;
    if (seen_.app && seen_.app->generation != before) {
        return std::string(kAppChanged) + ": ScalableApp " + spec_.app +
               " was changed during the run (generation " + to_string(before) + " to " +
               to_string(seen_.app->generation) + "): what is seen is not of the fault alone";
    }
    return "";
}

// The fault is over or being taken back already: ended are the rest of the run, and its series.
void Turn::heedEnd() {
    if (auto why = endedBy(); !why.empty()) {
        noteEnd(why);
    }
}

void Turn::skipOpenTargets(const std::string& why) {
    for (auto& evidence : status().evidence) {
        if (evidence.hit == Hit::Pending) {
            evidence.hit = Hit::Missed;
            evidence.message = why;
        }
    }
}

void Turn::takeResults() {
    for (const auto& result : seen_.results) {
        auto uid = struckUid(result.action);
        for (auto& evidence : status().evidence) {
            if (uid.empty() || evidence.uid != uid || evidence.hit != Hit::Pending) {
                continue;
            }
            if (result.error.empty()) {
                evidence.hit = Hit::Accepted;
                evidence.deletedAt = now();
                tell("struck " + evidence.name);
            } else if (!result.transient) {
                evidence.hit = Hit::Missed;
                evidence.message = result.error;
                tell("could not strike " + evidence.name + ": " + result.error);
            }
        }
    }
}

// True when everything that outlasts the moment is in force; kinds one after the other. No switch
// is thrown before it was seen who is there, now that the mark keeps newcomers away.
bool Turn::applyEffects() {
    std::string kind;
    for (auto& effect : status().effects) {
        if (effect.state != EffectState::Pending) {
            continue;
        }
        if (!kind.empty() && kind != effect.kind) {
            break;
        }
        if (auto action = effects::apply(effect, scene())) {
            kind = effect.kind;
            if (!asksWhoIsThere({effect})) {
                step_.actions.push_back(std::move(*action));
            }
            continue;
        }
        effect.state = EffectState::Applied;
        effect.appliedAt = now();
        tell(effect.kind + " of " + effect.name + " is in force");
    }
    return kind.empty() &&
           std::all_of(status().effects.begin(), status().effects.end(),
                       [](const Effect& e) { return e.state == EffectState::Applied; });
}

// True when no target has to be struck any more.
bool Turn::strikeTargets() {
    bool open = false;
    auto subjects = fault_->subjects(scene());
    for (auto& evidence : status().evidence) {
        if (evidence.hit != Hit::Pending) {
            continue;
        }
        auto strike = fault_->strike(scene(), evidence);
        if (!strike) {
            // Its death follows from what is in force: it lost its power with its node.
            evidence.hit = Hit::Dead;
            evidence.deletedAt = evidence.deadAt = now();
            evidence.message = "its node lost power";
            tell(evidence.name + " is dead: " + evidence.message);
            continue;
        }
        auto look = fault_->look(scene(), evidence, subjects);
        if (look == faults::Look::Apply) {
            open = true;
            step_.actions.push_back(std::move(*strike));
        }
    }
    return !open;
}

// Why what is still to be brought into force must not be, or cannot; empty: nothing is known.
std::string Turn::hindrance() const {
    for (const auto& effect : step_.status.effects) {
        auto why = effect.state == EffectState::Pending ? effects::hindered(effect, scene()) : "";
        if (!why.empty()) {
            return why;
        }
    }
    auto objection = effects::objection(step_.status.effects, scene());
    return objection ? objection->message : "";
}

// A driver takes its time, and a disruption budget lets evictions wait: what was hit first is
// watched meanwhile.
bool Turn::somethingStruck() const {
    const auto& s = step_.status;
    return std::any_of(s.effects.begin(), s.effects.end(),
                       [](const Effect& e) { return e.state == EffectState::Applied; }) ||
           std::any_of(s.evidence.begin(), s.evidence.end(), [](const Evidence& e) {
               return e.hit != Hit::Pending && e.hit != Hit::Missed;
           });
}

void Turn::injecting() {
    watchProbe();
    takeResults();
    if (somethingStruck()) {
        watchTargets();
        watchCapacity();
        watchScaling();
    }
    for (const auto& result : seen_.results) {
        if (isEffect(result.action) && !result.error.empty() && !result.transient) {
            return giveUp("it could not be brought into force: " + result.error);
        }
    }
    if (auto refusal = predict::permission(run_, seen_)) {
        return giveUp(refusal->message);
    }
    if (auto why = endedBy(); !why.empty()) {
        return giveUp(why);
    }
    if (late() || overdue()) {
        return giveUp("not all of it could be done in time: " + stillOpen());
    }
    if (auto errors = tooManyErrors(); !errors.empty()) {
        return giveUp(errors);
    }
    if (auto why = hindrance(); !why.empty()) {
        return giveUp("it could not be brought into force: " + why);
    }
    // From here on something may have to be given back: the run's own object waits for it.
    if (!status().effects.empty() && !run_.held()) {
        step_.actions.emplace_back(HoldRun{true});
        again(kWatchClosely);
        return;
    }
    if (!applyEffects() || !strikeTargets()) {
        // An eviction that is refused is asked for again, without hurry.
        bool slow = now() - *status().phaseSince > 2s;
        return again(!step_.tenantsOf.empty() ? 0ms : slow ? kWatch : kWatchClosely);
    }
    bool hit = status().evidence.empty() ||
               std::any_of(status().evidence.begin(), status().evidence.end(),
                           [](const Evidence& e) { return e.hit != Hit::Missed; });
    if (!hit) {
        status().observedUntil = now();
        status().readyAtEnd = topology::readyCount(fault_->subjects(scene()));
    }
    enter(hit ? Phase::Observing : Phase::Reverting);
}

// What an injection still waits for.
std::string Turn::stillOpen() const {
    for (const auto& effect : step_.status.effects) {
        if (effect.state == EffectState::Pending) {
            return effect.kind + " of " + effect.name + " is not in force";
        }
    }
    for (const auto& evidence : step_.status.evidence) {
        if (evidence.hit == Hit::Pending) {
            return evidence.name + " was not struck (a disruption budget may refuse an eviction)";
        }
    }
    return "its last step was not seen";
}

void Turn::removeIntruders() {
    for (const auto& result : seen_.results) {
        bool accepted = !struckUid(result.action).empty() && result.error.empty();
        bool target =
            std::any_of(status().targets.begin(), status().targets.end(),
                        [&](const Target& one) { return one.uid == struckUid(result.action); });
        if (accepted && !target) {
            ++status().intruders;
        }
    }
    for (const auto& pod : fault_->intruders(scene())) {
        if (!hitting(pod)) {
            step_.actions.emplace_back(KillPod{run_.namespace_, pod.name, pod.uid, 1});
        }
    }
}

std::string Turn::tooManyErrors() const {
    auto limit = spec_.safety.abortErrorPercent;
    if (!limit || !seen_.tail || seen_.tail->seconds.empty() || !run_.status.probeStartedAt) {
        return "";
    }
    auto series = *seen_.tail;
    series.header.emplace().startedAt = *run_.status.probeStartedAt;
    auto end = series.startOf(series.seconds.back()) + 1s;
    auto window = probes::over(series, end - kErrorWindow, end);
    if (end - kErrorWindow < *run_.status.intentAt ||
        window.errorPercent() <= static_cast<double>(*limit)) {
        return "";
    }
    return "over " + to_string(*limit) + " % of the requests failed for " +
           to_string(kErrorWindow.count()) + " s (spec.safety.abortErrorPercent)";
}

void Turn::observing() {
    watchProbe();
    watchTargets();
    watchCapacity();
    watchScaling();
    if (!seen_.app || seen_.app->deleting) {
        return giveUp("ScalableApp " + spec_.app + " was deleted during the run");
    }
    if (auto why = endedBy(); !why.empty()) {
        return giveUp(why);
    }
    if (auto refusal = predict::permission(run_, seen_)) {
        return giveUp(refusal->message);
    }
    if (auto errors = tooManyErrors(); !errors.empty()) {
        return giveUp(errors);
    }
    if (fault_->lasts() && !overdue() && !late() && !fault_->over(scene())) {
        removeIntruders();
        again(stillMoving() || spec_.expectations.autoscaling.asks() ? kWatchClosely : kWatch);
        return;
    }
    if (fault_->lasts()) {
        return enter(Phase::Reverting);
    }
    if (seenEnough() || late()) {
        status().observedUntil = now();
        tell(late() && !seenEnough() ? "the run's time is over" : "observed long enough");
        return enter(Phase::Reverting);
    }
    again(stillMoving() ? kWatchClosely : kWatch);
}

// Backwards, and never given up: a fault that is left behind is worse than a run without an end.
void Turn::reverting() {
    heedEnd();
    watchProbe();
    watchTargets();
    watchCapacity();
    giveBack();
}

void Turn::giveBack() {
    takeBack();
    if (!nothingHeld()) {
        again(seen_.results.empty() ? kWatchClosely : kWatch);
        return;
    }
    status().revertedAt = now();
    if (status().effects.empty()) {
        tell("nothing to take back");
    }
    enter(Phase::Verifying);
}

void Turn::takeBack() {
    if (seen_.blind) {
        return;  // what is not seen is not called gone; unseen() tells why
    }
    std::string kind;
    for (auto effect = status().effects.rbegin(); effect != status().effects.rend(); ++effect) {
        if (effect->state == EffectState::Reverted) {
            continue;
        }
        if (!kind.empty() && kind != effect->kind) {
            break;
        }
        if (auto action = effects::undo(*effect, scene())) {
            kind = effect->kind;
            step_.actions.push_back(std::move(*action));
            waiting_ = "taking back " + effect->kind + " of " + effect->name;
            continue;
        }
        effect->state = EffectState::Reverted;
        effect->revertedAt = now();
        tell(effect->kind + " of " + effect->name + " is gone");
    }
    for (const auto& result : seen_.results) {
        if (isEffect(result.action) && !result.error.empty()) {
            waiting_ = "cannot take it back: " + result.error;
        }
    }
}

bool Turn::nothingHeld() const {
    const auto& effects = step_.status.effects;
    return std::all_of(effects.begin(), effects.end(),
                       [](const Effect& e) { return e.state == EffectState::Reverted; });
}

// What the run knew goes with it: people are told, on the application too, while it still can tell.
void Turn::leaveBehind() {
    std::string what;
    bool byHand = false;
    for (const auto& effect : status().effects) {
        if (effect.state == EffectState::Reverted || !effects::takesNode(effect)) {
            continue;
        }
        what += (what.empty() ? "" : ", ") + effect.kind + " of " + effect.name;
        byHand |= std::none_of(seen_.nodes.begin(), seen_.nodes.end(),
                               [&](const auto& node) { return node.uid == effect.uid; });
    }
    auto text = "the run was deleted and goes without having given back " + what +
                (byHand ? ": a node's object is gone too, so that nobody else knows of it; switch "
                          "the machine on, or connect it, by hand"
                        : ": the sweep goes on by the marks of the nodes");
    if (!what.empty() && (status().timeline.empty() || status().timeline.back().what != text)) {
        tell(text);
        step_.notes.push_back({true, "ChaosLeftBehind", text});
    }
}

// The run was deleted while its fault holds something: that is given back, and then it may go.
void Turn::leave() {
    bool patience = !run_.deletedAt || now() < *run_.deletedAt + kLetGo;
    if (status().phase != Phase::Reverting && !nothingHeld()) {
        giveUp("the run was deleted");
        return;
    }
    takeBack();
    if (!nothingHeld() && patience) {
        again(seen_.results.empty() ? kWatchClosely : kWatch);
        return;
    }
    if (!nothingHeld()) {
        leaveBehind();
    }
    // Durable first: what is written down as given back is, whoever looks at the last of the run.
    if (step_.status == run_.status || !patience) {
        step_.actions.emplace_back(HoldRun{false});
    }
    again(kWatchClosely);
}

}  // namespace chaos::run
