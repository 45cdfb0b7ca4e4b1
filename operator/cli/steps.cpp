#include "cli/steps.h"

#include <algorithm>

#include "plan/children.h"
#include "plan/diff.h"

namespace cli {
namespace {

using base::Json;

const Json* intentFor(const plan::Plan& plan, const std::string& identity) {
    for (const auto& intent : plan.intents) {
        if (identityOf(intent.object) == identity) {
            return &intent.object;
        }
    }
    return nullptr;
}

std::optional<int64_t> countFor(const plan::Plan& plan, const std::string& identity) {
    for (const auto& scale : plan.scales) {
        if (scale.kind + "/" + scale.name == identity) {
            return scale.replicas;
        }
    }
    return std::nullopt;
}

Change compared(const Json& intent, const Live* live) {
    if (live == nullptr) {
        return changeOf(intent, nullptr, Action::Make);
    }
    if (!live->ours) {
        auto refused = changeOf(intent, &live->object, Action::Refuse);
        refused.effect = "it exists and is not this application's: delete or rename one of them";
        return refused;
    }
    return changeOf(intent, &live->object,
                    plan::differs(intent, live->object) ? Action::Change : Action::Keep);
}

// The object as one of the two plans wants it.
Change changeIn(const plan::Plan& plan, const std::string& identity, const Live* live) {
    const auto* intent = intentFor(plan, identity);
    if (intent == nullptr) {
        return {};
    }
    auto out = compared(*intent, live);
    auto count = countFor(plan, identity);
    if (count && live != nullptr) {
        addCount(out, live->object, *count);
    }
    return out;
}

// A tier that cannot be built has no intents, and keeps what there is of it.
bool isRefused(const plan::Plan& now, const std::string& tier) {
    return std::none_of(now.intents.begin(), now.intents.end(), [&](const plan::Intent& intent) {
        return plan::tierOf(intent.object) == tier;
    });
}

bool isRemoved(const plan::Plan& plan, const std::string& uid) {
    return std::any_of(plan.removals.begin(), plan.removals.end(),
                       [&](const plan::Removal& removal) { return removal.uid == uid; });
}

}  // namespace

std::vector<const Json*> Steps::objects() const {
    std::vector<const Json*> out;
    for (const auto* plan : {&now, &end}) {
        for (const auto& intent : plan->intents) {
            out.push_back(&intent.object);
        }
    }
    return out;
}

std::string identityOf(const Json& object) {
    return base::stringAt(object, "/kind").value_or("") + "/" +
           base::stringAt(object, "/metadata/name").value_or("");
}

Steps stepsOf(const api::ScalableApp& app, plan::Observed seen) {
    Steps out;
    out.now = plan::planApp(app, seen);
    seen.assumeServing = true;
    out.end = plan::planApp(app, seen);
    return out;
}

std::vector<Change> changesOf(const api::ScalableApp& app, const Steps& steps,
                              const plan::Observed& seen, const LiveObjects& live) {
    std::vector<Change> out;
    for (const auto& refusal : steps.now.refusals) {
        out.push_back({.action = Action::Refuse,
                       .kind = "ScalableApp",
                       .name = app.name,
                       .fields = {},
                       .effect = refusal});
    }
    for (const auto& intent : steps.end.intents) {
        if (isRefused(steps.now, plan::tierOf(intent.object))) {
            continue;
        }
        auto identity = identityOf(intent.object);
        auto found = live.find(identity);
        const auto* there = found == live.end() ? nullptr : &found->second;
        auto change = changeIn(steps.end, identity, there);
        change.later = change.action != Action::Keep && change.action != Action::Refuse &&
                       changeIn(steps.now, identity, there).action == Action::Keep;
        out.push_back(std::move(change));
    }
    for (const auto& child : seen.children) {
        auto uid = base::stringAt(child, "/metadata/uid").value_or("");
        if (isRemoved(steps.end, uid)) {
            auto removal = changeOf(child, &child, Action::Remove);
            removal.later = !isRemoved(steps.now, uid);
            out.push_back(std::move(removal));
        }
    }
    return out;
}

}  // namespace cli
