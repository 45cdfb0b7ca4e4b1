#include "reconcile/apply.h"

#include <algorithm>

#include "api/labels.h"
#include "base/json.h"
#include "base/log.h"
#include "plan/diff.h"
#include "reconcile/resources.h"

namespace reconcile {
namespace {

// `web: Service "shop"`: the tier first, as every cause is told.
std::string nameOf(const base::Json& object) {
    std::string out;
    const auto* labels = base::at(object, "/metadata/labels");
    if (labels != nullptr) {
        auto tier = labels->find(api::kTierLabel);
        if (tier != labels->end() && tier->is_string()) {
            out = tier->get<std::string>() + ": ";
        }
    }
    return out + base::stringAt(object, "/kind").value_or("") + " \"" +
           base::stringAt(object, "/metadata/name").value_or("") + "\"";
}

std::string holderOf(const kube::Meta& object) {
    for (const auto& owner : object.owners) {
        if (owner.controller) {
            return "belongs to " + owner.kind + " \"" + owner.name + "\"";
        }
    }
    return "was not made by this ScalableApp";
}

Problem conflict(const base::Json& intent, const kube::Meta& current) {
    return {.reason = kObjectConflict,
            .message = nameOf(intent) + " exists and " + holderOf(current) +
                       ": delete or rename it, or rename this ScalableApp"};
}

// The API server's word for a namespace that is being deleted; the Status carries it as a cause's
// reason only, the text is the same since Kubernetes 1.5.
bool namespaceLeaves(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::Forbidden) &&
           error.message.find("because it is being terminated") != std::string::npos;
}

// The API server's answer to an apply or a patch that names the UID of a predecessor: what stands
// there is another object, and its cache will tell.
bool isOfAnother(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::Invalid) &&
           std::any_of(error.causes.begin(), error.causes.end(),
                       [](const kube::FieldCause& cause) { return cause.field == "metadata.uid"; });
}

bool oursAlone(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::Cancelled) || error.is(kube::ErrorKind::NotLeader) ||
           error.is(kube::ErrorKind::Conflict) || error.is(kube::ErrorKind::AlreadyExists) ||
           error.is(kube::ErrorKind::Unauthorized) || error.is(kube::ErrorKind::Malformed) ||
           isOfAnother(error) || (error.transient() && !error.is(kube::ErrorKind::ServerError));
}

std::string unknownKind(const std::string& apiVersion, const std::string& kind) {
    return "the plan names a kind that reconcile/resources.cpp does not list: " + apiVersion + " " +
           kind;
}

// As the plan saw it where nothing has happened to it since; read into `room` otherwise.
const base::Json& treeOf(const kube::Object& object, const std::vector<base::Json>& seen,
                         base::Json& room) {
    auto says = [](const base::Json& tree, const char* pointer, const std::string& value) {
        const auto* text = base::at(tree, pointer);
        return text != nullptr && text->is_string() && text->get_ref<const std::string&>() == value;
    };
    for (const auto& tree : seen) {
        if (says(tree, "/metadata/uid", object.meta().uid) &&
            says(tree, "/metadata/resourceVersion", object.meta().resourceVersion)) {
            return tree;
        }
    }
    room = object.json();
    return room;
}

// What differs after an apply as it did before it differs for good: the hash, which differs until
// the first apply of an intent, does no longer.
void findRewrite(const base::Json& intent, const base::Json& before, const base::Json& after,
                 Applied& applied) {
    auto left = plan::differences(intent, after);
    if (!left.empty() && left == plan::differences(intent, before)) {
        const auto& notes = after.at("metadata").at("annotations");
        applied.rewritten.push_back({.object = nameOf(intent),
                                     .uid = base::textAt(after, "/metadata/uid"),
                                     .hash = notes.value(plan::kHashAnnotation, ""),
                                     .fields = std::move(left)});
    }
}

// Sorts a failed request into what the user must know and what only needs another try. True: the
// other objects can still be tried.
bool fail(const std::string& what, const kube::ApiError& error, Applied& applied) {
    if (namespaceLeaves(error)) {
        applied.leaving = true;
        return false;
    }
    if (oursAlone(error)) {
        applied.retry = what + ": " + error.str();
        return false;
    }
    bool stalled = !error.is(kube::ErrorKind::ServerError);
    applied.problems.push_back(
        {.stalled = stalled,
         .reason = error.is(kube::ErrorKind::Forbidden) ? kForbidden : kApplyFailed,
         .message = what + ": " + (error.message.empty() ? error.str() : error.message)});
    return true;
}

}  // namespace

