// The configuration of the load balancer's HAProxy, as text.
//
//   plan::HaproxyModel model{.app = "shop", .pools = {{.name = "web", .service = "shop-web.ns"}}};
//   std::string text = plan::haproxyConfig(model);     // what `haproxy -f` takes, 2.6 or later
//
// Decisions:
// - One thread. The breaker's and the budget's counters live in process-wide variables, and a rule
//   that reads and then writes one is exact only where no second thread is between. Capacity comes
//   from more balancers.
// - The breaker judges finished answers in a sliding window of two halves, HAProxy's own errors (no
//   connection, timeout) included: its built-in failure counters leave those out.
// - Half-open is a round: it lets exactly the configured probes through, closes when all succeeded,
//   opens at the first failure, and starts anew when a probe never got an answer.
// - The retry budget is a bucket of tokens: each request adds its percentage, each retry takes one
//   whole; below zero nothing is retried, so that a burst is paid back. Retries wait
//   (haproxy_retry.h).
// - Pods are found by DNS, without any right in the cluster and whether the operator runs or not;
//   by TCP: of an answer that is too long for UDP HAProxy would take the part that fits, another
//   one each time. `parse-resolv-conf` knows UDP only, so a script names the servers.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/traffic.h"

namespace plan {

inline constexpr int64_t kBalancerPort = 8080;
inline constexpr int64_t kBalancerAdminPort = 8404;
inline constexpr const char* kBalancerConfigFile = "/etc/scalableapp/haproxy.cfg";

// Pods behind one headless Service.
struct HaproxyPool {
    std::string name;  // "web", "z1": names the servers, and the backend where zones have weights
    std::string service;  // "shop-web-z1.ns"
    int64_t weight = 1;   // of the zone
    int64_t slots = 8;    // the most pods there may be
};

struct HaproxyModel {
    std::string app;
    std::vector<HaproxyPool> pools;
    std::string healthPath = "/healthz";
    api::Algorithm algorithm = api::Algorithm::RoundRobin;
    int64_t balancers = 2;
    api::Resilience resilience = {};
    bool behindEdge = false;  // who asks is told by a header, not by the connection
};

std::string haproxyConfig(const HaproxyModel& model);

// For `sh -c`: what only the running container knows (its nameservers, its address families), then
// HAProxy.
std::string haproxyStart();

}  // namespace plan
