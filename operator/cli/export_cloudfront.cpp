#include <algorithm>

#include "cli/export.h"

namespace cli {
namespace {

using base::Json;

Json listOf(Json items) {
    auto count = items.size();
    return {{"Quantity", count}, {"Items", std::move(items)}};
}

Json methods(bool all) {
    Json out =
        listOf(all ? Json::array({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"})
                   : Json::array({"GET", "HEAD"}));
    out["CachedMethods"] = listOf(Json::array({"GET", "HEAD"}));
    return out;
}

Json originOf(const api::CdnOrigin& origin, const ExportNames& names) {
    bool tls = origin.isWeb() || origin.usesTls();
    return {{"Id", origin.name},
            {"DomainName", origin.isWeb() ? names.origin : origin.host},
            {"CustomOriginConfig",
             {{"HTTPPort", tls ? 80 : origin.port},
              {"HTTPSPort", 443},
              {"OriginProtocolPolicy", tls ? "https-only" : "http-only"},
              {"OriginSslProtocols", listOf(Json::array({"TLSv1.2"}))}}}};
}

Json forwardedFor(const api::CdnPath& path) {
    const auto& key = path.cacheKey;
    bool query = !key.query || !key.query->empty();
    Json headers = Json::array({"Host"});
    for (const auto& header : key.headers) {
        headers.push_back(header);
    }
    Json out{{"QueryString", query},
             {"Cookies", {{"Forward", key.hasHeader("Cookie") ? "all" : "none"}}},
             {"Headers", listOf(std::move(headers))}};
    if (key.query && query) {
        out["QueryStringCacheKeys"] = listOf(Json(*key.query));
    }
    return out;
}

Json behaviour(const api::CdnPath& path, const std::string& target) {
    return {{"PathPattern", path.match},
            {"TargetOriginId", target},
            {"ViewerProtocolPolicy", "redirect-to-https"},
            {"AllowedMethods", methods(false)},
            {"Compress", true},
            {"MinTTL", 0},
            {"DefaultTTL", path.ttlSeconds},
            {"MaxTTL", path.ttlSeconds},
            {"ForwardedValues", forwardedFor(path)}};
}

// Everything goes through, nothing is kept.
Json passed(const std::string& target) {
    return {{"TargetOriginId", target},
            {"ViewerProtocolPolicy", "redirect-to-https"},
            {"AllowedMethods", methods(true)},
            {"Compress", false},
            {"MinTTL", 0},
            {"DefaultTTL", 0},
            {"MaxTTL", 0},
            {"ForwardedValues",
             {{"QueryString", true},
              {"Cookies", {{"Forward", "all"}}},
              {"Headers", listOf(Json::array({"*"}))}}}};
}

Json groupOf(const std::vector<api::CdnOrigin>& origins) {
    auto members = Json::array({{{"OriginId", origins[0].name}}, {{"OriginId", origins[1].name}}});
    return {{"Id", "in-order"},
            {"FailoverCriteria", {{"StatusCodes", listOf(Json::array({502, 503, 504}))}}},
            {"Members", listOf(std::move(members))}};
}

}  // namespace

Json cloudFrontConfig(const api::ScalableApp& app, const ExportNames& names) {
    const auto& cdn = *app.cdn;
    auto origins = Json::array();
    for (const auto& origin : cdn.origins) {
        origins.push_back(originOf(origin, names));
    }
    auto groups = Json::array();
    std::string target = cdn.origins.front().name;
    if (cdn.origins.size() > 1) {
        groups.push_back(groupOf(cdn.origins));
        target = "in-order";
    }
    auto behaviours = Json::array();
    int64_t negative = 0;
    for (const auto& path : cdn.paths) {
        behaviours.push_back(behaviour(path, target));
        negative = std::max(negative, path.negativeTTLSeconds);
    }
    auto errors = Json::array();
    for (int code : {404, 410}) {
        errors.push_back({{"ErrorCode", code}, {"ErrorCachingMinTTL", negative}});
    }
    return {{"CallerReference", app.namespace_ + "/" + app.name},
            {"Comment", "ScalableApp " + app.namespace_ + "/" + app.name},
            {"Enabled", true},
            {"Aliases", listOf(Json::array({names.host}))},
            {"Origins", listOf(std::move(origins))},
            {"OriginGroups", listOf(std::move(groups))},
            {"DefaultCacheBehavior", passed(cdn.origins.front().name)},
            {"CacheBehaviors", listOf(std::move(behaviours))},
            {"CustomErrorResponses", listOf(std::move(errors))}};
}

}  // namespace cli
