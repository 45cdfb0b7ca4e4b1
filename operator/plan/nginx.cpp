#include "plan/nginx.h"

#include <algorithm>
#include <set>

namespace plan {
namespace {

constexpr int64_t kYear = 31536000;
// What a client may do with an answer that is given out beyond its time.
constexpr int64_t kStaleClientSeconds = 5;

std::string number(int64_t value) {
    return std::to_string(value);
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// "/static/*" -> "^/static/.*$"
std::string patternOf(const std::string& match) {
    std::string out = "^";
    for (char c : match) {
        if (c == '*') {
            out += ".*";
        } else {
            out += (c == '.' || c == '+' ? "\\" : "") + std::string(1, c);
        }
    }
    return out + "$";
}

std::string upstream(const std::string& name, const std::string& servers) {
    return "    upstream " + name + " {\n" + servers + "    }\n";
}

std::string socketOf(const std::string& name) {
    return "unix:/tmp/" + name + ".sock";
}

std::string member(const std::string& name, const char* more = "") {
    return "        server " + socketOf(name) + " max_fails=0" + more + ";\n";
}

std::string inner(const std::string& name, const std::string& body) {
    return "    server {\n        listen " + socketOf(name) + ";\n        location / {\n" + body +
           "        }\n    }\n";
}

std::string headOf(const NginxModel& model) {
    return "# " + model.app +
           ": rendered by the ScalableApp operator; a change here does not last.\n"
           "worker_processes 2;\n"
           "worker_rlimit_nofile 65536;\n"
           "worker_shutdown_timeout 30s;\n"
           "pid /tmp/nginx.pid;\n"
           "error_log stderr warn;\n"
           "events {\n"
           "    worker_connections 16384;\n"
           "}\n";
}

// The longest time after which something may still be given out.
int64_t longestStay(const api::Cdn& cdn) {
    int64_t ttl = 0;
    for (const auto& path : cdn.paths) {
        ttl = std::max(ttl, path.ttlSeconds);
    }
    return std::min(ttl + std::max(cdn.staleIfErrorSeconds, cdn.staleWhileRevalidateSeconds),
                    kYear);
}

std::string commonPart(const NginxModel& model) {
    std::string out =
        "    include /tmp/resolver.conf;\n"
        "    default_type application/octet-stream;\n"
        "    server_tokens off;\n"
        "    absolute_redirect off;\n"
        "    merge_slashes off;\n"
        "    sendfile on;\n"
        "    client_max_body_size 0;\n"
        "    large_client_header_buffers 8 32k;\n"
        "    variables_hash_max_size 4096;\n"
        "    variables_hash_bucket_size 128;\n"
        "    map_hash_max_size 4096;\n"
        "    map_hash_bucket_size 512;\n"
        "    log_format tally \"\";\n"
        "    access_log off;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        out += std::string("    ") + kind + "_temp_path /tmp/" + kind + ";\n";
    }
    out +=
        "    proxy_http_version 1.1;\n"
        "    proxy_buffer_size 32k;\n"
        "    proxy_buffers 8 32k;\n"
        "    proxy_busy_buffers_size 64k;\n"
        "    proxy_connect_timeout 2s;\n"
        "    proxy_read_timeout 1h;\n"
        "    proxy_send_timeout 1h;\n"
        "    proxy_max_temp_file_size 0;\n"
        "    proxy_next_upstream error timeout http_502 http_503 http_504;\n"
        "    proxy_ignore_headers X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering "
        "X-Accel-Charset;\n"
        "    proxy_set_header Host $http_host;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n"
        "    proxy_set_header Connection $edge_connection;\n"
        "    proxy_cache_path " +
        std::string(kEdgeCacheFolder) +
        " levels=1:2 keys_zone=edge:16m use_temp_path=off max_size=" +
        number(model.cdn.cacheSizeMiB) + "m inactive=" + number(longestStay(model.cdn)) + "s;\n";
    return out;
}

std::string commonMaps() {
    return "    map $http_upgrade $edge_connection {\n"
           "        \"\" close;\n"
           "        default upgrade;\n"
           "    }\n"
           "    map $request_uri $edge_path {\n"
           "        \"~^(?<edge_raw>[^?]*)\" $edge_raw;\n"
           "    }\n"
           // An answer that is one user's, or whose author forbids to keep it.
           "    map $upstream_http_set_cookie $edge_cookie {\n"
           "        \"\" \"\";\n"
           "        default private;\n"
           "    }\n"
           "    map $upstream_http_cache_control $edge_private {\n"
           "        \"~*(private|no-store|no-cache)\" private;\n"
           "        default $edge_cookie;\n"
           "    }\n"
           "    map $upstream_cache_status $edge_cache {\n"
           "        \"\" PASS;\n"
           "        default $upstream_cache_status;\n"
           "    }\n"
           "    map $status $edge_failed {\n"
           "        \"~^5\" 1;\n"
           "        default 0;\n"
           "    }\n"
           "    map $upstream_cache_status $edge_hit {\n"
           "        \"~^(HIT|REVALIDATED)$\" 1;\n"
           "        default 0;\n"
           "    }\n"
           "    map $upstream_cache_status $edge_stale {\n"
           "        \"~^(STALE|UPDATING)$\" 1;\n"
           "        default 0;\n"
           "    }\n"
           "    map $edge_hit$edge_stale $edge_miss {\n"
           "        00 1;\n"
           "        default 0;\n"
           "    }\n";
}

std::string tally(const char* name, const char* condition) {
    std::string out =
        std::string("            access_log /tmp/tally/") + name + " tally buffer=4k flush=1s";
    return out + (*condition == '\0' ? "" : std::string(" if=$") + condition) + ";\n";
}

// --- the keeper: what of a request makes another answer

std::string argumentOf(const std::string& name) {
    return "$edge_arg_" + lower(name);
}

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

std::string uriOf(const api::CdnPath& path, const std::string& index) {
    if (!path.cacheKey.query) {
        return "$request_uri";
    }
    return path.cacheKey.query->empty() ? "$edge_path" : "$edge_path$edge_query_" + index;
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

// How long an edge keeps an answer, and what it tells the client of it.
std::string pathMaps(const api::Cdn& cdn, const api::CdnPath& path, const std::string& index) {
    int64_t gone = std::min(path.clientTTLSeconds, path.negativeTTLSeconds);
    int64_t stale = std::min(path.clientTTLSeconds, kStaleClientSeconds);
    std::string out = "    map $edge_private/$status $edge_keep_" + index +
                      " {\n"
                      "        ~^/(200|203|300|301|304|308)$ \"max-age=" +
                      number(path.ttlSeconds) +
                      ", stale-while-revalidate=" + number(cdn.staleWhileRevalidateSeconds) +
                      ", stale-if-error=" + number(cdn.staleIfErrorSeconds) + "\";\n";
    if (path.negativeTTLSeconds > 0) {
        out += "        ~^/(404|410)$ \"max-age=" + number(path.negativeTTLSeconds) + "\";\n";
    }
    out += "        default no-store;\n    }\n";
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

std::string forwarded() {
    return "            proxy_set_header Host $http_host;\n"
           "            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
           "            proxy_set_header X-Forwarded-Host $http_host;\n"
           "            proxy_set_header X-Real-IP $remote_addr;\n";
}

std::string keptLocation(const api::CdnPath& path, const std::string& index) {
    std::string out = "        location ~ " + patternOf(path.match) +
                      " {\n"
                      "            root " +
                      kEdgeEpochFolder +
                      "/..data;\n"
                      "            proxy_cache edge;\n"
                      "            proxy_cache_key " +
                      keyOf(path, index) +
                      ";\n"
                      // nginx counts uses up to 1,023 and then from 0, and one below the least
                      // waits for nobody.
                      "            proxy_cache_min_uses 0;\n"
                      "            proxy_cache_lock on;\n"
                      "            proxy_cache_lock_timeout 5s;\n"
                      "            proxy_cache_lock_age 5s;\n"
                      "            proxy_cache_background_update on;\n"
                      "            proxy_cache_revalidate on;\n"
                      "            proxy_max_temp_file_size 1024m;\n";
    if (!path.cacheKey.hasHeader("Authorization")) {
        out +=
            "            proxy_cache_bypass $http_authorization;\n"
            "            proxy_no_cache $http_authorization;\n";
    }
    out += forwarded() +
           "            proxy_set_header Upgrade \"\";\n"
           "            proxy_set_header Connection close;\n"
           "            proxy_set_header X-Edge-Cache $upstream_cache_status;\n";
    if (!path.cacheKey.hasHeader("Cookie")) {
        // What an origin does not see, its answer cannot depend on.
        out += "            proxy_set_header Cookie \"\";\n";
    }
    return out +
           "            proxy_hide_header Cache-Control;\n"
           "            proxy_hide_header X-Edge-Cache-Control;\n"
           "            add_header Cache-Control $edge_client_" +
           index +
           " always;\n"
           "            add_header X-Cache $edge_cache always;\n" +
           tally("hit", "edge_hit") + tally("stale", "edge_stale") + tally("miss", "edge_miss") +
           "            proxy_pass http://path-" + index + uriOf(path, index) + ";\n        }\n";
}

std::string passedLocation() {
    return "        location / {\n" + forwarded() +
           "            proxy_set_header Upgrade $http_upgrade;\n"
           "            proxy_set_header Connection $edge_connection;\n"
           "            proxy_buffering off;\n"
           "            proxy_request_buffering off;\n"
           "            add_header X-Cache PASS always;\n" +
           tally("pass", "") + "            proxy_pass http://origins-0$request_uri;\n        }\n";
}

std::string publicServer(const api::Cdn& cdn) {
    std::string out = "    server {\n        listen " + number(kEdgePort) +
                      " backlog=4096;\n"
                      "        keepalive_requests 100000;\n"
                      "        if (-f /tmp/leaving) {\n"
                      "            rewrite ^ /.edge-leaving$uri last;\n"
                      "        }\n"
                      "        location ^~ /.edge-leaving/ {\n"
                      "            internal;\n"
                      "            keepalive_timeout 0;\n"
                      "            rewrite ^/\\.edge-leaving(/.*)$ $1 last;\n"
                      "        }\n";
    for (size_t i = 0; i < cdn.paths.size(); ++i) {
        out += keptLocation(cdn.paths[i], number(static_cast<int64_t>(i)));
    }
    return out + passedLocation() + "    }\n";
}

// --- the way to the origins

std::string pathRules(const std::string& index) {
    return "            proxy_set_header Host $http_host;\n"
           "            proxy_set_header Connection close;\n"
           "            proxy_set_header X-Edge-Cache \"\";\n"
           "            proxy_read_timeout 60s;\n"
           "            proxy_send_timeout 60s;\n"
           "            proxy_hide_header Cache-Control;\n"
           "            proxy_hide_header Expires;\n"
           "            add_header X-Edge-Cache-Control $upstream_http_cache_control always;\n"
           "            add_header Cache-Control $edge_keep_" +
           index + " always;\n" + tally("fetched", "") + tally("failed", "edge_failed") +
           "            proxy_pass http://origins-0;\n";
}

// The grace of an answer ends for connections that break only, not for errors that are answered:
// where there is an old copy, an error is made a broken connection.
std::string pathServer(const api::Cdn& cdn, const std::string& index) {
    std::string out = upstream("path-" + index, member("path-" + index)) +
                      "    server {\n        listen " + socketOf("path-" + index) + ";\n";
    if (cdn.staleIfErrorSeconds == 0) {
        return out + "        location / {\n" + pathRules(index) + "        }\n    }\n";
    }
    return out +
           "        recursive_error_pages on;\n"
           "        location / {\n"
           "            error_page 418 = @expired;\n"
           "            if ($http_x_edge_cache = EXPIRED) {\n"
           "                return 418;\n"
           "            }\n" +
           pathRules(index) +
           "        }\n"
           "        location @expired {\n"
           "            proxy_intercept_errors on;\n"
           "            error_page 500 501 502 503 504 = @broken;\n" +
           pathRules(index) +
           "        }\n"
           "        location @broken {\n" +
           tally("fetched", "") + tally("failed", "") +
           "            return 444;\n"
           "        }\n"
           "    }\n";
}

// The origins from this one on: each step asks its own and then the next step.
std::string stepOf(const std::vector<api::CdnOrigin>& origins, size_t index) {
    std::string name = number(static_cast<int64_t>(index));
    std::string next = "origins-" + number(static_cast<int64_t>(index) + 1);
    std::string out = upstream("origins-" + name,
                               member("origin-" + origins[index].name) +
                                   (index + 1 < origins.size() ? member(next, " backup") : ""));
    if (index > 0) {
        out += inner("origins-" + name,
                     "            proxy_buffering off;\n"
                     "            proxy_request_buffering off;\n"
                     "            proxy_pass http://origins-" +
                         name + ";\n");
    }
    return out;
}

std::string originServer(const NginxModel& model, const api::CdnOrigin& origin) {
    std::string host = origin.isWeb() ? model.webHost : origin.host;
    std::string port = number(origin.isWeb() ? 80 : origin.port);
    bool tls = !origin.isWeb() && origin.usesTls();
    // By a variable: looked up when it is asked, so that a name that is unknown hurts nobody else.
    std::string out = "            set $edge_origin " + host + ";\n" +
                      "            proxy_buffering off;\n"
                      "            proxy_request_buffering off;\n";
    if (!origin.isWeb()) {
        out += "            proxy_set_header Host " + host +
               (tls || port == "80" ? "" : ":" + port) +
               ";\n"
               "            proxy_set_header Upgrade $http_upgrade;\n"
               "            proxy_set_header Connection $edge_connection;\n";
    }
    if (tls) {
        out += "            proxy_ssl_server_name on;\n            proxy_ssl_name " + host +
               ";\n"
               "            proxy_ssl_verify on;\n"
               "            proxy_ssl_verify_depth 4;\n"
               "            proxy_ssl_trusted_certificate /tmp/ca.crt;\n";
    }
    out += std::string("            proxy_pass ") + (tls ? "https" : "http") +
           "://$edge_origin:" + port + ";\n";
    return inner("origin-" + origin.name, out);
}

// --- what the operator and the kubelet ask

std::string askOrigin(const std::string& location, const std::string& target, bool web) {
    return "        location = " + location +
           " {\n"
           "            proxy_set_header Host $host;\n"
           "            proxy_connect_timeout 1s;\n"
           "            proxy_read_timeout 3s;\n" +
           (web ? ""
                : "            proxy_set_header Range bytes=0-0;\n"
                  "            proxy_intercept_errors on;\n"
                  "            error_page 400 401 403 404 405 410 416 =200 /healthz;\n") +
           "            proxy_pass " + target + ";\n        }\n";
}

std::string adminServer(const NginxModel& model) {
    std::string out = "    server {\n        listen " + number(kEdgeAdminPort) +
                      ";\n"
                      "        default_type text/plain;\n"
                      "        location = /healthz {\n"
                      "            return 200 \"ok\\n\";\n"
                      "        }\n"
                      "        location = /epoch {\n"
                      "            alias " +
                      kEdgeEpochFolder +
                      "/epoch;\n"
                      "        }\n"
                      "        location /tally/ {\n"
                      "            alias /tmp/tally/;\n"
                      "            autoindex on;\n"
                      "            autoindex_format json;\n"
                      "        }\n";
    const auto& origins = model.cdn.origins;
    for (size_t i = 0; i < origins.size(); ++i) {
        std::string index = number(static_cast<int64_t>(i));
        bool web = origins[i].isWeb();
        out += askOrigin("/origin/" + index,
                         "http://" + socketOf("origin-" + origins[i].name) + ":" +
                             (web ? model.healthPath : "/"),
                         web);
    }
    out += askOrigin(
        "/origins", "http://origins-0" + (origins.front().isWeb() ? model.healthPath : "/"), false);
    return out + "    }\n";
}

}  // namespace

std::string nginxConfig(const NginxModel& model) {
    const auto& cdn = model.cdn;
    std::string out =
        headOf(model) + "http {\n" + commonPart(model) + commonMaps() + queryMaps(cdn);
    for (size_t i = 0; i < cdn.paths.size(); ++i) {
        std::string index = number(static_cast<int64_t>(i));
        out += pathMaps(cdn, cdn.paths[i], index) + pathServer(cdn, index);
    }
    for (size_t i = 0; i < cdn.origins.size(); ++i) {
        out += stepOf(cdn.origins, i) + originServer(model, cdn.origins[i]);
    }
    return out + publicServer(cdn) + adminServer(model) + "}\n";
}

std::string nginxStart() {
    return "set -e\n"
           // Of a container that ended before it could clean up.
           "rm -f /tmp/*.sock /tmp/leaving\n"
           "mkdir -p /tmp/tally\n"
           "names='' family=''\n"
           "while read -r word address rest; do\n"
           "  if [ \"$word\" = nameserver ]; then\n"
           "    case $address in\n"
           "      *:*) names=\"$names [$address]\" ;;\n"
           "      *) names=\"$names $address\" family=' ipv6=off' ;;\n"
           "    esac\n"
           "  fi\n"
           "done < /etc/resolv.conf\n"
           "echo \"resolver$names valid=30s$family; resolver_timeout 5s;\" > /tmp/resolver.conf\n"
           "for bundle in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do\n"
           "  if [ -r $bundle ]; then ln -sf $bundle /tmp/ca.crt; fi\n"
           "done\n"
           // Counters start anew before they need room.
           "while sleep 60; do find /tmp/tally -size +32768k -exec sh -c ': > $0' {} ';'; done &\n"
           "exec nginx -e stderr -c " +
           std::string(kEdgeConfigFolder) + "/nginx.conf -g 'daemon off;'\n";
}

std::string nginxLeave(int64_t drainSeconds) {
    return "touch /tmp/leaving && sleep " + number(drainSeconds);
}

}  // namespace plan
