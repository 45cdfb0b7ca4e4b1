#include "apiserver/managers.h"

#include <algorithm>
#include <utility>

namespace test {
namespace {

using base::Json;

Manager* find(Managers& managers, const Author& author, const std::string& operation) {
    auto it = std::find_if(managers.begin(), managers.end(), [&](const Manager& one) {
        return one.name == author.manager && one.operation == operation &&
               one.subresource == author.subresource;
    });
    return it == managers.end() ? nullptr : &*it;
}

void dropEmpty(Managers& managers) {
    std::erase_if(managers, [](const Manager& one) { return one.fields.empty(); });
}

// Top-level fields of the intent over the live object, lists and all replaced: a planted defect.
void overlay(Json& live, const Json& intent) {
    for (const auto& [name, value] : intent.items()) {
        if (value.is_object() && live.contains(name) && live[name].is_object()) {
            overlay(live[name], value);
        } else {
            live[name] = value;
        }
    }
}

std::vector<Conflict> conflictsWith(const Managers& managers, const Manager& self,
                                    const FieldSet& changed) {
    std::vector<Conflict> out;
    for (const auto& other : managers) {
        if (&other == &self) {
            continue;
        }
        for (const auto& path : other.fields.common(changed).paths()) {
            out.push_back({other.name, path});
        }
    }
    return out;
}

}  // namespace

Json ownable(Json object) {
    object.erase("apiVersion");
    object.erase("kind");
    if (!object.contains("metadata")) {
        return object;
    }
    auto& metadata = object["metadata"];
    for (const char* field : {"name", "generateName", "namespace", "uid", "resourceVersion",
                              "generation", "creationTimestamp", "deletionTimestamp",
                              "deletionGracePeriodSeconds", "managedFields", "selfLink"}) {
        metadata.erase(field);
    }
    if (metadata.empty()) {
        object.erase("metadata");
    }
    return object;
}

Managers managersOf(const Json& object) {
    Managers out;
    for (const auto& entry : base::arrayAt(object, "/metadata/managedFields")) {
        auto text = [&](const char* name) { return entry.value(name, std::string()); };
        out.push_back({text("manager"), text("operation"), text("apiVersion"), text("subresource"),
                       text("time"), FieldSet::parse(entry.value("fieldsV1", Json::object()))});
    }
    return out;
}

void setManagers(Json& object, const Managers& managers) {
    if (managers.empty()) {
        object["metadata"].erase("managedFields");
        return;
    }
    Json entries = Json::array();
    for (const auto& one : managers) {
        Json entry{{"manager", one.name},          {"operation", one.operation},
                   {"apiVersion", one.apiVersion}, {"time", one.time},
                   {"fieldsType", "FieldsV1"},     {"fieldsV1", one.fields.json()}};
        if (!one.subresource.empty()) {
            entry["subresource"] = one.subresource;
        }
        entries.push_back(std::move(entry));
    }
    object["metadata"]["managedFields"] = std::move(entries);
}

void noteUpdate(Managers& managers, const Author& author, const Comparison& changes,
                const std::string& time) {
    if (changes.changed.empty() && changes.removed.empty()) {
        return;
    }
    for (auto& one : managers) {
        one.fields = one.fields.minus(changes.removed);
        bool self = one.name == author.manager && one.operation == "Update" &&
                    one.subresource == author.subresource;
        if (!self) {
            one.fields = one.fields.minus(changes.changed);
        }
    }
    auto* self = find(managers, author, "Update");
    if (self == nullptr) {
        managers.push_back(
            {author.manager, "Update", author.apiVersion, author.subresource, time, {}});
        self = &managers.back();
    }
    self->fields.add(changes.changed);
    self->time = time;
    dropEmpty(managers);
}

AppliedIntent applyIntent(const Json& live, const Json& intent, const Author& author,
                          const ApplyRules& rules, const std::string& time) {
    AppliedIntent out{live.is_null() ? Json::object() : live, managersOf(live), {}};
    auto* self = find(out.managers, author, "Apply");
    if (self == nullptr) {
        out.managers.push_back(
            {author.manager, "Apply", author.apiVersion, author.subresource, time, {}});
        self = &out.managers.back();
    }
    auto last = self->fields;
    self->fields = fieldsOf(ownable(intent));
    if (rules.mergesLists) {
        mergeIntent(out.object, intent);
    } else {
        overlay(out.object, intent);
    }
    if (!rules.keepsAbandoned) {
        FieldSet keep = fieldsOf(intent);
        for (const auto& one : out.managers) {
            keep.add(one.fields);
        }
        prune(out.object, last, keep);
    }
    auto changes = compare(live.is_null() ? Json::object() : ownable(live), ownable(out.object));
    if (!rules.force) {
        out.conflicts = conflictsWith(out.managers, *self, changes.changed);
    }
    for (auto& one : out.managers) {
        one.fields = one.fields.minus(changes.removed);
        if (&one != self) {
            one.fields = one.fields.minus(changes.changed);
        }
    }
    bool same = self->fields == last && changes.changed.empty() && changes.removed.empty();
    if (!same) {
        self->time = time;
    }
    dropEmpty(out.managers);
    return out;
}

}  // namespace test
