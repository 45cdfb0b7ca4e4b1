#include "chaos/experiment_reconciler.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "api/condition.h"
#include "base/json.h"
#include "chaos/after_error.h"
#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/report/statistics.h"
#include "chaos/run/status.h"
#include "chaos/run_labels.h"
#include "runtime/owner.h"

namespace chaos {
namespace {

using base::textAt;
using kube::ErrorKind;

constexpr int64_t kDefaultHistory = 20;

int64_t generationOf(const base::Json& run) {
    return base::intAt(run, "/spec/generation").value_or(0);
}

bool ownedBy(const base::Json& run, const std::string& uid) {
    const auto& owners = base::arrayAt(run, "/metadata/ownerReferences");
    return std::any_of(owners.begin(), owners.end(),
                       [&](const base::Json& owner) { return textAt(owner, "/uid") == uid; });
}

bool isDone(const base::Json& run) {
    return textAt(run, "/status/phase") == run::name(run::Phase::Done);
}

// Why no run of the generation follows after this one.
struct SeriesEnd {
    const char* reason;  // CamelCase
    std::string why;
};

std::optional<SeriesEnd> endsSeries(const base::Json& run) {
    if (!isDone(run)) {
        return std::nullopt;
    }
    auto name = textAt(run, "/metadata/name");
    const auto& reasons = base::arrayAt(run, "/status/reasons");
    auto because = reasons.empty() ? "" : ": " + reasons.front().get<std::string>();
    if (!textAt(run, "/status/aborted").empty() || textAt(run, "/status/reason") == run::kAborted) {
        return SeriesEnd{kSeriesAborted, "run " + name + " was ended early" + because};
    }
    auto verdict = textAt(run, "/status/verdict");
    if (base::boolAt(run, "/spec/withoutFault").value_or(false) &&
        verdict != run::name(run::Verdict::Resilient)) {
        return SeriesEnd{"ControlFailed",
                         "control run " + name + " is " + verdict + " without any fault" + because};
    }
    return std::nullopt;
}

// Later runs are greater: by generation, then by their number in it.
auto orderOf(const base::Json& run) {
    return std::pair(generationOf(run), base::intAt(run, "/spec/ordinal").value_or(1));
}

const base::Json* named(const std::vector<base::Json>& runs, const std::string& name) {
    auto found = std::find_if(runs.begin(), runs.end(), [&](const base::Json& run) {
        return textAt(run, "/metadata/name") == name;
    });
    return found == runs.end() ? nullptr : &*found;
}

// How many of the generation's runs were started, as far as is written down or to be seen.
size_t startedOf(const base::Json& experiment, const std::vector<base::Json>& runs) {
    auto all = ordinals(experiment);
    bool current = base::intAt(experiment, "/status/observedGeneration") ==
                   base::intAt(experiment, "/metadata/generation");
    auto known = base::intAt(experiment, "/status/startedRuns").value_or(1);
    size_t started = current ? static_cast<size_t>(std::max<int64_t>(0, known)) : 0;
    while (started < all.size() && named(runs, runName(experiment, all[started])) != nullptr) {
        ++started;
    }
    return started;
}

// What people have accepted stays; every other set is compared with it.
void judgeChange(const base::Json& experiment, int64_t generation, base::Json& status) {
    auto accepted = base::at(experiment, "/status/accepted") == nullptr
                        ? base::Json()
                        : *base::at(experiment, "/status/accepted");
    auto asked = textAt(experiment, "/metadata/annotations/scalableapp.dev~1accept");
    auto observed = base::intAt(experiment, "/status/observedGeneration").value_or(0);
    const auto* before = base::at(experiment, "/status/statistics");
    if (asked == std::to_string(generation)) {
        accepted = status["statistics"];
        accepted["generation"] = generation;
    } else if (before != nullptr && asked == std::to_string(observed) &&
               base::intAt(accepted, "/generation") != observed) {
        // The spec was changed before anybody saw that its runs were accepted.
        accepted = *before;
        accepted["generation"] = observed;
    }
    if (!accepted.is_object()) {
        return;
    }
    status["accepted"] = accepted;
    if (base::intAt(accepted, "/generation") == generation) {
        return;
    }
    auto change = report::compare(report::parseStatistics(accepted),
                                  report::parseStatistics(status["statistics"]));
    status["regression"] = {{"verdict", change.verdict}, {"message", change.message}};
}

// `last`: the last of those of this generation that were started; empty where people deleted it.
// `open`: runs that are not started yet.
api::Condition complete(const base::Json& experiment, const base::Json* last, size_t started,
                        size_t open) {
    auto end = last != nullptr && open > 0 ? endsSeries(*last) : std::nullopt;
    bool done = last != nullptr && isDone(*last) && open == 0;
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(0);
    api::Condition condition{.type = "Complete",
                             .status = done ? api::kTrue : api::kFalse,
                             .reason = done ? textAt(*last, "/status/reason") : "Running",
                             .message = "",
                             .observedGeneration = generation,
                             .lastTransitionTime = ""};
    if (done) {
        const auto& reasons = base::arrayAt(*last, "/status/reasons");
        condition.message = reasons.empty() ? "" : reasons.front().get<std::string>();
    } else if (last == nullptr && started > 0) {
        condition.reason = kSeriesAborted;
        condition.message =
            "the run of this generation was deleted; kubectl scalableapp chaos run starts it again";
    } else if (end) {
        condition.status = api::kTrue;
        condition.reason = end->reason;
        condition.message =
            end->why + "; " + std::to_string(open) +
            " more runs of this generation are not started: kubectl scalableapp chaos "
            "run, or another change of the spec, starts anew";
    } else if (open > 0 && isPaused(experiment)) {
        condition.reason = "Paused";
        condition.message = std::string("no run is started while it is annotated ") +
                            kPauseAnnotation + ": remove the annotation to go on";
    }
    return condition;
}

}  // namespace

std::vector<int64_t> ordinals(const base::Json& experiment) {
    std::vector<int64_t> out;
    if (base::boolAt(experiment, "/spec/control").value_or(false)) {
        out.push_back(0);
    }
    auto count = base::intAt(experiment, "/spec/runs").value_or(1);
    for (int64_t i = 1; i <= count; ++i) {
        out.push_back(i);
    }
    return out;
}

std::string runName(const base::Json& experiment, int64_t ordinal) {
    auto name = textAt(experiment, "/metadata/name") + "-" +
                std::to_string(base::intAt(experiment, "/metadata/generation").value_or(1));
    // The letter: "a-1-2" would be the second generation of an experiment "a-1" as well.
    return ordinal == 1 ? name : name + "-r" + std::to_string(ordinal);
}

base::Result<base::Json> runOf(const base::Json& experiment, int64_t ordinal) {
    auto name = textAt(experiment, "/metadata/name");
    base::Json metadata{
        {"name", runName(experiment, ordinal)},
        {"namespace", textAt(experiment, "/metadata/namespace")},
        {"labels", runLabels(kExperimentLabel, name, textAt(experiment, "/spec/app"))}};
    base::Json spec{{"experiment", name},
                    {"generation", base::intAt(experiment, "/metadata/generation").value_or(1)}};
    if (const auto* asked = base::at(experiment, "/spec")) {
        spec.update(*asked);
    }
    spec.erase("runsHistoryLimit");  // of the experiment alone
    if (ordinal != 1) {
        spec["ordinal"] = ordinal;
    }
    if (ordinal == 0) {
        spec["withoutFault"] = true;
    }
    runtime::Owner owner{kChaosExperiments,
                         {textAt(experiment, "/metadata/namespace"), name},
                         textAt(experiment, "/metadata/uid")};
    return runtime::withController(owner, kChaosRuns,
                                   {{"apiVersion", kChaosRuns.apiVersion()},
                                    {"kind", kChaosRuns.kind},
                                    {"metadata", metadata},
                                    {"spec", spec}});
}

base::Json experimentStatus(const base::Json& experiment, const std::vector<base::Json>& runs,
                            base::WallTime now, const std::string& inTheWay) {
    const base::Json* last = nullptr;
    const base::Json* judged = nullptr;
    base::Json counts{{"total", runs.size()},
                      {"resilient", 0},
                      {"degraded", 0},
                      {"failed", 0},
                      {"inconclusive", 0}};
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(0);
    std::vector<base::Json> current;
    for (const auto& run : runs) {
        auto verdict = textAt(run, "/status/verdict");
        std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (auto counted = counts.find(verdict); counted != counts.end()) {
            *counted = counted->get<int64_t>() + 1;
            if (judged == nullptr || orderOf(run) > orderOf(*judged)) {
                judged = &run;
            }
        }
        if (last == nullptr || orderOf(run) > orderOf(*last)) {
            last = &run;
        }
        if (generationOf(run) == generation) {
            current.push_back(run);
        }
    }
    auto started = startedOf(experiment, runs);
    auto all = ordinals(experiment);
    base::Json status{{"observedGeneration", generation},
                      {"startedRuns", static_cast<int64_t>(started)},
                      {"statistics", report::toJson(report::statistics(current))}};
    judgeChange(experiment, generation, status);
    if (last != nullptr) {
        status["lastRun"] = textAt(*last, "/metadata/name");
        auto phase = textAt(*last, "/status/phase");
        status["lastPhase"] = phase.empty() ? run::name(run::Phase::Pending) : phase;
    }
    if (judged != nullptr) {
        status["lastVerdict"] = textAt(*judged, "/status/verdict");
    }
    status["runs"] = counts;
    auto conditions = api::parseConditions(base::arrayAt(experiment, "/status/conditions"));
    const auto* latest =
        started == 0 ? nullptr : named(runs, runName(experiment, all[started - 1]));
    auto open = all.size() - std::min(started, all.size());
    auto condition = complete(experiment, latest, started, open);
    if (!inTheWay.empty()) {
        condition.reason = kNameTaken;
        condition.message = "ChaosRun " + inTheWay +
                            " is not of this experiment, and has the name of its next run: wait "
                            "until it is gone, or kubectl delete chaosrun " +
                            inTheWay;
    }
    api::setCondition(conditions, condition, now);
    status["conditions"] = api::toJson(conditions);
    return status;
}

ExperimentReconciler::ExperimentReconciler(kube::Client& client, EventSink events,
                                           const base::Clock& clock)
    : client_(client), events_(std::move(events)), clock_(clock) {}

std::optional<runtime::Outcome> ExperimentReconciler::start(const base::Json& experiment,
                                                            std::vector<base::Json>& runs,
                                                            std::string& inTheWay,
                                                            const std::stop_token& stop) {
    auto all = ordinals(experiment);
    auto started = startedOf(experiment, runs);
    if (started >= all.size() || isPaused(experiment)) {
        return std::nullopt;
    }
    if (started > 0) {
        const auto* before = named(runs, runName(experiment, all[started - 1]));
        // Deleted by people: they want no more of it. Still on its way: one after the other.
        if (before == nullptr || !isDone(*before) || endsSeries(*before)) {
            return std::nullopt;
        }
    }
    auto name = runName(experiment, all[started]);
    auto run = runOf(experiment, all[started]);
    if (!run) {
        return runtime::Outcome::terminal(run.error().message);
    }
    auto created = client_.create(kChaosRuns, *run, stop);
    if (created) {
        runs.push_back((*created)->json());
        return std::nullopt;
    }
    if (created.error().is(ErrorKind::AlreadyExists)) {
        // Of a deleted experiment of the same name, which the garbage collector is about to take,
        // or of people's own making.
        inTheWay = name;
        return std::nullopt;
    }
    return afterError(created.error());
}

kube::ApiResult<void> ExperimentReconciler::prune(const base::Json& experiment,
                                                  std::vector<base::Json>& runs,
                                                  const std::stop_token& stop) {
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(0);
    std::vector<base::Json> earlier;
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(earlier),
                 [&](const auto& run) { return generationOf(run) < generation && isDone(run); });
    std::sort(earlier.begin(), earlier.end(),
              [](const auto& a, const auto& b) { return orderOf(a) < orderOf(b); });
    auto kept = base::intAt(experiment, "/spec/runsHistoryLimit").value_or(kDefaultHistory);
    auto excess = std::max<int64_t>(0, std::ssize(earlier) - kept);
    for (const auto& run : std::span(earlier).first(static_cast<size_t>(excess))) {
        auto uid = textAt(run, "/metadata/uid");
        kube::ObjectKey key{textAt(run, "/metadata/namespace"), textAt(run, "/metadata/name")};
        auto removed = client_.remove(kChaosRuns, key, uid, stop);
        if (!removed && !removed.error().is(ErrorKind::NotFound)) {
            return base::failWith(removed.error());
        }
        std::erase_if(runs, [&](const auto& one) { return textAt(one, "/metadata/uid") == uid; });
    }
    return {};
}

