#include "chaos/observe.h"

#include <algorithm>

#include "api/labels.h"
#include "base/json.h"
#include "chaos/effects/effect.h"
#include "chaos/effects/isolation.h"
#include "chaos/kinds.h"
#include "chaos/run/exclusion.h"

namespace chaos {
namespace {

using kube::ApiResult;
using kube::ErrorKind;

constexpr size_t kMaxNodes = 20'000;
constexpr std::chrono::minutes kNoZone{1};
// The last seconds of a probe that looks at as many places as it may, one line each.
constexpr int kTailLines = 300;

std::string appSelector(const std::string& app) {
    return std::string(api::kAppLabel) + "=" + app;
}

// Sums an integer over all objects of the application, by tier; nothing where none carries it.
ApiResult<std::map<std::string, int64_t>> sums(kube::Client& client, const kube::ResourceType& type,
                                               const run::Run& run, const char* pointer,
                                               const std::stop_token& stop) {
    std::map<std::string, int64_t> out;
    auto list = client.list(
        type, {.namespace_ = run.namespace_, .labelSelector = appSelector(run.spec.app)}, stop);
    if (!list && list.error().is(ErrorKind::Forbidden)) {
        // Not known, then: the rules that need it fall back to the stricter side.
        return out;
    }
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        auto tier = item->meta().labels.find(api::kTierLabel);
        auto value = base::intAt(item->json(), pointer);
        if (value && tier != item->meta().labels.end()) {
            out[tier->second] += *value;
        }
    }
    return out;
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

Observer::Observer(kube::Client& client, const base::Clock& clock, run::Site site)
    : client_(client), clock_(clock), site_(std::move(site)) {}

ApiResult<run::Seen> Observer::look(const run::Run& run, const run::Needs& needs,
                                    const std::stop_token& stop) {
    run::Seen seen;
    seen.site = site_;
    using Part = ApiResult<void> (Observer::*)(const run::Run&, run::Seen&, const std::stop_token&);
    const std::pair<bool, Part> parts[] = {{needs.otherRuns, &Observer::lookAtOtherRuns},
                                           {needs.app, &Observer::lookAtApp},
                                           {needs.pods, &Observer::lookAtPods},
                                           {needs.capacity, &Observer::lookAtCapacity},
                                           {needs.nodes, &Observer::lookAtNodes},
                                           {needs.operators, &Observer::lookAtOperators},
                                           {needs.probe, &Observer::lookAtProbe},
                                           {needs.step, &Observer::lookAtStep},
                                           {needs.policy, &Observer::lookAtPolicy},
                                           {needs.series, &Observer::readSeries},
                                           {needs.tail, &Observer::readTail},
                                           {needs.stepTail, &Observer::readStepTail}};
    for (const auto& [needed, part] : parts) {
        if (!needed) {
            continue;
        }
        if (auto done = (this->*part)(run, seen, stop); !done) {
            return base::failWith(done.error());
        }
    }
    for (const auto& node : needs.tenantsOf) {
        if (auto done = lookAtTenants(node, seen, stop); !done) {
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
        kPods, {.namespace_ = run.namespace_, .labelSelector = appSelector(run.spec.app)}, stop);
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        auto pod = topology::parsePod(item->json(), {});
        auto zone = zoneOf(pod.node, stop);
        if (!zone) {
            return base::failWith(zone.error());
        }
        pod.zone = std::move(*zone);
        seen.pods.push_back(std::move(pod));
    }
    return {};
}

ApiResult<void> Observer::lookAtCapacity(const run::Run& run, run::Seen& seen,
                                         const std::stop_token& stop) {
    auto budgets = sums(client_, kDisruptionBudgets, run, "/status/desiredHealthy", stop);
    if (!budgets) {
        return base::failWith(budgets.error());
    }
    seen.budgets = std::move(*budgets);
    auto desired = sums(client_, kDeployments, run, "/spec/replicas", stop);
    if (!desired) {
        return base::failWith(desired.error());
    }
    seen.desired = std::move(*desired);
    if (!run.spec.expectations.autoscaling.asks() && !run.spec.fault.requestsPerSecond) {
        return {};
    }
    auto scalers = client_.list(
        kScalers, {.namespace_ = run.namespace_, .labelSelector = appSelector(run.spec.app)}, stop);
    if (!scalers) {
        return scalers.error().is(ErrorKind::Forbidden) ? ApiResult<void>()
                                                        : base::failWith(scalers.error());
    }
    std::vector<base::Json> all;
    for (const auto& item : scalers->items) {
        all.push_back(item->json());
    }
    if (!all.empty()) {
        seen.scaler = topology::parseScalers(all);
    }
    return {};
}

// Before the fault, all that could be its nodes; from the intent on, those it named.
ApiResult<void> Observer::lookAtNodes(const run::Run& run, run::Seen& seen,
                                      const std::stop_token& stop) {
    for (const auto& effect : run.status.effects) {
        if (effect.kind != effects::kNodeMark) {
            continue;
        }
        auto got = client_.get(kNodes, {"", effect.name}, stop);
        if (got) {
            seen.nodes.push_back(topology::parseNode((*got)->json()));
        } else if (!got.error().is(ErrorKind::NotFound)) {
            return base::failWith(got.error());
        }
    }
    if (run.status.intentAt) {
        return {};
    }
    const auto& zone = run.spec.target.zone;
    auto list = client_.list(
        kNodes,
        {.labelSelector = zone.empty() ? "" : std::string(topology::kZoneLabel) + "=" + zone},
        stop);
    if (!list && list.error().is(ErrorKind::Forbidden)) {
        return {};  // without the right there are no nodes for us, and the fault says so
    }
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        seen.nodes.push_back(topology::parseNode(item->json()));
    }
    return {};
}

// Node by node: a cluster may have more pods than are worth carrying for the sake of one.
ApiResult<void> Observer::lookAtTenants(const std::string& node, run::Seen& seen,
                                        const std::stop_token& stop) {
    auto list = client_.list(kPods, {.fieldSelector = "spec.nodeName=" + node}, stop);
    if (!list && list.error().is(ErrorKind::Forbidden)) {
        seen.tenantsRefused = true;
        return {};
    }
    if (!list) {
        return base::failWith(list.error());
    }
    auto& tenants = seen.tenants[node];
    bool ourself = false;
    for (const auto& item : list->items) {
        tenants.push_back(topology::parseTenant(item->json()));
        const auto& key = item->meta().key;
        ourself |= key.namespace_ == site_.podNamespace && key.name == site_.podName;
    }
    return ourself ? lookAtStandIns(seen, stop) : ApiResult<void>();
}

ApiResult<void> Observer::lookAtStandIns(run::Seen& seen, const std::stop_token& stop) {
    auto list = client_.list(
        kPods,
        {.namespace_ = site_.podNamespace, .labelSelector = "app.kubernetes.io/component=chaos"},
        stop);
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        auto pod = topology::parsePod(item->json(), {});
        if (pod.serving() && !pod.ended && pod.name != site_.podName) {
            seen.standIns.push_back(pod.node);
        }
    }
    return {};
}

