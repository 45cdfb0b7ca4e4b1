#include "chaos/observe.h"

#include "api/labels.h"
#include "base/json.h"
#include "chaos/kinds.h"
#include "chaos/run/exclusion.h"

namespace chaos {
namespace {

using kube::ApiResult;
using kube::ErrorKind;

constexpr size_t kMaxNodes = 20'000;
constexpr const char* kTier = "web";

std::string tierSelector(const std::string& app) {
    return std::string(api::kAppLabel) + "=" + app + "," + api::kTierLabel + "=" + kTier;
}

// Sums an integer over all objects of the tier; nothing when there are none or none carries it.
ApiResult<std::optional<int64_t>> sum(kube::Client& client, const kube::ResourceType& type,
                                      const run::Run& run, const char* pointer,
                                      const std::stop_token& stop) {
    auto list = client.list(
        type, {.namespace_ = run.namespace_, .labelSelector = tierSelector(run.spec.app)}, stop);
    if (!list && list.error().is(ErrorKind::Forbidden)) {
        // Not known, then: the rules that need it fall back to the stricter side.
        return std::optional<int64_t>();
    }
    if (!list) {
        return base::failWith(list.error());
    }
    std::optional<int64_t> total;
    for (const auto& item : list->items) {
        if (auto value = base::intAt(item->json(), pointer)) {
            total = total.value_or(0) + *value;
        }
    }
    return total;
}

std::string waitingText(const base::Json& pod) {
    for (const auto& container : base::arrayAt(pod, "/status/containerStatuses")) {
        for (const char* state : {"/state/waiting", "/state/terminated"}) {
            const auto* found = base::at(container, state);
            if (found != nullptr) {
                auto reason = base::stringAt(*found, "/reason").value_or("");
                auto message = base::stringAt(*found, "/message").value_or("");
                return message.empty() ? reason : reason + ": " + message;
            }
        }
    }
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == "PodScheduled" &&
            base::stringAt(condition, "/status") == "False") {
            return base::stringAt(condition, "/reason").value_or("Unschedulable") + ": " +
                   base::stringAt(condition, "/message").value_or("");
        }
    }
    return base::stringAt(pod, "/status/message").value_or("");
}

}  // namespace

run::ProbeSeen parseProbe(const base::Json& pod) {
    auto phase = base::stringAt(pod, "/status/phase").value_or("Pending");
    run::ProbeSeen seen;
    seen.uid = base::stringAt(pod, "/metadata/uid").value_or("");
    seen.running = phase == "Running";
    seen.ended = phase == "Succeeded" || phase == "Failed";
    seen.deleting = base::at(pod, "/metadata/deletionTimestamp") != nullptr;
    if (!seen.running) {
        seen.problem = waitingText(pod);
    }
    return seen;
}

Observer::Observer(kube::Client& client, const base::Clock& clock)
    : client_(client), clock_(clock) {}

ApiResult<run::Seen> Observer::look(const run::Run& run, const run::Needs& needs,
                                    const std::stop_token& stop) {
    run::Seen seen;
    using Part = ApiResult<void> (Observer::*)(const run::Run&, run::Seen&, const std::stop_token&);
    const std::pair<bool, Part> parts[] = {
        {needs.otherRuns, &Observer::lookAtOtherRuns}, {needs.app, &Observer::lookAtApp},
        {needs.pods, &Observer::lookAtPods},           {needs.capacity, &Observer::lookAtCapacity},
        {needs.probe, &Observer::lookAtProbe},         {needs.series, &Observer::readSeries}};
    for (const auto& [needed, part] : parts) {
        if (!needed) {
            continue;
        }
        if (auto done = (this->*part)(run, seen, stop); !done) {
            return base::failWith(done.error());
        }
    }
    // Stamped after the reads: nothing is said to have happened before it was seen.
    seen.now = std::chrono::floor<std::chrono::microseconds>(clock_.wall());
    seen.chance = chance();
    return seen;
}

