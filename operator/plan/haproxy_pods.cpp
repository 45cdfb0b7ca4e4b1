#include "plan/haproxy_pods.h"

#include <algorithm>
#include <vector>

#include "plan/children.h"
#include "plan/web_groups.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using base::Json;

// How long what is told of a newcomer holds: longer than names are kept anywhere.
constexpr int64_t kNewSeconds = 120;
constexpr size_t kMostLines = 64;
constexpr int64_t kMostNewcomers = 64;

struct WebPod {
    std::string pool;
    std::string address;
    int64_t port = 0;
    int64_t since = 0;  // ready since, or minus the time when it is to be gone
};

int64_t webPortOf(const Json& pod) {
    for (const auto& container : base::arrayAt(pod, "/spec/containers")) {
        for (const auto& port : base::arrayAt(container, "/ports")) {
            if (port.value("name", "") == kWebPort) {
                return base::intAt(port, "/containerPort").value_or(0);
            }
        }
    }
    return 0;
}

// Since 1970; 0: no time.
int64_t secondsOf(const std::string& text) {
    base::WallTime time;
    if (!base::parseTime(text, time)) {
        return 0;
    }
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// 0: it is not ready.
int64_t readySince(const Json& pod) {
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        if (condition.value("type", "") == "Ready" && condition.value("status", "") == "True") {
            return secondsOf(condition.value("lastTransitionTime", ""));
        }
    }
    return 0;
}

std::vector<WebPod> podsToTell(const Observed& observed) {
    std::vector<WebPod> out;
    for (const auto* child : childrenOf(observed, kWebTier)) {
        auto address = base::stringAt(*child, "/status/podIP").value_or("");
        if (base::stringAt(*child, "/kind") != "Pod" || address.empty()) {
            continue;
        }
        int64_t goneAt = secondsOf(base::textAt(*child, "/metadata/deletionTimestamp"));
        WebPod pod{.pool = poolName(zoneOf(*child)),
                   .address = address,
                   .port = webPortOf(*child),
                   .since = goneAt > 0 ? -goneAt : readySince(*child)};
        if (pod.port > 0 && pod.since != 0) {
            out.push_back(std::move(pod));
        }
    }
    return out;
}

std::string lineOf(const WebPod& pod) {
    return pod.pool + " " + pod.address + " " + std::to_string(pod.port) + " " +
           std::to_string(pod.since) + "\n";
}

}  // namespace

std::string poolName(const std::string& zone) {
    return zone.empty() ? "web" : "zone-" + zone;
}

std::string podsText(const Observed& observed) {
    auto pods = podsToTell(observed);
    int64_t newest = 0;
    for (const auto& pod : pods) {
        newest = std::max(newest, pod.since);
    }
    // Beside the newest, not beside now: what is told changes only when pods do.
    pods.erase(std::remove_if(pods.begin(), pods.end(),
                              [&](const WebPod& pod) {
                                  return pod.since > 0 && pod.since < newest - kNewSeconds;
                              }),
               pods.end());
    std::sort(pods.begin(), pods.end(), [](const WebPod& a, const WebPod& b) {
        return a.since != b.since ? a.since > b.since : a.address < b.address;
    });
    std::string came;
    std::string going;
    size_t told = 0;
    for (const auto& pod : pods) {
        if (pod.since < 0) {
            going += lineOf(pod);
        } else if (told < kMostLines) {
            ++told;
            came += lineOf(pod);
        }
    }
    return came + going;
}

// The colon stands in no other server's name.
std::string newcomerServers(const std::string& pool, int64_t slots) {
    std::string out;
    for (int64_t i = 1; i <= std::min(slots, kMostNewcomers); ++i) {
        out += "    server " + pool + ":" + std::to_string(i) + " 127.0.0.1:1 disabled\n";
    }
    return out;
}