ApiResult<void> Observer::lookAtOperators(const run::Run&, run::Seen& seen,
                                          const std::stop_token& stop) {
    if (!site_.operators) {
        return {};
    }
    std::string holder;
    auto lease = client_.get(kLeases, {site_.operatorNamespace, kOperatorLease}, stop);
    if (lease) {
        holder = base::stringAt((*lease)->json(), "/spec/holderIdentity").value_or("");
    } else if (!lease.error().is(ErrorKind::NotFound)) {
        return base::failWith(lease.error());
    }
    auto list =
        client_.list(kPods,
                     {.namespace_ = site_.operatorNamespace,
                      .labelSelector = std::string("app.kubernetes.io/component=operator,") +
                                       topology::kOptInLabel + "=" + topology::kOptInValue},
                     stop);
    if (!list) {
        return base::failWith(list.error());
    }
    for (const auto& item : list->items) {
        auto pod = topology::parsePod(item->json(), {});
        auto zone = zoneOf(pod.node, stop);
        if (!zone) {
            return base::failWith(zone.error());
        }
        pod.zone = std::move(*zone);
        // Identities begin with the pod's name.
        pod.role = holder.starts_with(pod.name) ? "Leader" : "Standby";
        seen.operators.push_back(std::move(pod));
    }
    return {};
}

ApiResult<run::ProbeSeen> Observer::ownPod(const run::Run& run, const std::string& name,
                                           const std::stop_token& stop) {
    auto got = client_.get(kPods, {run.namespace_, name}, stop);
    if (got) {
        for (const auto& owner : (*got)->meta().owners) {
            if (owner.uid == run.uid) {
                return parseProbe((*got)->json());
            }
        }
        run::ProbeSeen none;
        none.problem = "pod " + name + " is in its way and not of this run: delete it";
        return none;
    } else if (!got.error().is(ErrorKind::NotFound)) {
        return base::failWith(got.error());
    }
    return run::ProbeSeen();
}

