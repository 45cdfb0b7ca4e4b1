#include "apiserver/validate.h"

#include <algorithm>

#include "apiserver/field_set.h"
#include "apiserver/schema.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

HttpResponse invalid(const Target& target, const std::vector<Cause>& causes) {
    auto kind = kindOf(target.plural);
    std::string message = (kind.empty() ? target.plural : kind) + " \"" + target.key.name +
                          "\" is invalid: " + causes.front().field + ": " + causes.front().message;
    return refusal(422, "Invalid", message, causes);
}

// Lower-case letters, digits, '-' and '.', and none of the latter at the ends.
bool isName(const std::string& name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), allowed) &&
           name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
}

std::optional<HttpResponse> checkSelector(const Target& target, const Json& object) {
    const auto* wanted = base::at(object, "/spec/selector/matchLabels");
    const auto* labels = base::at(object, "/spec/template/metadata/labels");
    if (target.plural != "deployments" || wanted == nullptr || labels == nullptr) {
        return std::nullopt;
    }
    for (const auto& [name, value] : wanted->items()) {
        if (!labels->contains(name) || (*labels)[name] != value) {
            return invalid(target, {{"spec.template.metadata.labels",
                                     "Invalid value: " + labels->dump() +
                                         ": `selector` does not match template `labels`",
                                     "FieldValueInvalid"}});
        }
    }
    return std::nullopt;
}

bool isUnconditional(const Target& target) {
    return target.plural != "leases" && !isCustom(target.apiVersion);
}

// What a pod's containers may use has a door of its own, and is never taken away again.
std::optional<HttpResponse> checkResources(const Target& target, const Json& object,
                                           const Json& live) {
    const auto& had = base::arrayAt(live, "/spec/containers");
    const auto& has = base::arrayAt(object, "/spec/containers");
    for (size_t i = 0; target.plural == "pods" && i < std::min(had.size(), has.size()); ++i) {
        const auto before = had[i].value("resources", Json::object());
        const auto after = has[i].value("resources", Json::object());
        if (target.subresource.empty() && !sameContent(before, after)) {
            return invalid(target, {{"spec",
                                     "Forbidden: pod updates may not change fields other than "
                                     "`spec.containers[*].image`",
                                     "FieldValueForbidden"}});
        }
        for (const char* part : {"limits", "requests"}) {
            const auto amounts = before.value(part, Json::object());
            for (const auto& item : amounts.items()) {
                if (!after.value(part, Json::object()).contains(item.key())) {
                    return invalid(
                        target, {{"spec.containers[" + std::to_string(i) + "].resources." + part,
                                  "Forbidden: resource " + std::string(part) + " cannot be removed",
                                  "FieldValueForbidden"}});
                }
            }
        }
    }
    return std::nullopt;
}

std::optional<HttpResponse> checkFinalizers(const Target& target, const Json& object,
                                            const Json& live) {
    if (base::at(live, "/metadata/deletionTimestamp") == nullptr) {
        return std::nullopt;
    }
    const auto& had = base::arrayAt(live, "/metadata/finalizers");
    for (const auto& finalizer : base::arrayAt(object, "/metadata/finalizers")) {
        if (std::find(had.begin(), had.end(), finalizer) == had.end()) {
            return invalid(target, {{"metadata.finalizers",
                                     "Forbidden: no new finalizers can be added if the object is "
                                     "being deleted, found new finalizers",
                                     "FieldValueForbidden"}});
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<HttpResponse> validateCreate(const Target& target, const Json& object) {
    if (target.key.name.empty()) {
        return invalid(target,
                       {{"metadata.name", "Required value: name or generateName is required",
                         "FieldValueRequired"}});
    }
    if (!isName(target.key.name)) {
        return invalid(target, {{"metadata.name",
                                 "Invalid value: \"" + target.key.name +
                                     "\": a lowercase RFC 1123 subdomain must consist of lower "
                                     "case alphanumeric characters, '-' or '.'",
                                 "FieldValueInvalid"}});
    }
    return checkSelector(target, object);
}

std::optional<HttpResponse> validateUpdate(const Target& target, const Json& object,
                                           const Json& live) {
    if (base::stringAt(object, "/metadata/resourceVersion").value_or("").empty() &&
        !isUnconditional(target)) {
        return invalid(
            target, {{"metadata.resourceVersion",
                      "Invalid value: 0: must be specified for an update", "FieldValueInvalid"}});
    }
    if (auto refused = checkFinalizers(target, object, live)) {
        return refused;
    }
    if (auto refused = checkResources(target, object, live)) {
        return refused;
    }
    if (target.plural == "deployments" && target.subresource.empty()) {
        const auto* had = base::at(live, "/spec/selector");
        const auto* has = base::at(object, "/spec/selector");
        if (had != nullptr && has != nullptr && !sameContent(*had, *has)) {
            return invalid(target, {{"spec.selector", "Invalid value: field is immutable",
                                     "FieldValueInvalid"}});
        }
    }
    return checkSelector(target, object);
}

std::optional<HttpResponse> validateApply(const Target& target, const Json& intent) {
    if (target.option("fieldManager").empty()) {
        return refusal(422, "Invalid",
                       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
                       "required for apply patch",
                       {{"fieldManager", "Required value: is required for apply patch",
                         "FieldValueRequired"}});
    }
    for (const char* field : {"/apiVersion", "/kind"}) {
        if (!base::stringAt(intent, field)) {
            return refusal(400, "BadRequest",
                           "invalid object: " + std::string(field + 1) + " must be set");
        }
    }
    if (base::at(intent, "/metadata/managedFields") != nullptr) {
        return refusal(400, "BadRequest", "metadata.managedFields must be nil");
    }
    auto name = base::stringAt(intent, "/metadata/name");
    if (name && *name != target.key.name) {
        return refusal(400, "BadRequest",
                       "the name of the object (" + *name +
                           ") does not match the name on the URL (" + target.key.name + ")");
    }
    return std::nullopt;
}

}  // namespace test
