// Creates, updates, patches and applies.
#include <algorithm>
#include <utility>

#include "apiserver/schema.h"
#include "apiserver/server.h"
#include "apiserver/target.h"
#include "apiserver/validate.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

Author authorOf(const Target& target) {
    auto manager = target.option("fieldManager");
    return {manager.empty() ? "unknown" : manager, target.apiVersion, target.subresource};
}

std::string statusOf(const Target& target) {
    return target.resource() + " \"" + target.key.name + "\"";
}

HttpResponse changedMeanwhile(const Target& target) {
    return refusal(409, "Conflict",
                   "Operation cannot be fulfilled on " + statusOf(target) +
                       ": the object has been modified; please apply your changes to the latest "
                       "version and try again");
}

// A patch of any kind cannot change the uid: the object is not the one it was meant for.
std::optional<HttpResponse> refuseOtherUid(const Target& target, const Json& wanted,
                                           const Json& live) {
    auto uid = base::stringAt(wanted, "/metadata/uid");
    if (!uid || uid == base::stringAt(live, "/metadata/uid")) {
        return std::nullopt;
    }
    return refusal(422, "Invalid",
                   statusOf(target) + " is invalid: metadata.uid: Invalid value: \"" + *uid +
                       "\": field is immutable",
                   {{"metadata.uid", "Invalid value: \"" + *uid + "\": field is immutable",
                     "FieldValueInvalid"}});
}

// The uid and version that a writer expects, where it names them.
std::optional<HttpResponse> refuseStale(const Target& target, const Json& wanted,
                                        const Json& live) {
    auto uid = base::stringAt(wanted, "/metadata/uid");
    if (uid && !uid->empty() && uid != base::stringAt(live, "/metadata/uid")) {
        return refusal(
            409, "Conflict",
            "Operation cannot be fulfilled on " + statusOf(target) +
                ": Precondition failed: UID in precondition: " + *uid +
                ", UID in object meta: " + base::stringAt(live, "/metadata/uid").value_or(""));
    }
    auto version = base::stringAt(wanted, "/metadata/resourceVersion");
    if (version && !version->empty() &&
        version != base::stringAt(live, "/metadata/resourceVersion")) {
        return changedMeanwhile(target);
    }
    return std::nullopt;
}

// What only the server writes stays as it is.
void keepSystemFields(Json& object, const Json& live) {
    for (const char* field : {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                              "deletionGracePeriodSeconds", "name", "namespace"}) {
        const auto* had = base::at(live, std::string("/metadata/") + field);
        if (had != nullptr) {
            object["metadata"][field] = *had;
        } else {
            object["metadata"].erase(field);
        }
    }
}

Json without(Json object, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        object.erase(name);
    }
    return object;
}

// Of what is sent to a pod's `resize`, nothing else is taken.
Json resized(Json pod, const Json& wanted) {
    auto& containers = pod["spec"]["containers"];
    const auto& others = base::arrayAt(wanted, "/spec/containers");
    for (size_t i = 0; i < std::min(containers.size(), others.size()); ++i) {
        containers[i]["resources"] = others[i].value("resources", Json::object());
    }
    return pod;
}

}  // namespace

