#include "cli/chaos_objects.h"

#include <functional>
#include <iostream>
#include <vector>

#include "base/clock.h"
#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/report/report.h"
#include "chaos/report/series.h"
#include "chaos/sweep.h"

namespace cli {

using base::Json;
using chaos::kChaosExperiments;
using chaos::kChaosRuns;

namespace {

struct Acceptance {
    std::string value;  // of the annotation
    std::string words;
    const char* is;  // what the value is: generation, until
};

int accept(const ChaosCluster& cluster, const kube::ResourceType& type, const std::string& name,
           const std::string& output,
           const std::function<Acceptance(const kube::Object&)>& acceptanceOf) {
    kube::ObjectKey key{cluster.namespace_, name};
    auto what = type.kind + " " + key.str();
    auto got = cluster.client.get(type, key, {});
    if (!got) {
        return refuseChaos(what, got.error());
    }
    auto judgedRuns = base::intAt((*got)->json(), "/status/statistics/judged").value_or(0);
    if (judgedRuns == 0) {
        return complain(what + " has no judged run to accept", kFailed);
    }
    auto acceptance = acceptanceOf(**got);
    Json patch{{"metadata", {{"annotations", {{chaos::kAcceptAnnotation, acceptance.value}}}}}};
    auto patched = cluster.client.patch(type, key, kube::PatchType::MergePatch, patch, {});
    if (!patched) {
        return refuseChaos(what, patched.error());
    }
    if (output == "text") {
        std::cout << "accepted: " << judgedRuns << " runs " << acceptance.words << '\n';
    } else {
        std::cout << render({{"accepted", judgedRuns}, {acceptance.is, acceptance.value}}, output);
    }
    return kOk;
}

kube::ApiResult<void> abortRun(kube::Client& client, const kube::ObjectKey& key,
                               const std::string& why) {
    Json patch{{"metadata", {{"annotations", {{chaos::kAbortAnnotation, why}}}}}};
    auto patched = client.patch(kChaosRuns, key, kube::PatchType::MergePatch, patch, {});
    return patched ? kube::ApiResult<void>() : base::failWith(patched.error());
}

void printAborted(const std::string& output, const std::vector<std::string>& paused,
                  const std::vector<std::string>& asked, const std::vector<std::string>& reverted) {
    if (output != "text") {
        std::cout << render({{"paused", paused}, {"askedToEnd", asked}, {"takenBack", reverted}},
                            output);
        return;
    }
    for (const auto& what : paused) {
        std::cout << what << '\n';
    }
    for (const auto& run : asked) {
        std::cout << "run " << run << ": asked to end\n";
    }
    for (const auto& what : reverted) {
        std::cout << "taken back: " << what << '\n';
    }
}

// What it cannot take back itself is left to the chaos controller, which was just asked to.
chaos::Swept takeEverythingBack(const ChaosCluster& cluster) {
    constexpr int kControllersTurns = 20;
    chaos::SweepOptions everything;
    everything.all = true;
    chaos::Sweep sweep(cluster.client, base::systemClock(), {});
    auto out = sweep.once(everything, {});
    if (!out.problems.empty()) {
        std::cerr << "waiting for the chaos controller: " << out.problems.size()
                  << " left that cannot be taken back from here\n";
    }
    for (int turn = 0; turn < kControllersTurns && !out.problems.empty(); ++turn) {
        cluster.pause();
        auto more = sweep.once(everything, {});
        out.reverted.insert(out.reverted.end(), more.reverted.begin(), more.reverted.end());
        out.problems = std::move(more.problems);
    }
    return out;
}

}  // namespace

int reportRun(const ChaosCluster& cluster, const std::string& name, const std::string& format) {
    kube::ObjectKey key{cluster.namespace_, name};
    auto got = cluster.client.get(kChaosRuns, key, {});
    if (!got) {
        return refuseChaos("ChaosRun " + key.str(), got.error());
    }
    auto document = chaos::report::document((*got)->json());
    if (format == "html") {
        std::cout << chaos::report::html(document);
    } else if (format == "junit") {
        std::cout << chaos::report::junit({document});
    } else {
        std::cout << (format == "text" ? chaos::report::text(document) : render(document, format));
    }
    return kOk;
}

int reportSeries(const ChaosCluster& cluster, const std::string& experiment,
                 const std::string& format) {
    kube::ObjectKey key{cluster.namespace_, experiment};
    auto got = cluster.client.get(kChaosExperiments, key, {});
    if (!got) {
        return refuseChaos("ChaosExperiment " + key.str(), got.error());
    }
    auto list = cluster.client.list(
        kChaosRuns,
        {.namespace_ = key.namespace_,
         .labelSelector = std::string(chaos::kExperimentLabel) + "=" + experiment},
        {});
    if (!list) {
        return refuseChaos("ChaosRun of " + key.str(), list.error());
    }
    std::vector<Json> runs;
    for (const auto& item : list->items) {
        runs.push_back(item->json());
    }
    auto series = chaos::report::seriesDocument((*got)->json(), std::move(runs));
    if (format == "junit") {
        std::cout << chaos::report::junit(chaos::report::documentsOf(series));
    } else {
        std::cout << (format == "text" ? chaos::report::seriesText(series)
                                       : render(series, format));
    }
    return kOk;
}

int acceptStatistics(const ChaosCluster& cluster, const std::string& experiment,
                     const std::string& output) {
    return accept(cluster, kChaosExperiments, experiment, output, [](const kube::Object& object) {
        auto generation = std::to_string(object.meta().generation);
        return Acceptance{generation, "of generation " + generation, "generation"};
    });
}

int acceptSchedule(const ChaosCluster& cluster, const std::string& schedule,
                   const std::string& output) {
    return accept(cluster, chaos::kChaosSchedules, schedule, output, [](const kube::Object&) {
        auto now = base::formatTime(base::systemClock().wall());
        return Acceptance{now, "until " + now, "until"};
    });
}

int abortOne(const ChaosCluster& cluster, const std::string& name, const std::string& why,
             const std::string& output) {
    kube::ObjectKey key{cluster.namespace_, name};
    if (auto aborted = abortRun(cluster.client, key, why); !aborted) {
        return refuseChaos("ChaosRun " + key.str(), aborted.error());
    }
    printAborted(output, {}, {key.str()}, {});
    return kOk;
}

int abortAll(const ChaosCluster& cluster, const std::string& why, const std::string& output) {
    int code = kOk;
    auto paused = chaos::pauseAll(cluster.client, {});
    for (const auto& what : paused.problems) {
        code = complain("not paused: " + what, kFailed);
    }
    std::vector<kube::ObjectPtr> runs;
    if (auto list = cluster.client.list(kChaosRuns, {}, {})) {
        runs = std::move(list->items);
    } else {
        code = complain("chaosruns: " + list.error().str(), kFailed);  // marks are found without
    }
    std::vector<std::string> asked;
    for (const auto& item : runs) {
        const std::string run = item->meta().key.str();
        if (base::textAt(item->json(), "/status/phase") == "Done") {
            continue;
        }
        if (auto aborted = abortRun(cluster.client, item->meta().key, why); aborted) {
            asked.push_back(run);
        } else {
            code = complain("run " + run + ": " + aborted.error().str(), kFailed);
        }
    }
    auto swept = takeEverythingBack(cluster);
    printAborted(output, paused.done, asked, swept.reverted);
    for (const auto& what : swept.problems) {
        code = complain("left: " + what, kFailed);
    }
    return code;
}

}  // namespace cli