Applied Applier::apply(const kube::Meta& app, const plan::Plan& plan,
                       const std::vector<base::Json>& seen,
                       const runtime::ReconcileContext& context) const {
    Applied applied;
    for (const auto& intent : plan.intents) {
        if (!applyOne(app, intent.object, seen, context, applied)) {
            return applied;
        }
    }
    for (const auto& note : plan.notes) {
        if (!noteOne(app, note, context, applied)) {
            return applied;
        }
    }
    for (const auto& removal : plan.removals) {
        if (!removeOne(app, removal, context, applied)) {
            return applied;
        }
    }
    for (const auto& scale : plan.scales) {
        if (!scaleOne(app, scale, seen, context, applied)) {
            return applied;
        }
    }
    for (const auto& patch : plan.patches) {
        if (!applied.problems.empty() || applied.waiting ||
            !patchOne(app, patch, context, applied)) {
            return applied;
        }
    }
    return applied;
}

// Asks once per pass. False: stop here.
bool Applier::confirm(const kube::Meta& app, const runtime::ReconcileContext& context,
                      Applied& applied) const {
    if (applied.confirmed) {
        return true;
    }
    auto now = client_.get(scalableApps(), app.key, context.stop);
    if (!now && !now.error().is(kube::ErrorKind::NotFound)) {
        fail("ScalableApp \"" + app.key.name + "\"", now.error(), applied);
        return false;
    }
    applied.confirmed = now && (*now)->meta().uid == app.uid &&
                        (*now)->meta().generation == app.generation && !(*now)->meta().deleting;
    applied.outdated = !applied.confirmed;
    return applied.confirmed;
}

bool Applier::applyOne(const kube::Meta& app, const base::Json& intent,
                       const std::vector<base::Json>& seen,
                       const runtime::ReconcileContext& context, Applied& applied) const {
    auto apiVersion = base::stringAt(intent, "/apiVersion").value_or("");
    auto kind = base::stringAt(intent, "/kind").value_or("");
    const auto* type = childType(apiVersion, kind);
    if (type == nullptr) {
        applied.retry = unknownKind(apiVersion, kind);
        return false;
    }
    kube::ObjectKey key{app.key.namespace_, base::stringAt(intent, "/metadata/name").value_or("")};
    kube::ObjectPtr current = observer_.child(*type, key);
    if (current == nullptr) {
        auto got = client_.get(*type, key, context.stop);
        if (!got && !got.error().is(kube::ErrorKind::NotFound)) {
            return fail(nameOf(intent), got.error(), applied);
        }
        current = got ? *got : nullptr;
    }
    if (current == nullptr) {
        return write(app, *type, intent, nullptr, context, applied);
    }
    switch (ownershipOf(current->meta(), app)) {
        case Ownership::Foreign:
            applied.problems.push_back(conflict(intent, current->meta()));
            return true;
        case Ownership::Predecessor:
            applied.waiting = true;
            return true;
        case Ownership::Ours:
            break;
    }
    if (current->meta().deleting) {
        applied.waiting = true;
        return true;
    }
    base::Json room;
    if (!plan::differs(intent, treeOf(*current, seen, room))) {
        return true;
    }
    return write(app, *type, intent, current.get(), context, applied);
}

bool Applier::write(const kube::Meta& app, const kube::ResourceType& type, base::Json intent,
                    const kube::Object* current, const runtime::ReconcileContext& context,
                    Applied& applied) const {
    if (!confirm(app, context, applied)) {
        return false;
    }
    if (current != nullptr) {
        // Never onto a successor of the same name: the server compares.
        intent["metadata"]["uid"] = current->meta().uid;
    }
    // What was not there a moment ago may be a stranger's by now.
    auto written =
        client_.apply(type, intent, context.stop,
                      current == nullptr ? kube::Conflicts::Refuse : kube::Conflicts::Take);
    if (!written) {
        return fail(nameOf(intent), written.error(), applied);
    }
    const auto& meta = (*written)->meta();
    applied.written.push_back(*written);
    if (current != nullptr) {
        findRewrite(intent, current->json(), (*written)->json(), applied);
    }
    context.wrote(Observer::scope(type, meta.key.namespace_), meta.resourceVersion);
    base::logInfo(
        current == nullptr ? "made" : "changed",
        {{"kind", type.kind}, {"object", meta.key.str()}, {"reconcileId", context.reconcileId}});
    return true;
}

bool Applier::removeOne(const kube::Meta& app, const plan::Removal& removal,
                        const runtime::ReconcileContext& context, Applied& applied) const {
    const auto* type = childType(removal.apiVersion, removal.kind);
    if (type == nullptr) {
        applied.retry = unknownKind(removal.apiVersion, removal.kind);
        return false;
    }
    kube::ObjectKey key{removal.namespace_, removal.name};
    auto current = observer_.child(*type, key);
    if (current != nullptr && current->meta().deleting) {
        return true;
    }
    if (!confirm(app, context, applied)) {
        return false;
    }
    auto removed = client_.remove(*type, key, removal.uid, context.stop);
    if (removed) {
        base::logInfo(
            "removed",
            {{"kind", type->kind}, {"object", key.str()}, {"reconcileId", context.reconcileId}});
        return true;
    }
    // Gone already, or a successor of the same name stands there: both are what was wanted.
    if (removed.error().is(kube::ErrorKind::NotFound) ||
        removed.error().is(kube::ErrorKind::Conflict)) {
        return true;
    }
    return fail(removal.kind + " \"" + removal.name + "\"", removed.error(), applied);
}

