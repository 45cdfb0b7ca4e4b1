#include "reconcile/reconciler.h"

#include <algorithm>

#include "api/condition.h"
#include "api/scalable_app.h"
#include "base/json.h"
#include "base/log.h"
#include "reconcile/chaos_runs.h"
#include "reconcile/resources.h"
#include "reconcile/status.h"
#include "reconcile/surroundings.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

// What only others can change and no watch of ours sees (a stranger's object, a quota, our rights).
constexpr std::chrono::milliseconds kLookAgain = 10s;

// What an apply did not change no watch tells of.
constexpr std::chrono::milliseconds kLookSoon = 100ms;

// Conditions that are True while something is wrong, each with its metric.
constexpr std::pair<const char*, const char*> kWarnings[] = {
    {"scalableapp_circuit_open", "CircuitOpen"}, {"scalableapp_serving_stale", "ServingStale"}};

runtime::Metrics::Labels labelsOf(const kube::ObjectKey& key) {
    return {{"namespace", key.namespace_}, {"name", key.name}};
}

plan::EventIntent eventFor(const Problem& problem) {
    return {.warning = true, .reason = problem.reason, .action = "Apply", .note = problem.message};
}

// What no cache holds may decide about it: what edges and balancers say when they are asked, and
// what the app's surroundings are.
bool hasUnwatched(const api::ScalableApp& app, const base::Json& object) {
    return app.cdn || app.resilience.circuitBreaker || dependsOnSurroundings(app, object);
}

runtime::Outcome outcomeOf(const Applied& applied, const plan::Plan& plan) {
    bool serverTrouble = std::any_of(applied.problems.begin(), applied.problems.end(),
                                     [](const Problem& problem) { return !problem.stalled; });
    if (serverTrouble) {
        return runtime::Outcome::retry(applied.problems.front().message);
    }
    std::optional<std::chrono::milliseconds> again = plan.lookAgain;
    if (!applied.problems.empty() || applied.waiting) {
        again = std::min(again.value_or(kLookAgain), kLookAgain);
    }
    return again ? runtime::Outcome::after(*again) : runtime::Outcome::done();
}

}  // namespace

Reconciler::Reconciler(kube::Client& client, const Observer& observer, EventSink events,
                       runtime::Metrics& metrics, const base::Clock& clock, AskCircuits circuits,
                       AskEdges edges, LookAround lookAround)
    : client_(client),
      observer_(observer),
      applier_(client, observer),
      events_(std::move(events)),
      metrics_(metrics),
      clock_(clock),
      askCircuits_(std::move(circuits)),
      askEdges_(std::move(edges)),
      edgeBook_(metrics),
      lookAround_(std::move(lookAround)) {
    metrics_.define("scalableapp_ready", runtime::Metrics::Kind::Gauge,
                    "1 when the ScalableApp's Ready condition is True, else 0");
    metrics_.define("scalableapp_stalled", runtime::Metrics::Kind::Gauge,
                    "1 when the ScalableApp's Stalled condition is True, else 0");
    metrics_.define("scalableapp_circuit_open", runtime::Metrics::Kind::Gauge,
                    "1 while a circuit breaker of the ScalableApp is open or half-open, else 0; "
                    "absent where there is none or its state is not known");
    metrics_.define("scalableapp_serving_stale", runtime::Metrics::Kind::Gauge,
                    "1 while edges of the ScalableApp give out what they kept beyond its time "
                    "because no origin answers, else 0; absent where there is no edge");
}

runtime::Outcome Reconciler::reconcile(const kube::ObjectKey& key,
                                       const runtime::ReconcileContext& context) {
    auto object = observer_.app(key);
    if (object == nullptr || object->meta().deleting) {
        // Its children carry owner references: the garbage collector takes them.
        forget(key);
        return runtime::Outcome::done();
    }
    if (rests_.has(key) && rests_.knows(key, sightOf(*object, observer_.family(object->meta()),
                                                     observer_.chaosRuns(key)))) {
        return runtime::Outcome::done();
    }
    rests_.forget(key);
    return look(object, context);
}

runtime::Outcome Reconciler::look(const kube::ObjectPtr& object,
                                  const runtime::ReconcileContext& context) {
    const auto& key = object->meta().key;
    base::Json before = object->json();
    auto app = api::parseScalableApp(before, api::UnknownFields::Ignore);
    if (!app) {
        return refuse(object, app.error().message, context);
    }
    forgetProblems(app->conditions);
    // First: it may be what makes further kinds of children seen.
    Around around = lookAround_ ? lookAround_(*app, before, context.stop) : plan::Surroundings{};
    if (auto* ended = std::get_if<runtime::Outcome>(&around)) {
        return *ended;
    }
    auto family = observer_.family(object->meta());
    auto runs = observer_.chaosRuns(key);
    plan::Observed seen =
        observe(*object, *app, family, std::get<plan::Surroundings>(around), context.stop);
    seen.chaos = chaosOn(runs, seen.now);
    plan::Plan plan = plan::planApp(*app, seen);
    Applied applied = applier_.apply(object->meta(), plan, seen.children, context);
    if (applied.refused) {
        seen.resizeRefused = *applied.refused;
        plan = plan::planApp(*app, seen);
        applied = applier_.apply(object->meta(), plan, seen.children, context);
    }
    if (applied.leaving || applied.outdated) {
        return runtime::Outcome::done();
    }
    if (applied.retry) {
        return runtime::Outcome::retry(*applied.retry);
    }
    for (const auto& problem : applied.problems) {
        if (saysSomethingNew(before, problem)) {
            plan.events.push_back(eventFor(problem));
        }
    }
    for (const auto& rewrite : rewrites_.record(key, applied.rewritten)) {
        plan.lookAgain = kLookSoon;
        tell(object->meta(), {.warning = true,
                              .reason = "FieldRewritten",
                              .action = "Apply",
                              .note = rewrite.text()});
    }
    auto status = withProblems(plan.status, applied.problems, before, clock_.wall());
    auto stopped = publish(*object, before, status, plan.events, context);
    auto outcome = stopped ? *stopped : outcomeOf(applied, plan);
    bool wrote = applied.confirmed || !sameStatus(before, status);
    if (!wrote && outcome.kind() == runtime::Outcome::Kind::Done && !hasUnwatched(*app, before)) {
        rests_.note(key, sightOf(*object, family, runs));
    }
    return outcome;
}

