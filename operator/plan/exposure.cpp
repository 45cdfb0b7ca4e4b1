#include "plan/exposure.h"

#include <algorithm>

#include "api/condition.h"
#include "plan/children.h"
#include "plan/entry.h"
#include "plan/names.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::Exposure;
using api::ScalableApp;
using base::Json;
using namespace std::chrono_literals;

constexpr const char* kExposed = "Exposed";
constexpr const char* kPartly = "PartiallyEnforced";
// Of a Gateway of its own.
constexpr const char* kSafeListener = "https";
constexpr const char* kPlainListener = "http";
// What no watch tells of: definitions and classes that appear, a Secret that comes or goes.
constexpr auto kAskAgain = 10s;
constexpr auto kAskRarely = 60s;

const char* nameOf(Exposure exposure) {
    switch (exposure) {
        case Exposure::Ingress:
            return "Ingress";
        case Exposure::Gateway:
            return "Gateway";
        case Exposure::LoadBalancer:
            return "LoadBalancer";
        case Exposure::ClusterIP:
            break;
    }
    return "ClusterIP";
}

bool byName(const ScalableApp& app) {
    return app.loadBalancer.exposure == Exposure::Ingress ||
           app.loadBalancer.exposure == Exposure::Gateway;
}

std::string gatewayApiVersion() {
    return std::string(kGatewayGroup) + "/v1";
}

std::string redirectName(const ScalableApp& app) {
    return app.name + "-redirect";
}

// --- objects

Json ingressOf(const ScalableApp& app, const Surroundings& around) {
    const auto& spec = app.loadBalancer;
    Json backend{{"service", {{"name", app.name}, {"port", {{"name", kWebPort}}}}}};
    Json path{{"path", "/"}, {"pathType", "Prefix"}, {"backend", backend}};
    Json out = childOf(app, "networking.k8s.io/v1", "Ingress", app.name, kExposureTier);
    annotateWayIn(app, out);
    out["spec"]["rules"] =
        Json::array({{{"host", spec.host}, {"http", {{"paths", Json::array({path})}}}}});
    if (!spec.tlsSecretName.empty()) {
        out["spec"]["tls"] = Json::array(
            {{{"hosts", Json::array({spec.host})}, {"secretName", spec.tlsSecretName}}});
    }
    if (!around.ingressClass.empty()) {
        out["spec"]["ingressClassName"] = around.ingressClass;
    }
    return out;
}

Json listenerOf(const ScalableApp& app, const char* name, int64_t port, const char* protocol) {
    return {{"name", name},
            {"hostname", app.loadBalancer.host},
            {"port", port},
            {"protocol", protocol},
            {"allowedRoutes", {{"namespaces", {{"from", "Same"}}}}}};
}

Json gatewayOf(const ScalableApp& app, const Surroundings& around) {
    const auto& secret = app.loadBalancer.tlsSecretName;
    auto listeners = Json::array();
    if (!secret.empty()) {
        Json certificate{{"group", ""}, {"kind", "Secret"}, {"name", secret}};
        auto safe = listenerOf(app, kSafeListener, 443, "HTTPS");
        safe["tls"] = {{"mode", "Terminate"}, {"certificateRefs", Json::array({certificate})}};
        listeners.push_back(std::move(safe));
    }
    listeners.push_back(listenerOf(app, kPlainListener, 80, "HTTP"));
    Json out = childOf(app, gatewayApiVersion(), "Gateway", app.name, kExposureTier);
    annotateWayIn(app, out);
    out["spec"]["listeners"] = std::move(listeners);
    if (!around.gatewayClass.empty()) {
        out["spec"]["gatewayClassName"] = around.gatewayClass;
    }
    return out;
}

