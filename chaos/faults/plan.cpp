#include "chaos/faults/plan.h"

#include <algorithm>

#include "chaos/effects/neighbours.h"
#include "chaos/effects/node_mark.h"
#include "chaos/faults/selection.h"

namespace chaos::faults {
namespace {

using std::to_string;
using topology::Pod;

bool among(const std::vector<run::Target>& targets, const Pod& pod) {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const run::Target& target) { return target.uid == pod.uid; });
}

std::vector<Pod> without(std::vector<Pod> pods, const std::vector<run::Target>& targets) {
    std::erase_if(pods, [&](const Pod& pod) { return among(targets, pod); });
    return pods;
}

std::vector<run::Remains> remainsByZone(const std::vector<Pod>& pods,
                                        const std::vector<run::Target>& targets) {
    std::vector<run::Remains> out;
    auto after = topology::readyByZone(without(pods, targets));
    for (const auto& [zone, ready] : topology::readyByZone(pods)) {
        out.push_back({.name = zone, .before = ready, .after = after[zone], .minimum = 0});
    }
    return out;
}

int64_t zonesServing(const std::vector<run::Remains>& zones, int64_t run::Remains::*when) {
    return std::count_if(zones.begin(), zones.end(), [&](const run::Remains& zone) {
        return !zone.name.empty() && zone.*when > 0;
    });
}

int64_t percentLost(const run::Remains& of) {
    return of.before == 0 ? 0 : (100 * (of.before - of.after) + of.before - 1) / of.before;
}

// As its pods are labelled.
std::string wordFor(const std::string& tier) {
    const auto* known = topology::tierNamed(tier);
    return known == nullptr ? tier : known->label;
}

std::string consequence(const Plan& plan, bool expectOutage) {
    std::string numbers;
    bool enough = true;
    bool none = false;
    for (const auto& tier : plan.prediction.tiers) {
        if (tier.before == tier.after && plan.prediction.tiers.size() > 1) {
            continue;
        }
        numbers += (numbers.empty() ? "" : ", ") + wordFor(tier.name) + " " +
                   to_string(tier.before) + " -> " + to_string(tier.after) + " ready, minimum " +
                   to_string(tier.minimum);
        enough = enough && tier.after >= tier.minimum;
        none = none || tier.after <= 0;
    }
    if (enough) {
        return numbers + ": the service goes on";
    }
    numbers += none ? ": an outage until a pod is back" : ": below what it needs";
    return numbers + (expectOutage ? ", as spec.safety.expectOutage allows" : "");
}

void checkNeighbours(Plan& plan, const Scene& scene) {
    auto& out = plan.prediction;
    auto all = effects::neighbours(plan.effects, scene);
    out.neighboursCount = std::ssize(all);
    if (auto objection = effects::objection(plan.effects, scene)) {
        refuse(plan, objection->reason, objection->message);
    } else if (!all.empty()) {
        out.message += "; with it go others: " + effects::firstOf(all) +
                       ", as spec.safety.allowSharedNodes allows";
    }
    all.resize(std::min(all.size(), run::kMaxNeighbours));
    out.neighbours = std::move(all);
}

}  // namespace

std::string unfelt(const run::Run& run, const std::string& what) {
    const auto& status = run.status;
    bool felt = status.readyLowest < status.readyBefore ||
                (status.measurements && status.measurements->during.failed > 0);
    return felt ? "" : what + ", and neither visitors nor readiness noticed";
}

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

std::vector<Pod> candidates(std::vector<Pod> pods, const std::string& zone,
                            const std::string& role) {
    std::erase_if(pods, [&](const Pod& pod) {
        return pod.ended || pod.deletedAt || (!zone.empty() && pod.zone != zone) ||
               (!role.empty() && pod.role != role);
    });
    std::sort(pods.begin(), pods.end(), [](const Pod& a, const Pod& b) { return a.name < b.name; });
    return pods;
}

run::Target targetOf(const Pod& pod) {
    return {.name = pod.name, .uid = pod.uid, .node = pod.node, .zone = pod.zone, .role = pod.role};
}

std::vector<run::Target> choose(const std::vector<Pod>& from, size_t count, uint64_t seed) {
    std::vector<run::Target> out;
    for (auto index : sample(from.size(), count, seed)) {
        out.push_back(targetOf(from[index]));
    }
    return out;
}

std::vector<Pod> tierPods(const Scene& scene) {
    const auto* tier = topology::tierNamed(scene.run.spec.target.tier);
    return tier == nullptr ? std::vector<Pod>() : topology::ofTier(scene.seen.pods, tier->label);
}