std::string podsScript() {
    return std::string("-- Rendered by the ScalableApp operator; a change here does not last.\n") +
           "local file_name = \"" + kPodsFile +
           "\"\nlocal new_seconds = " + std::to_string(kNewSeconds) + R"(
local given = {}    -- by server: the address that a newcomer's server has
local drained = {}  -- by server: the address that gets nothing new
local named_since = {}  -- by address: a newcomer that names know, by when it got ready

local gone_seconds = 60  -- after that, the address is somebody else's

local function read_file()
    local came, going = {}, {}
    local file = io.open(file_name)
    if file == nil then
        return came, going
    end
    local now = core.now().sec
    for line in file:lines() do
        local pool, ip, port, since = line:match("^(%S+) (%S+) (%d+) (%-?%d+)$")
        if pool ~= nil then
            local address = ip .. ":" .. port
            since = tonumber(since)
            if since < 0 then
                going[address] = now + since < gone_seconds or nil
            elseif math.abs(now - since) < new_seconds then
                came[address] = { pool = pool, ip = ip, port = tonumber(port), since = since }
            end
        end
    end
    file:close()
    for address in pairs(going) do
        came[address] = nil
    end
    return came, going
end

local function is_up(server)
    return server:get_stats().status:sub(1, 2) == "UP"
end

-- Somebody who stays: nothing is taken from the last ones.
local function others_serve(named, newcomers, going)
    for _, server in pairs(named) do
        if not going[server:get_addr()] and is_up(server) then
            return true
        end
    end
    for key, server in pairs(newcomers) do
        if given[key] ~= nil and not going[given[key]] and is_up(server) then
            return true
        end
    end
    return false
end

-- Names have the last word on a pod that they knew: what is told grows old where this balancer is
-- on its own way out.
local function is_news(address, pod, known)
    if known[address] then
        named_since[address] = pod.since
    end
    return named_since[address] ~= pod.since
end

local function forget_names_of_others(came)
    for address in pairs(named_since) do
        if came[address] == nil then
            named_since[address] = nil
        end
    end
end

local function serve_newcomers(newcomers, known, came)
    local served, free = {}, {}
    for key, server in pairs(newcomers) do
        local address = given[key]
        if address ~= nil and came[address] ~= nil and not known[address] then
            served[address] = true
        else
            if address ~= nil then
                server:set_maint()
                given[key] = nil
            end
            local pool = key:match("/(.*):")
            free[pool] = free[pool] or {}
            table.insert(free[pool], key)
        end
    end
    for address, pod in pairs(came) do
        local key = is_news(address, pod, known) and not served[address] and free[pod.pool]
            and table.remove(free[pod.pool])
        if key then
            newcomers[key]:set_addr(pod.ip, pod.port)
            newcomers[key]:set_ready()
            given[key] = address
        end
    end
end

-- Until the server has another address, or the address another pod.
local function drain(named, came, going, may_drain)
    for key, server in pairs(named) do
        local address = server:get_addr()
        local before = drained[key]
        if before ~= nil and (before ~= address or came[address] ~= nil or not may_drain) then
            server:set_ready()
            drained[key] = nil
        end
        if going[address] and may_drain and drained[key] == nil then
            server:set_drain()
            drained[key] = address
        end
    end
end

local function follow()
    local came, going = read_file()
    if next(came) == nil and next(going) == nil and next(given) == nil and next(drained) == nil then
        return
    end
    for backend_name, backend in pairs(core.backends) do
        local named, newcomers, known = {}, {}, {}
        for name, server in pairs(backend.servers) do
            local key = backend_name .. "/" .. name
            if name:find(":", 1, true) then
                newcomers[key] = server
            else
                named[key] = server
                known[server:get_addr()] = true
            end
        end
        serve_newcomers(newcomers, known, came)
        if next(going) ~= nil or next(drained) ~= nil then
            drain(named, came, going, others_serve(named, newcomers, going))
        end
    end
    forget_names_of_others(came)
end

core.register_task(function()
    while true do
        local done, problem = pcall(follow)
        if not done then
            core.Warning("web pods: " .. tostring(problem))
        end
        core.msleep(200)
    end
end)
)";
}

}  // namespace plan
