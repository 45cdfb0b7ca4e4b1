#include "plan/plan.h"

#include <algorithm>
#include <set>

#include "plan/children.h"
#include "plan/diff.h"
#include "plan/look_again.h"
#include "plan/names.h"
#include "plan/status.h"
#include "plan/tier.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using base::textAt;

bool sameObject(const Json& a, const Json& b) {
    return textAt(a, "/kind") == textAt(b, "/kind") &&
           textAt(a, "/apiVersion") == textAt(b, "/apiVersion") &&
           textAt(a, "/metadata/name") == textAt(b, "/metadata/name");
}

bool ownedByApp(const Json& child, const ScalableApp& app) {
    for (const auto& owner : base::arrayAt(child, "/metadata/ownerReferences")) {
        if (base::boolAt(owner, "/controller") == true && textAt(owner, "/uid") == app.uid) {
            return !app.uid.empty();
        }
    }
    return false;
}

Json hashed(Json object) {
    std::string hash = intentHash(object);
    object["metadata"]["annotations"][kHashAnnotation] = hash;
    return object;
}

const Json* find(const Observed& observed, const Json& identity) {
    auto found = std::find_if(observed.children.begin(), observed.children.end(),
                              [&](const Json& child) { return sameObject(child, identity); });
    return found == observed.children.end() ? nullptr : &*found;
}

Json identityOf(const Scale& scale) {
    return {{"apiVersion", scale.apiVersion},
            {"kind", scale.kind},
            {"metadata", {{"name", scale.name}}}};
}

std::string nameOf(const Json& object) {
    return textAt(object, "/kind") + " \"" + textAt(object, "/metadata/name") + "\"";
}

// What of the tier is not in the cluster as it asks for it, the first of it; empty: all is.
std::string notApplied(const TierIntents& wanted, const Observed& observed) {
    for (const auto& object : wanted.objects) {
        const auto* there = find(observed, object);
        if (there == nullptr) {
            return nameOf(object) + " is missing";
        }
        if (differs(object, *there)) {
            return nameOf(object) + " is not as the spec asks for it";
        }
    }
    for (const auto& scale : wanted.scales) {
        const auto* there = find(observed, identityOf(scale));
        if (there == nullptr || base::intAt(*there, "/spec/replicas") != scale.replicas) {
            return nameOf(identityOf(scale)) + " has not the " + std::to_string(scale.replicas) +
                   " replicas that the spec asks for";
        }
    }
    return "";
}

// Nothing that is seen now tells of a spec that is not applied yet: its causes would be old ones.
void notAppliedYet(TierState& state) {
    state.settled = false;
    state.doing = "Applying";
    state.cause.reset();
}

class Planner {
  public:
    Planner(const ScalableApp& app, const Observed& observed) : app_(app), observed_(observed) {}

    Plan plan() {
        std::vector<TierReport> reports;
        for (const auto& tier : tiers()) {
            if (tier.wanted(app_)) {
                reports.push_back(planTier(tier));
            } else if (tier.lingering != nullptr) {
                stay(tier.lingering(app_, observed_));
            }
        }
        findRemovals();
        if (observes()) {
            letBe();
        }
        auto verdict = judge(app_, reports, undone_, observed_.now, observed_.chaos);
        plan_.status = std::move(verdict.status);
        if (observed_.around.operatorReplicas == 1) {
            plan_.status["singlePointsOfFailure"].push_back(
                {{"tier", "operator"},
                 {"what", "the only replica"},
                 {"why",
                  "nothing repairs or scales while it restarts or moves; `replicas` of 2 or more "
                  "in the operator's chart removes it"}});
        }
        plan_.events = std::move(verdict.events);
        plan_.lookAgain = verdict.lookAgain;
        return std::move(plan_);
    }

