#include "plan/haproxy_breaker.h"

#include <cctype>
#include <cstdio>

namespace plan {
namespace {

std::string request(const std::string& rule) {
    return "    http-request " + rule + "\n";
}

std::string response(const std::string& rule) {
    return "    http-after-response " + rule + "\n";
}

std::string set(const std::string& name, const std::string& value) {
    return "set-var(" + name + ") " + value;
}

// The window is two halves: the present one, and what of the one before is still within it.
std::string windowRules(const std::string& milliseconds) {
    std::string out = request(set("txn.window", "var(txn.now),div(" + milliseconds + ")"));
    out +=
        "    acl same_window var(txn.window),sub(proc.window) -m int eq 0\n"
        "    acl next_window var(txn.window),sub(proc.window) -m int eq 1\n";
    for (const char* count : {"answers", "errors"}) {
        std::string now = std::string("proc.") + count;
        out += request(set(now + "_before", "var(" + now + ") if next_window"));
        out += request(set(now + "_before", "int(0) if !same_window !next_window"));
        out += request(set(now, "int(0) if !same_window"));
    }
    out += request(set("proc.window", "var(txn.window)"));
    out += request(set("txn.elapsed", "var(txn.now),mod(" + milliseconds + ")"));
    out += request(set("txn.rest", "int(" + milliseconds + "),sub(txn.elapsed)"));
    for (const char* count : {"answers", "errors"}) {
        std::string now = std::string("proc.") + count;
        out += request(set("txn.recent", "var(" + now + "),mul(" + milliseconds + ")"));
        out += request(set(std::string("txn.") + count,
                           "var(" + now + "_before),mul(txn.rest),add(txn.recent)"));
    }
    return out;
}

std::string tripRules(const api::CircuitBreaker& breaker, const std::string& openFor) {
    // The weighed count is an estimate: half a request short of the minimum is the minimum.
    int64_t least = (breaker.minimumRequests * 2 - 1) * breaker.windowSeconds * 1000 / 2;
    std::string out = request(set("txn.percent", "var(txn.errors),mul(100),div(txn.answers)"));
    out += "    acl enough var(txn.answers) -m int ge " + std::to_string(least) +
           "\n"
           "    acl failing var(txn.percent) -m int ge " +
           std::to_string(breaker.errorRatePercent) + "\n";
    std::string trips = " if !tripped enough failing";
    out += request(set("proc.opened", "var(proc.opened),add(1)" + trips));
    out += request(set("proc.round_until", "int(0)" + trips));
    out += request(set("proc.open_until", openFor + trips));
    return out;
}

std::string probeRules(const api::CircuitBreaker& breaker, const std::string& answer,
                       int64_t requestSeconds) {
    std::string round = "date(" + std::to_string((requestSeconds + 5) * 1000) + ",ms)";
    std::string out =
        "    acl round_over var(proc.round_until),sub(txn.now) -m int lt 0\n"
        "    acl probes_left var(proc.probes) -m int lt " +
        std::to_string(breaker.halfOpenRequests) + "\n";
    out += request(set("proc.probes", "int(0) if tripped round_over"));
    out += request(set("proc.good", "int(0) if tripped round_over"));
    out += request(set("proc.round_until", round + " if tripped round_over"));
    out += request(answer + " if tripped !probes_left");
    out += request(set("txn.round", "var(proc.round_until) if tripped"));
    out += request(set("proc.probes", "var(proc.probes),add(1) if tripped"));
    return out;
}

std::string answerRules(const api::CircuitBreaker& breaker, const std::string& openFor) {
    std::string out =
        "    acl judged var(txn.judged) -m found\n"
        "    acl refused var(txn.refused) -m found\n"
        "    acl error status ge 500\n"
        "    acl probe var(txn.round) -m found\n"
        "    acl this_round var(txn.round),sub(proc.round_until) -m int eq 0\n"
        "    acl all_good var(proc.good) -m int ge " +
        std::to_string(breaker.halfOpenRequests) + "\n";
    out += response(set("proc.answers", "var(proc.answers),add(1) if judged !refused"));
    out += response(set("proc.errors", "var(proc.errors),add(1) if judged !refused error"));
    std::string failed = " if probe this_round !refused error";
    out += response(set("proc.opened", "var(proc.opened),add(1)" + failed));
    out += response(set("proc.open_until", openFor + failed));
    out += response(set("proc.round_until", "int(0)" + failed));
    out += response(set("proc.good", "var(proc.good),add(1) if probe this_round !refused !error"));
    std::string closes = " if probe this_round all_good";
    for (const char* count : {"answers", "answers_before", "errors", "errors_before"}) {
        out += response(set(std::string("proc.") + count, "int(0)" + closes));
    }
    out += response(set("proc.open_until", "int(0)" + closes));
    out += response(set("proc.round_until", "int(0)" + closes));
    return out;
}

}  // namespace

std::string asArgument(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        // Of a letter beyond ASCII: it means nothing to HAProxy, and four times the room would be
        // more than annotations have.
        bool beyond = byte >= 0x80;
        if (beyond || std::isalnum(byte) != 0 || c == ' ' || c == '/' || c == '.' || c == '-' ||
            c == ',') {
            out += c;
        } else if (c != '\0') {
            char escaped[5];
            std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
            out += escaped;
        }
    }
    return out + "\"";
}