Plan planOf(const Scene& scene, std::vector<run::Target> targets) {
    Plan plan;
    plan.targets = std::move(targets);
    auto& out = plan.prediction;
    for (const auto& target : plan.targets) {
        out.targets.push_back(target.name);
    }
    for (const auto& tier : topology::tiers()) {
        auto pods = topology::ofTier(scene.seen.pods, tier.label);
        if (pods.empty()) {
            continue;
        }
        auto budget = scene.seen.budgets.find(tier.label);
        out.tiers.push_back(
            {.name = tier.name,
             .before = topology::readyCount(pods),
             .after = topology::readyCount(without(pods, plan.targets)),
             .minimum = tier.floor(*scene.seen.app, budget == scene.seen.budgets.end()
                                                        ? std::nullopt
                                                        : std::optional(budget->second))});
    }
    out.zones = remainsByZone(tierPods(scene), plan.targets);
    for (const auto& tier : out.tiers) {
        if (tier.name == scene.run.spec.target.tier) {
            out.readyBefore = tier.before;
            out.readyAfter = tier.after;
            out.minimum = tier.minimum;
        }
        if (tier.after <= 0) {
            out.errorPercent = 100;
        }
    }
    out.wholeWithinSeconds = scene.seen.app->startupSeconds;
    out.message = consequence(plan, scene.run.spec.safety.expectOutage);
    return plan;
}

int64_t shareInZone(const Plan& plan) {
    int64_t worst = 0;
    for (const auto& zone : plan.prediction.zones) {
        worst = std::max(worst, percentLost(zone));
    }
    return worst;
}

int64_t shareOfAll(const Plan& plan) {
    int64_t out = 0;
    for (const auto& tier : plan.prediction.tiers) {
        out += percentLost(tier);
    }
    return std::min<int64_t>(out, 100);
}

void overWholeApp(Plan& plan, const Scene& scene) {
    auto& out = plan.prediction;
    out.zones = remainsByZone(scene.seen.pods, plan.targets);
    out.readyBefore = out.readyAfter = out.minimum = 0;
    for (const auto& tier : out.tiers) {
        out.readyBefore += tier.before;
        out.readyAfter += tier.after;
        out.minimum += tier.minimum;
    }
}

std::optional<int64_t> wantedByWholeApp(const Scene& scene) {
    std::optional<int64_t> out;
    for (const auto& [tier, desired] : scene.seen.desired) {
        out = out.value_or(0) + desired;
    }
    return out;
}

void refuse(Plan& plan, const std::string& reason, const std::string& message) {
    if (!plan.refusal) {
        plan.refusal = Refusal{reason, message};
        plan.prediction.message = message;
    }
}

void checkCaps(Plan& plan, const Scene& scene, int64_t pods) {
    const auto& safety = scene.run.spec.safety;
    auto count = static_cast<int64_t>(plan.targets.size());
    if (count > safety.maxTargets) {
        refuse(plan, "BlastRadius",
               to_string(count) + " pods would be hit, over spec.safety.maxTargets " +
                   to_string(safety.maxTargets) + ": raise it or hit fewer");
    } else if (count * 100 > safety.maxTargetsPercent * pods) {
        auto percent = (count * 100 + pods - 1) / pods;
        refuse(plan, "BlastRadius",
               to_string(count) + " of " + to_string(pods) + " pods is " + to_string(percent) +
                   " %, over spec.safety.maxTargetsPercent " + to_string(safety.maxTargetsPercent) +
                   ": raise it or run more replicas");
    }
}

void checkCapacity(Plan& plan, const Scene& scene) {
    if (scene.run.spec.safety.expectOutage) {
        return;
    }
    const std::string remedy = "; run more replicas, or say so with spec.safety.expectOutage: true";
    for (const auto& tier : plan.prediction.tiers) {
        // A tier that is short already is the steady state's matter, not this fault's.
        if (tier.after < tier.minimum && tier.after < tier.before) {
            refuse(plan, "BelowMinimum", plan.prediction.message + remedy);
        }
    }
    auto before = zonesServing(plan.prediction.zones, &run::Remains::before);
    auto after = zonesServing(plan.prediction.zones, &run::Remains::after);
    if (after < before - 1) {
        refuse(plan, "BelowMinimum",
               to_string(after) + " of " + to_string(before) +
                   " zones would still serve, all but one must" + remedy);
    }
}

std::vector<topology::Node> nodesIn(const Scene& scene, const std::string& zone) {
    std::vector<topology::Node> out;
    std::copy_if(scene.seen.nodes.begin(), scene.seen.nodes.end(), std::back_inserter(out),
                 [&](const topology::Node& node) { return node.zone == zone; });
    return out;
}

void markNodes(Plan& plan, const Scene& scene, const std::vector<topology::Node>& nodes,
               const char* lost) {
    for (const auto& node : nodes) {
        if (!node.mark.empty()) {
            refuse(plan, "NodeUnderFault",
                   "node " + quoted(node.name) + " is under another fault (annotation " +
                       topology::kMarkAnnotation +
                       "): wait for its deadline, or: kubectl scalableapp chaos abort --all");
        }
        plan.effects.push_back({effects::kNodeMark, node.name, node.uid, {}, {}, {}});
    }
    for (const auto& node : nodes) {
        if (lost != nullptr) {
            plan.effects.push_back({lost, node.name, node.uid, {}, {}, {}});
        }
    }
    checkNeighbours(plan, scene);
}

}  // namespace chaos::faults
