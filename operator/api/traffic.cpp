#include "api/traffic.h"

#include <algorithm>
#include <set>

namespace api {
namespace {

constexpr size_t kMaxZones = 16;
// A Service's name has at most 63 characters, five of them are "-web-".
constexpr size_t kMaxNames = 58;
// It has to fit into one of HAProxy's buffers (16 KiB), beside headers. 4096 characters of any
// script in use do, of emoji three quarters.
constexpr size_t kMostAnswerBytes = 12288;

bool validZoneName(const std::string& name) {
    auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && fits(name.front()) && fits(name.back()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return fits(c) || c == '-'; });
}

bool validHost(const std::string& host) {
    size_t begin = 0;
    while (begin <= host.size()) {
        size_t end = std::min(host.find('.', begin), host.size());
        if (end - begin > 63 || !validZoneName(host.substr(begin, end - begin))) {
            return false;
        }
        begin = end + 1;
    }
    return true;
}

void readExposure(Fields& from, LoadBalancer& out) {
    static const std::vector<std::pair<std::string, Exposure>> kExposures{
        {"ClusterIP", Exposure::ClusterIP},
        {"LoadBalancer", Exposure::LoadBalancer},
        {"Ingress", Exposure::Ingress},
        {"Gateway", Exposure::Gateway}};
    std::string exposure = "ClusterIP";
    from.oneOf("exposure", exposure, {"ClusterIP", "LoadBalancer", "Ingress", "Gateway"});
    for (const auto& [name, value] : kExposures) {
        out.exposure = name == exposure ? value : out.exposure;
    }
    from.text("host", out.host, {1, 253});
    from.text("tlsSecretName", out.tlsSecretName, {1, 253});
    from.rule(out.host.empty() || validHost(out.host),
              "`host` must be a DNS name in lower case, for example `shop.example.com`");
    bool byName = out.exposure == Exposure::Ingress || out.exposure == Exposure::Gateway;
    from.rule(byName == !out.host.empty(),
              "`host` must be set when `exposure` is `Ingress` or `Gateway`, and may not be set "
              "otherwise");
    readAnnotations(from, out.annotations);
    from.rule(byName || out.tlsSecretName.empty(),
              "`tlsSecretName` may only be set when `exposure` is `Ingress` or `Gateway`");
}

std::optional<Algorithm> algorithmOf(const std::string& name) {
    for (const auto& [text, value] :
         {std::pair{"RoundRobin", Algorithm::RoundRobin},
          std::pair{"WeightedRoundRobin", Algorithm::WeightedRoundRobin},
          std::pair{"LeastConnections", Algorithm::LeastConnections},
          std::pair{"SourceIPHash", Algorithm::SourceIPHash}}) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

void readBreaker(Fields& from, CircuitBreaker& out) {
    from.integer("errorRatePercent", out.errorRatePercent, 1, 100);
    from.integer("windowSeconds", out.windowSeconds, 1, 300);
    from.integer("minimumRequests", out.minimumRequests, 1, 100000);
    from.integer("openSeconds", out.openSeconds, 1, 3600);
    from.integer("halfOpenRequests", out.halfOpenRequests, 1, 100);
}

void readAnswer(Fields& from, StaticResponse& out) {
    from.integer("statusCode", out.statusCode, 200, 599);
    from.text("body", out.body, {0, 4096});
    from.rule(out.body.size() <= kMostAnswerBytes,
              "`body` may not be longer than 12288 bytes in UTF-8: a load balancer could not give "
              "it out; shorten it");
    from.integer("retryAfterSeconds", out.retryAfterSeconds, 0, 86400);
}

}  // namespace

void readZones(Fields& spec, const std::string& appName, std::vector<Zone>& out) {
    std::set<std::string> seen;
    spec.list("zones", kMaxZones, [&](Fields& item) {
        Zone zone;
        item.requiredText("name", zone.name, {1, kMaxNames},
                          "name the zone as its nodes do in topology.kubernetes.io/zone");
        item.integer("weight", zone.weight, 0, 1000);
        item.rule(validZoneName(zone.name),
                  "`name` of a zone must consist of lower-case letters, digits or '-', and begin "
                  "and end with a letter or digit");
        item.rule(appName.size() + zone.name.size() <= kMaxNames,
                  "metadata.name and the name of a zone must have at most 58 characters together: "
                  "names of Services are made from them");
        item.unique(zone.name, seen);
        out.push_back(std::move(zone));
    });
    spec.rule(out.empty() || activeZones(out) > 0,
              "at least one of `zones` must have a `weight` above 0: with all of them drained "
              "nothing would serve");
}

void readLoadBalancer(Fields& spec, LoadBalancer& out) {
    spec.object("loadBalancer", [&](Fields& from) {
        from.text("image", out.image, {1, 512});
        std::string algorithm;
        from.oneOf("algorithm", algorithm,
                   {"RoundRobin", "WeightedRoundRobin", "LeastConnections", "SourceIPHash"});
        out.algorithm = algorithmOf(algorithm);
        from.integer("replicas", out.replicas, 2, 32);
        from.object("resources",
                    [&](Fields& resources) { readResources(resources, out.resources); });
        from.object("overrides",
                    [&](Fields& overrides) { readOverrides(overrides, out.overrides); });
        readExposure(from, out);
    });
}

void readResilience(Fields& spec, const LoadBalancer& loadBalancer, Resilience& out) {
    spec.object("resilience", [&](Fields& from) {
        from.integer("timeoutSeconds", out.timeoutSeconds, 1, 3600);
        from.object("circuitBreaker",
                    [&](Fields& breaker) { readBreaker(breaker, out.circuitBreaker.emplace()); });
        from.object("bulkhead", [&](Fields& bulkhead) {
            auto& bounds = out.bulkhead.emplace();
            bulkhead.require("maxConcurrentRequests", "say how many requests a pod may work on");
            bulkhead.integer("maxConcurrentRequests", bounds.maxConcurrentRequests, 2, 100000);
            bulkhead.integer("maxPendingRequests", bounds.maxPendingRequests, 0, 100000);
        });
        from.object("retry", [&](Fields& retry) {
            auto& again = out.retry.emplace();
            retry.integer("attempts", again.attempts, 1, 10);
            retry.integer("baseMilliseconds", again.baseMilliseconds, 0, 10000);
            retry.integer("maxMilliseconds", again.maxMilliseconds, 0, 60000);
            retry.integer("budgetPercent", again.budgetPercent, 1, 100);
            retry.rule(again.baseMilliseconds <= again.maxMilliseconds,
                       "`baseMilliseconds` must not be greater than `maxMilliseconds` (1000 when "
                       "not given): the first wait would be above the longest");
        });
        from.object("degradation", [&](Fields& degradation) {
            degradation.object("staticResponse", [&](Fields& answer) {
                readAnswer(answer, out.staticResponse.emplace());
            });
        });
        from.rule(!out.retry || !out.timeoutSeconds ||
                      out.retry->baseMilliseconds < *out.timeoutSeconds * 1000,
                  "`retry.baseMilliseconds` must be less than `timeoutSeconds`: no retry would "
                  "begin in time");
        from.rule(!out.bulkhead || !out.circuitBreaker ||
                      out.circuitBreaker->halfOpenRequests <= out.bulkhead->maxConcurrentRequests,
                  "`circuitBreaker.halfOpenRequests` must not be greater than "
                  "`bulkhead.maxConcurrentRequests`: probes would wait for each other");
    });
    spec.rule(!out.bulkhead || out.bulkhead->maxConcurrentRequests >= loadBalancer.replicas,
              "`resilience.bulkhead.maxConcurrentRequests` must not be less than "
              "`loadBalancer.replicas`: each load balancer needs a share of at least one");
}

int64_t activeZones(const std::vector<Zone>& zones) {
    return std::count_if(zones.begin(), zones.end(),
                         [](const Zone& zone) { return zone.weight > 0; });
}

}  // namespace api
