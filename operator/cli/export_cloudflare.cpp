#include "cli/export.h"

namespace cli {
namespace {

using base::Json;

Json keyOf(const api::CacheKey& key) {
    Json custom = Json::object();
    if (key.query) {
        custom["query_string"] = key.query->empty() ? Json{{"exclude", {{"all", true}}}}
                                                    : Json{{"include", {{"list", *key.query}}}};
    }
    if (!key.headers.empty()) {
        custom["header"] = {{"include", key.headers}};
    }
    return custom;
}

Json ruleFor(const api::CdnPath& path, const api::Cdn& cdn, const std::string& host) {
    Json edge{{"mode", "override_origin"}, {"default", path.ttlSeconds}};
    edge["status_code_ttl"] = Json::array();
    for (int code : {404, 410}) {
        edge["status_code_ttl"].push_back(
            {{"status_code", code}, {"value", path.negativeTTLSeconds}});
    }
    edge["status_code_ttl"].push_back(
        {{"status_code_range", {{"from", 500}, {"to", 599}}}, {"value", -1}});
    Json browser = path.clientTTLSeconds > 0
                       ? Json{{"mode", "override_origin"}, {"default", path.clientTTLSeconds}}
                       : Json{{"mode", "respect_origin"}};
    Json settings{
        {"cache", true},
        {"edge_ttl", edge},
        {"browser_ttl", browser},
        {"serve_stale", {{"disable_stale_while_updating", cdn.staleWhileRevalidateSeconds == 0}}}};
    auto custom = keyOf(path.cacheKey);
    if (!custom.empty()) {
        settings["cache_key"] = {{"custom_key", custom}};
    }
    return {
        {"description", path.match},
        {"expression", "(http.host eq \"" + host +
                           "\" and http.request.uri.path strict wildcard \"" + path.match + "\")"},
        {"action", "set_cache_settings"},
        {"action_parameters", settings},
        {"enabled", true}};
}

}  // namespace

// Every rule that matches is carried out, and the last one counts: the other way round.
Json cloudflareRules(const api::ScalableApp& app, const ExportNames& names) {
    auto rules = Json::array();
    rules.push_back({{"description", "everything else goes through"},
                     {"expression", "(http.host eq \"" + names.host + "\")"},
                     {"action", "set_cache_settings"},
                     {"action_parameters", {{"cache", false}}},
                     {"enabled", true}});
    for (auto path = app.cdn->paths.rbegin(); path != app.cdn->paths.rend(); ++path) {
        rules.push_back(ruleFor(*path, *app.cdn, names.host));
    }
    return {{"name", app.name},
            {"description", "ScalableApp " + app.namespace_ + "/" + app.name},
            {"kind", "zone"},
            {"phase", "http_request_cache_settings"},
            {"rules", rules}};
}

}  // namespace cli
