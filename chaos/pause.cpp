#include "chaos/pause.h"

#include "api/condition.h"
#include "base/json.h"
#include "chaos/kinds.h"

namespace chaos {
namespace {

bool nothingToCome(const base::Json& object) {
    auto conditions = api::parseConditions(base::arrayAt(object, "/status/conditions"));
    const auto* complete = api::findCondition(conditions, "Complete");
    return complete != nullptr && complete->status == api::kTrue &&
           complete->observedGeneration == base::intAt(object, "/metadata/generation");
}

void pauseKind(kube::Client& client, const kube::ResourceType& type, Paused& out,
               const std::stop_token& stop) {
    auto list = client.list(type, {}, stop);
    if (!list) {
        out.problems.push_back(type.plural + ": " + list.error().str());
        return;
    }
    base::Json patch{{"metadata", {{"annotations", {{kPauseAnnotation, "true"}}}}}};
    for (const auto& item : list->items) {
        const auto& key = item->meta().key;
        auto object = item->json();
        if (isPaused(object) || nothingToCome(object)) {
            continue;
        }
        auto patched = client.patch(type, key, kube::PatchType::MergePatch, patch, stop);
        if (patched) {
            out.done.push_back(type.plural + "/" + key.name +
                               " is paused; to go on: kubectl "
                               "annotate -n " +
                               key.namespace_ + " " + type.plural + "/" + key.name + " " +
                               kPauseAnnotation + "-");
        } else if (!patched.error().is(kube::ErrorKind::NotFound)) {
            out.problems.push_back(type.plural + " " + key.str() + ": " + patched.error().str());
        }
    }
}

}  // namespace

bool isPaused(const base::Json& object) {
    const auto* annotations = base::at(object, "/metadata/annotations");
    return annotations != nullptr &&
           base::stringAt(*annotations, "/scalableapp.dev~1pause") == "true";
}

Paused pauseAll(kube::Client& client, const std::stop_token& stop) {
    Paused out;
    pauseKind(client, kChaosSchedules, out, stop);
    pauseKind(client, kChaosExperiments, out, stop);
    return out;
}

}  // namespace chaos
