// The objects of the fake server: what its writes do.
#include <cstdlib>
#include <iostream>
#include <utility>

#include "apiserver/server.h"
#include "apiserver/target.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

void mergeIntent(Json& into, const Json& intent) {
    for (const auto& [name, value] : intent.items()) {
        if (value.is_object() && into.contains(name) && into[name].is_object()) {
            mergeIntent(into[name], value);
        } else {
            into[name] = value;
        }
    }
}

// What the manager wanted before and no longer names goes.
void dropAbandoned(Json& object, const Json& before, const Json& intent) {
    for (const auto& [name, value] : before.items()) {
        if (!object.contains(name)) {
            continue;
        }
        if (!intent.contains(name)) {
            if (value.is_object()) {
                dropAbandoned(object[name], value, Json::object());
            } else {
                object.erase(name);
            }
        } else if (value.is_object() && intent[name].is_object() && object[name].is_object()) {
            dropAbandoned(object[name], value, intent[name]);
        }
    }
}

Json without(Json object, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        object.erase(name);
    }
    return object;
}

Json comparable(Json object) {
    if (object.contains("metadata")) {
        object["metadata"].erase("resourceVersion");
        object["metadata"].erase("generation");
        object["metadata"].erase("managedFields");
    }
    return object;
}

}  // namespace

// --- the content

Json ApiServer::store(const std::string& collection, const kube::ObjectKey& key, Json object) {
    auto& objects = collections_[collection];
    auto it = objects.find(key);
    Json before = it == objects.end() ? Json() : it->second;
    auto& metadata = object["metadata"];
    if (before.is_null()) {
        metadata["uid"] = "uid-" + std::to_string(++lastUid_);
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z";
        metadata["generation"] = 1;
    } else {
        for (const char* fixed : {"uid", "creationTimestamp", "generation"}) {
            metadata[fixed] = before["metadata"][fixed];
        }
        if (comparable(object) == comparable(before)) {
            return before;
        }
        if (without(object, {"metadata", "status"}) != without(before, {"metadata", "status"})) {
            metadata["generation"] = before["metadata"]["generation"].get<int64_t>() + 1;
        }
    }
    bool leaves = metadata.contains("deletionTimestamp") &&
                  base::arrayAt(object, "/metadata/finalizers").empty();
    metadata["resourceVersion"] = std::to_string(++version_);
    objects[key] = object;
    history_.push_back({version_, collection, before, object, ""});
    if (leaves) {
        erase(collection, key);
    }
    changed_.notify_all();
    return object;
}

void ApiServer::erase(const std::string& collection, const kube::ObjectKey& key) {
    auto& objects = collections_[collection];
    auto node = objects.extract(key);
    ++version_;
    history_.push_back({version_, collection, node.mapped(), Json(), std::to_string(version_)});
    changed_.notify_all();
    collectOrphans(node.mapped()["metadata"]["uid"].get<std::string>());
}

bool ApiServer::ownerExists(const std::string& uid) const {
    for (const auto& [collection, objects] : collections_) {
        for (const auto& [key, object] : objects) {
            if (base::stringAt(object, "/metadata/uid") == uid) {
                return true;
            }
        }
    }
    return false;
}

void ApiServer::collectOrphans(const std::string& ownerUid) {
    std::vector<std::pair<std::string, kube::ObjectKey>> orphans;
    for (const auto& [collection, objects] : collections_) {
        for (const auto& [key, object] : objects) {
            bool owned = false;
            bool alive = false;
            for (const auto& owner : base::arrayAt(object, "/metadata/ownerReferences")) {
                auto uid = base::stringAt(owner, "/uid").value_or("");
                owned = owned || uid == ownerUid;
                alive = alive || ownerExists(uid);
            }
            if (owned && !alive) {
                orphans.emplace_back(collection, key);
            }
        }
    }
    for (const auto& [collection, key] : orphans) {
        if (collections_[collection].contains(key)) {
            erase(collection, key);
        }
    }
}

Json ApiServer::put(const kube::ResourceType& type, Json object) {
    std::lock_guard lock(mutex_);
    object["apiVersion"] = type.apiVersion();
    object["kind"] = type.kind;
    auto key = keyOf(object);
    return store(collectionOf(type), key, std::move(object));
}

Json ApiServer::edit(const kube::ResourceType& type, const kube::ObjectKey& key,
                     const std::function<void(Json&)>& change) {
    std::lock_guard lock(mutex_);
    auto& objects = collections_[collectionOf(type)];
    auto it = objects.find(key);
    if (it == objects.end()) {
        std::cerr << "no " << type.plural << " " << key.str() << " to edit\n";
        std::abort();
    }
    Json object = it->second;
    change(object);
    return store(collectionOf(type), key, std::move(object));
}