  private:
    TierReport planTier(const Tier& tier) {
        TierReport report{.tier = &tier, .state = tier.state(app_, observed_)};
        auto wanted = tier.intents(app_, observed_);
        if (wanted.problem) {
            plan_.refusals.push_back(wanted.problem->text(tier.name));
            if (observes()) {
                leaveUndone(plan_.refusals.back());
            }
            report.state.cause = wanted.problem;
            report.state.settled = false;
            keep_.push_back(tier.name);
            return report;
        }
        for (auto& object : wanted.objects) {
            object = hashed(std::move(object));
        }
        auto undone = notApplied(wanted, observed_);
        if (observes()) {
            leaveUndone(undone);
            // Whatever its pods do, nobody takes them any further.
            report.state.doing = undone.empty() ? report.state.doing : kPaused;
        } else if (!undone.empty()) {
            notAppliedYet(report.state);
        }
        for (auto& object : wanted.objects) {
            plan_.intents.push_back({std::move(object)});
        }
        plan_.notes.insert(plan_.notes.end(), wanted.notes.begin(), wanted.notes.end());
        plan_.patches.insert(plan_.patches.end(), wanted.patches.begin(), wanted.patches.end());
        if (!observes()) {
            report.state.events.insert(report.state.events.end(), wanted.events.begin(),
                                       wanted.events.end());
            sooner(report.state.lookAgain, wanted.lookAgain);
        }
        plan_.scales.insert(plan_.scales.end(), wanted.scales.begin(), wanted.scales.end());
        stay(wanted.staying);
        return report;
    }

    bool observes() const { return app_.management == api::Management::Observe; }

    void leaveUndone(const std::string& what) { undone_ = undone_.empty() ? what : undone_; }

    // What would be done is known by now, and told; nothing of it is.
    void letBe() {
        if (!plan_.removals.empty()) {
            const auto& removal = plan_.removals.front();
            leaveUndone(removal.kind + " \"" + removal.name + "\" is asked for no longer");
        }
        plan_ = Plan{};
    }

    void stay(const std::vector<const Json*>& children) {
        if (observed_.assumeServing) {
            return;
        }
        staying_.insert(children.begin(), children.end());
    }

    bool named(const Json& child) const {
        return std::any_of(plan_.intents.begin(), plan_.intents.end(),
                           [&](const Intent& intent) { return sameObject(intent.object, child); });
    }

    void findRemovals() {
        for (const auto& child : observed_.children) {
            bool keep = std::find(keep_.begin(), keep_.end(), tierOf(child)) != keep_.end();
            if (keep || staying_.contains(&child) || !ownedByApp(child, app_) || named(child)) {
                continue;
            }
            plan_.removals.push_back({.apiVersion = textAt(child, "/apiVersion"),
                                      .kind = textAt(child, "/kind"),
                                      .namespace_ = textAt(child, "/metadata/namespace"),
                                      .name = textAt(child, "/metadata/name"),
                                      .uid = textAt(child, "/metadata/uid")});
        }
    }

    const ScalableApp& app_;
    const Observed& observed_;
    Plan plan_;
    std::string undone_;  // of what is asked for, where the operator only observes
    std::set<const Json*> staying_;
    std::vector<std::string> keep_;  // tiers whose objects stay although no intent names them
};

}  // namespace

Plan planApp(const ScalableApp& app, const Observed& observed) {
    return Planner(app, observed).plan();
}

Objects objectsOf(const ScalableApp& app) {
    Objects out;
    for (const auto& tier : tiers()) {
        if (!tier.wanted(app)) {
            continue;
        }
        auto wanted = tier.intents(app, {.children = {},
                                         .now = {},
                                         .circuits = {},
                                         .assumeServing = true,
                                         .around = {.gatewayApi = true}});
        if (wanted.problem) {
            out.refusals.push_back(wanted.problem->text(tier.name));
        }
        for (auto& object : wanted.objects) {
            for (const auto& scale : wanted.scales) {
                if (sameObject(object, identityOf(scale))) {
                    object["spec"]["replicas"] = scale.replicas;
                }
            }
            out.intents.push_back({std::move(object)});
        }
    }
    return out;
}

}  // namespace plan
