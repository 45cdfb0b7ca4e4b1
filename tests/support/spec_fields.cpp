#include "support/spec_fields.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "cli/yaml.h"

namespace test {
namespace {

using base::Json;

// Puts an object into its place in a whole spec.
using Wrap = std::function<Json(Json)>;

// What every tier of pods says in the same words is written down once, for the web tier.
std::string wordsOf(const std::string& path) {
    for (const char* tier : {"loadBalancer.", "cdn."}) {
        for (const char* shared : {"overrides", "resources"}) {
            std::string ours = std::string(tier) + shared;
            if (path.starts_with(ours + ".")) {
                return std::string("web.") + shared + path.substr(ours.size());
            }
        }
    }
    return path;
}

// Good values where those made from type and bounds break a rule of the schema.
const std::map<std::string, std::array<Json, 2>>& samples() {
    static const Json kBackup{{"name", "backup"}, {"host", "backup.example"}};
    static const Json kProvider{{"name", "a"}, {"type", "CloudFront"}, {"domain", "a.example"}};
    static const std::map<std::string, std::array<Json, 2>> kSamples{
        {"cdn.paths",
         {Json::array({{{"match", "/a"}, {"ttlSeconds", 1}}}),
          Json::array({{{"match", "/b"}, {"ttlSeconds", 1}}})}},
        {"cdn.paths[].match", {"/a", "/b/*"}},
        {"cdn.paths[].negativeTTLSeconds", {10, 20}},
        {"cdn.origins", {Json::array({{{"name", "web"}}}), Json::array({kBackup})}},
        {"cdn.origins[].name", {"a", "b"}},
        {"cdn.origins[].host", {"a.example", "b.example"}},
        {"cdn.origins[].port", {443, 8443}},
        {"cdn.providers",
         {Json::array({kProvider}), Json::array({{{"name", "b"}, {"type", "Fastly"}}})}},
        {"cdn.providers[].weight", {100, 50}},
        {"geo.dns", {"DNSEndpoint", "None"}},
        {"cdn.providers[].domain", {"a.example", "b.example"}},
        {"loadBalancer.algorithm", {"RoundRobin", "LeastConnections"}},
        {"resilience.bulkhead.maxConcurrentRequests", {10, 20}},
        {"resilience.bulkhead.maxPendingRequests", {100, 200}},
        {"web.autoscaling.maxReplicas", {5, 6}},
        {"web.env",
         {Json::array({{{"name", "A"}, {"value", "v"}}}),
          Json::array({{{"name", "B"}, {"value", "v"}}})}},
        {"web.env[].name", {"A", "B"}},
        {"web.health.path", {"/healthz", "/other"}},
        {"web.image", {"shop:1", "shop:2"}},
        {"web.overrides.podTemplatePatch",
         {R"({"spec":{"priorityClassName":"low"}})", R"({"spec":{"priorityClassName":"high"}})"}},
        {"web.overrides.tolerations",
         {Json::array({{{"key", "a"}}}), Json::array({{{"key", "b"}}})}},
        {"web.resources.limits", {Json{{"cpu", "1"}}, Json{{"cpu", "2"}}}},
        {"web.resources.requests", {Json{{"cpu", "1"}}, Json{{"cpu", "2"}}}},
        {"zones", {Json::array({{{"name", "a"}}}), Json::array({{{"name", "b"}}})}},
        {"zones[].weight", {100, 0}}};
    return kSamples;
}

// What a field cannot be without, beside what the schema calls required.
const std::map<std::string, Json>& companions() {
    static const std::map<std::string, Json> kCompanions{
        {"loadBalancer.host", {{"exposure", "Ingress"}}},
        {"cdn.origins[].name", {{"host", "a.example"}}},
        {"cdn.providers[].weight", {{"domain", "a.example"}}},
        {"cdn.origins[].port", {{"host", "a.example"}}},
        {"loadBalancer.image", {{"algorithm", "RoundRobin"}}},
        {"loadBalancer.overrides", {{"algorithm", "RoundRobin"}}},
        {"loadBalancer.replicas", {{"algorithm", "RoundRobin"}}},
        {"loadBalancer.resources", {{"algorithm", "RoundRobin"}}},
        {"loadBalancer.tlsSecretName", {{"exposure", "Ingress"}, {"host", "a"}}},
        {"web.env[].name", {{"value", "v"}}},
        {"web.overrides.tolerations[].effect", {{"key", "k"}}},
        {"web.overrides.tolerations[].operator", {{"key", "k"}}},
        {"web.overrides.tolerations[].tolerationSeconds", {{"key", "k"}, {"effect", "NoExecute"}}},
        {"web.overrides.tolerations[].value", {{"key", "k"}}}};
    return kCompanions;
}

// What stands beside an item of a list, for an item to mean anything.
const std::map<std::string, Json>& neighbours() {
    static const std::map<std::string, Json> kNeighbours{
        {"zones", {{"name", "other"}}},
        {"cdn.providers", {{"name", "other"}, {"type", "Fastly"}, {"domain", "o.example"}}}};
    return kNeighbours;
}

// What a rule of the schema requires.
bool isRequiredByRule(const std::string& path) {
    static const std::set<std::string> kPaths{"cdn.origins[].host",
                                              "loadBalancer.host",
                                              "web.env[].value",
                                              "web.env[].valueFrom.configMapKeyRef",
                                              "web.env[].valueFrom.secretKeyRef",
                                              "web.overrides.tolerations[].key"};
    return kPaths.contains(wordsOf(path));
}

// Objects that say something by being there, whatever is in them.
bool isSwitch(const std::string& path) {
    static const std::set<std::string> kPaths{
        "resilience.circuitBreaker", "resilience.degradation.staticResponse", "resilience.retry"};
    return kPaths.contains(path);
}

bool isRequired(const Json& object, const std::string& name) {
    const auto& required = base::arrayAt(object, "/required");
    return std::find(required.begin(), required.end(), Json(name)) != required.end();
}

Json minimal(const Json& object, const std::string& path, size_t which);

Json sample(const Json& field, const std::string& path, size_t which) {
    auto known = samples().find(wordsOf(path));
    if (known != samples().end()) {
        return known->second.at(which);
    }
    auto type = base::stringAt(field, "/type").value_or("");
    if (const auto* values = base::at(field, "/enum")) {
        return values->at(which % values->size());
    }
    if (type == "integer") {
        auto first =
            base::intAt(field, "/default").value_or(base::intAt(field, "/minimum").value_or(0));
        return first + static_cast<int64_t>(which);
    }
    if (type == "boolean") {
        bool first = base::boolAt(field, "/default").value_or(false);
        return which == 0 ? first : !first;
    }
    if (type == "array") {
        return Json::array({sample(field.at("items"), path + "[]", which)});
    }
    if (type == "object" && field.contains("properties")) {
        return minimal(field, path, which);
    }
    std::string text = which == 0 ? "a" : "b";
    return type == "object" ? Json{{"key", text}} : Json(text);
}

// The object with what is required of it.
Json minimal(const Json& object, const std::string& path, size_t which) {
    Json out = Json::object();
    for (const auto& [name, field] : object.at("properties").items()) {
        if (isRequired(object, name)) {
            out[name] = sample(field, path.empty() ? name : path + "." + name, which);
        }
    }
    return out;
}

// With one of its fields, and not as it is by default.
Json changed(const Json& object, const std::string& path) {
    auto first = object.at("properties").begin();
    return {{first.key(), sample(first.value(), path + "." + first.key(), 1)}};
}

class Walk {
  public:
    std::vector<SpecField> fields;