void ApiServer::drop(const kube::ResourceType& type, const kube::ObjectKey& key) {
    std::lock_guard lock(mutex_);
    if (collections_[collectionOf(type)].contains(key)) {
        erase(collectionOf(type), key);
    }
}

std::optional<Json> ApiServer::find(const kube::ResourceType& type,
                                    const kube::ObjectKey& key) const {
    std::lock_guard lock(mutex_);
    auto objects = collections_.find(collectionOf(type));
    if (objects == collections_.end() || !objects->second.contains(key)) {
        return std::nullopt;
    }
    return objects->second.at(key);
}

std::vector<Json> ApiServer::all(const kube::ResourceType& type) const {
    std::lock_guard lock(mutex_);
    std::vector<Json> out;
    auto objects = collections_.find(collectionOf(type));
    if (objects != collections_.end()) {
        for (const auto& [key, object] : objects->second) {
            out.push_back(object);
        }
    }
    return out;
}

std::string ApiServer::version() const {
    std::lock_guard lock(mutex_);
    return std::to_string(version_);
}

// --- requests

HttpResponse ApiServer::answer(const kube::HttpRequest& request, const Target& target) {
    if (request.target.starts_with("/version")) {
        return okResponse({{"major", "1"}, {"minor", "36"}, {"gitVersion", "v1.36.0"}});
    }
    if (!target.valid || hidden_.contains(target.plural)) {
        return refusal(404, "NotFound", "the server could not find the requested resource");
    }
    Json body;
    if (!request.body.empty()) {
        auto parsed = base::parseJson(request.body);
        if (!parsed) {
            return refusal(400, "BadRequest", parsed.error().message);
        }
        body = std::move(*parsed);
    }
    if (request.method == "GET") {
        return target.key.name.empty() ? list(target) : get(target);
    }
    if (request.method == "POST") {
        return target.subresource == "eviction" ? remove(target, Json::object())
                                                : create(target, std::move(body));
    }
    if (request.method == "PUT") {
        return update(target, std::move(body));
    }
    if (request.method == "PATCH") {
        return request.contentType.starts_with("application/apply-patch")
                   ? apply(target, body)
                   : patch(target, request.contentType, body);
    }
    return remove(target, body);
}

HttpResponse ApiServer::get(const Target& target) const {
    auto objects = collections_.find(target.collection);
    if (objects == collections_.end() || !objects->second.contains(target.key)) {
        return refusal(404, "NotFound", target.plural + " \"" + target.key.name + "\" not found");
    }
    return okResponse(objects->second.at(target.key));
}

HttpResponse ApiServer::list(const Target& target) const {
    // A continue token is "<version>/<namespace>/<name of the last one>".
    auto token = split(target.option("continue"), '/');
    std::optional<kube::ObjectKey> after;
    if (token.size() == 3) {
        if (std::stoull(token[0]) < compacted_) {
            return refusal(410, "Expired", "the provided continue parameter is too old");
        }
        after = kube::ObjectKey{token[1], token[2]};
    }
    size_t limit = target.option("limit").empty() ? 0 : std::stoull(target.option("limit"));
    Json items = Json::array();
    Json metadata{{"resourceVersion", std::to_string(version_)}};
    auto objects = collections_.find(target.collection);
    if (objects != collections_.end()) {
        for (const auto& [key, object] : objects->second) {
            if ((after && key <= *after) || !target.selects(object)) {
                continue;
            }
            if (limit > 0 && items.size() == limit) {
                auto last = keyOf(items.back());
                metadata["continue"] =
                    std::to_string(version_) + "/" + last.namespace_ + "/" + last.name;
                break;
            }
            items.push_back(object);
        }
    }
    return okResponse({{"kind", "List"},
                       {"apiVersion", target.apiVersion},
                       {"metadata", metadata},
                       {"items", std::move(items)}});
}

HttpResponse ApiServer::create(const Target& target, Json object) {
    auto key = keyOf(object);
    key.namespace_ = target.key.namespace_;
    if (key.name.empty()) {
        key.name = base::stringAt(object, "/metadata/generateName").value_or("") +
                   std::to_string(version_ + 1);
        object["metadata"]["name"] = key.name;
    }
    if (!key.namespace_.empty()) {
        object["metadata"]["namespace"] = key.namespace_;
    }
    if (collections_[target.collection].contains(key)) {
        return refusal(409, "AlreadyExists",
                       target.plural + " \"" + key.name + "\" already exists");
    }
    return okResponse(store(target.collection, key, without(std::move(object), {"status"})), 201);
}

