#include "apiserver/field_set.h"

#include <set>
#include <utility>

#include "apiserver/schema.h"

namespace test {
namespace {

using base::Json;
using Kind = Shape::Kind;

std::string inside(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
}

std::string fieldStep(const std::string& name) {
    return "f:" + name;
}

std::string valueStep(const Json& item) {
    return "v:" + item.dump();
}

// The step of each item of a keyed list or a set.
std::string itemStep(const Shape& shape, const Json& item) {
    return shape.kind == Kind::Set ? valueStep(item) : keyStep(shape.keys, item);
}

// A label or annotation is owned by itself, a field of a struct only through what is in it.
bool isFreeMap(const std::string& path) {
    static const std::set<std::string> kMaps{"labels", "annotations", "matchLabels",
                                             "data",   "requests",    "limits"};
    return kMaps.contains(path.substr(path.rfind('.') + 1));
}

FieldSet fieldsAt(const Json& value, const std::string& path) {
    FieldSet out;
    if (!value.is_structured() || value.empty() || shapeAt(path, value).kind == Kind::Atomic) {
        out.member = true;
        return out;
    }
    auto shape = shapeAt(path, value);
    if (value.is_array()) {
        for (const auto& item : value) {
            auto child = shape.kind == Kind::Set ? FieldSet{} : fieldsAt(item, path);
            child.member = true;
            out.children[itemStep(shape, item)] = std::move(child);
        }
        return out;
    }
    for (const auto& [name, field] : value.items()) {
        auto child = fieldsAt(field, inside(path, name));
        child.member = child.member || isFreeMap(path);
        out.children[fieldStep(name)] = std::move(child);
    }
    return out;
}

// All of a new or vanished value, containers included.
FieldSet whole(const Json& value, const std::string& path) {
    auto out = fieldsAt(value, path);
    auto mark = [](auto& self, FieldSet& set) -> void {
        set.member = true;
        for (auto& [step, child] : set.children) {
            self(self, child);
        }
    };
    mark(mark, out);
    return out;
}

using Items = std::map<std::string, const Json*>;

Items itemsOf(const Shape& shape, const Json& value) {
    Items out;
    if (value.is_array()) {
        for (const auto& item : value) {
            out[itemStep(shape, item)] = &item;
        }
        return out;
    }
    for (const auto& [name, field] : value.items()) {
        out[fieldStep(name)] = &field;
    }
    return out;
}

std::string pathOf(const std::string& path, const std::string& step) {
    return step.starts_with("f:") ? inside(path, step.substr(2)) : path;
}

void compareAt(const Json& before, const Json& after, const std::string& path, FieldSet& changed,
               FieldSet& removed) {
    auto shape = shapeAt(path, after);
    bool granular = before.type() == after.type() && after.is_structured() &&
                    shape.kind != Kind::Atomic && !after.empty() && !before.empty();
    if (!granular) {
        if (!sameContent(before, after)) {
            changed = whole(after, path);
        }
        return;
    }
    auto old = itemsOf(shape, before);
    auto now = itemsOf(shape, after);
    for (const auto& [step, item] : now) {
        auto it = old.find(step);
        FieldSet inChanged;
        FieldSet inRemoved;
        if (it == old.end()) {
            inChanged = whole(*item, pathOf(path, step));
        } else {
            compareAt(*it->second, *item, pathOf(path, step), inChanged, inRemoved);
        }
        if (!inChanged.empty()) {
            changed.children[step] = std::move(inChanged);
        }
        if (!inRemoved.empty()) {
            removed.children[step] = std::move(inRemoved);
        }
    }
    for (const auto& [step, item] : old) {
        if (!now.contains(step)) {
            removed.children[step] = whole(*item, pathOf(path, step));
        }
    }
}

void mergeAt(Json& live, const Json& intent, const std::string& path);

void mergeItems(Json& live, const Json& intent, const Shape& shape, const std::string& path) {
    std::map<std::string, Json> merged;
    std::vector<std::string> order;
    for (const auto& item : live) {
        auto step = itemStep(shape, item);
        order.push_back(step);
        merged[step] = item;
    }
    std::vector<std::string> wanted;
    for (const auto& item : intent) {
        auto step = itemStep(shape, item);
        wanted.push_back(step);
        if (!merged.contains(step)) {
            order.push_back(step);
            merged[step] = item;
        } else {
            mergeAt(merged[step], item, path);
        }
    }
    live = Json::array();
    // Where nobody else has an item, the intent's order is the order.
    for (const auto& step : wanted.size() == order.size() ? wanted : order) {
        live.push_back(merged[step]);
    }
}

void mergeAt(Json& live, const Json& intent, const std::string& path) {
    auto shape = shapeAt(path, intent);
    if (live.type() != intent.type() || !intent.is_structured() || shape.kind == Kind::Atomic) {
        live = intent;
    } else if (intent.is_array()) {
        mergeItems(live, intent, shape, path);
    } else {
        for (const auto& [name, value] : intent.items()) {
            if (live.contains(name)) {
                mergeAt(live[name], value, inside(path, name));
            } else {
                live[name] = value;
            }
        }
    }
}

void pruneAt(Json& object, const FieldSet& last, const FieldSet& keep, const std::string& path) {
    if (object.is_object()) {
        for (const auto& [step, before] : last.children) {
            auto name = step.substr(2);
            if (!object.contains(name)) {
                continue;
            }
            const auto* kept = keep.child(step);
            if (kept == nullptr) {
                object.erase(name);
            } else {
                pruneAt(object[name], before, *kept, inside(path, name));
            }
        }
        return;
    }
    auto shape = shapeAt(path, object);
    if (!object.is_array() || shape.kind == Kind::Atomic) {
        return;
    }
    Json out = Json::array();
    for (auto& item : object) {
        auto step = itemStep(shape, item);
        const auto* before = last.child(step);
        const auto* kept = keep.child(step);
        if (before != nullptr && kept == nullptr) {
            continue;
        }
        if (before != nullptr && item.is_object()) {
            auto inItem = *before;
            for (const auto& name : shape.keys) {
                inItem.children.erase(fieldStep(name));
            }
            pruneAt(item, inItem, *kept, path);
        }
        out.push_back(std::move(item));
    }
    object = std::move(out);
}

}  // namespace

FieldSet FieldSet::parse(const Json& fieldsV1) {
    FieldSet out;
    if (!fieldsV1.is_object()) {
        return out;
    }
    for (const auto& [step, inner] : fieldsV1.items()) {
        if (step == ".") {
            out.member = true;
        } else {
            auto child = parse(inner);
            child.member = child.member || inner.empty();
            out.children[step] = std::move(child);
        }
    }
    return out;
}

Json FieldSet::json() const {
    Json out = Json::object();
    if (member && !children.empty()) {
        out["."] = Json::object();
    }
    for (const auto& [step, child] : children) {
        out[step] = child.json();
    }
    return out;
}

void FieldSet::add(const FieldSet& other) {
    member = member || other.member;
    for (const auto& [step, child] : other.children) {
        children[step].add(child);
    }
}

FieldSet FieldSet::minus(const FieldSet& other) const {
    FieldSet out;
    out.member = member && !other.member;
    for (const auto& [step, mine] : children) {
        const auto* theirs = other.child(step);
        auto left = theirs == nullptr ? mine : mine.minus(*theirs);
        if (!left.empty()) {
            out.children[step] = std::move(left);
        }
    }
    return out;
}

FieldSet FieldSet::common(const FieldSet& other) const {
    FieldSet out;
    out.member = member && other.member;
    for (const auto& [step, mine] : children) {
        const auto* theirs = other.child(step);
        if (theirs == nullptr) {
            continue;
        }
        auto both = mine.common(*theirs);
        if (!both.empty()) {
            out.children[step] = std::move(both);
        }
    }
    return out;
}

const FieldSet* FieldSet::child(const std::string& step) const {
    auto it = children.find(step);
    return it == children.end() ? nullptr : &it->second;
}

std::vector<std::string> FieldSet::paths(const std::string& prefix) const {
    std::vector<std::string> out;
    if (member) {
        out.push_back(prefix);
    }
    for (const auto& [step, inner] : children) {
        auto at = step.starts_with("f:") ? prefix + "." + step.substr(2)
                                         : prefix + "[" + step.substr(2) + "]";
        auto more = inner.paths(at);
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

FieldSet fieldsOf(const Json& object) {
    auto out = fieldsAt(object, "");
    out.member = false;
    return out;
}

Comparison compare(const Json& before, const Json& after) {
    Comparison out;
    if (before.is_null() || before.empty()) {
        out.changed = whole(after, "");
        out.changed.member = false;
        return out;
    }
    compareAt(before, after, "", out.changed, out.removed);
    return out;
}

void mergeIntent(Json& live, const Json& intent) {
    mergeAt(live, intent, "");
}

void prune(Json& object, const FieldSet& last, const FieldSet& keep) {
    pruneAt(object, last, keep, "");
}

bool sameContent(const Json& a, const Json& b) {
    if (a.is_object() && b.is_object()) {
        if (a.size() != b.size()) {
            return false;
        }
        for (const auto& [name, value] : a.items()) {
            auto it = b.find(name);
            if (it == b.end() || !sameContent(value, *it)) {
                return false;
            }
        }
        return true;
    }
    if (a.is_array() && b.is_array()) {
        if (a.size() != b.size()) {
            return false;
        }
        for (size_t i = 0; i < a.size(); ++i) {
            if (!sameContent(a[i], b[i])) {
                return false;
            }
        }
        return true;
    }
    return a == b;
}

}  // namespace test
