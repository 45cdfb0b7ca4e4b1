#include "plan/balancer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>
#include <utility>

#include "plan/haproxy_pods.h"
#include "plan/haproxy_retry.h"

namespace plan_test {
namespace {

using namespace std::chrono_literals;

std::string server(const std::string& name, int port) {
    return "    server " + name + " 127.0.0.1:" + std::to_string(port) + "\n";
}

std::map<std::string, std::string> serversOf(const PodsByPool& pods,
                                             const std::vector<int>& ports) {
    std::map<std::string, std::string> out;
    for (const auto& [pool, those] : pods) {
        for (const auto* pod : those) {
            out[pool] += server(pod->name(), pod->port());
        }
    }
    for (int port : ports) {
        out["web"] += server("at-" + std::to_string(port), port);
    }
    return out;
}

// The configuration's folder, with what else the volume has.
std::string writeFolder(const std::string& config) {
    char name[] = "/tmp/balancer-XXXXXX";
    std::string folder = mkdtemp(name);
    auto put = [&](const char* file, const std::string& text) {
        std::ofstream(folder + "/" + file)
            << std::regex_replace(text, std::regex("/etc/scalableapp"), folder);
    };
    put("haproxy.cfg", config);
    put("web-pods.lua", plan::podsScript());
    put("web-pods", "");
    put("retry.lua", plan::retryScript());
    return folder;
}

std::string replaced(const std::string& text, const std::string& pattern, const std::string& by) {
    return std::regex_replace(text, std::regex(pattern), by);
}

std::string onFreePorts(std::string config, int port, int adminPort) {
    for (const char* word : {"bind :", "bind :::"}) {
        std::string address = word[6] == ':' ? "bind ::1:" : "bind 127.0.0.1:";
        config = replaced(config, std::string(word) + "8080", address + std::to_string(port));
        config = replaced(config, std::string(word) + "8404", address + std::to_string(adminPort));
    }
    return replaced(config, "abns@scalableapp-attempt", "abns@balancer-" + std::to_string(port));
}

std::string onLoopback(const std::string& rendered, int port, int adminPort,
                       const std::map<std::string, std::string>& servers) {
    std::string config = onFreePorts(rendered, port, adminPort);
    auto put = [&](const std::string& pattern, const std::string& text) {
        config = replaced(config, pattern, text);
    };
    put(" init-addr none resolvers cluster resolve-opts allow-dup-ip,ignore-weight", "");
    // The interval bounds how long a check may take to connect as well.
    put("inter 2s fastinter 500ms downinter 1s", "inter 1s fastinter 100ms downinter 100ms");
    for (const auto& [pool, those] : servers) {
        put("    server-template " + pool + "- [^\n]*\n", those);
    }
    put("    server-template [^\n]*\n", "");
    return config;
}

}  // namespace

std::string haproxyBinary() {
    for (const char* path : {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"}) {
        if (access(path, X_OK) == 0) {
            return path;
        }
    }
    return "";
}

std::string haproxyRefuses(const std::string& config) {
    auto folder = writeFolder(config);
    auto checked = e2e::run({"/usr/bin/env", "NAMESERVER_1=tcp@127.0.0.1:53", "WITH_IPV6=1",
                             haproxyBinary(), "-c", "-f", folder + "/haproxy.cfg"},
                            "", 20s);
    std::filesystem::remove_all(folder);
    bool warns = (checked.out + checked.err).find("WARNING") != std::string::npos;
    return checked.ok() && !warns ? "" : checked.out + checked.err + "?";
}

bool soon(const std::function<bool()>& check) {
    auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!check()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

Pod::Pod(std::string name)
    : name_(std::move(name)),
      server_([this](const support::StubRequest& request, support::StubReply& reply) {
          answer(request, reply);
      }) {}

std::shared_ptr<support::Gate> Pod::setGate(std::shared_ptr<support::Gate> gate) {
    std::lock_guard lock(mutex_);
    return std::exchange(gate_, std::move(gate));
}

void Pod::release() {
    if (auto gate = setGate(nullptr)) {
        gate->open();
    }
}

void Pod::answer(const support::StubRequest& request, support::StubReply& reply) {
    if (request.target == "/healthz") {
        reply.send(200, "ok");
        return;
    }
    std::shared_ptr<support::Gate> gate;
    {
        std::lock_guard lock(mutex_);
        arrivals_.push_back(std::chrono::steady_clock::now());
        gate = gate_;
    }
    ++hits_;
    int now = ++now_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
    if (gate) {
        gate->wait();
    }
    --now_;
    if (int answered = status; answered != 0) {
        reply.send(answered, name_);
    }
}

std::vector<support::StubRequest> Pod::requests() const {
    auto out = server_.requests();
    std::erase_if(out, [](const auto& request) { return request.target == "/healthz"; });
    return out;
}

std::vector<std::chrono::steady_clock::time_point> Pod::arrivals() const {
    std::lock_guard lock(mutex_);
    return arrivals_;
}

Balancer::Balancer(const plan::HaproxyModel& model, const PodsByPool& pods,
                   const std::vector<int>& ports) {
    auto servers = serversOf(pods, ports);
    folder_ = writeFolder(onLoopback(plan::haproxyConfig(model), port_, adminPort_, servers));
    process_ = std::make_unique<e2e::Background>(
        std::vector<std::string>{haproxyBinary(), "-db", "-f", folder_ + "/haproxy.cfg"},
        folder_ + "/log");
    std::string path = servers.empty() ? "/healthz" : "/readyz";
    EXPECT_TRUE(soon([&] { return admin(path).status == 200; })) << "haproxy did not start";
}

Balancer::Balancer(const plan::HaproxyModel& model, const DnsStub& dns) {
    folder_ = writeFolder(onFreePorts(plan::haproxyConfig(model), port_, adminPort_));
    std::ofstream(folder_ + "/resolv.conf") << "search cluster.local\nnameserver 127.0.0.1\n";
    std::string script =
        replaced(plan::haproxyStart(), "/etc/resolv.conf", folder_ + "/resolv.conf");
    script = replaced(script, "/etc/scalableapp", folder_);
    script = replaced(script, ":53", ":" + std::to_string(dns.port()));
    script = replaced(script, "exec haproxy", "exec " + haproxyBinary());
    process_ = std::make_unique<e2e::Background>(std::vector<std::string>{"/bin/sh", "-c", script},
                                                 folder_ + "/log");
    EXPECT_TRUE(soon([&] { return admin("/healthz").status == 200; })) << "haproxy did not start";
}

Balancer::~Balancer() {
    process_.reset();
    std::filesystem::remove_all(folder_);
}

void Balancer::stop() const {
    kill(process_->pid(), SIGUSR1);
}

std::string Balancer::log() const {
    std::ostringstream out;
    out << std::ifstream(folder_ + "/log").rdbuf();
    return out.str();
}

void Balancer::tell(const std::string& pods) const {
    std::ofstream(folder_ + "/new") << pods;
    std::filesystem::rename(folder_ + "/new", folder_ + "/web-pods");
}

Answer Balancer::get(const std::string& path, const std::string& method,
                     const std::string& from) const {
    return ask(port(), {.method = method, .path = path, .from = from});
}

Answer Balancer::admin(const std::string& path) const {
    return ask(int{adminPort_}, {.path = path});
}

bool Balancer::circuitBecomes(int state) const {
    return soon([&] {
        return admin("/circuit").body.find("state " + std::to_string(state)) != std::string::npos;
    });
}

}  // namespace plan_test
