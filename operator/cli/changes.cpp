#include "cli/changes.h"

#include <algorithm>

#include "plan/diff.h"
#include "plan/web_resize.h"

namespace cli {
namespace {

constexpr size_t kLongest = 60;

std::string shown(const base::Json& value) {
    std::string out = base::dumpJson(value);
    return out.size() <= kLongest ? out : out.substr(0, kLongest) + "...";
}

// What tells the entries of a list apart: the merge keys of the kinds that the operator makes.
std::string entryKey(const base::Json& entry) {
    for (const char* key : {"name", "uid", "containerPort", "port", "topologyKey", "type", "key"}) {
        auto found = entry.is_object() ? entry.find(key) : entry.end();
        if (entry.is_object() && found != entry.end() && found->is_primitive()) {
            return found->is_string() ? found->get<std::string>() : base::dumpJson(*found);
        }
    }
    return "";
}

const base::Json* entryWith(const base::Json& list, const std::string& key) {
    auto found = std::find_if(list.begin(), list.end(),
                              [&](const base::Json& entry) { return entryKey(entry) == key; });
    return found == list.end() ? nullptr : &*found;
}

void compare(const std::string& path, const base::Json& intent, const base::Json* live,
             std::vector<FieldChange>& out);

void compareMaps(const std::string& path, const base::Json& intent, const base::Json& live,
                 std::vector<FieldChange>& out) {
    for (const auto& [key, value] : intent.items()) {
        auto found = live.find(key);
        compare(path.empty() ? key : path + "." + key, value,
                found == live.end() ? nullptr : &*found, out);
    }
}

void compareLists(const std::string& path, const base::Json& intent, const base::Json& live,
                  std::vector<FieldChange>& out) {
    bool keyed = !intent.empty() && std::none_of(intent.begin(), intent.end(),
                                                 [](const auto& e) { return entryKey(e).empty(); });
    if (!keyed) {
        out.push_back({path, shown(live), shown(intent)});
        return;
    }
    for (const auto& entry : intent) {
        auto key = entryKey(entry);
        compare(path + "[" + key + "]", entry, entryWith(live, key), out);
    }
    for (const auto& entry : live) {
        auto key = entryKey(entry);
        if (!key.empty() && entryWith(intent, key) == nullptr) {
            out.push_back({path + "[" + key + "]", shown(entry), ""});
        }
    }
}

void compare(const std::string& path, const base::Json& intent, const base::Json* live,
             std::vector<FieldChange>& out) {
    if (live == nullptr) {
        out.push_back({path, "", shown(intent)});
    } else if (nlohmann::json(intent) == nlohmann::json(*live)) {
        return;
    } else if (intent.is_object() && live->is_object()) {
        compareMaps(path, intent, *live, out);
    } else if (intent.is_array() && live->is_array()) {
        compareLists(path, intent, *live, out);
    } else {
        out.push_back({path, shown(*live), shown(intent)});
    }
}

std::string pods(int64_t count) {
    return std::to_string(count) + (count == 1 ? " pod" : " pods");
}

constexpr const char* kReplicas = "spec.replicas";
constexpr const char* kMarks[] = {plan::kHashAnnotation, plan::kDigestAnnotation,
                                  plan::kResizeAnnotation};

bool touches(const Change& change, const std::string& path) {
    return std::any_of(change.fields.begin(), change.fields.end(),
                       [&](const FieldChange& field) { return field.path.starts_with(path); });
}

// Which pods requests go to: the public Service's selector names the tier.
std::string movesTo(const Change& change) {
    for (const auto& field : change.fields) {
        if (field.path.starts_with("spec.selector") && field.path.ends_with("/tier")) {
            return "moves requests from tier " + field.from + " to tier " + field.to;
        }
    }
    return "";
}

std::string effectOfMaking(const Change& change, const base::Json& object) {
    if (change.kind == "Deployment") {
        auto zone = base::stringAt(object, "/metadata/labels/scalableapp.dev~1zone").value_or("");
        return zone.empty() ? "starts pods" : "starts pods in zone " + zone;
    }
    if (change.kind == "Ingress" || change.kind == "HTTPRoute") {
        return "opens the way in from outside";
    }
    return "";
}

std::string effectOf(const Change& change, const base::Json& live) {
    if (change.kind == "Service") {
        return change.action == Action::Change ? movesTo(change) : "";
    }
    if (change.action == Action::Remove &&
        (change.kind == "Ingress" || change.kind == "HTTPRoute")) {
        return "closes the way in from outside";
    }
    if (change.kind != "Deployment") {
        return "";
    }
    auto running = base::intAt(live, "/status/replicas").value_or(0);
    if (change.action == Action::Remove) {
        return "stops " + pods(running);
    }
    if (touches(change, "spec.template")) {
        return "restarts " + pods(running) + ", a few at a time";
    }
    for (const auto& field : change.fields) {
        if (field.path == kReplicas) {
            auto more = std::stoll(field.to) - std::stoll(field.from);
            return more > 0 ? "starts " + pods(more) : "stops " + pods(-more);
        }
    }
    return "";
}

struct Words {
    const char* sign;
    const char* word;
};

Words wordsOf(Action action) {
    switch (action) {
        case Action::Make:
            return {"+", "make"};
        case Action::Change:
            return {"~", "change"};
        case Action::Keep:
            return {"=", "keep"};
        case Action::Remove:
            return {"-", "remove"};
        case Action::Refuse:
            return {"!", "refuse"};
    }
    return {"?", ""};
}

}  // namespace

void addCount(Change& change, const base::Json& live, int64_t wanted) {
    auto now = base::intAt(live, "/spec/replicas").value_or(0);
    if (now == wanted || (change.action != Action::Keep && change.action != Action::Change)) {
        return;
    }
    change.action = Action::Change;
    change.fields.push_back(
        {.path = kReplicas, .from = std::to_string(now), .to = std::to_string(wanted)});
    change.effect = effectOf(change, live);
}

std::vector<FieldChange> fieldChanges(const base::Json& intent, const base::Json& live) {
    std::vector<FieldChange> out;
    compareMaps("", intent, live, out);
    // The operator's own marks say nothing to people.
    std::erase_if(out, [](const FieldChange& field) {
        return std::any_of(std::begin(kMarks), std::end(kMarks), [&](const char* mark) {
            return field.path == std::string("metadata.annotations.") + mark;
        });
    });
    return out;
}

Change changeOf(const base::Json& object, const base::Json* live, Action action) {
    Change change{.action = action,
                  .kind = base::stringAt(object, "/kind").value_or(""),
                  .name = base::stringAt(object, "/metadata/name").value_or(""),
                  .fields = {},
                  .effect = ""};
    if (action == Action::Change && live != nullptr) {
        change.fields = fieldChanges(object, *live);
    }
    if (action == Action::Change && plan::isResizing(object)) {
        change.effect = "gives " + pods(base::intAt(*live, "/status/replicas").value_or(0)) +
                        " other resources in place";
    } else if (live != nullptr) {
        change.effect = effectOf(change, *live);
    } else if (action == Action::Make) {
        change.effect = effectOfMaking(change, object);
    }
    return change;
}

std::string text(const std::string& app, const std::vector<Change>& changes) {
    std::string out = app + "\n";
    for (const auto& change : changes) {
        auto words = wordsOf(change.action);
        out += std::string("  ") + words.sign + " " + words.word + " " + change.kind + " " +
               change.name + (change.effect.empty() ? "" : ": " + change.effect) +
               (change.later ? ", as soon as what takes over serves\n" : "\n");
        for (const auto& field : change.fields) {
            out += "      " + field.path + ": " + (field.from.empty() ? "nothing" : field.from) +
                   " -> " + (field.to.empty() ? "nothing" : field.to) + "\n";
        }
    }
    return out;
}

base::Json json(const std::string& app, const std::vector<Change>& changes) {
    base::Json out = {{"app", app}, {"changes", base::Json::array()}};
    for (const auto& change : changes) {
        base::Json entry = {{"action", wordsOf(change.action).word},
                            {"kind", change.kind},
                            {"name", change.name},
                            {"effect", change.effect},
                            {"later", change.later},
                            {"fields", base::Json::array()}};
        for (const auto& field : change.fields) {
            entry["fields"].push_back(
                {{"path", field.path}, {"from", field.from}, {"to", field.to}});
        }
        out["changes"].push_back(entry);
    }
    return out;
}

}  // namespace cli