bool Applier::noteOne(const kube::Meta& app, const plan::Note& note,
                      const runtime::ReconcileContext& context, Applied& applied) const {
    const auto* type = childType(note.apiVersion, note.kind);
    if (type == nullptr) {
        applied.retry = unknownKind(note.apiVersion, note.kind);
        return false;
    }
    if (!confirm(app, context, applied)) {
        return false;
    }
    kube::ObjectKey key{note.namespace_, note.name};
    base::Json patch = {
        {"metadata", {{"uid", note.uid}, {"annotations", {{note.annotation, note.value}}}}}};
    auto written = client_.patch(*type, key, kube::PatchType::MergePatch, patch, context.stop);
    if (written) {
        context.wrote(Observer::scope(*type, key.namespace_), (*written)->meta().resourceVersion);
        base::logInfo("noted", {{"kind", type->kind},
                                {"object", key.str()},
                                {"note", note.annotation + "=" + note.value},
                                {"reconcileId", context.reconcileId}});
        return true;
    }
    // Gone meanwhile, perhaps with a successor of the same name: the caches will tell.
    const auto& error = written.error();
    bool gone = error.is(kube::ErrorKind::NotFound) || error.is(kube::ErrorKind::Conflict) ||
                isOfAnother(error);
    return gone || fail(note.kind + " \"" + note.name + "\"", error, applied);
}

bool Applier::patchOne(const kube::Meta& app, const plan::Patch& patch,
                       const runtime::ReconcileContext& context, Applied& applied) const {
    const auto* type = childType(patch.apiVersion, patch.kind);
    if (type == nullptr) {
        applied.retry = unknownKind(patch.apiVersion, patch.kind);
        return false;
    }
    if (!confirm(app, context, applied)) {
        return false;
    }
    kube::ObjectKey key{patch.namespace_, patch.name};
    auto written = client_.patch(*type, key, kube::PatchType::JsonPatch, patch.operations,
                                 context.stop, patch.subresource);
    if (written) {
        context.wrote(Observer::scope(*type, key.namespace_), (*written)->meta().resourceVersion);
        base::logInfo(
            "resized",
            {{"kind", type->kind}, {"object", key.str()}, {"reconcileId", context.reconcileId}});
        return true;
    }
    const auto& error = written.error();
    if (error.is(kube::ErrorKind::NotFound)) {
        return true;  // gone meanwhile: the caches will tell
    }
    bool passes =
        namespaceLeaves(error) || oursAlone(error) || error.is(kube::ErrorKind::ServerError);
    if (passes) {
        return fail(patch.kind + " \"" + patch.name + "\"", error, applied);
    }
    applied.refused = error.message.empty() ? error.str() : error.message;
    return false;
}

bool Applier::scaleOne(const kube::Meta& app, const plan::Scale& scale,
                       const std::vector<base::Json>& seen,
                       const runtime::ReconcileContext& context, Applied& applied) const {
    const auto* type = childType(scale.apiVersion, scale.kind);
    if (type == nullptr) {
        applied.retry = unknownKind(scale.apiVersion, scale.kind);
        return false;
    }
    kube::ObjectKey key{scale.namespace_, scale.name};
    kube::ObjectPtr current = observer_.child(*type, key);
    for (const auto& object : applied.written) {
        if (object->meta().kind == scale.kind && object->meta().key == key) {
            current = object;
        }
    }
    bool ours = current != nullptr && !current->meta().deleting &&
                ownershipOf(current->meta(), app) == Ownership::Ours;
    base::Json room;
    if (!ours || base::intAt(treeOf(*current, seen, room), "/spec/replicas") == scale.replicas) {
        return true;
    }
    if (!confirm(app, context, applied)) {
        return false;
    }
    base::Json patch = {{"metadata", {{"uid", current->meta().uid}}},
                        {"spec", {{"replicas", scale.replicas}}}};
    auto written = client_.patch(*type, key, kube::PatchType::MergePatch, patch, context.stop);
    if (!written) {
        return fail(scale.kind + " \"" + scale.name + "\"", written.error(), applied);
    }
    applied.written.push_back(*written);
    context.wrote(Observer::scope(*type, key.namespace_), (*written)->meta().resourceVersion);
    base::logInfo("scaled", {{"kind", type->kind},
                             {"object", key.str()},
                             {"replicas", std::to_string(scale.replicas)},
                             {"reconcileId", context.reconcileId}});
    return true;
}

}  // namespace reconcile
