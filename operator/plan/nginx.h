// The configuration of an edge's nginx, as text, and the command that starts it.
//
//   plan::NginxModel model{.app = "shop", .webHost = "shop-origin.ns.svc.cluster.local"};
//   std::string text = plan::nginxConfig(model);     // what `nginx -c` takes, 1.22 or later
//
// Decisions:
// - Standard modules only, so that any stock nginx does.
// - A request goes through up to four servers of the same nginx, joined by unix sockets: the public
//   one keeps answers; one for each path writes TTL and grace into the answer, which is the only
//   way to give stale-while-revalidate and stale-if-error an end; one for each step of the order of
//   origins; one for each origin, with a host name, TLS and DNS look-ups of its own. A hit sees
//   only the first.
// - The epoch is a file of a downward API volume, and the key of the cache holds the folder that
// the
//   volume's `..data` link leads to ($realpath_root): the kubelet swaps link and file at once, so
//   that what an edge reports and what it gives out cannot differ, and no epoch that comes back
//   finds what was kept under it before.
// - Connections to origins are not kept: each request is balanced anew, and a web pod that leaves
//   cuts nobody off.
// - A miss is fetched once, however slow the origin: the others wait as long as it may take. nginx
//   lets them wait in vain, one after the other, where nothing is kept in the end; a rule that
//   lately had such an answer leaves a file, and its visitors wait for five seconds at most.
// - Counters are files that grow by a byte for each request; their sizes are the listing of a
//   folder. No parser of logs, no module.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "api/cdn.h"

namespace plan {

inline constexpr int64_t kEdgePort = 8080;
inline constexpr int64_t kEdgeAdminPort = 8405;
inline constexpr const char* kEdgeConfigFolder = "/etc/scalableapp/config";
inline constexpr const char* kEdgeEpochFolder = "/etc/scalableapp/epoch";
inline constexpr const char* kEdgeCacheFolder = "/var/cache/edge";

struct NginxModel {
    std::string app;
    std::string webHost;                  // where the origin `web` answers, on port 80
    std::string healthPath = "/healthz";  // of the web tier
    int64_t originSeconds = 60;           // an origin's time for its answer
    api::Cdn cdn = {};
};

std::string nginxConfig(const NginxModel& model);

// For `sh -c`: what only the running container knows (its resolvers, its CA bundle), then nginx.
std::string nginxStart();

// Before a pod ends: answers carry "Connection: close" from now on.
std::string nginxLeave(int64_t drainSeconds);

}  // namespace plan