std::string ownHeaders(int64_t retryAfterSeconds) {
    std::string out = " hdr Cache-Control no-store";
    return retryAfterSeconds == 0 ? out
                                  : out + " hdr Retry-After " + std::to_string(retryAfterSeconds);
}

std::string degradedAnswer(const std::optional<api::StaticResponse>& answer,
                           int64_t retryAfterSeconds) {
    if (answer) {
        return "return status 503 default-errorfiles";
    }
    return "return status 503 content-type \"text/plain; charset=utf-8\" string " +
           asArgument(api::StaticResponse().body) + ownHeaders(retryAfterSeconds);
}

std::string breakerVariables() {
    std::string out;
    for (const char* name : {"window", "answers", "answers_before", "errors", "errors_before",
                             "open_until", "round_until", "probes", "good", "opened"}) {
        out += std::string("    set-var proc.") + name + " int(0)\n";
    }
    return out;
}

std::string breakerRules(const api::CircuitBreaker& breaker,
                         const std::optional<api::StaticResponse>& answer, int64_t requestSeconds) {
    std::string openFor = "date(" + std::to_string(breaker.openSeconds * 1000) + ",ms)";
    std::string instead = degradedAnswer(answer, breaker.openSeconds);
    std::string out = request(set("txn.now", "date(0,ms)"));
    out +=
        "    acl tripped var(proc.open_until) -m int gt 0\n"
        "    acl open var(proc.open_until),sub(txn.now) -m int gt 0\n";
    out += request(instead + " if tripped open");
    out += windowRules(std::to_string(breaker.windowSeconds * 1000));
    out += probeRules(breaker, instead, requestSeconds);
    out += tripRules(breaker, openFor);
    out += request(instead + " if tripped open");
    out += request(set("txn.judged", "int(1) if !tripped"));
    return out + answerRules(breaker, openFor);
}

std::string breakerMetric() {
    return "    http-request set-var(txn.state) int(0) if { path /circuit }\n"
           "    http-request set-var(txn.state) int(1) if { var(proc.open_until) -m int gt 0 }\n"
           "    http-request set-var(txn.now) date(0,ms)\n"
           "    http-request set-var(txn.state) int(2) if { var(proc.open_until),sub(txn.now) -m "
           "int gt 0 }\n"
           "    http-request return status 200 content-type \"text/plain; version=0.0.4\" "
           "lf-string \"scalableapp_circuit_state %[var(txn.state)]\\n"
           "scalableapp_circuit_opened_total %[var(proc.opened)]\\n\" if { path /circuit }\n";
}

}  // namespace plan
