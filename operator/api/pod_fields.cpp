#include "api/pod_fields.h"

#include <set>

#include "base/quantity.h"

namespace api {
namespace {

constexpr TextBounds kReference{1, 253};

// What the schema's pattern takes: no sign, no exponent, digits on both sides of a point.
bool plainQuantity(const std::string& text) {
    auto isDigit = [&](size_t at) {
        return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    const size_t point = text.find('.');
    auto quantity = base::Quantity::parse(text);
    return quantity && quantity->form() != base::Quantity::Form::Exponent && isDigit(0) &&
           (point == std::string::npos || isDigit(point + 1));
}

void readQuantities(Fields& resources, const char* name, Quantities& out) {
    const auto* value = resources.find(name);
    if (value == nullptr) {
        return;
    }
    std::string path = resources.pathOf(name);
    if (!value->is_object() || value->size() > 8) {
        resources.problem().add(path + ": Invalid value: must be a map of at most 8 quantities");
        return;
    }
    for (const auto& [key, item] : value->items()) {
        std::string text = item.is_string() ? item.get<std::string>() : base::dumpJson(item);
        bool fits = (item.is_string() || item.is_number_integer()) && text.size() <= 32 &&
                    plainQuantity(text);
        if (!fits) {
            resources.problem().add(path + "." + key + ": Invalid value: " + base::dumpJson(item) +
                                    ": must be a quantity, for example 100m or 64Mi");
        }
        out[key] = std::move(text);
    }
}

void readPairs(Fields& overrides, const char* name, size_t maxLength, bool labels,
               std::vector<NameValue>& out) {
    std::set<std::string> seen;
    overrides.list(name, 32, [&](Fields& item) {
        NameValue pair;
        item.requiredText("name", pair.name, {1, 317}, "name it");
        item.require("value", "give it a value");
        item.text("value", pair.value, {0, maxLength});
        bool reserved = pair.name.starts_with("scalableapp.dev/") ||
                        pair.name.starts_with("app.kubernetes.io/");
        item.rule(!labels || !reserved,
                  "labels of `scalableapp.dev/` and `app.kubernetes.io/` belong to the operator: "
                  "choose another prefix");
        item.unique(pair.name, seen);
        out.push_back(std::move(pair));
    });
}

void readTolerations(Fields& overrides, std::vector<Toleration>& out) {
    overrides.list("tolerations", 32, [&](Fields& item) {
        Toleration toleration;
        item.text("key", toleration.key, {0, 317});
        item.oneOf("operator", toleration.operator_, {"Equal", "Exists"});
        item.text("value", toleration.value, {0, 63});
        item.oneOf("effect", toleration.effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
        item.integer("tolerationSeconds", toleration.tolerationSeconds, 0, 604800);
        item.rule(!toleration.key.empty() || toleration.operator_ == "Exists",
                  "a toleration without `key` must have `operator: Exists`");
        item.rule(toleration.value.empty() || toleration.operator_ == "Equal",
                  "`value` may not be set when `operator` is `Exists`");
        out.push_back(std::move(toleration));
    });
}

void readPullSecrets(Fields& overrides, std::vector<std::string>& out) {
    std::set<std::string> seen;
    overrides.list("imagePullSecrets", 8, [&](Fields& item) {
        std::string name;
        item.requiredText("name", name, kReference, "name the Secret");
        item.unique(name, seen);
        out.push_back(std::move(name));
    });
}

}  // namespace

void readResources(Fields& resources, Resources& out) {
    readQuantities(resources, "requests", out.requests);
    readQuantities(resources, "limits", out.limits);
    for (const auto& [name, request] : out.requests) {
        auto limit = out.limits.find(name);
        auto least = base::Quantity::parse(request);
        auto most = base::Quantity::parse(limit != out.limits.end() ? limit->second : "");
        bool above = least && most && *least > *most;
        resources.rule(!above,
                       "`requests` must not be greater than `limits`: lower the request or raise "
                       "the limit");
    }
}

void readAnnotations(Fields& from, std::vector<NameValue>& out) {
    readPairs(from, "annotations", 4096, false, out);
    for (const auto& annotation : out) {
        from.rule(
            !annotation.name.starts_with("scalableapp.dev/"),
            "annotations of `scalableapp.dev/` belong to the operator: choose another prefix");
    }
}

void readOverrides(Fields& from, Overrides& out) {
    readPairs(from, "labels", 63, true, out.labels);
    readPairs(from, "annotations", 4096, false, out.annotations);
    from.textMap("nodeSelector", out.nodeSelector, 32, 63);
    readTolerations(from, out.tolerations);
    from.text("serviceAccountName", out.serviceAccountName, {0, 253});
    readPullSecrets(from, out.imagePullSecrets);
    from.text("podTemplatePatch", out.podTemplatePatch, {0, 16384});
    size_t first = out.podTemplatePatch.find_first_not_of(" \t\r\n");
    from.rule(out.podTemplatePatch.empty() ||
                  (first != std::string::npos && out.podTemplatePatch[first] == '{'),
              "`podTemplatePatch` must be a JSON object, for example "
              "'{\"spec\":{\"priorityClassName\":\"high\"}}'");
}

}  // namespace api
