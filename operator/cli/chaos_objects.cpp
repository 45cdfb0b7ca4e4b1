#include "cli/chaos_objects.h"

#include <functional>
#include <iostream>
#include <vector>

#include "base/clock.h"
#include "chaos/kinds.h"
#include "chaos/report/report.h"
#include "chaos/report/series.h"

namespace cli {

using base::Json;
using chaos::kChaosExperiments;
using chaos::kChaosRuns;

namespace {

struct Acceptance {
    std::string value;  // of the annotation
    std::string words;
};

int accept(const ChaosCluster& cluster, const kube::ResourceType& type, const std::string& name,
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
    std::cout << "accepted: " << judgedRuns << " runs " << acceptance.words << '\n';
    return kOk;
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

int acceptStatistics(const ChaosCluster& cluster, const std::string& experiment) {
    return accept(cluster, kChaosExperiments, experiment, [](const kube::Object& object) {
        auto generation = std::to_string(object.meta().generation);
        return Acceptance{generation, "of generation " + generation};
    });
}

int acceptSchedule(const ChaosCluster& cluster, const std::string& schedule) {
    return accept(cluster, chaos::kChaosSchedules, schedule, [](const kube::Object&) {
        auto now = base::formatTime(base::systemClock().wall());
        return Acceptance{now, "until " + now};
    });
}

kube::ApiResult<void> abortRun(kube::Client& client, const kube::ObjectKey& key,
                               const std::string& why) {
    Json patch{{"metadata", {{"annotations", {{chaos::kAbortAnnotation, why}}}}}};
    auto patched = client.patch(kChaosRuns, key, kube::PatchType::MergePatch, patch, {});
    return patched ? kube::ApiResult<void>() : base::failWith(patched.error());
}

int abortOne(const ChaosCluster& cluster, const std::string& name, const std::string& why) {
    kube::ObjectKey key{cluster.namespace_, name};
    if (auto aborted = abortRun(cluster.client, key, why); !aborted) {
        return refuseChaos("ChaosRun " + key.str(), aborted.error());
    }
    std::cout << "run " << key.str() << ": asked to end\n";
    return kOk;
}

}  // namespace cli