HttpResponse ApiServer::update(const Target& target, Json object) {
    auto& objects = collections_[target.collection];
    auto it = objects.find(target.key);
    if (it == objects.end()) {
        return refusal(404, "NotFound", target.plural + " \"" + target.key.name + "\" not found");
    }
    for (const char* lock : {"/metadata/resourceVersion", "/metadata/uid"}) {
        auto wanted = base::stringAt(object, lock);
        if (wanted && wanted != base::stringAt(it->second, lock)) {
            return refusal(409, "Conflict", "the object has been modified");
        }
    }
    if (target.subresource == "status") {
        Json changed = it->second;
        changed["status"] = object.value("status", Json::object());
        return okResponse(store(target.collection, target.key, std::move(changed)));
    }
    object.erase("status");
    if (it->second.contains("status")) {
        object["status"] = it->second["status"];
    }
    return okResponse(store(target.collection, target.key, std::move(object)));
}

HttpResponse ApiServer::apply(const Target& target, const Json& intent) {
    auto& objects = collections_[target.collection];
    auto it = objects.find(target.key);
    bool status = target.subresource == "status";
    if (it == objects.end() && status) {
        return refusal(404, "NotFound", target.plural + " \"" + target.key.name + "\" not found");
    }
    auto wantedUid = base::stringAt(intent, "/metadata/uid");
    if (wantedUid &&
        (it == objects.end() || base::stringAt(it->second, "/metadata/uid") != wantedUid)) {
        return refusal(409, "Conflict", "the UID in the precondition does not match");
    }
    auto wantedVersion = base::stringAt(intent, "/metadata/resourceVersion");
    if (wantedVersion &&
        (it == objects.end() ||
         base::stringAt(it->second, "/metadata/resourceVersion") != wantedVersion)) {
        return refusal(409, "Conflict", "the object has been modified");
    }
    Json part = status ? Json{{"status", intent.value("status", Json::object())}}
                       : without(intent, {"status"});
    Json object = it == objects.end() ? Json::object() : it->second;
    std::string owner = "/" + target.option("fieldManager") + "/" + target.subresource;
    if (it != objects.end()) {
        auto before = applied_.find(object["metadata"]["uid"].get<std::string>() + owner);
        if (before != applied_.end()) {
            dropAbandoned(object, before->second, part);
        }
    }
    mergeIntent(object, part);
    if (!target.key.namespace_.empty()) {
        object["metadata"]["namespace"] = target.key.namespace_;
    }
    int code = it == objects.end() ? 201 : 200;
    Json stored = store(target.collection, target.key, std::move(object));
    applied_[stored["metadata"]["uid"].get<std::string>() + owner] = std::move(part);
    return okResponse(stored, code);
}

HttpResponse ApiServer::patch(const Target& target, const std::string& contentType,
                              const Json& patch) {
    auto& objects = collections_[target.collection];
    auto it = objects.find(target.key);
    if (it == objects.end()) {
        return refusal(404, "NotFound", target.plural + " \"" + target.key.name + "\" not found");
    }
    Json object = it->second;
    if (contentType.find("json-patch") != std::string::npos) {
        try {
            object = object.patch(patch);
        } catch (const Json::exception& e) {
            return refusal(422, "Invalid", e.what());
        }
    } else {
        object.merge_patch(patch);
    }
    for (const char* lock : {"/metadata/resourceVersion", "/metadata/uid"}) {
        if (base::stringAt(object, lock) != base::stringAt(it->second, lock)) {
            return refusal(409, "Conflict", "the object has been modified");
        }
    }
    if (target.subresource == "status") {
        Json changed = it->second;
        changed["status"] = object.value("status", Json::object());
        object = std::move(changed);
    } else if (it->second.contains("status")) {
        object["status"] = it->second["status"];
    } else {
        object.erase("status");
    }
    return okResponse(store(target.collection, target.key, std::move(object)));
}

HttpResponse ApiServer::remove(const Target& target, const Json& options) {
    auto& objects = collections_[target.collection];
    auto it = objects.find(target.key);
    if (it == objects.end()) {
        return refusal(404, "NotFound", target.plural + " \"" + target.key.name + "\" not found");
    }
    for (const char* name : {"uid", "resourceVersion"}) {
        auto wanted = base::stringAt(options, std::string("/preconditions/") + name);
        if (wanted && wanted != base::stringAt(it->second, std::string("/metadata/") + name)) {
            return refusal(409, "Conflict", std::string("precondition failed: ") + name);
        }
    }
    Json object = it->second;
    if (base::arrayAt(object, "/metadata/finalizers").empty()) {
        erase(target.collection, target.key);
    } else {
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        object = store(target.collection, target.key, std::move(object));
    }
    return okResponse(object);
}

}  // namespace test
