#include "plan/haproxy_retry.h"

namespace plan {
namespace {

constexpr int64_t kWholeToken = 100;
// No token is left. Requests that are under way together may take more than there are, which is
// paid back before the next retry; and of two negative numbers HAProxy 2.6 takes the sum for the
// largest there is (`sub`), which would fill the reserve. So the count never gets that low.
constexpr int64_t kNoToken = 1'000'000'000;
// Retries that may come at once before the budget is felt.
constexpr int64_t kFullOfTokens = kNoToken + 10 * kWholeToken;
// Of a name without a file: the root file system may be read-only.
constexpr const char* kHop = "abns@scalableapp-attempt";
// Begins the headers that are seen at the hop only.
constexpr const char* kPrefix = "x-scalableapp-retry-";
// Every client has two connections to the process, each with two ends: a fourth of its files, less
// a few for checks and the admin port. With all of them taken by clients, nothing could pass.
constexpr int kMostClients = 9900;

std::string header(const char* name) {
    return std::string(kPrefix) + name;
}

// Statuses that are tried again, each with the one under which it passes the hop when it is final.
std::string hiddenStatuses(const std::string& rule, const std::string& when, bool restore) {
    std::string out;
    for (const auto& [status, hidden] : {std::pair{"500", "590"}, std::pair{"502", "592"},
                                         std::pair{"503", "593"}, std::pair{"504", "594"}}) {
        out += "    " + rule + " set-status " + (restore ? status : hidden) + " if " + when +
               " { status " + (restore ? hidden : status) + " }\n";
    }
    return out;
}

}  // namespace

bool waitsToRetry(const api::Resilience& resilience) {
    return resilience.retry && resilience.retry->baseMilliseconds > 0;
}

std::string retryVariables(const api::Resilience& resilience) {
    std::string out;
    if (waitsToRetry(resilience)) {
        // As long as what is under way may still have to be sent again.
        out +=
            "    grace 2s\n"
            "    set-var proc.request int(0)\n";
    }
    if (resilience.retry) {
        out += "    set-var proc.tokens int(" + std::to_string(kFullOfTokens) + ")\n";
    }
    return out;
}

std::string budgetRules(const api::Retry& retry) {
    std::string cap = std::to_string(kFullOfTokens);
    std::string whole = std::to_string(kWholeToken);
    std::string enough = std::to_string(kNoToken + kWholeToken);
    return "    http-request set-var(proc.tokens) var(proc.tokens),add(" +
           std::to_string(retry.budgetPercent) +
           ")\n"
           "    http-request set-var(proc.tokens) int(" +
           cap + ") if { var(proc.tokens) -m int gt " + cap +
           " }\n"
           "    http-request disable-l7-retry if !{ var(proc.tokens) -m int ge " +
           enough +
           " }\n"
           "    http-after-response set-var-fmt(txn.retries) %rc\n"
           // "+1": tried again, on another pod.
           "    http-after-response set-var(txn.spent) var(txn.retries),regsub(\\\\+,),mul(" +
           whole +
           ")\n"
           "    http-after-response set-var(proc.tokens) var(proc.tokens),sub(txn.spent)\n";
}

std::string hopRules() {
    return "    maxconn " + std::to_string(kMostClients) +
           "\n"
           "    option forwardfor\n"
           "    use_backend retry unless { stopping }\n";
}

std::string retryBackend(const api::Retry& retry, int64_t requestSeconds) {
    // In the queue, at the pod, and the wait before: whoever gives up, it is not the hop.
    int64_t patience = 2 * requestSeconds + retry.maxMilliseconds / 1000 + 5;
    std::string final = header("final");
    return "backend retry\n"
           "    http-reuse never\n"
           "    retries " +
           std::to_string(retry.attempts) +
           "\n"
           "    retry-on conn-failure empty-response 500 502 503 504\n"
           "    timeout server " +
           std::to_string(patience) +
           "s\n"
           "    http-request set-var(proc.request) var(proc.request),add(1)\n"
           "    http-request set-header " +
           header("number") +
           " %[var(proc.request)]\n"
           "    http-request set-header " +
           header("source") +
           " %[src]\n"
           "    http-request set-header " +
           header("until") + " %[date(" + std::to_string(requestSeconds * 1000) +
           ",ms)]\n"
           "    acl final res.hdr(" +
           final +
           ") -m found\n"
           "    http-response set-var(txn.refused) int(1) if { res.hdr(" +
           final + ") refused }\n" + hiddenStatuses("http-response", "final", true) +
           "    http-response del-header " + final +
           " if final\n"
           "    server attempt " +
           kHop + "\n\n";
}

std::string attemptFrontend(const std::string& routes) {
    std::string final = header("final");
    return std::string("frontend attempt\n    bind ") + kHop +
           "\n"
           // That end closes what it does not need any more, never this one.
           "    timeout http-keep-alive 1h\n"
           "    stick-table type integer size 16k expire 10s store gpt0,http_req_cnt\n"
           "    http-request set-src req.hdr(" +
           header("source") +
           ")\n"
           "    http-request disable-l7-retry\n"
           "    http-request track-sc0 req.hdr(" +
           header("number") +
           ")\n"
           "    http-request set-var(txn.until) req.hdr(" +
           header("until") +
           ") if { sc0_http_req_cnt gt 1 }\n"
           "    http-request del-header " +
           kPrefix +
           " -m beg\n"
           "    http-response set-var(txn.answered) int(1)\n"
           "    http-response sc-set-gpt0(0) srv_id if { status 500 502 503 504 }\n"
           // 502 is what HAProxy says of a pod that breaks off.
           "    http-after-response set-var(proc.broken) srv_id if !{ var(txn.answered) -m found } "
           "{ status 502 }\n"
           "    http-after-response set-var(txn.final) str(error) if !{ var(txn.answered) -m "
           "found } !{ status 502 }\n"
           "    http-after-response set-var(txn.final) str(refused) if { var(txn.refused) -m "
           "found }\n"
           "    acl final var(txn.final) -m found\n"
           "    http-after-response set-header " +
           final + " %[var(txn.final)] if final\n" +
           hiddenStatuses("http-after-response", "final", false) + routes + "\n";
}

std::string waitRules(const api::Retry& retry, const std::string& backend) {
    return ".if feature(LUA)\n"
           "    http-request lua.wait_to_retry " +
           std::to_string(retry.baseMilliseconds) + " " + std::to_string(retry.maxMilliseconds) +
           " " + backend +
           " if { sc0_http_req_cnt gt 1 }\n"
           ".endif\n"
           "    http-request deny deny_status 504 if { var(txn.late) -m found }\n"
           "    http-request set-timeout server var(txn.left) if { var(txn.left) -m found }\n";
}

std::string otherPodRule() {
    return "    use-server %[var(txn.other)] if { var(txn.other) -m found }\n";
}

std::string retryScript() {
    return R"(-- Rendered by the ScalableApp operator; a change here does not last.
local names = {}  -- by backend: those of its servers, in any order

local function names_of(backend)
    if names[backend] == nil then
        names[backend] = {}
        for name in pairs(core.backends[backend].servers) do
            table.insert(names[backend], name)
        end
    end
    return names[backend]
end

-- Requests under way there; nil: not to be asked. What has no address is most, and told at once.
local function load_of(server, failed)
    local address = server:get_addr()
    if address == "127.0.0.1:1" or address:find("<", 1, true) then
        return nil
    end
    local stats = server:get_stats()
    if stats.sid == failed or stats.status:sub(1, 2) ~= "UP" then
        return nil
    end
    return stats.scur
end

-- The less busy one of two by chance; nil: there is no other.
local function another(txn, backend, failed)
    local all = names_of(backend)
    local first = txn.f:rand(#all)
    local best, least, found = nil, nil, 0
    for i = 0, #all - 1 do
        local name = all[(first + i) % #all + 1]
        local load = load_of(core.backends[backend].servers[name], failed)
        if load ~= nil then
            found = found + 1
            if best == nil or load < least then
                best, least = name, load
            end
            if found == 2 then
                break
            end
        end
    end
    return best
end

core.register_action("wait_to_retry", { "http-req" }, function(txn, base, most, backend)
    local tried = txn.f:sc0_http_req_cnt() - 1
    local longest = math.min(tonumber(base) * 2 ^ (tried - 1), tonumber(most)) // 1 | 0
    local wait = longest - txn.f:rand(longest // 2 + 1)
    local left = tonumber(txn:get_var("txn.until")) - txn.f:date(0, "ms") - wait
    if left <= 0 then
        txn:set_var("txn.late", 1)
        return
    end
    core.msleep(wait)
    txn:set_var("txn.left", left)
    -- Of the one that broke off there is no answer to remember it by.
    local failed = txn.f:sc0_get_gpt0()
    if failed == 0 then
        failed = tonumber(txn:get_var("proc.broken"))
    end
    local other = another(txn, backend, failed)
    if other ~= nil then
        txn:set_var("txn.other", other)
    end
end, 3)
)";
}

}  // namespace plan