    void object(const Json& schema, const std::string& path, const Wrap& wrap) {
        for (const auto& [name, child] : schema.at("properties").items()) {
            std::string at = path.empty() ? name : path + "." + name;
            Json beside = minimal(schema, path, 0);
            auto extra = companions().find(wordsOf(at));
            if (extra != companions().end()) {
                beside.update(extra->second);
            }
            visit(child, at, isRequired(schema, name),
                  [wrap, beside, name = name](const std::optional<Json>& value) {
                      Json whole = beside;
                      whole.erase(name);
                      if (value) {
                          whole[name] = *value;
                      }
                      return wrap(whole);
                  });
        }
    }

  private:
    using Put = std::function<Json(const std::optional<Json>&)>;

    void visit(const Json& field, const std::string& path, bool required, const Put& put) {
        auto within = [put](Json inner) { return put(inner); };
        auto inList = [put, path](Json item) {
            Json list = Json::array({std::move(item)});
            auto beside = neighbours().find(path);
            if (beside != neighbours().end()) {
                list.push_back(beside->second);
            }
            return put(list);
        };
        const auto* items = base::at(field, "/items/properties");
        if (field.contains("properties")) {
            object(field, path, within);
        } else if (items != nullptr) {
            object(field.at("items"), path + "[]", inList);
        }
        // An object that may be empty means something by its fields only.
        bool structure = field.contains("properties") && !field.contains("required");
        if (structure) {
            if (isSwitch(path)) {
                fields.push_back({.path = path,
                                  .specs = {put(Json::object()), put(changed(field, path))},
                                  .without = put(std::nullopt)});
            }
            return;
        }
        SpecField out{.path = path,
                      .specs = {put(sample(field, path, 0)), put(sample(field, path, 1))},
                      .without = std::nullopt,
                      .beginsWithDefault = field.contains("default") &&
                                           sample(field, path, 0) == field.at("default")};
        if (!required && !isRequiredByRule(path)) {
            out.without = put(std::nullopt);
        }
        fields.push_back(std::move(out));
    }
};

}  // namespace

bool isAboutChildren(const SpecField& field) {
    return field.path != "management" && !field.path.starts_with("cdn.providers") &&
           !field.path.starts_with("geo");
}

Json specSchema(const std::string& folder) {
    std::ostringstream text;
    text << std::ifstream(folder + "/scalableapps.yaml").rdbuf();
    auto documents = cli::parseYaml(text.str());
    if (!documents) {
        throw std::runtime_error(folder + ": " + documents.error().message);
    }
    return documents->front()
        .value.at("spec")
        .at("versions")
        .at(0)
        .at("schema")
        .at("openAPIV3Schema")
        .at("properties")
        .at("spec");
}

std::vector<SpecField> specFields(const Json& schema) {
    Walk walk;
    walk.object(schema, "", [](Json spec) { return spec; });
    return std::move(walk.fields);
}

}  // namespace test
