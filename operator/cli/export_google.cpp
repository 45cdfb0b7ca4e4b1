#include <algorithm>

#include "cli/export.h"

namespace cli {
namespace {

using base::Json;

// What the API allows.
constexpr int64_t kLongestStale = 604800;
constexpr int64_t kLongestNegative = 1800;

bool isWhole(const std::string& match) {
    return match.find('*') == std::string::npos;
}

Json keyPolicy(const api::CacheKey& key) {
    Json out{{"includeHost", true},
             {"includeProtocol", true},
             {"includeQueryString", !key.query || !key.query->empty()}};
    if (key.query && !key.query->empty()) {
        out["queryStringWhitelist"] = *key.query;
    }
    if (!key.headers.empty()) {
        out["includeHttpHeaders"] = key.headers;
    }
    return out;
}

Json backend(const std::string& name) {
    return {{"name", name}, {"loadBalancingScheme", "EXTERNAL_MANAGED"}, {"protocol", "HTTPS"}};
}

Json keptBackend(const std::string& name, const api::CdnPath& path, const api::Cdn& cdn) {
    Json out = backend(name);
    int64_t negative = std::min(path.negativeTTLSeconds, kLongestNegative);
    Json policy{{"cacheMode", "CACHE_ALL_STATIC"},
                {"defaultTtl", path.ttlSeconds},
                {"maxTtl", path.ttlSeconds},
                {"clientTtl", std::min(path.clientTTLSeconds, path.ttlSeconds)},
                {"negativeCaching", negative > 0},
                {"serveWhileStale", std::min(cdn.staleIfErrorSeconds, kLongestStale)},
                {"requestCoalescing", true},
                {"cacheKeyPolicy", keyPolicy(path.cacheKey)}};
    if (negative > 0) {
        policy["negativeCachingPolicy"] =
            Json::array({{{"code", 404}, {"ttl", negative}}, {{"code", 410}, {"ttl", negative}}});
    }
    out["enableCDN"] = true;
    out["cdnPolicy"] = policy;
    return out;
}

}  // namespace

// A URL map knows whole paths and prefixes.
bool hasGoogleCloudRule(const api::CdnPath& path) {
    return isWhole(path.match) || path.match.find('*') == path.match.size() - 1;
}

std::vector<Json> googleCloudConfig(const api::ScalableApp& app, const ExportNames& names) {
    std::string rest = app.name + "-rest";
    std::vector<Json> out{backend(rest)};
    out.back()["enableCDN"] = false;
    auto routes = Json::array();
    for (size_t i = 0; i < app.cdn->paths.size(); ++i) {
        const auto& path = app.cdn->paths[i];
        if (!hasGoogleCloudRule(path)) {
            continue;
        }
        std::string name = app.name + "-path-" + std::to_string(i);
        out.push_back(keptBackend(name, path, *app.cdn));
        Json match = isWhole(path.match)
                         ? Json{{"fullPathMatch", path.match}}
                         : Json{{"prefixMatch", path.match.substr(0, path.match.size() - 1)}};
        routes.push_back({{"priority", i + 1},
                          {"matchRules", Json::array({match})},
                          {"service", "global/backendServices/" + name}});
    }
    std::string service = "global/backendServices/" + rest;
    out.push_back(
        {{"name", app.name},
         {"defaultService", service},
         {"hostRules",
          Json::array({{{"hosts", Json::array({names.host})}, {"pathMatcher", "paths"}}})},
         {"pathMatchers",
          Json::array(
              {{{"name", "paths"}, {"defaultService", service}, {"routeRules", routes}}})}});
    return out;
}

}  // namespace cli