// Stores the object unless nothing changed. Without an author its managedFields are final.
Json ApiServer::commit(const std::string& collection, const kube::ObjectKey& key, Json object,
                       const Author* author) {
    auto live = storage_.get(collection, key);
    auto& metadata = object["metadata"];
    auto kind = base::stringAt(object, "/kind").value_or("");
    kinds_[collection] = kind;
    if (live == nullptr) {
        metadata["uid"] =
            (options_.seed == 0 ? "uid-" : "uid-" + std::to_string(options_.seed) + "-") +
            std::to_string(++lastUid_);
        metadata["creationTimestamp"] = now();
        metadata.erase("generation");
        if (hasGeneration(kind)) {
            metadata["generation"] = 1;
        }
    } else {
        for (const char* fixed : {"uid", "creationTimestamp"}) {
            metadata[fixed] = (*live)["metadata"][fixed];
        }
    }
    fillIn(kind, object);
    auto comparable = [&](Json of) {
        of["metadata"].erase("resourceVersion");
        if (author != nullptr) {
            of["metadata"].erase("managedFields");
        }
        return of;
    };
    if (live != nullptr && !is(Defect::NoOpRaisesVersion)) {
        metadata["generation"] = (*live)["metadata"].value("generation", Json());
        if (metadata["generation"].is_null()) {
            metadata.erase("generation");
        }
        if (sameContent(comparable(object), comparable(*live))) {
            return *live;
        }
    }
    if (author != nullptr) {
        auto managers = live == nullptr ? Managers() : managersOf(*live);
        noteUpdate(managers, *author,
                   compare(live == nullptr ? Json::object() : ownable(*live), ownable(object)),
                   now());
        setManagers(object, managers);
    }
    if (live != nullptr) {
        if (hasGeneration(kind)) {
            bool leaves = metadata.contains("deletionTimestamp") &&
                          !(*live)["metadata"].contains("deletionTimestamp");
            auto spec = [&](const Json& of) {
                return is(Defect::GenerationCountsStatus) ? without(of, {"metadata"})
                                                          : without(of, {"metadata", "status"});
            };
            auto generation = base::intAt(*live, "/metadata/generation").value_or(1);
            metadata["generation"] =
                leaves || !sameContent(spec(object), spec(*live)) ? generation + 1 : generation;
        }
    }
    bool leaves = metadata.contains("deletionTimestamp") &&
                  base::arrayAt(object, "/metadata/finalizers").empty();
    garbage_ =
        garbage_ || metadata.contains("ownerReferences") || metadata.contains("deletionTimestamp");
    auto stored = storage_.put(collection, key, std::move(object));
    if (leaves) {
        erase(collection, key);
    }
    if (options_.collectsGarbage) {
        collect();
    }
    changed_.notify_all();
    return *stored;
}

HttpResponse ApiServer::finish(const Target& target, Json object, int status) {
    auto author = authorOf(target);
    return okResponse(commit(target.collection, target.key, std::move(object), &author), status);
}

HttpResponse ApiServer::create(const Target& target, Json object) {
    Target named = target;
    named.key.name = base::stringAt(object, "/metadata/name").value_or("");
    if (named.key.name.empty()) {
        auto prefix = base::stringAt(object, "/metadata/generateName").value_or("");
        named.key.name = prefix.empty() ? "" : prefix + std::to_string(++lastGenerated_);
    }
    object["metadata"]["name"] = named.key.name;
    if (!named.key.namespace_.empty()) {
        object["metadata"]["namespace"] = named.key.namespace_;
    }
    if (auto refused = validateCreate(named, object)) {
        return *refused;
    }
    if (storage_.get(named.collection, named.key) != nullptr) {
        return refusal(409, "AlreadyExists", statusOf(named) + " already exists");
    }
    for (const char* field : {"uid", "resourceVersion", "deletionTimestamp", "managedFields"}) {
        object["metadata"].erase(field);
    }
    if (!is(Defect::StatusThroughMain)) {
        object.erase("status");
    }
    return finish(named, std::move(object), 201);
}

HttpResponse ApiServer::update(const Target& target, Json object) {
    auto live = storage_.get(target.collection, target.key);
    if (live == nullptr) {
        return notFound(target);
    }
    if (auto refused = refuseStale(target, object, *live)) {
        return *refused;
    }
    if (auto refused = validateUpdate(target, object, *live)) {
        return *refused;
    }
    if (target.subresource == "status") {
        Json changed = *live;
        changed["status"] = object.value("status", Json::object());
        return finish(target, std::move(changed), 200);
    }
    if (target.subresource == "resize") {
        return finish(target, resized(*live, object), 200);
    }
    keepSystemFields(object, *live);
    if (!is(Defect::StatusThroughMain)) {
        object.erase("status");
        if (live->contains("status")) {
            object["status"] = (*live)["status"];
        }
    }
    return finish(target, std::move(object), 200);
}