Json routeNamed(const ScalableApp& app, const std::string& name, Json parent, Json rule) {
    rule["matches"] = Json::array({{{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}});
    Json out = childOf(app, gatewayApiVersion(), "HTTPRoute", name, kExposureTier);
    out["spec"] = {{"parentRefs", Json::array({std::move(parent)})},
                   {"hostnames", Json::array({app.loadBalancer.host})},
                   {"rules", Json::array({std::move(rule)})}};
    return out;
}

// `listener` empty: any.
Json ownGateway(const ScalableApp& app, const char* listener) {
    Json out{{"group", kGatewayGroup}, {"kind", "Gateway"}, {"name", app.name}};
    if (*listener != '\0') {
        out["sectionName"] = listener;
    }
    return out;
}

Json routeOf(const ScalableApp& app, const Surroundings& around) {
    Json parent = ownGateway(app, app.loadBalancer.tlsSecretName.empty() ? "" : kSafeListener);
    if (!around.sharedGateway.empty()) {
        size_t slash = around.sharedGateway.find('/');
        parent = {{"group", kGatewayGroup},
                  {"kind", "Gateway"},
                  {"name", around.sharedGateway.substr(slash + 1)},
                  {"namespace", around.sharedGateway.substr(0, slash)}};
    }
    Json backend{{"group", ""},
                 {"kind", "Service"},
                 {"name", app.name},
                 {"port", kPublicPort},
                 {"weight", 1}};
    Json out = routeNamed(app, app.name, std::move(parent),
                          {{"backendRefs", Json::array({std::move(backend)})}});
    if (!around.sharedGateway.empty()) {
        annotateWayIn(app, out);
    }
    return out;
}

// Who comes by plain HTTP is told to come again.
Json redirectOf(const ScalableApp& app) {
    Json filter{{"type", "RequestRedirect"},
                {"requestRedirect", {{"scheme", "https"}, {"statusCode", 301}}}};
    return routeNamed(app, redirectName(app), ownGateway(app, kPlainListener),
                      {{"filters", Json::array({std::move(filter)})}});
}

// What stands between the spec and its objects.
std::optional<Cause> obstacle(const ScalableApp& app, const Observed& observed) {
    const auto& around = observed.around;
    if (app.loadBalancer.exposure != Exposure::Gateway || observed.assumeServing) {
        return std::nullopt;
    }
    Cause cause{.reason = "", .subject = "", .detail = "", .since = "", .needsHelp = true};
    if (!around.gatewayApi) {
        cause.reason = "GatewayAPIMissing";
        cause.subject = gatewayApiVersion();
        cause.detail =
            "the cluster does not know Gateway and HTTPRoute: install the Gateway API, or set "
            "`loadBalancer.exposure` to Ingress";
        return cause;
    }
    if (around.sharedGateway.empty() && around.gatewayClass.empty()) {
        cause.reason = "GatewayClassUnknown";
        cause.detail = around.gatewayClassProblem;
        return cause;
    }
    return std::nullopt;
}

TierIntents intents(const ScalableApp& app, const Observed& observed) {
    TierIntents out;
    out.problem = obstacle(app, observed);
    if (out.problem) {
        return out;
    }
    if (app.loadBalancer.exposure == Exposure::Ingress) {
        out.objects.push_back(ingressOf(app, observed.around));
    } else if (app.loadBalancer.exposure == Exposure::Gateway) {
        if (observed.around.sharedGateway.empty()) {
            out.objects.push_back(gatewayOf(app, observed.around));
            if (!app.loadBalancer.tlsSecretName.empty()) {
                out.objects.push_back(redirectOf(app));
            }
        }
        out.objects.push_back(routeOf(app, observed.around));
    }
    return out;
}

// --- state

std::string firstOf(const Json* object, const char* list, const std::vector<const char*>& fields) {
    if (object != nullptr) {
        for (const auto& entry : base::arrayAt(*object, list)) {
            for (const char* field : fields) {
                auto found = base::stringAt(entry, field);
                if (found && !found->empty()) {
                    return *found;
                }
            }
        }
    }
    return "";
}

std::string addressOf(const ScalableApp& app, const Observed& observed) {
    const char* platform = "/status/loadBalancer/ingress";
    switch (app.loadBalancer.exposure) {
        case Exposure::LoadBalancer:
            return firstOf(findChild(observed, "Service", app.name), platform,
                           {"/ip", "/hostname"});
        case Exposure::Ingress:
            return firstOf(findChild(observed, "Ingress", app.name), platform,
                           {"/ip", "/hostname"});
        case Exposure::Gateway:
            return firstOf(findChild(observed, "Gateway", app.name), "/status/addresses",
                           {"/value"});
        case Exposure::ClusterIP:
            break;
    }
    return "";
}

// A condition that says no, by its own generation; what is only on its way is no cause.
std::optional<Cause> refusalIn(const Json& object, const Json& holder,
                               const std::vector<const char*>& types) {
    auto generation = base::intAt(object, "/metadata/generation").value_or(0);
    for (const auto& condition : base::arrayAt(holder, "/conditions")) {
        auto type = base::stringAt(condition, "/type").value_or("");
        auto reason = base::stringAt(condition, "/reason").value_or("");
        bool named = std::any_of(types.begin(), types.end(),
                                 [&](const char* wanted) { return type == wanted; });
        bool current =
            base::intAt(condition, "/observedGeneration").value_or(generation) >= generation;
        if (named && current && reason != "Pending" &&
            base::stringAt(condition, "/status") == "False") {
            return Cause{.reason = reason,
                         .subject = base::stringAt(object, "/kind").value_or("") + " " +
                                    base::stringAt(object, "/metadata/name").value_or(""),
                         .detail = base::stringAt(condition, "/message").value_or(""),
                         .since = base::stringAt(condition, "/lastTransitionTime").value_or("")};
        }
    }
    return std::nullopt;
}

// What the Gateway's controller has against it.
std::optional<Cause> refusal(const ScalableApp& app, const Observed& observed) {
    static const Json kNone = Json::object();
    std::vector<std::pair<const Json*, std::vector<const Json*>>> places;
    if (const auto* gateway = findChild(observed, "Gateway", app.name)) {
        auto& holders = places.emplace_back(gateway, std::vector<const Json*>()).second;
        for (const auto& listener : base::arrayAt(*gateway, "/status/listeners")) {
            holders.push_back(&listener);
        }
        const auto* status = base::at(*gateway, "/status");
        holders.push_back(status == nullptr ? &kNone : status);
    }
    for (const auto& name : {app.name, redirectName(app)}) {
        if (const auto* route = findChild(observed, "HTTPRoute", name)) {
            auto& holders = places.emplace_back(route, std::vector<const Json*>()).second;
            for (const auto& parent : base::arrayAt(*route, "/status/parents")) {
                holders.push_back(&parent);
            }
        }
    }
    for (const auto& [object, holders] : places) {
        for (const auto* holder : holders) {
            auto cause = refusalIn(*object, *holder, {"Accepted", "ResolvedRefs", "Programmed"});
            if (cause) {
                return cause;
            }
        }
    }
    return std::nullopt;
}

std::optional<Cause> missingSecret(const ScalableApp& app, const Surroundings& around) {
    const auto& name = app.loadBalancer.tlsSecretName;
    if (name.empty() || around.tlsSecret != Presence::Missing) {
        return std::nullopt;
    }
    return Cause{.reason = "SecretMissing",
                 .subject = name,
                 .detail = "`loadBalancer.tlsSecretName` names no Secret in namespace " +
                           app.namespace_ + ": kubectl create secret tls " + name +
                           " --cert=FILE --key=FILE, or let an issuer of certificates make it",
                 .since = ""};
}

// Clauses of the spec that lie with the way in, and that it has no words for.
std::vector<std::string> unenforced(const ScalableApp& app, const Surroundings& around) {
    std::vector<std::string> out;
    std::string target = nameOf(app.loadBalancer.exposure);
    if (app.loadBalancer.algorithm == api::Algorithm::SourceIPHash) {
        out.push_back("`loadBalancer.algorithm: SourceIPHash`: behind a " + target +
                      " every request comes from its controller's address, not from the client's; "
                      "configure sticky sessions there, or set `exposure` to LoadBalancer");
    }
    if (app.resilience.timeoutSeconds) {
        out.push_back(
            "`resilience.timeoutSeconds`: kept by the load balancer; the controller of the " +
            target + " has a timeout of its own and may give up sooner");
    }
    if (app.loadBalancer.exposure == Exposure::Gateway && !around.sharedGateway.empty() &&
        !app.loadBalancer.tlsSecretName.empty()) {
        out.push_back(
            "`loadBalancer.tlsSecretName`: the certificate is chosen by the listener of "
            "the shared Gateway " +
            around.sharedGateway + "; set it there");
    }
    return out;
}

void tellOfClauses(const ScalableApp& app, const Surroundings& around, TierState& out) {
    if (!byName(app)) {
        return;
    }
    std::string message;
    for (const auto& clause : unenforced(app, around)) {
        message += (message.empty() ? "" : "; ") + clause;
    }
    if (!message.empty()) {
        out.conditions.push_back(
            {.type = kPartly, .value = true, .reason = "NotExpressible", .message = message});
    }
}

std::string urlOf(const ScalableApp& app, const std::string& address) {
    const auto& spec = app.loadBalancer;
    if (byName(app)) {
        return (spec.tlsSecretName.empty() ? "http://" : "https://") + spec.host;
    }
    bool ipv6 = address.find(':') != std::string::npos;
    return address.empty() ? "" : "http://" + (ipv6 ? "[" + address + "]" : address);
}

std::string progressOf(const ScalableApp& app, const Surroundings& around,
                       const std::string& address) {
    std::string out = std::string(nameOf(app.loadBalancer.exposure)) + " " + app.name;
    if (byName(app)) {
        out += " for " + urlOf(app, address);
    }
    out += address.empty() ? ", no address yet" : " at " + address;
    if (!app.loadBalancer.tlsSecretName.empty() && around.tlsSecret == Presence::Unknown &&
        app.loadBalancer.exposure == Exposure::Ingress) {
        out += "; whether Secret \"" + app.loadBalancer.tlsSecretName +
               "\" is there is not known: the operator may not look "
               "(`exposure.tlsSecretNames` in its chart)";
    }
    return out;
}

std::optional<std::chrono::milliseconds> lookAgain(const ScalableApp& app,
                                                   const Observed& observed) {
    if (obstacle(app, observed) || observed.around.tlsSecret == Presence::Missing) {
        return kAskAgain;
    }
    // There it may go; and the right to look for it may be given.
    bool certificate = !app.loadBalancer.tlsSecretName.empty() && !observed.assumeServing;
    return certificate ? std::optional<std::chrono::milliseconds>(kAskRarely) : std::nullopt;
}

TierState state(const ScalableApp& app, const Observed& observed) {
    const auto& around = observed.around;
    auto address = addressOf(app, observed);
    // The address of a shared Gateway is nobody's business here.
    bool shared = app.loadBalancer.exposure == Exposure::Gateway && !around.sharedGateway.empty();
    TierState out;
    out.cause = missingSecret(app, around);
    if (!out.cause) {
        out.cause = refusal(app, observed);
    }
    out.serving = !out.cause && (shared || !address.empty());
    out.progress = progressOf(app, around, shared ? around.sharedGateway : address);
    // Some controllers never publish an address: that alone keeps no application from being ready.
    out.doing = out.serving ? "" : "WaitingForAddress";
    out.settled = !out.cause;
    out.summary = {{"type", nameOf(app.loadBalancer.exposure)}};
    if (!address.empty()) {
        out.summary["address"] = address;
    }
    if (auto url = urlOf(app, address); !url.empty() && !obstacle(app, observed)) {
        out.endpoints = {{"public", url}};
    }
    if (app.loadBalancer.exposure == Exposure::Gateway && !shared && !around.gatewayClass.empty()) {
        out.effective["gatewayClassName"] = around.gatewayClass;
    }
    tellOfClauses(app, around, out);
    out.lookAgain = lookAgain(app, observed);
    return out;
}

// --- for people

// From outside the cluster, where a way in is asked for.
std::optional<Hop> exposureHop(const HopEvidence& seen) {
    auto type = base::stringAt(seen.app, "/status/exposure/type");
    if (!type) {
        return std::nullopt;
    }
    const auto* exposed = api::findCondition(seen.conditions, kExposed);
    Hop hop{
        .name = "outside",
        .detail = *type + " at " +
                  base::stringAt(seen.app, "/status/exposure/address").value_or("no address yet"),
        .works = exposed != nullptr && exposed->status == api::kTrue};
    for (const auto& endpoint : base::arrayAt(seen.app, "/status/endpoints")) {
        if (base::stringAt(endpoint, "/name") == "public") {
            hop.detail = base::stringAt(endpoint, "/address").value_or("") + ", " + hop.detail;
        }
    }
    return hop;
}

bool wanted(const ScalableApp& app) {
    return app.loadBalancer.exposure != Exposure::ClusterIP;
}

}  // namespace

Tier exposureTier() {
    return {.name = kExposureTier,
            .condition = kExposed,
            .alsoSets = {kPartly},
            .wanted = wanted,
            .intents = intents,
            .state = state,
            .hop = exposureHop,
            .outside = true};
}

}  // namespace plan
