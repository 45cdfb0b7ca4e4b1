#include "plan/haproxy.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "plan/haproxy_breaker.h"
#include "plan/haproxy_pods.h"
#include "plan/haproxy_retry.h"
#include "plan/patience.h"

namespace plan {
namespace {

// Marks an answer that HAProxy made itself, on the way to its final status.
constexpr const char* kDegradedHeader = "x-scalableapp-degraded";

std::string number(int64_t value) {
    return std::to_string(value);
}

// A share of something bounded, rounded down, at least `least`.
int64_t shareOf(int64_t whole, int64_t parts, int64_t least) {
    return std::max(whole / parts, least);
}

int64_t requestSeconds(const HaproxyModel& model) {
    return podSeconds(model.resilience);
}

bool zonesHaveWeights(const HaproxyModel& model) {
    return model.algorithm == api::Algorithm::WeightedRoundRobin;
}

std::string globalSection(const HaproxyModel& model) {
    std::string out = "# " + model.app +
                      ": rendered by the ScalableApp operator; a change here does not last.\n"
                      "global\n"
                      "    log stdout format raw local0 notice\n"
                      "    nbthread 1\n"
                      "    fd-hard-limit 40000\n"
                      "    hard-stop-after " +
                      number(shutdownSeconds(answerSeconds(model.resilience))) +
                      "s\n"
                      "    set-var proc.seen int(0)\n"
                      ".if feature(LUA)\n"
                      "    lua-load " +
                      std::string(kPodsScriptFile) + "\n";
    if (waitsToRetry(model.resilience)) {
        out += std::string("    lua-load ") + kRetryScriptFile + "\n";
    }
    out += ".endif\n";
    if (model.resilience.circuitBreaker) {
        out += breakerVariables();
    }
    out += retryVariables(model.resilience);
    if (zonesHaveWeights(model)) {
        out +=
            "    set-var proc.turn int(0)\n"
            "    set-var proc.other int(0)\n";
    }
    return out + "\n";
}

// Names are kept through trouble of the DNS: what is known is better than nothing.
std::string resolversSection() {
    std::string out = "resolvers cluster\n";
    for (const char* index : {"1", "2", "3"}) {
        std::string variable = std::string("NAMESERVER_") + index;
        out += ".if defined(" + variable + ")\n    nameserver dns" + index + " \"${" + variable +
               "}\"\n.endif\n";
    }
    return out +
           "    accepted_payload_size 65535\n"
           "    resolve_retries 3\n"
           "    timeout resolve 1s\n"
           "    timeout retry 500ms\n"
           "    hold valid 1s\n"
           "    hold nx 1m\n"
           "    hold timeout 1h\n"
           "    hold refused 1h\n"
           "    hold other 1h\n"
           "\n";
}

// HAProxy's own answers when there is no pod, or none that answers.
std::string ownErrors(const api::StaticResponse& answer) {
    std::string out;
    for (const char* status : {"502", "503", "504"}) {
        out += std::string("    http-error status ") + status +
               " content-type \"text/plain; charset=utf-8\" string " + asArgument(answer.body) +
               ownHeaders(answer.retryAfterSeconds) + " hdr " + kDegradedHeader + " yes\n";
    }
    return out;
}

std::string defaultsSection(const HaproxyModel& model) {
    const auto& resilience = model.resilience;
    std::string bound = number(requestSeconds(model)) + "s\n";
    // With a hop, it passes over pods behind it; how often is tried again is said at the hop.
    bool hop = waitsToRetry(resilience);
    std::string out =
        "defaults\n"
        "    mode http\n"
        "    log global\n"
        "    option dontlog-normal\n" +
        std::string(hop ? "" : "    option forwardfor\n") +
        "    option redispatch 1\n"
        // A client that waits with its next request on a kept connection is told, not cut off.
        "    option idle-close-on-response\n"
        "    retries " +
        number(resilience.retry && !hop ? resilience.retry->attempts : 3) +
        "\n"
        // An address that nobody has any more says nothing. Time to say it twice (TCP repeats after
        // a second), and to be answered by another pod before a visitor with two seconds has gone.
        "    timeout connect 1500ms\n"
        "    timeout client 60s\n"
        "    timeout http-request 10s\n"
        "    timeout http-keep-alive 20s\n"
        "    timeout tunnel 1h\n"
        // As patient as the kubelet: a pod that has too much to do is not dead, and without it the
        // others have more. The connection itself has `timeout connect`.
        "    timeout check 5s\n"
        "    timeout queue " +
        bound + "    timeout server " + bound;
    if (resilience.staticResponse) {
        out += ownErrors(*resilience.staticResponse);
    }
    return out + "\n";
}

// --- the way in

// A turn that visits the zones in the ratio of their weights, well mixed: a step that shares no
// divisor with the whole passes every place once.
int64_t stepFor(int64_t whole) {
    int64_t step = std::max<int64_t>(1, whole * 618 / 1000);
    while (std::gcd(step, whole) != 1) {
        ++step;
    }
    return step;
}

int64_t divisorOf(const HaproxyModel& model) {
    int64_t out = 0;
    for (const auto& pool : model.pools) {
        out = std::gcd(out, pool.weight);
    }
    return out;
}

// The zones by their weights: each has its turns, and is drawn if it has pods.
std::string turnRules(const HaproxyModel& model, const std::string& when) {
    int64_t whole = 0;
    std::string drawn;
    for (const auto& pool : model.pools) {
        int64_t first = whole;
        whole += pool.weight / divisorOf(model);
        drawn += "    http-request set-var(txn.zone) str(" + pool.name +
                 ") if { var(txn.turn) -m int " + number(first) + ":" + number(whole - 1) +
                 " } { nbsrv(" + pool.name + ") gt 0 }\n";
    }
    std::string condition = when.empty() ? "" : " if" + when;
    return "    http-request set-var(proc.turn) var(proc.turn),add(" + number(stepFor(whole)) +
           "),mod(" + number(whole) + ")" + condition + "\n" +
           "    http-request set-var(txn.turn) var(proc.turn)" + condition + "\n" + drawn;
}

// What a zone without pods leaves is drawn anew among those that have some, by their weights too.
// Which those are is known only then, so that the places are not: multiples of the golden ratio lie
// evenly on any of them.
std::string otherZoneRules(const HaproxyModel& model, const std::string& when) {
    const std::string all = "1000003";
    const std::string step = "618036";
    std::string missed = " if !{ var(txn.zone) -m found }" + when;
    auto serves = [](const HaproxyPool& pool) { return " { nbsrv(" + pool.name + ") gt 0 }"; };
    auto set = [](const std::string& name, const std::string& value) {
        return "    http-request set-var(" + name + ") " + value;
    };
    std::string out = set("proc.other", "var(proc.other),add(" + step + "),mod(" + all + ")") +
                      missed + "\n" + set("txn.serving", "int(0)") + missed + "\n";
    for (const auto& pool : model.pools) {
        out += set("txn.serving", "var(txn.serving),add(" + number(pool.weight) + ")") + missed +
               serves(pool) + "\n";
    }
    out += set("txn.place", "var(proc.other),mul(txn.serving),div(" + all + ")") + missed + "\n";
    for (const auto& pool : model.pools) {
        out += set("txn.zone", "str(" + pool.name + ")") + missed + serves(pool) +
               " { var(txn.place) -m int lt " + number(pool.weight) + " }\n" +
               set("txn.place", "var(txn.place),sub(" + number(pool.weight) + ")") + missed +
               serves(pool) + "\n";
    }
    return out;
}

// `when`: of requests that are led by it, so that no other takes a turn.
std::string zoneRules(const HaproxyModel& model, const std::string& when = "") {
    return zonesHaveWeights(model) ? turnRules(model, when) + otherZoneRules(model, when) : "";
}

std::string backendRules(const HaproxyModel& model) {
    if (!zonesHaveWeights(model)) {
        return "    default_backend web\n";
    }
    return "    use_backend %[var(txn.zone)] if { var(txn.zone) -m found }\n"
           "    default_backend " +
           model.pools.front().name + "\n";
}

std::string bindOf(int64_t port) {
    return "    bind :" + number(port) + "\n.if defined(WITH_IPV6)\n    bind :::" + number(port) +
           " v6only\n.endif\n";
}

std::string frontendSection(const HaproxyModel& model) {
    const auto& resilience = model.resilience;
    std::string out = "frontend public\n" + bindOf(kBalancerPort);
    if (model.behindEdge) {
        out += "    http-request set-src req.hdr(x-real-ip)\n";
    }
    if (resilience.circuitBreaker) {
        out += breakerRules(*resilience.circuitBreaker, resilience.staticResponse,
                            requestSeconds(model));
    }
    out +=
        "    http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE TRACE }\n";
    if (resilience.retry) {
        out += budgetRules(*resilience.retry);
    }
    if (resilience.staticResponse) {
        std::string marked = std::string("{ res.hdr(") + kDegradedHeader + ") -m found }\n";
        out += "    http-after-response set-status " +
               number(resilience.staticResponse->statusCode) + " if " + marked +
               "    http-after-response del-header " + kDegradedHeader + "\n";
    }
    std::string backends = backendRules(model);
    if (!waitsToRetry(resilience)) {
        return out + zoneRules(model) + backends + "\n";
    }
    return out + zoneRules(model, " { stopping }") + hopRules() + backends + "\n" +
           retryBackend(*resilience.retry, requestSeconds(model)) +
           attemptFrontend(zoneRules(model) + backends);
}

// --- the way out

std::string balanceOf(api::Algorithm algorithm) {
    switch (algorithm) {
        case api::Algorithm::LeastConnections:
            return "    balance leastconn\n";
        case api::Algorithm::SourceIPHash:
            return "    balance source\n    hash-type consistent\n";
        case api::Algorithm::RoundRobin:
        case api::Algorithm::WeightedRoundRobin:
            break;
    }
    return "    balance roundrobin\n";
}

std::string bulkheadRules(const HaproxyModel& model, const std::string& backend) {
    int64_t parts = model.balancers * (zonesHaveWeights(model) ? std::ssize(model.pools) : 1);
    std::string full = " if { be_conn_free(" + backend + ") eq 0 } { queue(" + backend + ") ge " +
                       number(shareOf(model.resilience.bulkhead->maxPendingRequests, parts, 0)) +
                       " }\n";
    // It says nothing of the pods: not for the breaker to judge.
    return "    http-request set-var(txn.refused) int(1)" + full + "    http-request " +
           degradedAnswer(model.resilience.staticResponse, 1) +
           " if { var(txn.refused) -m found }\n";
}

std::string backendSection(const HaproxyModel& model, const std::string& name,
                           const std::vector<HaproxyPool>& pools) {
    const auto& resilience = model.resilience;
    std::string out = "backend " + name + "\n" + balanceOf(model.algorithm) +
                      "    option httpchk\n    http-check send meth GET uri " +
                      asArgument(model.healthPath) + " ver HTTP/1.1 hdr Host " + model.app +
                      "\n"
                      "    http-check expect status 200-399\n"
                      "    retry-on conn-failure empty-response" +
                      (resilience.retry ? " 500 502 503 504\n" : "\n");
    if (waitsToRetry(resilience)) {
        out += waitRules(*resilience.retry, name);
    }
    std::string limits;
    if (resilience.bulkhead) {
        out += bulkheadRules(model, name);
        limits = " maxconn " +
                 number(shareOf(resilience.bulkhead->maxConcurrentRequests, model.balancers, 1));
    }
    if (waitsToRetry(resilience)) {
        out += otherPodRule();
    }
    // Two connections in a row that a pod did not take say more than checks, and at once: with
    // several such pods a request would run out of retries among them. A check brings it back.
    out +=
        "    default-server check inter 2s fastinter 500ms downinter 1s rise 1 fall 2 observe "
        "layer4 error-limit 2 on-error mark-down init-addr none resolvers cluster resolve-opts "
        "allow-dup-ip,ignore-weight" +
        limits + "\n";
    for (const auto& pool : pools) {
        out += "    server-template " + pool.name + "- 1-" + number(pool.slots) + " _http._tcp." +
               pool.service + ".svc.cluster.local\n" + newcomerServers(pool.name, pool.slots);
    }
    return out + "\n";
}

// Ready once a pod was found, and then for good: without any pod HAProxy is still the one to say
// so.
std::string adminSection(const HaproxyModel& model, const std::vector<std::string>& backends) {
    std::string out = "frontend admin\n" + bindOf(kBalancerAdminPort) +
                      "    option dontlog-normal\n"
                      "    http-request return status 200 if { path /healthz }\n";
    for (const auto& backend : backends) {
        out += "    http-request set-var(proc.seen) int(1) if { nbsrv(" + backend + ") gt 0 }\n";
    }
    out +=
        "    http-request return status 200 if { path /readyz } { var(proc.seen) -m int gt 0 }\n"
        "    http-request return status 503 if { path /readyz }\n"
        "    http-request use-service prometheus-exporter if { path /metrics }\n";
    if (model.resilience.circuitBreaker) {
        out += breakerMetric();
    }
    return out + "    http-request return status 404\n";
}

}  // namespace

std::string haproxyConfig(const HaproxyModel& model) {
    std::string out =
        globalSection(model) + resolversSection() + defaultsSection(model) + frontendSection(model);
    std::vector<std::string> backends;
    if (zonesHaveWeights(model)) {
        for (const auto& pool : model.pools) {
            backends.push_back(pool.name);
            out += backendSection(model, pool.name, {pool});
        }
    } else {
        backends.emplace_back("web");
        out += backendSection(model, "web", model.pools);
    }
    return out + adminSection(model, backends);
}

}  // namespace plan