plan::Observed Reconciler::observe(const kube::Object& object, const api::ScalableApp& app,
                                   const std::vector<kube::ObjectPtr>& family,
                                   plan::Surroundings around, const std::stop_token& stop) {
    plan::Observed out;
    out.now = clock_.wall();
    out.around = std::move(around);
    out.children = treesOf(family);
    rewrites_.showAsAsked(object.meta().key, out.children);
    auto targets = circuitTargets(app, out.children);
    const auto& key = object.meta().key;
    if (!targets.empty()) {
        out.circuits = askCircuits_(targets, stop);
        out.silentBalancers = silenceBook_.record(key, targets, out.circuits, out.now);
    } else {
        silenceBook_.forget(key);
    }
    auto edges = edgeTargets(app, out.children, out.now);
    if (!edges.empty()) {
        out.edges = edgeBook_.record(key, askEdges_(edges, stop), out.now);
    } else if (!app.cdn) {
        edgeBook_.forget(key);
    }
    return out;
}

runtime::Outcome Reconciler::refuse(const kube::ObjectPtr& app, const std::string& message,
                                    const runtime::ReconcileContext& context) {
    Problem problem{.reason = kInvalidSpec, .message = message};
    base::Json before = app->json();
    std::vector<plan::EventIntent> events;
    if (saysSomethingNew(before, problem)) {
        events.push_back(eventFor(problem));
    }
    auto status = invalidSpec(before, message, clock_.wall());
    auto stopped = publish(*app, before, status, events, context);
    return stopped ? *stopped : runtime::Outcome::terminal(message);
}

std::optional<runtime::Outcome> Reconciler::publish(const kube::Object& app,
                                                    const base::Json& before,
                                                    const base::Json& status,
                                                    const std::vector<plan::EventIntent>& events,
                                                    const runtime::ReconcileContext& context) {
    const auto& meta = app.meta();
    measure(meta.key, status);
    if (sameStatus(before, status)) {
        return std::nullopt;
    }
    auto written = writeStatus(client_, meta, status, context);
    if (!written) {
        // Deleted meanwhile, perhaps with a successor of the same name: that one has its own turn.
        bool gone = written.error().is(kube::ErrorKind::NotFound);
        return gone ? runtime::Outcome::done()
                    : runtime::Outcome::retry("status: " + written.error().str());
    }
    // Only after the status stands: an event belongs to a transition, and a transition that was not
    // recorded happens again.
    for (const auto& event : events) {
        tell(meta, event);
    }
    return std::nullopt;
}

void Reconciler::tell(const kube::Meta& app, const plan::EventIntent& event) {
    events_({.regarding =
                 {.apiVersion = app.apiVersion, .kind = app.kind, .key = app.key, .uid = app.uid},
             .type = event.warning ? runtime::EventType::Warning : runtime::EventType::Normal,
             .reason = event.reason,
             .action = event.action,
             .note = event.note});
}

void Reconciler::measure(const kube::ObjectKey& key, const base::Json& status) {
    auto conditions = api::parseConditions(base::arrayAt(status, "/conditions"));
    auto value = [&](const char* type) {
        const auto* condition = api::findCondition(conditions, type);
        return condition != nullptr && condition->status == api::kTrue ? 1.0 : 0.0;
    };
    metrics_.set("scalableapp_ready", labelsOf(key), value("Ready"));
    metrics_.set("scalableapp_stalled", labelsOf(key), value("Stalled"));
    for (const auto& [metric, type] : kWarnings) {
        const auto* condition = api::findCondition(conditions, type);
        if (condition != nullptr && condition->status != api::kUnknown) {
            metrics_.set(metric, labelsOf(key), value(type));
        } else {
            metrics_.remove(metric, labelsOf(key));
        }
    }
}

void Reconciler::forget(const kube::ObjectKey& key) {
    silenceBook_.forget(key);
    edgeBook_.forget(key);
    rewrites_.forget(key);
    rests_.forget(key);
    metrics_.remove("scalableapp_ready", labelsOf(key));
    metrics_.remove("scalableapp_stalled", labelsOf(key));
    for (const auto& warning : kWarnings) {
        metrics_.remove(warning.first, labelsOf(key));
    }
}

}  // namespace reconcile
