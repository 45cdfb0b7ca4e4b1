#include <algorithm>
#include <set>

#include "plan/nginx_parts.h"

namespace plan::nginx {
namespace {

// What a client may do with an answer that is given out beyond its time.
constexpr int64_t kStaleClientSeconds = 5;
// How long visitors wait for each other's miss where it may have been in vain.
constexpr int64_t kShortLockSeconds = 5;

std::string argumentOf(const std::string& name) {
    return "$edge_arg_" + lower(name);
}

// What is asked for of the origin, and what the key holds: GET and HEAD only are ever kept.
std::string uriOf(const api::CdnPath& path, const std::string& index) {
    return path.cacheKey.query ? "$edge_uri_" + index : "$request_uri";
}

std::string uriMap(const api::CdnPath& path, const std::string& index) {
    if (!path.cacheKey.query) {
        return "";
    }
    std::string kept =
        path.cacheKey.query->empty() ? "$edge_path" : "$edge_path$edge_query_" + index;
    return "    map $request_method $edge_uri_" + index + " {\n        ~^(GET|HEAD)$ " + kept +
           ";\n        default $request_uri;\n    }\n";
}

// A line feed can stand in none of the parts, so that no two requests are mixed up.
std::string keyOf(const api::CdnPath& path, const std::string& index) {
    std::string out =
        "\"$realpath_root\\n$http_x_forwarded_proto\\n$http_host\\n" + uriOf(path, index);
    for (const auto& header : path.cacheKey.headers) {
        std::string name = lower(header);
        std::replace(name.begin(), name.end(), '-', '_');
        out += "\\n$http_" + name;
    }
    return out + "\"";
}

std::string clientRule(int64_t seconds) {
    return seconds == 0 ? "no-cache" : "\"public, max-age=" + number(seconds) + "\"";
}

std::string pathRules(const NginxModel& model, const std::string& index) {
    return "            proxy_set_header Host $http_host;\n"
           "            proxy_set_header Connection close;\n"
           "            proxy_set_header X-Edge-Cache \"\";\n"
           "            proxy_read_timeout " +
           number(model.originSeconds) +
           "s;\n"
           "            proxy_send_timeout 60s;\n"
           "            proxy_request_buffering off;\n"
           "            proxy_hide_header Cache-Control;\n"
           "            proxy_hide_header Expires;\n"
           "            add_header X-Edge-Cache-Control $upstream_http_cache_control always;\n"
           "            add_header Cache-Control $edge_keep_" +
           index + " always;\n" + tally("fetched", "") + tally("failed", "edge_failed") +
           // A file of a name that varies is opened for each line, and only where this is there.
           "            root /tmp;\n"
           "            access_log /tmp/unkept/$edge_unkept_" +
           index + " tally if=$edge_unkept_" + index +
           ";\n"
           "            proxy_pass http://origins-0;\n";
}

}  // namespace

std::string queryMaps(const api::Cdn& cdn) {
    std::string out;
    std::set<std::string> seen;
    for (size_t i = 0; i < cdn.paths.size(); ++i) {
        const auto& query = cdn.paths[i].cacheKey.query;
        if (!query || query->empty()) {
            continue;
        }
        std::string all;
        for (const auto& name : *query) {
            all += argumentOf(name);
            if (seen.insert(lower(name)).second) {
                std::string value = "$arg_" + lower(name);
                out += "    map " + value + " " + argumentOf(name) + " {\n        \"\" \"\";\n" +
                       "        default \"&" + name + "=" + value + "\";\n    }\n";
            }
        }
        std::string rest = "edge_rest_" + number(static_cast<int64_t>(i));
        out += "    map \"" + all + "\" $edge_query_" + number(static_cast<int64_t>(i)) +
               " {\n        \"\" \"\";\n        \"~^&(?<" + rest + ">.*)$\" \"?$" + rest +
               "\";\n    }\n";
    }
    return out;
}

// How long an edge keeps an answer, and what it tells the client of it.
std::string pathMaps(const api::Cdn& cdn, const api::CdnPath& path, const std::string& index) {
    int64_t gone = std::min(path.clientTTLSeconds, path.negativeTTLSeconds);
    int64_t stale = std::min(path.clientTTLSeconds, kStaleClientSeconds);
    std::string out = uriMap(path, index) + "    map \"\" $edge_key_" + index +
                      " {\n        default " + keyOf(path, index) + ";\n    }\n" +
                      "    map $edge_private/$status $edge_keep_" + index +
                      " {\n"
                      "        ~^/(200|203|300|301|304|308)$ \"max-age=" +
                      number(path.ttlSeconds) +
                      ", stale-while-revalidate=" + number(cdn.staleWhileRevalidateSeconds) +
                      ", stale-if-error=" + number(cdn.staleIfErrorSeconds) + "\";\n";
    if (path.negativeTTLSeconds > 0) {
        out += "        ~^/(404|410)$ \"max-age=" + number(path.negativeTTLSeconds) + "\";\n";
    }
    out += "        default no-store;\n    }\n";
    out += "    map $edge_keep_" + index + " $edge_unkept_" + index + " {\n        no-store rule-" +
           index + ";\n        default \"\";\n    }\n";
    return out + "    map $upstream_cache_status/$upstream_http_cache_control $edge_client_" +
           index +
           " {\n"
           "        ~^(STALE|UPDATING)/ " +
           clientRule(stale) +
           ";\n"
           "        ~^(HIT|MISS|EXPIRED|REVALIDATED)/max-age=[0-9]+,.stale " +
           clientRule(path.clientTTLSeconds) +
           ";\n"
           "        ~^(HIT|MISS|EXPIRED|REVALIDATED)/max-age=[0-9]+$ " +
           clientRule(gone) +
           ";\n"
           "        default $upstream_http_x_edge_cache_control;\n    }\n";
}

namespace {

std::string asked() {
    return forwarded() +
           "            proxy_set_header Upgrade \"\";\n"
           "            proxy_set_header Connection close;\n"
           "            proxy_set_header X-Edge-Cache $upstream_cache_status;\n";
}

std::string keptRules(const api::CdnPath& path, const std::string& index, int64_t lockSeconds) {
    std::string patience = number(lockSeconds) + "s;\n";
    std::string out = std::string("            root ") + kEdgeEpochFolder +
                      "/..data;\n"
                      "            proxy_cache edge;\n"
                      "            proxy_cache_key $edge_key_" +
                      index +
                      ";\n"
                      "            proxy_cache_lock_timeout " +
                      patience + "            proxy_cache_lock_age " + patience;
    if (!path.cacheKey.hasHeader("Authorization")) {
        out +=
            "            proxy_cache_bypass $http_authorization;\n"
            "            proxy_no_cache $http_authorization;\n";
    }
    if (path.cacheKey.hasHeader("Cookie")) {
        // In place of those of all rules.
        out += asked();
    }
    return out +
           "            proxy_hide_header Cache-Control;\n"
           "            proxy_hide_header X-Edge-Cache-Control;\n"
           "            add_header Cache-Control $edge_client_" +
           index +
           " always;\n"
           "            add_header X-Cache $edge_cache always;\n"
           "            proxy_pass http://path-" +
           index + uriOf(path, index) + ";\n";
}

}  // namespace

std::string keptCommon() {
    // nginx counts uses up to 1,023 and then from 0, and one below the least waits for nobody.
    return "            proxy_cache_min_uses 0;\n"
           "            proxy_cache_lock on;\n"
           "            proxy_cache_background_update on;\n"
           "            proxy_cache_revalidate on;\n"
           // Whatever visitors send or do not fetch, it fills no disk.
           "            proxy_request_buffering off;\n" +
           asked() +
           // What an origin does not see, its answer cannot depend on.
           "            proxy_set_header Cookie $edge_sent_cookie;\n" + tally("hit", "edge_hit") +
           tally("stale", "edge_stale") + tally("miss", "edge_miss");
}

// One visitor's miss is fetched, and the others wait for it as long as an origin may take: it is a
// slow one that many must not ask at once. Whom nothing kept comes of lets in the next of them, one
// after the other and each only when it looks again, twice a second: under a rule that lately had
// such an answer nobody waits for long.
std::string keptLocation(const NginxModel& model, const api::CdnPath& path,
                         const std::string& index) {
    return "        location ~ " + path.pattern() +
           " {\n"
           "            error_page 418 = @unkept-" +
           index +
           ";\n"
           "            if (-f /tmp/unkept/rule-" +
           index +
           ") {\n"
           "                return 418;\n"
           "            }\n" +
           keptRules(path, index, model.originSeconds) +
           "        }\n"
           "        location @unkept-" +
           index + " {\n" + keptRules(path, index, kShortLockSeconds) + "        }\n";
}

// The grace of an answer ends for connections that break only, not for errors that are answered:
// where there is an old copy, an error is made a broken connection.
std::string pathServer(const NginxModel& model, const std::string& index) {
    std::string out = upstream("path-" + index, member("path-" + index)) +
                      "    server {\n        listen " + socketOf("path-" + index) + ";\n";
    if (model.cdn.staleIfErrorSeconds == 0) {
        return out + "        location / {\n" + pathRules(model, index) + "        }\n    }\n";
    }
    return out +
           "        recursive_error_pages on;\n"
           "        location / {\n"
           "            error_page 418 = @expired;\n"
           "            if ($http_x_edge_cache = EXPIRED) {\n"
           "                return 418;\n"
           "            }\n" +
           pathRules(model, index) +
           "        }\n"
           "        location @expired {\n"
           "            proxy_intercept_errors on;\n"
           "            error_page 500 501 502 503 504 = @broken;\n" +
           pathRules(model, index) +
           "        }\n"
           "        location @broken {\n" +
           tally("fetched", "") + tally("failed", "") +
           "            return 444;\n"
           "        }\n"
           "    }\n";
}

}  // namespace plan::nginx
