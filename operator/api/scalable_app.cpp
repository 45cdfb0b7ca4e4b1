#include "api/scalable_app.h"

#include <algorithm>
#include <set>

#include "api/fields.h"

namespace api {
namespace {

constexpr int64_t kMaxReplicas = 1000;
constexpr size_t kMaxName = 40;
constexpr TextBounds kReference{1, 253};

bool isOneOf(char c, const char* others) {
    return std::string(others).find(c) != std::string::npos;
}
bool isLower(char c) {
    return c >= 'a' && c <= 'z';
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return isLower(c) || (c >= 'A' && c <= 'Z');
}

bool validAppName(const std::string& name) {
    return !name.empty() && name.size() <= kMaxName && isLower(name.front()) &&
           name.back() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
               return isLower(c) || isDigit(c) || c == '-';
           });
}

bool validEnvName(const std::string& name) {
    return !name.empty() && !isDigit(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return isLetter(c) || isDigit(c) || isOneOf(c, "_.-"); });
}

// What a URL's path and query may have, without what ends a word of a proxy's configuration.
bool validHealthPath(const std::string& path) {
    return path.starts_with('/') && std::all_of(path.begin(), path.end(), [](char c) {
               return isLetter(c) || isDigit(c) || isOneOf(c, "-._~!&()*+,=:@%/?");
           });
}

std::optional<KeyReference> readKey(Fields& from, const char* name) {
    std::optional<KeyReference> out;
    from.object(name, [&](Fields& reference) {
        out.emplace();
        reference.requiredText("name", out->name, kReference, "name the object");
        reference.requiredText("key", out->key, kReference, "name the key within it");
    });
    return out;
}

void readEnv(Fields& web, std::vector<EnvVar>& out) {
    std::set<std::string> seen;
    web.list("env", 128, [&](Fields& item) {
        EnvVar variable;
        item.requiredText("name", variable.name, {1, 256}, "name the variable");
        item.text("value", variable.value, {0, 32768});
        bool from = false;
        item.object("valueFrom", [&](Fields& source) {
            from = true;
            variable.secretKeyRef = readKey(source, "secretKeyRef");
            variable.configMapKeyRef = readKey(source, "configMapKeyRef");
            source.rule(variable.secretKeyRef.has_value() != variable.configMapKeyRef.has_value(),
                        "`valueFrom` must have exactly one of `secretKeyRef` and "
                        "`configMapKeyRef`");
        });
        item.rule(variable.value.has_value() != from,
                  "an environment variable must have exactly one of `value` and `valueFrom`");
        item.rule(validEnvName(variable.name),
                  "`name` of an environment variable must consist of letters, digits, '_', '-' or "
                  "'.', and may not begin with a digit");
        item.unique(variable.name, seen);
        out.push_back(std::move(variable));
    });
}

void readAutoscaling(Fields& from, Autoscaling& out) {
    from.integer("minReplicas", out.minReplicas, 1, kMaxReplicas);
    from.require("maxReplicas", "say how many pods there may be at most");
    from.integer("maxReplicas", out.maxReplicas, 1, kMaxReplicas);
    from.integer("targetCPUUtilizationPercent", out.targetCPUUtilizationPercent, 1, 100);
    from.integer("scaleDownStabilizationSeconds", out.scaleDownStabilizationSeconds, 0, 3600);
    from.rule(out.minReplicas <= out.maxReplicas,
              "`minReplicas` must not be greater than `maxReplicas`: raise `maxReplicas` or lower "
              "`minReplicas`");
}