ApiResult<void> Observer::lookAtProbe(const run::Run& run, run::Seen& seen,
                                      const std::stop_token& stop) {
    auto pod = ownPod(run, probes::podName(run.name), stop);
    if (!pod) {
        return base::failWith(pod.error());
    }
    seen.probe = std::move(*pod);
    return {};
}

ApiResult<void> Observer::lookAtStep(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop) {
    auto pod = ownPod(run, probes::stepName(run.name), stop);
    if (!pod) {
        return base::failWith(pod.error());
    }
    seen.step = std::move(*pod);
    return {};
}

ApiResult<void> Observer::lookAtPolicy(const run::Run& run, run::Seen& seen,
                                       const std::stop_token& stop) {
    auto got =
        client_.get(kNetworkPolicies, {run.namespace_, effects::isolationName(run.name)}, stop);
    if (got) {
        seen.policyUid = (*got)->meta().uid;
        return {};
    }
    // Without the right there is none of ours, unless it was made while there was a right.
    const auto& effects = run.status.effects;
    bool made = std::any_of(effects.begin(), effects.end(), [](const run::Effect& effect) {
        return effect.kind == effects::kIsolation;
    });
    if (got.error().is(ErrorKind::NotFound) || (got.error().is(ErrorKind::Forbidden) && !made)) {
        return {};
    }
    return base::failWith(got.error());
}

ApiResult<std::optional<probe::Series>> Observer::logOf(const run::Run& run, const std::string& pod,
                                                        int lines, const std::stop_token& stop) {
    auto path = kPods.path({run.namespace_, pod}) + "/log?container=" + probes::kContainer;
    auto log =
        client_.getRaw(lines == 0 ? path : path + "&tailLines=" + std::to_string(lines), stop);
    if (log) {
        return std::optional(probe::parseSeries(*log));
    }
    if (log.error().is(ErrorKind::Forbidden) || log.error().is(ErrorKind::Unreachable) ||
        log.error().is(ErrorKind::Cancelled)) {
        return base::failWith(log.error());
    }
    // Any other refusal: its container has not started, or its node does not answer. The run waits
    // for it, but not for ever.
    return std::optional<probe::Series>();
}

ApiResult<void> Observer::readLog(const run::Run& run, const run::ProbeSeen& pod,
                                  const std::string& name, int lines,
                                  std::optional<probe::Series>& into, const std::stop_token& stop) {
    if (pod.uid.empty()) {
        return {};
    }
    auto series = logOf(run, name, lines, stop);
    if (!series) {
        return base::failWith(series.error());
    }
    into = std::move(*series);
    return {};
}

ApiResult<void> Observer::readSeries(const run::Run& run, run::Seen& seen,
                                     const std::stop_token& stop) {
    auto read = readLog(run, seen.probe, probes::podName(run.name), 0, seen.series, stop);
    return read ? readLog(run, seen.step, probes::stepName(run.name), 0, seen.stepSeries, stop)
                : read;
}

ApiResult<void> Observer::readTail(const run::Run& run, run::Seen& seen,
                                   const std::stop_token& stop) {
    return readLog(run, seen.probe, probes::podName(run.name), kTailLines, seen.tail, stop);
}

ApiResult<void> Observer::readStepTail(const run::Run& run, run::Seen& seen,
                                       const std::stop_token& stop) {
    return readLog(run, seen.step, probes::stepName(run.name), kTailLines, seen.stepTail, stop);
}

ApiResult<std::string> Observer::zoneOf(const std::string& node, const std::stop_token& stop) {
    if (node.empty()) {
        return std::string();
    }
    {
        std::lock_guard lock(mutex_);
        auto known = zoneOfNode_.find(node);
        if (known != zoneOfNode_.end() && clock_.steady() < known->second.until) {
            return known->second.name;
        }
    }
    auto got = client_.get(kNodes, {"", node}, stop);
    if (!got && !got.error().is(ErrorKind::NotFound)) {
        return base::failWith(got.error());
    }
    std::string zone;
    if (got) {
        auto label = (*got)->meta().labels.find(topology::kZoneLabel);
        zone = label == (*got)->meta().labels.end() ? "" : label->second.str();
    }
    std::lock_guard lock(mutex_);
    if (zoneOfNode_.size() >= kMaxNodes) {
        zoneOfNode_.clear();
    }
    // A node keeps its zone; one that names none may be told later.
    zoneOfNode_[node] = {zone, zone.empty() ? clock_.steady() + kNoZone : base::SteadyTime::max()};
    return zone;
}

uint64_t Observer::chance() {
    std::lock_guard lock(mutex_);
    return (uint64_t{entropy_()} << 32U) | entropy_();
}

}  // namespace chaos
