#include "simulation/cluster.h"

#include <map>
#include <optional>
#include <set>

#include "apiserver/target.h"
#include "base/json.h"
#include "simulation/kinds.h"

namespace simulation {
namespace {

using base::Json;

constexpr uint64_t kMostParents = 3;
constexpr uint64_t kMostChildren = 4;

std::string text(const Json& object, const char* pointer) {
    return base::stringAt(object, pointer).value_or("");
}

}  // namespace

void Cluster::said(const std::string& what) {
    world_.trace("people: " + what + " @" + network_.server().version());
    network_.changed();
}

std::optional<kube::ObjectKey> Cluster::any(const kube::ResourceType& type) {
    auto all = network_.server().all(type);
    if (all.empty()) {
        return std::nullopt;
    }
    return test::keyOf(all[world_.below(all.size())]);
}

void Cluster::act() {
    switch (world_.below(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return putParent();
        case 4:
            return dropParent(false);
        case 5:
            return dropParent(true);
        case 6:
            return editChild();
        case 7:
            return dropChild(true);
        default:
            return dropChild(false);
    }
}

void Cluster::putParent() {
    std::string name(1, static_cast<char>('a' + world_.below(kMostParents)));
    auto count = world_.below(kMostChildren);
    auto value = std::to_string(world_.below(3));
    Json parent{{"metadata", {{"namespace", kNamespace}, {"name", name}}},
                {"spec", {{"count", count}, {"value", value}}}};
    auto before = network_.server().find(kParents, {kNamespace, name});
    if (before && before->contains("status")) {
        parent["status"] = (*before)["status"];
    }
    network_.server().put(kParents, parent);
    said("parent " + name + " asks for " + std::to_string(count) + " of " + value);
}

void Cluster::dropParent(bool again) {
    if (auto key = any(kParents)) {
        network_.server().drop(kParents, *key);
        said("parent " + key->name + " is deleted");
        if (again) {
            Json parent{{"metadata", {{"namespace", kNamespace}, {"name", key->name}}},
                        {"spec", {{"count", world_.below(kMostChildren)}, {"value", "again"}}}};
            network_.server().put(kParents, parent);
            said("parent " + key->name + " is made anew");
        }
    }
}

void Cluster::editChild() {
    if (auto key = any(kChildren)) {
        network_.server().edit(kChildren, *key, [](Json& child) { child["data"]["value"] = "x"; });
        said("child " + key->name + " is meddled with");
    }
}

void Cluster::dropChild(bool stranger) {
    if (auto key = any(kChildren)) {
        network_.server().drop(kChildren, *key);
        if (stranger) {
            network_.server().put(kChildren,
                                  {{"metadata", {{"namespace", kNamespace}, {"name", key->name}}},
                                   {"data", {{"value", "a stranger's"}}}});
        }
        said("child " + key->name + " is deleted" + (stranger ? ", its name taken" : ""));
    }
}

void Cluster::tidy() {
    for (const auto& child : network_.server().all(kChildren)) {
        if (base::arrayAt(child, "/metadata/ownerReferences").empty()) {
            network_.server().drop(kChildren, test::keyOf(child));
            said("the stranger " + text(child, "/metadata/name") + " goes");
        }
    }
}

std::string Cluster::wrong() const {
    std::map<std::string, std::string> expected;  // "uid value" by name
    for (const auto& parent : network_.server().all(kParents)) {
        auto name = text(parent, "/metadata/name");
        auto count = base::intAt(parent, "/spec/count").value_or(0);
        for (int64_t i = 0; i < count; ++i) {
            expected[name + "-" + std::to_string(i)] =
                text(parent, "/metadata/uid") + " " + text(parent, "/spec/value");
        }
        if (base::intAt(parent, "/status/ready") != count ||
            base::intAt(parent, "/status/observedGeneration") !=
                base::intAt(parent, "/metadata/generation")) {
            return "the status of " + name + " is " + parent.value("status", Json()).dump();
        }
    }
    auto children = network_.server().all(kChildren);
    for (const auto& child : children) {
        auto name = text(child, "/metadata/name");
        auto is = text(child, "/metadata/ownerReferences/0/uid") + " " + text(child, "/data/value");
        auto want = expected.find(name);
        if (want == expected.end() || want->second != is) {
            return "child " + name + " is \"" + is + "\", wanted is \"" +
                   (want == expected.end() ? "nothing" : want->second) + "\"";
        }
    }
    return children.size() == expected.size()
               ? ""
               : std::to_string(expected.size() - children.size()) + " children are missing";
}

}  // namespace simulation
