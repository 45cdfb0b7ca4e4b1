#include "api/crd_lint.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace lint {
namespace {

using base::Json;

constexpr size_t kMaxBytes = 200'000;

class Linter {
  public:
    std::vector<std::string> take() { return std::move(breaches_); }

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

  private:
    void rules(const Json& field, const std::string& path) {
        for (const auto& rule : field.value("x-kubernetes-validations", Json::array())) {
            if (rule.value("message", "").size() < 10) {
                add(path, "every rule needs a message that says what to do");
            }
        }
    }

    void text(const Json& field, const std::string& path) {
        if (field.contains("enum")) {
            for (const auto& value : field.at("enum")) {
                auto first = static_cast<unsigned char>(value.get<std::string>().front());
                if (std::isupper(first) == 0) {
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
            auto required = items.value("required", Json::array());
            if (std::find(required.begin(), required.end(), key) == required.end()) {
                add(path, "the key of a list-map must be required");
            }
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
        for (const auto& [name, child] : field.at("properties").items()) {
            std::string at = path + "." + name;
            if (child.value("description", "").size() < 5) {
                add(at, "needs a description");
            }
            if (std::islower(static_cast<unsigned char>(name.front())) == 0) {
                add(at, "names are camelCase");
            }
            if (!inStatus && name == "phase") {
                add(at, "use conditions");
            }
            if (!inStatus && (name.ends_with("Duration") || name.ends_with("Timeout"))) {
                add(at, "a duration is an integer with its unit in the name");
            }
            schema(child, at, inItem, inStatus);
        }
    }

    std::vector<std::string> breaches_;
};

}  // namespace

std::vector<std::string> lintCrd(const Json& crd, size_t bytes) {
    Linter linter;
    if (bytes >= kMaxBytes) {
        linter.add("file", "must be smaller than 200 kB: kubectl apply keeps it in an annotation");
    }
    for (const auto& version : base::arrayAt(crd, "/spec/versions")) {
        if (base::at(version, "/subresources/status") == nullptr) {
            linter.add("subresources", "`status` is missing");
        }
        bool age = false;
        for (const auto& column : base::arrayAt(version, "/additionalPrinterColumns")) {
            age = age || column.value("name", "") == "Age";
        }
        if (!age) {
            linter.add("additionalPrinterColumns", "the age is missing");
        }
        const auto* root = base::at(version, "/schema/openAPIV3Schema");
        if (root == nullptr) {
            linter.add("schema", "is missing");
            continue;
        }
        for (const char* part : {"spec", "status"}) {
            const auto* field = base::at(*root, std::string("/properties/") + part);
            if (field == nullptr) {
                linter.add(part, "is missing");
                continue;
            }
            linter.schema(*field, part, false, std::string(part) == "status");
        }
        if (const auto* status = base::at(*root, "/properties/status")) {
            linter.conditions(*status);
        }
    }
    return linter.take();
}

}  // namespace lint
