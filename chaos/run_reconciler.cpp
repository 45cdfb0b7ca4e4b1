#include "chaos/run_reconciler.h"

#include <algorithm>
#include <future>

#include "api/labels.h"
#include "base/json.h"
#include "base/log.h"
#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/verdict/verdict.h"
#include "runtime/finalizer.h"

namespace chaos {
namespace {

using namespace std::chrono_literals;
using kube::ApiError;
using kube::ErrorKind;
using run::ActionResult;

// A run takes about ten turns in a row at most; more is a defect, and the pause keeps it harmless.
constexpr int kTurnsAtOnce = 20;
constexpr auto kOutagePause = 2s;
// Each is a process; what is left over is asked for again when these are written down.
constexpr size_t kSwitchesAtOnce = 16;

constexpr const char* kRuns = "scalableapp_chaos_runs_total";

runtime::Metrics::Labels runLabels(const run::Run& run, run::Verdict verdict) {
    return {{"namespace", run.namespace_}, {"app", run.spec.app}, {"verdict", run::name(verdict)}};
}

// Asking again may help: the answer was lost or the server was busy, nothing was refused.
bool mayHelp(const ApiError& error) {
    return error.transient() || error.is(ErrorKind::Cancelled) || error.is(ErrorKind::NotLeader);
}

runtime::ObjectReference reference(const kube::ResourceType& type, const std::string& namespace_,
                                   const std::string& name, const std::string& uid) {
    return {
        .apiVersion = type.apiVersion(), .kind = type.kind, .key = {namespace_, name}, .uid = uid};
}

bool isSwitch(const run::Action& action) {
    return std::holds_alternative<run::SwitchPower>(action) ||
           std::holds_alternative<run::SwitchCable>(action);
}

// What changes the next decision. A lost answer does not: the next look shows what became of it.
bool worthKnowing(const ActionResult& result) {
    if (result.error.empty()) {
        return std::holds_alternative<run::KillPod>(result.action) ||
               std::holds_alternative<run::EvictPod>(result.action) ||
               std::holds_alternative<run::RestartContainer>(result.action) ||
               isSwitch(result.action) || std::holds_alternative<run::HoldRun>(result.action);
    }
    return !result.transient;
}

bool isFault(const run::Action& action) {
    return !std::holds_alternative<run::CreateProbe>(action) &&
           !std::holds_alternative<run::RemoveProbe>(action) &&
           !std::holds_alternative<run::HoldRun>(action) &&
           !std::holds_alternative<run::UntellRun>(action);
}

// The eviction of a pod is created under it.
kube::ResourceType evictionOf(const std::string& pod) {
    return {"", "v1", "pods/" + pod + "/eviction", "Eviction", true};
}

base::Json eviction(const run::EvictPod& pod) {
    base::Json options{{"preconditions", {{"uid", pod.uid}}}};
    if (pod.graceSeconds) {
        options["gracePeriodSeconds"] = *pod.graceSeconds;
    }
    return {{"apiVersion", "policy/v1"},
            {"kind", "Eviction"},
            {"metadata", {{"name", pod.name}, {"namespace", pod.namespace_}}},
            {"deleteOptions", options}};
}

std::string annotation(const base::Json& object, const char* key) {
    const auto* annotations = base::at(object, "/metadata/annotations");
    auto value = annotations == nullptr ? base::Json() : annotations->value(key, base::Json());
    return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

base::Result<run::Run> parseRun(const base::Json& object) {
    auto spec = api::parseChaosSpec(object);
    if (!spec) {
        return base::failWith(spec.error());
    }
    run::Run out;
    out.namespace_ = base::stringAt(object, "/metadata/namespace").value_or("");
    out.name = base::stringAt(object, "/metadata/name").value_or("");
    out.uid = base::stringAt(object, "/metadata/uid").value_or("");
    out.deleting = base::at(object, "/metadata/deletionTimestamp") != nullptr;
    base::WallTime deletedAt;
    if (base::parseTime(base::stringAt(object, "/metadata/deletionTimestamp").value_or(""),
                        deletedAt)) {
        out.deletedAt = deletedAt;
    }
    out.finalizers = runtime::finalizersOf(object).names;
    out.told = !topology::labelOf(object, api::kChaosLabel).empty();
    out.abort = annotation(object, kAbortAnnotation);
    out.paused = isPaused(object);
    out.withoutFault = base::boolAt(object, "/spec/withoutFault").value_or(false);
    out.spec = std::move(*spec);
    if (out.withoutFault) {
        // What the added load is to bring about cannot come without it.
        auto& scaling = out.spec.expectations.autoscaling;
        scaling.scaling = scaling.scaling == "Required" ? "Ignore" : scaling.scaling;
        scaling.reactWithinSeconds.reset();
        scaling.settleWithinSeconds.reset();
        if (!verdict::asksAnything(out.spec)) {
            // What is left to prove: that the load alone does no harm.
            out.spec.expectations.webErrorPercent = out.spec.steadyState.webErrorPercent;
        }
    }
    if (const auto* status = base::at(object, "/status")) {
        out.status = run::parseStatus(*status);
    }
    return out;
}

RunReconciler::RunReconciler(kube::Client& client, RunOptions options, EventSink events,
                             runtime::Metrics& metrics, const base::Clock& clock)
    : client_(client),
      options_(std::move(options)),
      events_(std::move(events)),
      metrics_(metrics),
      observer_(client, clock, options_.site) {
    using enum runtime::Metrics::Kind;
    metrics_.define(kRuns, Counter, "Chaos runs ended, by application and verdict");
    metrics_.define("scalableapp_chaos_faults_total", Counter,
                    "Steps of faults (deletes, evictions, marks, switches), by result");
    metrics_.define("scalableapp_chaos_recovery_seconds", Histogram,
                    "Time from the first delete until the tier was whole again",
                    {0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300});
}

runtime::Outcome RunReconciler::reconcile(const kube::ObjectKey& key,
                                          const runtime::ReconcileContext& context) {
    auto object = client_.get(kChaosRuns, key, context.stop);
    if (!object) {
        if (object.error().is(ErrorKind::NotFound)) {
            forgetLook(key);
        }
        return afterError(object.error());
    }
    auto run = parseRun((*object)->json());
    if (!run) {
        return runtime::Outcome::terminal(run.error().message);
    }
    countFromNought(*run);
    auto version = (*object)->meta().resourceVersion;
    Left left;
    for (int i = 0; i < kTurnsAtOnce; ++i) {
        if (auto outcome = turn(*run, version, left, context.stop)) {
            return *outcome;
        }
    }
    return runtime::Outcome::after(1s);
}

std::optional<runtime::Outcome> RunReconciler::turn(run::Run& run, std::string& version, Left& left,
                                                    const std::stop_token& stop) {
    std::unique_lock starting(starting_, std::defer_lock);
    if (run.status.phase == run::Phase::Pending) {
        starting.lock();
    }
    auto seen = look(run, std::move(left.tenantsOf), stop);
    if (!seen) {
        return afterError(seen.error());
    }
    goesOn(false);
    seen->lastLook = lastLook(run);
    seen->results = std::move(left.results);
    left = {};
    auto isAnswer = [](const ActionResult& result) { return isSwitch(result.action); };
    bool switched = std::any_of(seen->results.begin(), seen->results.end(), isAnswer);
    auto step = run::next(run, *seen);
    if (step.status != run.status) {
        bool ends = step.status.phase == run::Phase::Done && run.status.phase != run::Phase::Done;
        if (auto written = write(run, version, step.status, stop); !written) {
            return afterError(written.error());
        }
        publish(run, *seen, step.notes);
        if (ends) {
            count(run);
        }
    }
    noteLook(run, *seen);
    left.tenantsOf = step.tenantsOf;
    bool switches = std::any_of(step.actions.begin(), step.actions.end(), isSwitch);
    if (switched && (switches || !left.tenantsOf.empty())) {
        // The next switches have a reconcile's whole time again.
        return runtime::Outcome::after(step.lookAgain.value_or(0ms));
    }
    left.results = actAll(run, version, step.actions, stop);
    if (!left.results.empty() || step.lookAgain == 0ms) {
        return std::nullopt;
    }
    return step.lookAgain ? runtime::Outcome::after(*step.lookAgain) : runtime::Outcome::done();
}

std::optional<base::WallTime> RunReconciler::lastLook(const run::Run& run) {
    std::lock_guard lock(looking_);
    auto known = looks_.find(kube::ObjectKey{run.namespace_, run.name}.str());
    return known != looks_.end() && known->second.uid == run.uid ? std::optional(known->second.at)
                                                                 : std::nullopt;
}

// What it brought is durable, or brought nothing. A look that was refused saw nothing.
void RunReconciler::noteLook(const run::Run& run, const run::Seen& seen) {
    kube::ObjectKey key{run.namespace_, run.name};
    if (run.status.phase == run::Phase::Done) {
        return forgetLook(key);
    }
    if (seen.refused.empty()) {
        std::lock_guard lock(looking_);
        looks_[key.str()] = {run.uid, seen.now};
    }
}

void RunReconciler::forgetLook(const kube::ObjectKey& key) {
    std::lock_guard lock(looking_);
    looks_.erase(key.str());
}

// A read that is refused is seen as such: the run goes on without as far as it may.
kube::ApiResult<run::Seen> RunReconciler::look(const run::Run& run,
                                               std::vector<std::string> tenantsOf,
                                               const std::stop_token& stop) {
    auto needs = run::needs(run);
    needs.tenantsOf = std::move(tenantsOf);
    auto seen = observer_.look(run, needs, stop);
    if (seen || !seen.error().is(ErrorKind::Forbidden)) {
        return seen;
    }
    auto refused = seen.error();
    if (auto line = hindrance_.met(refused)) {
        base::logWarning(*line, {{"error", refused.str()}});
    }
    seen = observer_.look(run, run::needsToGiveBack(run), stop);
    bool blind = !seen && seen.error().is(ErrorKind::Forbidden);
    if (blind) {
        seen = observer_.look(run, {}, stop);  // what time it is
    }
    if (seen) {
        seen->refused = refused.str();
        seen->blind = blind;
    }
    return seen;
}

runtime::Outcome RunReconciler::afterError(const ApiError& error) {
    if (error.is(ErrorKind::NotFound)) {
        return runtime::Outcome::done();
    }
    if (error.is(ErrorKind::Conflict)) {
        return runtime::Outcome::retry(error.str());
    }
    // Runs have deadlines: a fixed pause, not a growing one, and one line for the whole outage. A
    // refusal (of a credential, of the right to write) is waited out the same way: people mend it.
    if (auto line = hindrance_.met(error)) {
        base::logWarning(*line, {{"error", error.str()}});
    }
    return runtime::Outcome::after(kOutagePause);
}

void RunReconciler::goesOn(bool wrote) {
    if (hindrance_.passed(wrote)) {
        base::logInfo(Hindrance::kOver);
    }
}

kube::ApiResult<void> RunReconciler::write(run::Run& run, std::string& version,
                                           const run::Status& status, const std::stop_token& stop) {
    base::Json patch{{"metadata", {{"resourceVersion", version}}}, {"status", run::toJson(status)}};
    auto written = client_.patch(kChaosRuns, {run.namespace_, run.name},
                                 kube::PatchType::MergePatch, patch, stop, "status");
    if (!written) {
        return base::failWith(written.error());
    }
    version = (*written)->meta().resourceVersion;
    goesOn(true);
    if (run.status.phase != status.phase) {
        base::logInfo("chaos run", {{"run", run.namespace_ + "/" + run.name},
                                    {"phase", run::name(status.phase)}});
    }
    run.status = status;
    return {};
}

std::optional<ApiError> RunReconciler::carryOut(const run::Run& run, const run::Action& action,
                                                std::string& problem, const std::stop_token& stop) {
    auto errorOf = [](const auto& done) {
        return done ? std::nullopt : std::optional<ApiError>(done.error());
    };
    if (const auto* create = std::get_if<run::CreateProbe>(&action)) {
        auto pod = create->pod;
        pod.image = options_.probeImage;
        return errorOf(client_.create(kPods, probes::probePod(pod), stop));
    }
    if (const auto* probe = std::get_if<run::RemoveProbe>(&action)) {
        return errorOf(client_.remove(kPods, {run.namespace_, probe->name}, probe->uid, stop));
    }
    if (const auto* kill = std::get_if<run::KillPod>(&action)) {
        return errorOf(client_.remove(kPods, {kill->namespace_, kill->name}, kill->uid, stop,
                                      {.gracePeriodSeconds = kill->graceSeconds}));
    }
    if (const auto* evict = std::get_if<run::EvictPod>(&action)) {
        return errorOf(client_.create(evictionOf(evict->name), eviction(*evict), stop));
    }
    if (const auto* patch = std::get_if<run::PatchNode>(&action)) {
        return errorOf(client_.patch(kNodes, {"", patch->name}, kube::PatchType::MergePatch,
                                     patch->patch, stop));
    }
    if (const auto* create = std::get_if<run::CreatePolicy>(&action)) {
        return errorOf(client_.create(kNetworkPolicies, create->policy, stop));
    }
    if (const auto* remove = std::get_if<run::RemovePolicy>(&action)) {
        return errorOf(
            client_.remove(kNetworkPolicies, {run.namespace_, remove->name}, remove->uid, stop));
    }
    if (const auto* restart = std::get_if<run::RestartContainer>(&action)) {
        return errorOf(client_.patch(kPods, {restart->namespace_, restart->name},
                                     kube::PatchType::JsonPatch, restart->patch, stop));
    }
    if (std::holds_alternative<run::UntellRun>(action)) {
        base::Json patch{{"metadata", {{"labels", {{api::kChaosLabel, nullptr}}}}}};
        return errorOf(client_.patch(kChaosRuns, {run.namespace_, run.name},
                                     kube::PatchType::MergePatch, patch, stop));
    }
    auto set = [&](Power* driver, const auto& one) {
        auto done = driver == nullptr ? base::Status(base::fail("there is no driver for it"))
                                      : driver->set(one.node, one.on, stop);
        problem = done ? "" : done.error().message;
        return std::nullopt;
    };
    if (const auto* cable = std::get_if<run::SwitchCable>(&action)) {
        return set(options_.drivers.cable, *cable);
    }
    return set(options_.drivers.power, std::get<run::SwitchPower>(action));
}

kube::ApiResult<void> RunReconciler::hold(run::Run& run, std::string& version, bool on,
                                          const std::stop_token& stop) {
    // At the version of the last write of this turn, not of its first look.
    const runtime::Finalizers seen{{run.namespace_, run.name}, version, run.finalizers};
    auto written = on ? runtime::addFinalizer(client_, kChaosRuns, seen, kHeldFinalizer, stop)
                      : runtime::removeFinalizer(client_, kChaosRuns, seen, kHeldFinalizer, stop);
    if (!written) {
        return base::failWith(written.error());
    }
    version = (*written)->meta().resourceVersion;
    run.finalizers = runtime::finalizersOf((*written)->json()).names;
    return {};
}

// Switches side by side: a zone takes as long as its slowest node.
std::vector<ActionResult> RunReconciler::actAll(run::Run& run, std::string& version,
                                                const std::vector<run::Action>& actions,
                                                const std::stop_token& stop) {
    std::vector<std::future<ActionResult>> switches;
    std::vector<ActionResult> out;
    auto keep = [&](ActionResult result) {
        if (worthKnowing(result)) {
            out.push_back(std::move(result));
        }
    };
    for (const auto& action : actions) {
        if (!isSwitch(action)) {
            keep(act(run, version, action, stop));
        } else if (switches.size() < kSwitchesAtOnce) {
            switches.push_back(
                std::async(std::launch::async, [&] { return act(run, version, action, stop); }));
        }
    }
    for (auto& one : switches) {
        keep(one.get());
    }
    return out;
}

ActionResult RunReconciler::act(run::Run& run, std::string& version, const run::Action& action,
                                const std::stop_token& stop) {
    ActionResult result{.action = action, .error = "", .transient = false};
    std::optional<ApiError> error;
    if (const auto* wanted = std::get_if<run::HoldRun>(&action)) {
        if (auto held = hold(run, version, wanted->on, stop); !held) {
            error = held.error();
        }
    } else {
        error = carryOut(run, action, result.error, stop);
    }
    if (error) {
        result.error = error->str();
        // Nodes, pods and runs are written by others too: somebody was faster, the next look
        // decides. A JSON patch whose tests fail is Invalid.
        bool raced =
            (error->is(ErrorKind::Conflict) && (std::holds_alternative<run::PatchNode>(action) ||
                                                std::holds_alternative<run::HoldRun>(action))) ||
            (error->is(ErrorKind::Invalid) &&
             std::holds_alternative<run::RestartContainer>(action)) ||
            // Of a deleted run of the same name: the garbage collector is about to take it.
            (error->is(ErrorKind::AlreadyExists) &&
             std::holds_alternative<run::CreateProbe>(action));
        result.transient = mayHelp(*error) || raced;
    }
    if (isFault(action)) {
        metrics_.count("scalableapp_chaos_faults_total",
                       {{"result", result.error.empty() ? "Accepted" : "Refused"}});
    }
    if (!result.error.empty()) {
        base::logWarning("chaos run: refused",
                         {{"run", run.namespace_ + "/" + run.name}, {"error", result.error}});
    }
    return result;
}

void RunReconciler::publish(const run::Run& run, const run::Seen& seen,
                            const std::vector<run::Note>& notes) {
    for (const auto& note : notes) {
        auto send = [&](runtime::ObjectReference about) {
            events_(
                {.regarding = std::move(about),
                 .type = note.warning ? runtime::EventType::Warning : runtime::EventType::Normal,
                 .reason = note.reason,
                 .action = "Chaos",
                 .note = note.text});
        };
        send(reference(kChaosRuns, run.namespace_, run.name, run.uid));
        if (seen.app && run.status.intentAt) {
            send(reference(kScalableApps, run.namespace_, seen.app->name, seen.app->uid));
        }
    }
}

// An increase is only seen of what was there before.
void RunReconciler::countFromNought(const run::Run& run) {
    if (run.status.phase == run::Phase::Done) {
        return;
    }
    for (auto verdict : {run::Verdict::Resilient, run::Verdict::Degraded, run::Verdict::Failed,
                         run::Verdict::Inconclusive}) {
        metrics_.create(kRuns, runLabels(run, verdict));
    }
}

void RunReconciler::count(const run::Run& run) {
    const auto& status = run.status;
    metrics_.count(kRuns, runLabels(run, *status.verdict));
    if (!status.measurements || !status.measurements->wholeAfterDeleteMilliseconds) {
        return;
    }
    auto took = *status.measurements->wholeAfterDeleteMilliseconds;
    if (status.measurements->atLeast(run::kWholeAfterDelete, took) == took) {
        metrics_.observe("scalableapp_chaos_recovery_seconds", {},
                         static_cast<double>(took) / 1000.0);
    }
}

}  // namespace chaos
