#include "api/crd_lint.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/json.h"

namespace lint {
namespace {

using base::Json;

constexpr size_t kMaxBytes = 200'000;

struct Exception {
    const char* rule;
    const char* field;  // after its kind
    const char* why;
};

constexpr const char* kNoPhase = "use conditions";
constexpr const char* kArrayOfStruct =
    "items of a list need a required field: what is left of an empty one tells nobody what it is";
constexpr const char* kMinLength =
    "needs `minLength`, `minItems` or `minProperties`: 0 where an empty one may be given";

constexpr const char* kOneWay = "a run goes one way and once, and drivers resume where it is";
constexpr const char* kMirror = "as in a pod's own toleration, where an empty key means every key";
constexpr const char* kWritten =
    "the chaos process alone writes it, and leaves out what is empty, a zone's name as well";

constexpr Exception kExceptions[] = {
    {kNoPhase, "ChaosRun status.phase", kOneWay},
    {kNoPhase, "ChaosRun status.phaseSince", kOneWay},
    {kNoPhase, "ChaosExperiment status.lastPhase", "of its last run, which has one"},
    {kArrayOfStruct, "ScalableApp spec.web.overrides.tolerations", kMirror},
    {kArrayOfStruct, "ScalableApp spec.loadBalancer.overrides.tolerations", kMirror},
    {kArrayOfStruct, "ScalableApp spec.cdn.overrides.tolerations", kMirror},
    {kArrayOfStruct, "ChaosSchedule spec.quietHours",
     "each bound alone makes sense, and none of them is needed beside another"},
    {kArrayOfStruct, "ChaosRun status.prediction.tiers", kWritten},
    {kArrayOfStruct, "ChaosRun status.prediction.zones", kWritten},
    {kArrayOfStruct, "ChaosRun status.effects", kWritten},
    {kArrayOfStruct, "ChaosRun status.readiness", kWritten},
    {kArrayOfStruct, "ChaosRun status.comparison", kWritten},
    {kArrayOfStruct, "ChaosRun status.timeline", kWritten},
    {kMinLength, "ScalableApp spec.web.env[].valueFrom",
     "its rule asks for exactly one of the fields, in better words"}};

bool isLetterOrDigit(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool isCamelCase(const std::string& name) {
    return !name.empty() && std::islower(static_cast<unsigned char>(name.front())) != 0 &&
           std::all_of(name.begin(), name.end(), isLetterOrDigit);
}

bool isPascalCase(const std::string& name) {
    return !name.empty() && std::isupper(static_cast<unsigned char>(name.front())) != 0 &&
           std::all_of(name.begin(), name.end(), isLetterOrDigit);
}

// A message that only states what is wrong leaves people alone with it.
bool saysWhatToDo(const std::string& message) {
    static const std::vector<std::string> kWords{"must",   "may not", "may only", "needs",
                                                 "choose", "remove",  "use `"};
    return std::any_of(kWords.begin(), kWords.end(), [&](const std::string& word) {
        return message.find(word) != std::string::npos;
    });
}

bool has(const Json& list, const Json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

// Null: nothing is there. `path` is that of a scale subresource: ".spec.web.replicas".
const Json* fieldAt(const Json& root, const std::string& path) {
    const Json* at = &root;
    for (size_t begin = 1; at != nullptr && begin < path.size();) {
        size_t end = std::min(path.find('.', begin), path.size());
        at = base::at(*at, "/properties/" + path.substr(begin, end - begin));
        begin = end + 1;
    }
    return at;
}

class Linter {
  public:
    explicit Linter(std::string kind) : kind_(std::move(kind)) {}

    // With the exceptions that nothing needs any more.
    std::vector<std::string> take() {
        for (const auto& exception : kExceptions) {
            std::string field = exception.field;
            if (field.starts_with(kind_ + " ") && !used_.contains(&exception)) {
                add(field, std::string("needs no exception from: ") + exception.rule);
            }
        }
        return std::move(breaches_);
    }

    void add(const std::string& path, const std::string& what) {
        breaches_.push_back(path + ": " + what);
    }

    void schema(const Json& field, const std::string& path, bool inItem, bool inStatus) {
        std::string type = field.value("type", "");
        if (field.value("nullable", false)) {
            add(path, "may not be nullable");
        }
        if (field.value("x-kubernetes-preserve-unknown-fields", false)) {
            add(path, "may not take unknown fields");
        }
        if (inItem && field.contains("default")) {
            add(path, "may not have a default within a list: it is a difference to every manifest");
        }
        rules(field, path);
        bounds(field, path);
        defaultFits(field, path);
        if (!inStatus) {
            leastSize(field, path);
        }
        if (type == "number") {
            add(path, "may not be a floating-point number");
        } else if (type == "string") {
            text(field, path);
        } else if (type == "integer") {
            integer(field, path, inStatus);
        } else if (type == "array") {
            array(field, path, inStatus);
        } else if (type == "object") {
            object(field, path, inItem, inStatus);
        }
    }

    void status(const Json& status) {
        if (!status.value("required", Json::array()).empty()) {
            add("status", "its fields may not be required: they are written one after the other");
        }
        conditions(status);
    }

  private:
    void unlessExcepted(const std::string& path, const char* rule) {
        for (const auto& exception : kExceptions) {
            if (exception.rule == rule && kind_ + " " + path == exception.field) {
                used_.insert(&exception);
                return;
            }
        }
        add(path, rule);
    }

    // What people write: whether an empty one is taken is to be decided. A status is written by
    // those who read it.
    void leastSize(const Json& field, const std::string& path) {
        std::string type = field.value("type", "");
        bool free = !field.contains("enum") && !field.contains("pattern") &&
                    field.value("format", "") != "date-time";
        bool needed = type == "string"  ? free && !field.contains("minLength")
                      : type == "array" ? !field.contains("minItems")
                                        : type == "object" && !field.contains("minProperties") &&
                                              field.value("required", Json::array()).empty();
        if (needed) {
            unlessExcepted(path, kMinLength);
        }
    }

    void conditions(const Json& status) {
        const auto* list = base::at(status, "/properties/conditions");
        if (list == nullptr) {
            add("status.conditions", "are missing");
            return;
        }
        bool map = list->value("x-kubernetes-list-type", "") == "map" &&
                   list->value("x-kubernetes-list-map-keys", Json()) == Json::array({"type"});
        if (!map) {
            add("status.conditions", "must be a list-map by `type`");
        }
        for (const char* name :
             {"type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"}) {
            if (base::at(*list, std::string("/items/properties/") + name) == nullptr) {
                add("status.conditions", std::string("must have `") + name + "`");
            }
        }
    }

    void rules(const Json& field, const std::string& path) {
        for (const auto& rule : field.value("x-kubernetes-validations", Json::array())) {
            if (!saysWhatToDo(rule.value("message", ""))) {
                add(path, "every rule needs a message that says what to do");
            }
        }
    }

    // Bounds that nothing can meet.
    void bounds(const Json& field, const std::string& path) {
        for (const auto& [least, most] :
             {std::pair{"minimum", "maximum"}, std::pair{"minLength", "maxLength"},
              std::pair{"minItems", "maxItems"}, std::pair{"minProperties", "maxProperties"}}) {
            if (field.contains(least) && field.contains(most) &&
                field.at(least).get<double>() > field.at(most).get<double>()) {
                add(path, std::string("`") + least + "` is above `" + most + "`");
            }
        }
    }

    void defaultFits(const Json& field, const std::string& path) {
        auto found = field.find("default");
        if (found == field.end()) {
            return;
        }
        bool fits = !field.contains("enum") || has(field.at("enum"), *found);
        if (found->is_number()) {
            fits = fits && *found >= field.value("minimum", *found) &&
                   *found <= field.value("maximum", *found);
        }
        if (found->is_string()) {
            auto size = found->get<std::string>().size();
            fits = fits && size >= field.value("minLength", size_t{0}) &&
                   size <= field.value("maxLength", size);
        }
        if (!fits) {
            add(path, "the default is none of the values that are allowed");
        }
    }

    void text(const Json& field, const std::string& path) {
        if (field.contains("enum")) {
            for (const auto& value : field.at("enum")) {
                if (!isPascalCase(value.get<std::string>())) {
                    add(path, "values of an enum are PascalCase");
                }
            }
            return;
        }
        if (!field.contains("maxLength") && field.value("format", "") != "date-time") {
            add(path, "a string needs `maxLength`");
        }
    }

    void integer(const Json& field, const std::string& path, bool inStatus) {
        if (!field.contains("format")) {
            add(path, "an integer needs `format` int32 or int64");
        }
        if (!field.contains("minimum") ||
            (!inStatus && !field.contains("maximum") && !path.ends_with("generation"))) {
            add(path, "an integer needs `minimum` and `maximum`");
        }
    }

    void array(const Json& field, const std::string& path, bool inStatus) {
        if (!field.contains("maxItems")) {
            add(path, "a list needs `maxItems`");
        }
        std::string kind = field.value("x-kubernetes-list-type", "");
        if (kind.empty()) {
            add(path, "a list needs `x-kubernetes-list-type`");
        }
        const auto& items = field.at("items");
        for (const auto& key : field.value("x-kubernetes-list-map-keys", Json::array())) {
            if (!has(items.value("required", Json::array()), key)) {
                add(path, "the key of a list-map must be required");
            }
            const auto* field_ = base::at(items, "/properties/" + key.get<std::string>());
            if (field_ == nullptr || field_->value("type", "") == "object") {
                add(path, "the key of a list-map must be a plain field of its items");
            }
        }
        if (kind == "map" && !field.contains("x-kubernetes-list-map-keys")) {
            add(path, "a list-map needs `x-kubernetes-list-map-keys`");
        }
        // Applied by two people, a list that is replaced whole loses what one of them wrote.
        bool named = has(items.value("required", Json::array()), "name");
        if (kind == "atomic" && named && !inStatus) {
            add(path, "a list of named objects is a list-map by `name`");
        }
        if (items.contains("properties") && items.value("required", Json::array()).empty()) {
            unlessExcepted(path, kArrayOfStruct);
        }
        schema(items, path + "[]", true, inStatus);
    }

    void object(const Json& field, const std::string& path, bool inItem, bool inStatus) {
        if (const auto* values = base::at(field, "/additionalProperties")) {
            if (values->value("type", "") == "object" || values->value("type", "") == "array") {
                add(path, "may not be a map of objects: make it a list with names");
            }
            if (!field.contains("maxProperties")) {
                add(path, "a map needs `maxProperties`");
            }
            if (!values->contains("maxLength")) {
                add(path, "values of a map need `maxLength`");
            }
            return;
        }
        if (!field.contains("properties")) {
            add(path, "an object needs `properties`");
            return;
        }
        for (const auto& name : field.value("required", Json::array())) {
            const auto* wanted = base::at(field, "/properties/" + name.get<std::string>());
            if (wanted == nullptr) {
                add(path, "`required` names " + name.get<std::string>() + ", which is no field");
            } else if (wanted->contains("default")) {
                add(path + "." + name.get<std::string>(),
                    "is required, so a default is never used");
            }
        }
        for (const auto& [name, child] : field.at("properties").items()) {
            std::string at = path + "." + name;
            if (child.value("description", "").size() < 5) {
                add(at, "needs a description");
            }
            if (!isCamelCase(name)) {
                add(at, "names are camelCase");
            }
            if (name.ends_with("Timestamp")) {
                add(at, "a point in time ends with `Time`");
            }
            if (name.ends_with("Reference") || name.ends_with("References")) {
                add(at, "a reference ends with `Ref` or `Refs`");
            }
            if (name.find("phase") != std::string::npos ||
                name.find("Phase") != std::string::npos) {
                unlessExcepted(at, kNoPhase);
            }
            if (!inStatus && (name.ends_with("Duration") || name.ends_with("Timeout"))) {
                add(at, "a duration is an integer with its unit in the name");
            }
            schema(child, at, inItem, inStatus);
        }
    }

    std::string kind_;
    std::vector<std::string> breaches_;
    std::set<const Exception*> used_;
};

void scale(const Json& version, const Json& root, Linter& linter) {
    const auto* subresource = base::at(version, "/subresources/scale");
    if (subresource == nullptr) {
        return;
    }
    for (const auto& [name, type] :
         {std::pair{"specReplicasPath", "integer"}, std::pair{"statusReplicasPath", "integer"},
          std::pair{"labelSelectorPath", "string"}}) {
        const auto* field = fieldAt(root, subresource->value(name, ""));
        if (field == nullptr || field->value("type", "") != type) {
            linter.add(std::string("subresources.scale.") + name,
                       std::string("must lead to a field of type ") + type);
        }
    }
}

void columns(const Json& version, Linter& linter) {
    bool age = false;
    for (const auto& column : base::arrayAt(version, "/additionalPrinterColumns")) {
        auto name = column.value("name", "");
        age = age || name == "Age";
        if (column.value("description", "").size() < 5) {
            linter.add("additionalPrinterColumns." + name, "needs a description");
        }
    }
    if (!age) {
        linter.add("additionalPrinterColumns", "the age is missing");
    }
}

}  // namespace

std::vector<std::string> lintCrd(const Json& crd, size_t bytes) {
    Linter linter(base::textAt(crd, "/spec/names/kind"));
    if (bytes >= kMaxBytes) {
        linter.add("file", "must be smaller than 200 kB: kubectl apply keeps it in an annotation");
    }
    for (const auto& version : base::arrayAt(crd, "/spec/versions")) {
        if (base::at(version, "/subresources/status") == nullptr) {
            linter.add("subresources", "`status` is missing");
        }
        columns(version, linter);
        const auto* root = base::at(version, "/schema/openAPIV3Schema");
        if (root == nullptr) {
            linter.add("schema", "is missing");
            continue;
        }
        scale(version, *root, linter);
        for (const char* part : {"spec", "status"}) {
            const auto* field = base::at(*root, std::string("/properties/") + part);
            if (field == nullptr) {
                linter.add(part, "is missing");
                continue;
            }
            linter.schema(*field, part, false, std::string(part) == "status");
        }
        if (const auto* status = base::at(*root, "/properties/status")) {
            linter.status(*status);
        }
    }
    return linter.take();
}

}  // namespace lint
