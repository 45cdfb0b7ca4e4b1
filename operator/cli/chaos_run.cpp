#include "cli/chaos_run.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "api/condition.h"
#include "chaos/experiment_reconciler.h"
#include "chaos/kinds.h"
#include "chaos/report/report.h"
#include "chaos/report/series.h"
#include "cli/token.h"

namespace cli {
namespace {

using base::Json;
using chaos::kChaosExperiments;
using chaos::kChaosRuns;

// Looks until a chaos controller that has seen nothing is one that is not there.
constexpr int kPatience = 30;

bool resilient(const Json& run) {
    return base::textAt(run, "/status/verdict") == "Resilient";
}

// The runs of one generation of an experiment, as far as they were followed.
class RunsOf {
  public:
    RunsOf(const ChaosCluster& cluster, Json experiment, const Globals& globals)
        : cluster_(cluster),
          experiment_(std::move(experiment)),
          generation_(base::intAt(experiment_, "/metadata/generation").value_or(1)),
          ordinals_(chaos::ordinals(experiment_)),
          globals_(globals) {}

    std::string first() const { return chaos::runName(experiment_, ordinals_.front()); }

    int followAll() {
        for (auto ordinal : ordinals_) {
            auto name = chaos::runName(experiment_, ordinal);
            if (auto problem = await(name); !problem.empty()) {
                report();
                return complain(problem, kFailed);
            }
            introduce(ordinal, name);
            auto run = follow(cluster_, name, !talks());
            if (!run) {
                report();
                return refuseChaos("ChaosRun " + cluster_.namespace_ + "/" + name, run.error());
            }
            runs_.push_back(std::move(*run));
        }
        if (ordinals_.size() == 1) {
            return judged(runs_.front(), globals_);
        }
        report();
        return std::all_of(runs_.begin(), runs_.end(), resilient) ? kOk : kFailed;
    }

  private:
    bool talks() const { return globals_.output == "text"; }

    void introduce(int64_t ordinal, const std::string& name) const {
        if (!talks() || ordinals_.size() == 1) {
            return;
        }
        auto which = ordinal == 0 ? std::string("control run")
                                  : "run " + std::to_string(ordinal) + " of " +
                                        std::to_string(ordinals_.back());
        std::cout << (runs_.empty() ? "" : "\n") << which << ": " << name << std::endl;
    }

    bool isOurs(const Json& run) const {
        return base::textAt(run, "/metadata/ownerReferences/0/uid") ==
               base::textAt(experiment_, "/metadata/uid");
    }

    // Until the run is there. Why it never will be; empty: it is.
    std::string await(const std::string& name) const {
        kube::ObjectKey key{cluster_.namespace_, base::textAt(experiment_, "/metadata/name")};
        std::string why = "is the chaos controller installed (chaos.enabled)?";
        for (int unseen = 0; unseen < kPatience; cluster_.pause()) {
            // Before the run: what says that none will come is older than the look at it.
            auto now = cluster_.client.get(kChaosExperiments, key, {});
            auto run = cluster_.client.get(kChaosRuns, {key.namespace_, name}, {});
            if (run && isOurs((*run)->json())) {
                return "";
            }
            if (!now && !now.error().transient()) {
                return "ChaosExperiment " + key.str() + ": " + now.error().str();
            }
            if (!now) {
                continue;
            }
            auto outlook = outlookOf((*now)->json(), generation_);
            if (outlook.coming == Coming::Never) {
                return "there will be no ChaosRun " + name + ": " + outlook.why;
            }
            unseen += outlook.coming == Coming::NobodySaw ? 1 : 0;
            why = outlook.why.empty() ? why : outlook.why;
        }
        return "no ChaosRun " + cluster_.namespace_ + "/" + name + " appeared: " + why;
    }

    void report() const {
        if (ordinals_.size() == 1) {
            return;
        }
        auto document = chaos::report::seriesDocument(experiment_, runs_);
        std::cout << (talks() ? "\n" + chaos::report::seriesText(document)
                              : render(document, globals_.output));
    }

    const ChaosCluster& cluster_;
    Json experiment_;
    int64_t generation_;
    std::vector<int64_t> ordinals_;
    const Globals& globals_;
    std::vector<Json> runs_;
};

}  // namespace

int runExperiment(const ChaosCluster& cluster, Json experiment, const Globals& globals,
                  bool noWait) {
    experiment["metadata"]["namespace"] = cluster.namespace_;
    experiment["spec"]["runToken"] = freshToken();
    auto applied = cluster.client.apply(kChaosExperiments, experiment, {});
    if (!applied) {
        return complain(applied.error().str(), kFailed);
    }
    RunsOf runs(cluster, (*applied)->json(), globals);
    if (noWait) {
        std::cout << (globals.output == "text"
                          ? runs.first() + "\n"
                          : render({{"run", runs.first()}, {"namespace", cluster.namespace_}},
                                   globals.output));
        return kOk;
    }
    return runs.followAll();
}

kube::ApiResult<Json> follow(const ChaosCluster& cluster, const std::string& name, bool quiet) {
    size_t told = 0;
    for (;; cluster.pause()) {
        auto got = cluster.client.get(kChaosRuns, {cluster.namespace_, name}, {});
        if (!got && !got.error().transient()) {
            return base::failWith(got.error());
        }
        if (!got) {
            continue;
        }
        auto run = (*got)->json();
        const auto& timeline = base::arrayAt(run, "/status/timeline");
        for (; told < timeline.size() && !quiet; ++told) {
            auto time = base::textAt(timeline[told], "/time");
            std::cout << (time.size() > 19 ? time.substr(11, 8) : time) << "  "
                      << base::textAt(timeline[told], "/what") << std::endl;
        }
        if (base::textAt(run, "/status/phase") == "Done") {
            return run;
        }
    }
}

int judged(const Json& run, const Globals& globals) {
    auto document = chaos::report::document(run);
    if (globals.output != "text") {
        std::cout << render(document, globals.output);
    } else {
        std::cout << '\n' << chaos::report::text(document);
    }
    return resilient(run) ? kOk : kFailed;
}

int refuseChaos(const std::string& what, const kube::ApiError& error) {
    if (error.is(kube::ErrorKind::NotFound)) {
        return complain("there is no " + what + ": see kubectl scalableapp chaos list", kFailed);
    }
    return complain(what + ": " + error.str(), kFailed);
}

Outlook outlookOf(const Json& experiment, int64_t generation) {
    auto now = base::intAt(experiment, "/metadata/generation").value_or(0);
    if (now != generation) {
        return {Coming::Never, "the experiment was changed or started again meanwhile"};
    }
    if (base::intAt(experiment, "/status/observedGeneration") != generation) {
        return {Coming::NobodySaw, ""};
    }
    for (const auto& one : api::parseConditions(base::arrayAt(experiment, "/status/conditions"))) {
        if (one.type == "Complete" && one.reason == chaos::kNameTaken) {
            return {Coming::NobodySaw, one.message};
        }
        bool over = one.status == api::kTrue || one.reason == chaos::kSeriesAborted;
        if (one.type == "Complete" && one.observedGeneration == generation && over) {
            return {Coming::Never, "its runs ended with " + one.reason +
                                       (one.message.empty() ? "" : ": " + one.message)};
        }
    }
    return {};
}

}  // namespace cli
