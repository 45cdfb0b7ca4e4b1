#include "chaos/experiment_reconciler.h"

#include <algorithm>
#include <cctype>

#include "api/condition.h"
#include "base/json.h"
#include "chaos/kinds.h"
#include "chaos/run/status.h"

namespace chaos {
namespace {

using kube::ErrorKind;

std::string text(const base::Json& json, const char* pointer) {
    return base::stringAt(json, pointer).value_or("");
}

int64_t generationOf(const base::Json& run) {
    return base::intAt(run, "/spec/generation").value_or(0);
}

bool ownedBy(const base::Json& run, const std::string& uid) {
    const auto& owners = base::arrayAt(run, "/metadata/ownerReferences");
    return std::any_of(owners.begin(), owners.end(),
                       [&](const base::Json& owner) { return text(owner, "/uid") == uid; });
}

runtime::Outcome afterError(const kube::ApiError& error) {
    return error.is(ErrorKind::NotFound) ? runtime::Outcome::done()
                                         : runtime::Outcome::retry(error.str());
}

// Members in any order: the API server sorts them.
bool sameJson(const base::Json& a, const base::Json& b) {
    return nlohmann::json(a) == nlohmann::json(b);
}

api::Condition complete(const base::Json& experiment, const base::Json* last) {
    bool done = last != nullptr && text(*last, "/status/phase") == run::name(run::Phase::Done);
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(0);
    api::Condition condition{.type = "Complete",
                             .status = done ? api::kTrue : api::kFalse,
                             .reason = done ? text(*last, "/status/reason") : "Running",
                             .message = "",
                             .observedGeneration = generation,
                             .lastTransitionTime = ""};
    if (done) {
        const auto& reasons = base::arrayAt(*last, "/status/reasons");
        condition.message = reasons.empty() ? "" : reasons.front().get<std::string>();
    } else if (last == nullptr) {
        condition.reason = "Aborted";
        condition.message = "the run of this generation was deleted; change the spec to run again";
    }
    return condition;
}

}  // namespace

std::string runName(const base::Json& experiment) {
    return text(experiment, "/metadata/name") + "-" +
           std::to_string(base::intAt(experiment, "/metadata/generation").value_or(1));
}

base::Json runOf(const base::Json& experiment) {
    auto name = text(experiment, "/metadata/name");
    base::Json owner{{"apiVersion", kChaosExperiments.apiVersion()},
                     {"kind", kChaosExperiments.kind},
                     {"name", name},
                     {"uid", text(experiment, "/metadata/uid")},
                     {"controller", true},
                     {"blockOwnerDeletion", false}};
    base::Json metadata{{"name", runName(experiment)},
                        {"namespace", text(experiment, "/metadata/namespace")},
                        {"labels", {{kExperimentLabel, name}}},
                        {"ownerReferences", base::Json::array({owner})}};
    base::Json spec{{"experiment", name},
                    {"generation", base::intAt(experiment, "/metadata/generation").value_or(1)}};
    if (const auto* asked = base::at(experiment, "/spec")) {
        spec.update(*asked);
    }
    return {{"apiVersion", kChaosRuns.apiVersion()},
            {"kind", kChaosRuns.kind},
            {"metadata", metadata},
            {"spec", spec}};
}

base::Json experimentStatus(const base::Json& experiment, const std::vector<base::Json>& runs,
                            base::WallTime now) {
    const base::Json* last = nullptr;
    const base::Json* judged = nullptr;
    base::Json counts{{"total", runs.size()},
                      {"resilient", 0},
                      {"degraded", 0},
                      {"failed", 0},
                      {"inconclusive", 0}};
    for (const auto& run : runs) {
        auto verdict = text(run, "/status/verdict");
        std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (auto counted = counts.find(verdict); counted != counts.end()) {
            *counted = counted->get<int64_t>() + 1;
            if (judged == nullptr || generationOf(run) > generationOf(*judged)) {
                judged = &run;
            }
        }
        if (last == nullptr || generationOf(run) > generationOf(*last)) {
            last = &run;
        }
    }
    auto generation = base::intAt(experiment, "/metadata/generation").value_or(0);
    base::Json status{{"observedGeneration", generation}};
    if (last != nullptr) {
        status["lastRun"] = text(*last, "/metadata/name");
        auto phase = text(*last, "/status/phase");
        status["lastPhase"] = phase.empty() ? run::name(run::Phase::Pending) : phase;
    }
    if (judged != nullptr) {
        status["lastVerdict"] = text(*judged, "/status/verdict");
    }
    status["runs"] = counts;
    auto conditions = api::parseConditions(base::arrayAt(experiment, "/status/conditions"));
    bool current = last != nullptr && generationOf(*last) == generation;
    api::setCondition(conditions, complete(experiment, current ? last : nullptr), now);
    status["conditions"] = api::toJson(conditions);
    return status;
}

ExperimentReconciler::ExperimentReconciler(kube::Client& client, const base::Clock& clock)
    : client_(client), clock_(clock) {}

std::optional<runtime::Outcome> ExperimentReconciler::start(const base::Json& experiment,
                                                            std::vector<base::Json>& runs,
                                                            const std::stop_token& stop) {
    auto name = runName(experiment);
    bool there = std::any_of(runs.begin(), runs.end(), [&](const base::Json& run) {
        return text(run, "/metadata/name") == name;
    });
    auto started = base::intAt(experiment, "/status/observedGeneration");
    if (there || started == base::intAt(experiment, "/metadata/generation")) {
        return std::nullopt;
    }
    auto created = client_.create(kChaosRuns, runOf(experiment), stop);
    if (created) {
        runs.push_back((*created)->json());
        return std::nullopt;
    }
    if (created.error().is(ErrorKind::AlreadyExists)) {
        // Of a deleted experiment of the same name: the garbage collector is about to take it.
        return runtime::Outcome::retry("ChaosRun " + name + " of another experiment is in the way");
    }
    return afterError(created.error());
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
    if (auto outcome = start(experiment, runs, context.stop)) {
        return *outcome;
    }
    auto status = experimentStatus(experiment, runs, clock_.wall());
    const auto* before = base::at(experiment, "/status");
    if (before != nullptr && sameJson(*before, status)) {
        return runtime::Outcome::done();
    }
    base::Json patch{{"metadata", {{"resourceVersion", (*object)->meta().resourceVersion}}},
                     {"status", status}};
    auto written = client_.patch(kChaosExperiments, key, kube::PatchType::MergePatch, patch,
                                 context.stop, "status");
    return written ? runtime::Outcome::done() : afterError(written.error());
}

}  // namespace chaos
