#include "plan/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "plan/children.h"
#include "plan/diff.h"
#include "plan/objects.h"

namespace plan_test {
namespace {

using base::Json;

std::string nameOf(const Json& object) {
    return base::stringAt(object, "/metadata/name").value_or("");
}

Json replicaSetOf(const Json& deployment) {
    Json out{
        {"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"metadata", deployment.at("metadata")}};
    out["metadata"]["name"] = nameOf(deployment) + "-1";
    out["metadata"]["uid"] = nameOf(deployment) + "-1-uid";
    out["metadata"]["ownerReferences"] = Json::array({{{"kind", "Deployment"},
                                                       {"name", nameOf(deployment)},
                                                       {"uid", deployment.at("metadata").at("uid")},
                                                       {"controller", true}}});
    return out;
}

}  // namespace

Simulation::Simulation(const api::ScalableApp& first)
    : seen{.children = {}, .now = clockStart()}, app(first) {}

void Simulation::spec(const api::ScalableApp& next) {
    auto conditions = app.conditions;
    auto generation = app.generation + 1;
    app = next;
    app.conditions = conditions;
    app.generation = generation;
}

Json* Simulation::find(const std::string& kind, const std::string& name) {
    return plan_test::find(seen, kind, name);
}

void Simulation::apply(const plan::Plan& plan) {
    for (const auto& intent : plan.intents) {
        auto* there = find(intent.object["kind"], nameOf(intent.object));
        if (there == nullptr) {
            seen.children.push_back(intent.object);
            there = &seen.children.back();
            (*there)["metadata"]["uid"] = base::textAt(*there, "/kind") + "-" + nameOf(*there);
            (*there)["metadata"]["generation"] = 1;
            if ((*there)["kind"] == "Deployment") {
                (*there)["spec"]["replicas"] = 1;
                (*there)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
                seen.children.push_back(replicaSetOf(*there));
            }
        } else if (plan::differs(intent.object, *there)) {
            Json kept = *there;
            *there = intent.object;
            (*there)["metadata"]["uid"] = kept["metadata"]["uid"];
            (*there)["metadata"]["generation"] = kept["metadata"]["generation"].get<int>() + 1;
            if (kept["kind"] == "Deployment") {
                (*there)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
                (*there)["spec"]["replicas"] = kept["spec"]["replicas"];
                (*there)["status"] = kept.value("status", Json::object());
            }
        }
    }
    for (const auto& removal : plan.removals) {
        std::erase_if(seen.children, [&](const Json& child) {
            bool owned = false;
            for (const auto& owner : base::arrayAt(child, "/metadata/ownerReferences")) {
                owned = owned || owner.value("uid", "") == removal.uid;
            }
            return owned || (child["kind"] == removal.kind && nameOf(child) == removal.name);
        });
    }
    for (const auto& scale : plan.scales) {
        (*find(scale.kind, scale.name))["spec"]["replicas"] = scale.replicas;
    }
}

// As the Deployment's controller has them: complete once is complete until another rollout.
Json Simulation::conditionsOf(const Json& deployment, bool whole) const {
    auto before = api::parseConditions(base::arrayAt(deployment, "/status/conditions"));
    const auto* available = api::findCondition(before, "Available");
    const auto* progressing = api::findCondition(before, "Progressing");
    const char* status = whole ? "True" : "False";
    bool same = available != nullptr && available->status == status;
    bool complete =
        whole || (progressing != nullptr && progressing->reason == "NewReplicaSetAvailable");
    return Json::array({{{"type", "Available"},
                         {"status", status},
                         {"lastTransitionTime",
                          same ? available->lastTransitionTime : base::formatTime(seen.now)}},
                        {{"type", "Progressing"},
                         {"status", "True"},
                         {"reason", complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated"}}});
}

void Simulation::followSpec(Json& deployment) {
    auto& count = deployment["spec"]["replicas"];
    const auto* scaler = find("HorizontalPodAutoscaler", nameOf(deployment));
    // Zero is how a person switches an autoscaler off.
    if (scaler != nullptr && count != 0) {
        count = std::clamp(count.get<int64_t>(), (*scaler)["spec"]["minReplicas"].get<int64_t>(),
                           (*scaler)["spec"]["maxReplicas"].get<int64_t>());
    }
    bool changed = base::intAt(deployment, "/status/observedGeneration").value_or(0) <
                   deployment["metadata"]["generation"].get<int64_t>();
    if (changed && deployment.contains("status")) {
        // The rollout begins: the old pods serve, none of the new revision is there yet.
        deployment["status"]["observedGeneration"] = deployment["metadata"]["generation"];
        deployment["status"]["updatedReplicas"] = 0;
        return;
    }
    bool broken = std::find(broken_.begin(), broken_.end(), nameOf(deployment)) != broken_.end();
    auto wanted = deployment["spec"]["replicas"].get<int64_t>();
    auto before = base::intAt(deployment, "/status/replicas").value_or(0);
    auto ready = broken ? 0 : std::min(wanted, before);
    auto conditions = conditionsOf(deployment, ready == wanted);
    deployment["status"] = {{"observedGeneration", deployment["metadata"]["generation"]},
                            {"replicas", wanted},
                            {"updatedReplicas", wanted},
                            {"readyReplicas", ready},
                            {"availableReplicas", ready},
                            {"conditions", conditions}};
}

bool Simulation::step() {
    auto before = seen.children;
    auto conditions = app.conditions;
    last = plan::planApp(app, seen);
    apply(last);
    remember(app, last);
    for (auto& child : seen.children) {
        if (child["kind"] == "Deployment") {
            followSpec(child);
        }
    }
    return seen.children != before || app.conditions != conditions;
}

void Simulation::settle() {
    for (int i = 0; i < 30; ++i) {
        if (!step()) {
            return;
        }
    }
    ADD_FAILURE() << "still changing after thirty steps: " << base::dumpJson(last.status);
}

int64_t Simulation::available(const std::string& tier) const {
    int64_t out = 0;
    for (const auto* child : plan::childrenOf(seen, tier)) {
        if ((*child)["kind"] == "Deployment") {
            out += base::intAt(*child, "/status/availableReplicas").value_or(0);
        }
    }
    return out;
}

std::vector<std::string> Simulation::names(const std::string& kind) const {
    std::vector<std::string> out;
    for (const auto& child : seen.children) {
        if (child["kind"] == kind) {
            out.push_back(nameOf(child));
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace plan_test