ApiResult<void> Observer::lookAtOtherRuns(const run::Run& run, run::Seen& seen,
                                          const std::stop_token& stop) {
    auto list = client_.list(kChaosRuns, {.namespace_ = run.namespace_}, stop);
    if (!list) {
        return base::failWith(list.error());
    }
    run::Contender self;
    std::vector<run::Contender> others;
    for (const auto& item : list->items) {
        auto contender = run::parseContender(item->json());
        (contender.name == run.name ? self : others.emplace_back()) = std::move(contender);
    }
    seen.otherRun = run::goesFirst(self, others);
    return {};
}

ApiResult<void> Observer::lookAtApp(const run::Run& run, run::Seen& seen,
                                    const std::stop_token& stop) {
    auto got = client_.get(kScalableApps, {run.namespace_, run.spec.app}, stop);
    if (got) {
        seen.app = topology::parseApp((*got)->json());
    } else if (!got.error().is(ErrorKind::NotFound)) {
        return base::failWith(got.error());
    }
    return {};
}

ApiResult<void> Observer::lookAtPods(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop) {
    auto list = client_.list(
        kPods, {.namespace_ = run.namespace_, .labelSelector = tierSelector(run.spec.app)}, stop);
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        auto pod = topology::parsePod(item->json(), {});
        pod.zone = zoneOf(pod.node, stop);
        seen.pods.push_back(std::move(pod));
    }
    return {};
}

ApiResult<void> Observer::lookAtCapacity(const run::Run& run, run::Seen& seen,
                                         const std::stop_token& stop) {
    auto budget = sum(client_, kDisruptionBudgets, run, "/status/desiredHealthy", stop);
    if (!budget) {
        return base::failWith(budget.error());
    }
    seen.budget = *budget;
    auto desired = sum(client_, kDeployments, run, "/spec/replicas", stop);
    if (!desired) {
        return base::failWith(desired.error());
    }
    seen.desiredReplicas = *desired;
    return {};
}

ApiResult<void> Observer::lookAtProbe(const run::Run& run, run::Seen& seen,
                                      const std::stop_token& stop) {
    auto got = client_.get(kPods, {run.namespace_, probes::podName(run.name)}, stop);
    if (got) {
        // A pod of that name that is not this run's is none of ours: the create will say so.
        for (const auto& owner : (*got)->meta().owners) {
            if (owner.uid == run.uid) {
                seen.probe = parseProbe((*got)->json());
            }
        }
    } else if (!got.error().is(ErrorKind::NotFound)) {
        return base::failWith(got.error());
    }
    return {};
}

ApiResult<void> Observer::readSeries(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop) {
    if (seen.probe.uid.empty()) {
        return {};
    }
    auto path = kPods.path({run.namespace_, probes::podName(run.name)}) +
                "/log?container=" + probes::kContainer;
    auto log = client_.getRaw(path, stop);
    if (log) {
        seen.series = probe::parseSeries(*log);
    } else if (log.error().is(ErrorKind::Forbidden) || log.error().is(ErrorKind::Unreachable) ||
               log.error().is(ErrorKind::Cancelled)) {
        return base::failWith(log.error());
    }
    // Any other refusal: its container has not started, or its node does not answer. The run waits
    // for it, but not for ever.
    return {};
}

std::string Observer::zoneOf(const std::string& node, const std::stop_token& stop) {
    if (node.empty()) {
        return "";
    }
    {
        std::lock_guard lock(mutex_);
        if (auto known = zoneOfNode_.find(node); known != zoneOfNode_.end()) {
            return known->second;
        }
    }
    auto got = client_.get(kNodes, {"", node}, stop);
    if (!got) {
        return "";
    }
    auto label = (*got)->meta().labels.find(topology::kZoneLabel);
    if (label == (*got)->meta().labels.end()) {
        return "";
    }
    std::lock_guard lock(mutex_);
    if (zoneOfNode_.size() >= kMaxNodes) {
        zoneOfNode_.clear();
    }
    return zoneOfNode_[node] = label->second;
}

uint64_t Observer::chance() {
    std::lock_guard lock(mutex_);
    return (uint64_t{entropy_()} << 32U) | entropy_();
}

}  // namespace chaos