void readWeb(Fields& from, Web& out) {
    from.requiredText("image", out.image, {1, 512}, "name the container image of the application");
    from.rule(out.image.find_first_of(" \t\r\n\v\f") == std::string::npos,
              "`image` must be an image reference without spaces, for example `shop:1`");
    from.texts("command", out.command, 64, 4096);
    from.texts("args", out.args, 64, 4096);
    from.integer("port", out.port, 1, 65535);
    readEnv(from, out.env);
    from.object("resources", [&](Fields& resources) { readResources(resources, out.resources); });
    from.integer("replicas", out.replicas, 0, kMaxReplicas);
    from.object("autoscaling",
                [&](Fields& scaling) { readAutoscaling(scaling, out.autoscaling.emplace()); });
    from.rule(!(out.replicas && out.autoscaling),
              "`replicas` may not be set together with `autoscaling`: remove one of them");
    from.object("health", [&](Fields& health) {
        health.text("path", out.health.path, {1, 1024});
        if (!validHealthPath(out.health.path)) {
            health.problem().add(health.pathOf("path") +
                                 ": Invalid value: " + base::dumpJson(out.health.path) +
                                 ": `path` must begin with '/' and consist of letters, digits and "
                                 "-._~!&()*+,=:@%/? ; write any other character as '%' and two "
                                 "hexadecimal digits");
        }
        health.integer("startupSeconds", out.health.startupSeconds, 1, 3600);
    });
    from.integer("drainSeconds", out.drainSeconds, 0, 3600);
    from.object("overrides", [&](Fields& overrides) { readOverrides(overrides, out.overrides); });
}

// The autoscaler of each zone keeps at least one pod.
bool fitsZones(const ScalableApp& app) {
    return !app.web.autoscaling || app.web.autoscaling->maxReplicas >= activeZones(app.zones);
}

void readSpec(Fields& spec, ScalableApp& out) {
    std::string management = "Manage";
    spec.oneOf("management", management, {"Manage", "Observe"});
    out.management = management == "Observe" ? Management::Observe : Management::Manage;
    spec.integer("progressDeadlineSeconds", out.progressDeadlineSeconds, 30, 86400);
    if (spec.require("web", "describe the web tier, at least its `image`") != nullptr) {
        spec.object("web", [&](Fields& web) { readWeb(web, out.web); });
    }
    readZones(spec, out.name, out.zones);
    readLoadBalancer(spec, out.loadBalancer);
    readResilience(spec, out.loadBalancer, out.resilience);
    readCdn(spec, out.cdn);
    readGeo(spec, out.geo);
    spec.rule(
        out.loadBalancer.algorithm != Algorithm::WeightedRoundRobin || !out.zones.empty(),
        "`loadBalancer.algorithm: WeightedRoundRobin` needs `zones`: it goes by their weights");
    spec.rule(fitsZones(out),
              "`web.autoscaling.maxReplicas` must not be less than the number of `zones` with a "
              "`weight` above 0: raise it or drain zones");
}

void readMetadata(const base::Json& object, Problem& problem, ScalableApp& out) {
    out.namespace_ = base::stringAt(object, "/metadata/namespace").value_or(out.namespace_);
    out.name = base::stringAt(object, "/metadata/name").value_or("");
    out.uid = base::stringAt(object, "/metadata/uid").value_or("");
    out.generation = base::intAt(object, "/metadata/generation").value_or(0);
    if (!validAppName(out.name)) {
        problem.add(
            "metadata.name must be at most 40 lower-case letters, digits or '-', begin with a "
            "letter and end with a letter or digit: names of Services are made from it (value: \"" +
            out.name + "\")");
    }
}

}  // namespace

base::Result<ScalableApp> parseScalableApp(const base::Json& object, UnknownFields unknown) {
    Problem problem;
    problem.refuseUnknown = unknown == UnknownFields::Refuse;
    ScalableApp out;
    Fields root(object, "", problem);
    for (const auto& [field, expected] :
         {std::pair{"apiVersion", kApiVersion}, std::pair{"kind", kKind}}) {
        std::string value = expected;
        root.oneOf(field, value, {expected});
    }
    root.find("metadata");
    root.find("status");
    readMetadata(object, problem, out);
    if (root.require("spec", "say what is wanted, at least `web.image`") != nullptr) {
        root.object("spec", [&](Fields& spec) { readSpec(spec, out); });
    }
    root.end();
    if (problem.found()) {
        return base::fail(problem.text);
    }
    out.conditions = parseConditions(base::arrayAt(object, "/status/conditions"));
    return out;
}

}  // namespace api