HttpResponse ApiServer::apply(const Target& target, const Json& intent) {
    auto live = storage_.get(target.collection, target.key);
    bool status = target.subresource == "status";
    if (auto refused = validateApply(target, intent)) {
        return *refused;
    }
    if (live == nullptr && status) {
        return notFound(target);
    }
    if (live == nullptr && base::stringAt(intent, "/metadata/uid")) {
        return refusal(409, "Conflict",
                       "Operation cannot be fulfilled on " + statusOf(target) +
                           ": uid mismatch: the provided object specified uid " +
                           *base::stringAt(intent, "/metadata/uid") +
                           ", and no existing object was found");
    }
    if (live == nullptr && base::stringAt(intent, "/metadata/resourceVersion")) {
        return changedMeanwhile(target);
    }
    if (live != nullptr) {
        if (auto refused = refuseOtherUid(target, intent, *live)) {
            return *refused;
        }
        if (auto refused = refuseStale(target, intent, *live)) {
            return *refused;
        }
    }
    Json part;
    if (status) {
        part = {{"apiVersion", intent["apiVersion"]}, {"kind", intent["kind"]}};
        part["status"] = intent.value("status", Json::object());
    } else {
        part = is(Defect::StatusThroughMain) ? intent : without(intent, {"status"});
    }
    ApplyRules rules{.force = target.option("force") == "true" || is(Defect::ApplyIgnoresConflicts),
                     .keepsAbandoned = is(Defect::ApplyKeepsAbandoned),
                     .mergesLists = !is(Defect::ListsReplacedWhole)};
    auto applied =
        applyIntent(live == nullptr ? Json() : *live, part, authorOf(target), rules, now());
    if (!applied.conflicts.empty()) {
        std::vector<Cause> causes;
        for (const auto& conflict : applied.conflicts) {
            causes.push_back({conflict.field, "conflict with \"" + conflict.manager + "\"",
                              "FieldManagerConflict"});
        }
        return refusal(409, "Conflict",
                       "Apply failed with " + std::to_string(causes.size()) + " conflict" +
                           (causes.size() == 1 ? "" : "s") + ": " + causes.front().message + ": " +
                           causes.front().field,
                       causes);
    }
    Json object = std::move(applied.object);
    if (live != nullptr) {
        keepSystemFields(object, *live);
    } else {
        object["metadata"]["name"] = target.key.name;
        if (!target.key.namespace_.empty()) {
            object["metadata"]["namespace"] = target.key.namespace_;
        }
        if (auto refused = validateCreate(target, object)) {
            return *refused;
        }
    }
    if (live != nullptr) {
        if (auto refused = validateUpdate(target, object, *live)) {
            return *refused;
        }
    }
    setManagers(object, applied.managers);
    return okResponse(commit(target.collection, target.key, std::move(object), nullptr),
                      live == nullptr ? 201 : 200);
}

HttpResponse ApiServer::patch(const Target& target, const std::string& contentType,
                              const Json& patch) {
    auto live = storage_.get(target.collection, target.key);
    if (live == nullptr) {
        return notFound(target);
    }
    Json object = *live;
    if (contentType.starts_with("application/json-patch")) {
        try {
            object = object.patch(patch);
        } catch (const Json::exception& error) {
            return refusal(422, "Invalid",
                           "the server rejected our request due to an error in "
                           "our request: " +
                               std::string(error.what()));
        }
    } else if (contentType.starts_with("application/merge-patch")) {
        object.merge_patch(patch);
    } else {
        return refusal(415, "UnsupportedMediaType",
                       "the body of the request was in an unknown format");
    }
    if (auto refused = refuseOtherUid(target, object, *live)) {
        return *refused;
    }
    return update(target, std::move(object));
}

}  // namespace test