runtime::Outcome ExperimentReconciler::reconcile(const kube::ObjectKey& key,
                                                 const runtime::ReconcileContext& context) {
    auto object = client_.get(kChaosExperiments, key, context.stop);
    if (!object) {
        return afterError(object.error());
    }
    if ((*object)->meta().deleting) {
        return runtime::Outcome::done();
    }
    auto experiment = (*object)->json();
    auto list = client_.list(kChaosRuns,
                             {.namespace_ = key.namespace_,
                              .labelSelector = std::string(kExperimentLabel) + "=" + key.name},
                             context.stop);
    if (!list) {
        return afterError(list.error());
    }
    std::vector<base::Json> runs;
    for (const auto& item : list->items) {
        auto run = item->json();
        if (ownedBy(run, (*object)->meta().uid)) {
            runs.push_back(std::move(run));
        }
    }
    std::string inTheWay;
    if (auto outcome = start(experiment, runs, inTheWay, context.stop)) {
        return *outcome;
    }
    if (auto pruned = prune(experiment, runs, context.stop); !pruned) {
        return afterError(pruned.error());
    }
    auto status = experimentStatus(experiment, runs, clock_.wall(), inTheWay);
    auto outcome = inTheWay.empty()
                       ? runtime::Outcome::done()
                       : runtime::Outcome::retry("ChaosRun " + inTheWay + " is in the way");
    const auto* before = base::at(experiment, "/status");
    if (before != nullptr && base::sameJson(*before, status)) {
        return outcome;
    }
    base::Json patch{{"metadata", {{"resourceVersion", (*object)->meta().resourceVersion}}},
                     {"status", status}};
    auto written = client_.patch(kChaosExperiments, key, kube::PatchType::MergePatch, patch,
                                 context.stop, "status");
    if (!written) {
        return afterError(written.error());
    }
    tell(experiment, status);
    return outcome;
}

// Once, when it becomes known that a series ends before its last run.
void ExperimentReconciler::tell(const base::Json& experiment, const base::Json& status) {
    auto before = api::parseConditions(base::arrayAt(experiment, "/status/conditions"));
    auto after = api::parseConditions(base::arrayAt(status, "/conditions"));
    const auto* known = api::findCondition(before, "Complete");
    const auto* now = api::findCondition(after, "Complete");
    bool early = now != nullptr && now->status == api::kTrue &&
                 base::intAt(status, "/startedRuns").value_or(0) < std::ssize(ordinals(experiment));
    if (!early || (known != nullptr && *known == *now)) {
        return;
    }
    events_({.regarding = {.apiVersion = kChaosExperiments.apiVersion(),
                           .kind = kChaosExperiments.kind,
                           .key = {textAt(experiment, "/metadata/namespace"),
                                   textAt(experiment, "/metadata/name")},
                           .uid = textAt(experiment, "/metadata/uid")},
             .type = runtime::EventType::Warning,
             .reason = now->reason,
             .action = "Chaos",
             .note = now->message});
}

}  // namespace chaos
