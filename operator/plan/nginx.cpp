#include "plan/nginx.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

#include "plan/nginx_parts.h"
#include "plan/patience.h"

namespace plan {
namespace {

using nginx::forwarded;
using nginx::number;
using nginx::socketOf;
using nginx::tally;

constexpr int64_t kYear = 31536000;

std::string headOf(const NginxModel& model) {
    return "# " + model.app +
           ": rendered by the ScalableApp operator; a change here does not last.\n"
           "worker_processes 2;\n"
           "worker_rlimit_nofile 65536;\n"
           "worker_shutdown_timeout " +
           number(shutdownSeconds(model.originSeconds)) +
           "s;\n"
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
        "    proxy_read_timeout " +
        number(std::max<int64_t>(3600, model.originSeconds)) +
        "s;\n"
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
           "    map $request_method $edge_sent_cookie {\n"
           "        ~^(GET|HEAD)$ \"\";\n"
           "        default $http_cookie;\n"
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

std::string passedLocation() {
    return "        location / {\n" + forwarded() +
           "            proxy_set_header Upgrade $http_upgrade;\n"
           "            proxy_set_header Connection $edge_connection;\n"
           "            proxy_buffering off;\n"
           "            proxy_request_buffering off;\n"
           "            add_header X-Cache PASS always;\n" +
           tally("pass", "") + "            proxy_pass http://origins-0$request_uri;\n        }\n";
}

// By IPv6 as well, where the node has it.
std::string listenOn(int64_t port) {
    return "        listen " + number(port) + " backlog=4096;\n        include /tmp/ipv6-" +
           number(port) + ".conf;\n";
}

std::string publicServer(const NginxModel& model) {
    const auto& cdn = model.cdn;
    std::string out = "    server {\n" + listenOn(kEdgePort) + nginx::keptCommon() +
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
        out += nginx::keptLocation(model, cdn.paths[i], number(static_cast<int64_t>(i)));
    }
    return out + passedLocation() + "    }\n";
}

// A URI, whatever is in it, as a word of the configuration that nothing in it ends.
std::string uriWord(const std::string& uri) {
    std::string out;
    for (char c : uri) {
        auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || std::strchr("-._~!&()*+,=:@%/?", c) != nullptr) {
            out += c;
        } else {
            char escaped[4];
            std::snprintf(escaped, sizeof escaped, "%%%02X", byte);
            out += escaped;
        }
    }
    return out;
}

// What the operator and the kubelet ask.

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
    std::string out = "    server {\n" + listenOn(kEdgeAdminPort) +
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
                             (web ? uriWord(model.healthPath) : "/"),
                         web);
    }
    out += askOrigin(
        "/origins",
        "http://origins-0" + (origins.front().isWeb() ? uriWord(model.healthPath) : "/"), false);
    return out + "    }\n";
}

}  // namespace

std::string nginxConfig(const NginxModel& model) {
    const auto& cdn = model.cdn;
    std::string out =
        headOf(model) + "http {\n" + commonPart(model) + commonMaps() + nginx::queryMaps(cdn);
    for (size_t i = 0; i < cdn.paths.size(); ++i) {
        std::string index = number(static_cast<int64_t>(i));
        out += nginx::pathMaps(cdn, cdn.paths[i], index) + nginx::pathServer(model, index);
    }
    for (size_t i = 0; i < cdn.origins.size(); ++i) {
        out += nginx::stepOf(cdn.origins, i) + nginx::originServer(model, cdn.origins[i]);
    }
    return out + publicServer(model) + adminServer(model) + "}\n";
}

}  // namespace plan
