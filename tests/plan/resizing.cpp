#include "plan/resizing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "plan/diff.h"
#include "plan/objects.h"

namespace plan_test {

using base::Json;
using base::textAt;

namespace {

constexpr const char* kRevision = "deployment.kubernetes.io/revision";

Json ownedBy(const Json& owner) {
    return Json::array(
        {{{"kind", owner["kind"]}, {"uid", owner["metadata"]["uid"]}, {"controller", true}}});
}

bool owns(const Json& owner, const Json& object) {
    return textAt(object, "/metadata/ownerReferences/0/uid") == textAt(owner, "/metadata/uid");
}

// As the Deployment's controller compares them.
bool sameTemplate(Json a, Json b) {
    for (auto* one : {&a, &b}) {
        for (auto& container : (*one)["spec"]["containers"]) {
            if (container.value("resources", Json::object()).empty()) {
                container.erase("resources");
            }
        }
    }
    return base::sameJson(a, b);
}

void raiseGeneration(Json& object, const Json& before) {
    if (!base::sameJson(object["spec"], before["spec"])) {
        object["metadata"]["generation"] = before["metadata"].value("generation", 1) + 1;
    }
}

}  // namespace

Resizing::Resizing(const api::ScalableApp& first) : app(first) {
    seen.now = clockStart();
    seen.around.resizeInPlace = true;
}

Json* Resizing::find(const std::string& kind, const std::string& name) {
    for (auto& child : seen.children) {
        if (child["kind"] == kind && child["metadata"]["name"] == name) {
            return &child;
        }
    }
    return nullptr;
}

std::vector<const Json*> Resizing::all(const std::string& kind) const {
    std::vector<const Json*> out;
    for (const auto& child : seen.children) {
        if (textAt(child, "/kind") == kind) {
            out.push_back(&child);
        }
    }
    return out;
}

std::set<std::string> Resizing::podNames() const {
    std::set<std::string> out;
    for (const auto* pod : all("Pod")) {
        out.insert(textAt(*pod, "/metadata/name"));
    }
    return out;
}

std::set<std::string> Resizing::cpus() const {
    constexpr const char* kCpu = "/spec/containers/0/resources/requests/cpu";
    std::set<std::string> out;
    for (const auto* pod : all("Pod")) {
        out.insert(textAt(*pod, kCpu));
        out.insert(textAt(*pod, "/status/containerStatuses/0/resources/requests/cpu"));
    }
    for (const char* kind : {"Deployment", "ReplicaSet"}) {
        for (const auto* object : all(kind)) {
            if (base::intAt(*object, "/spec/replicas") != 0) {
                out.insert(textAt(*object, std::string("/spec/template") + kCpu));
            }
        }
    }
    return out;
}

int64_t Resizing::podsAsked() const {
    auto pods = all("Pod");
    return std::count_if(pods.begin(), pods.end(), [](const Json* pod) {
        return !base::sameJson(*base::at(*pod, "/spec/containers/0/resources"),
                               *base::at(*pod, "/status/containerStatuses/0/resources"));
    });
}

// --- the operator

size_t Resizing::operate(std::optional<size_t> most) {
    last = plan::planApp(app, seen);
    size_t left = most.value_or(1000);
    size_t made = applyIntents(left);
    made += applyScales(left - made);
    made += applyPatches(left - made);
    if (made < left) {
        remember(app, last);
        events.insert(events.end(), last.events.begin(), last.events.end());
    }
    writes += made;
    return made;
}

size_t Resizing::applyIntents(size_t most) {
    size_t made = 0;
    for (const auto& intent : last.intents) {
        auto name = textAt(intent.object, "/metadata/name");
        auto* live = find(textAt(intent.object, "/kind"), name);
        if (made == most || (live != nullptr && !plan::differs(intent.object, *live))) {
            continue;
        }
        Json object = intent.object;
        object["metadata"]["uid"] = name + "-uid";
        if (live != nullptr) {
            object["status"] = live->value("status", Json::object());
            object["spec"]["replicas"] = (*live)["spec"].value("replicas", Json(1));
            auto revision = (*live)["metadata"]["annotations"].value(kRevision, "");
            object["metadata"]["annotations"][kRevision] = revision;
            object["metadata"]["generation"] = (*live)["metadata"].value("generation", 1);
            raiseGeneration(object, *live);
            *live = std::move(object);
        } else {
            object["metadata"]["generation"] = 1;
            object["spec"]["replicas"] = app.web.leastReplicas();
            seen.children.push_back(std::move(object));
        }
        ++made;
    }
    return made;
}

size_t Resizing::applyScales(size_t most) {
    size_t made = 0;
    for (const auto& scale : last.scales) {
        auto* live = find(scale.kind, scale.name);
        if (made < most && live != nullptr && (*live)["spec"]["replicas"] != scale.replicas) {
            Json before = *live;
            (*live)["spec"]["replicas"] = scale.replicas;
            raiseGeneration(*live, before);
            ++made;
        }
    }
    return made;
}

size_t Resizing::applyPatches(size_t most) {
    size_t made = 0;
    for (const auto& patch : last.patches) {
        auto* live = find(patch.kind, patch.name);
        if (made == most || live == nullptr) {
            continue;
        }
        EXPECT_EQ(patch.subresource, patch.kind == "Pod" ? "resize" : "");
        Json before = *live;
        *live = live->patch(patch.operations);
        raiseGeneration(*live, before);
        ++made;
    }
    return made;
}

// --- everybody else

bool Resizing::control() {
    auto before = seen.children;
    std::vector<Json> sets;
    for (const auto* set : all("ReplicaSet")) {
        sets.push_back(*set);
    }
    const auto known = lags ? setsBefore_ : sets;
    setsBefore_ = sets;
    std::vector<std::string> deployments;
    for (const auto* deployment : all("Deployment")) {
        if (textAt(*deployment, "/metadata/labels/scalableapp.dev~1tier") == "web") {
            deployments.push_back(textAt(*deployment, "/metadata/name"));
        }
    }
    for (const auto& name : deployments) {
        lookAtDeployment(name, known);
    }
    for (const auto& set : setsBefore_) {
        followSet(textAt(set, "/metadata/name"));
    }
    for (auto& child : seen.children) {
        if (child["kind"] == "Pod") {
            followPod(child);
        }
    }
    return seen.children != before || (lags && known != sets);
}

void Resizing::lookAtDeployment(const std::string& name, const std::vector<Json>& sets) {
    const Json deployment = *find("Deployment", name);
    std::string match;
    bool paused = base::boolAt(deployment, "/spec/paused").value_or(false);
    for (const auto& set : sets) {  // the oldest comes first
        if (match.empty() && owns(deployment, set) &&
            sameTemplate(set["spec"]["template"], deployment["spec"]["template"])) {
            match = textAt(set, "/metadata/name");
        }
    }
    if (match.empty() && !paused) {
        makeSet(name);
    } else if (!match.empty() && !paused) {
        roll(name, match);
    }
    int64_t replicas = 0;
    int64_t updated = 0;
    for (const auto* set : all("ReplicaSet")) {
        if (!owns(deployment, *set)) {
            continue;
        }
        // Paused or not, the only one with pods follows the count.
        auto* live = find("ReplicaSet", textAt(*set, "/metadata/name"));
        if (base::intAt(*set, "/spec/replicas") != 0) {
            (*live)["spec"]["replicas"] = deployment["spec"]["replicas"];
        }
        auto count = base::intAt(*set, "/status/replicas").value_or(0);
        replicas += count;
        updated += textAt(*set, "/metadata/name") == match ? count : 0;
    }
    (*find("Deployment", name))["status"] = {
        {"observedGeneration", deployment["metadata"]["generation"]},
        {"replicas", replicas},
        {"updatedReplicas", updated},
        {"readyReplicas", replicas},
        {"availableReplicas", replicas}};
}

void Resizing::makeSet(const std::string& deployment) {
    auto& owner = *find("Deployment", deployment);
    auto name = deployment + "-" + std::to_string(++made_);
    rollouts += made_ > 1 ? 1 : 0;
    owner["metadata"]["annotations"][kRevision] = std::to_string(made_);
    Json set{{"apiVersion", "apps/v1"},
             {"kind", "ReplicaSet"},
             {"metadata",
              {{"name", name},
               {"namespace", "ns"},
               {"uid", name + "-uid"},
               {"labels", owner["metadata"]["labels"]},
               {"annotations", owner["metadata"]["annotations"]},
               {"generation", 1},
               {"ownerReferences", ownedBy(owner)}}},
             {"spec",
              {{"replicas", owner["spec"]["replicas"]}, {"template", owner["spec"]["template"]}}}};
    seen.children.push_back(std::move(set));
}

// At once, where a real one takes care.
void Resizing::roll(const std::string& deployment, const std::string& set) {
    auto& owner = *find("Deployment", deployment);
    for (auto& child : seen.children) {
        if (child["kind"] == "ReplicaSet" && owns(owner, child)) {
            bool chosen = child["metadata"]["name"] == set;
            child["spec"]["replicas"] = chosen ? owner["spec"]["replicas"] : Json(0);
            if (chosen) {
                auto revision = child["metadata"]["annotations"][kRevision];
                child["metadata"]["annotations"] = owner["metadata"]["annotations"];
                child["metadata"]["annotations"][kRevision] = revision;
                owner["metadata"]["annotations"][kRevision] = revision;
            }
        }
    }
}

void Resizing::followSet(const std::string& name) {
    auto wanted = base::intAt(*find("ReplicaSet", name), "/spec/replicas").value_or(0);
    auto mine = [&](const Json& child) {
        return child["kind"] == "Pod" && owns(*find("ReplicaSet", name), child);
    };
    auto count = std::count_if(seen.children.begin(), seen.children.end(), mine);
    for (; count < wanted; ++count) {
        makePod(Json(*find("ReplicaSet", name)));
    }
    for (; count > wanted; --count) {
        seen.children.erase(std::find_if(seen.children.begin(), seen.children.end(), mine));
    }
    auto& set = *find("ReplicaSet", name);
    set["status"] = {{"observedGeneration", set["metadata"]["generation"]}, {"replicas", wanted}};
}

void Resizing::makePod(const Json& set) {
    auto name = textAt(set, "/metadata/name") + "-" + std::to_string(++made_);
    Json pod = set["spec"]["template"];
    pod["apiVersion"] = "v1";
    pod["kind"] = "Pod";
    pod["metadata"].update({{"name", name},
                            {"namespace", "ns"},
                            {"uid", name + "-uid"},
                            {"generation", 1},
                            {"creationTimestamp", base::formatTime(seen.now)},
                            {"ownerReferences", ownedBy(set)}});
    pod["spec"]["nodeName"] = "node-" + name;
    pod["status"] = {
        {"phase", "Running"},
        {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})},
        {"containerStatuses",
         Json::array({{{"name", "web"},
                       {"restartCount", 0},
                       {"ready", true},
                       {"resources", pod["spec"]["containers"][0].value("resources", Json())}}})}};
    seen.children.push_back(std::move(pod));
}

void Resizing::followPod(Json& pod) const {
    auto& status = pod["status"];
    auto wanted = pod["spec"]["containers"][0].value("resources", Json());
    status["conditions"] = Json::array({status["conditions"][0]});
    if (base::sameJson(wanted, status["containerStatuses"][0]["resources"])) {
        return;
    }
    for (const auto& [prefix, reason] : kubelets) {
        if (!textAt(pod, "/metadata/name").starts_with(prefix)) {
            continue;
        }
        if (!reason.empty()) {
            status["conditions"].push_back(
                {{"type", "PodResizePending"},
                 {"status", "True"},
                 {"reason", reason},
                 {"message", "Node didn't have enough capacity: cpu"},
                 {"observedGeneration", pod["metadata"]["generation"]},
                 {"lastTransitionTime", base::formatTime(clockStart())}});
        }
        return;
    }
    status["containerStatuses"][0]["resources"] = wanted;
}

void Resizing::settle() {
    for (int looks = 0; looks < 50; ++looks) {
        size_t made = operate();
        bool moved = control();
        if (made == 0 && !moved) {
            return;
        }
    }
    ADD_FAILURE() << "still moving after fifty looks: " << base::dumpJson(last.status);
}

}  // namespace plan_test
