#include "kube/exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/json.h"
#include "kube/encoding.h"
#include "kube/environment.h"

namespace kube {
namespace {

constexpr size_t kMaxOutput = 1U << 20U;

std::string execInfo(const ExecPlugin& plugin, const ClusterConfig& cluster) {
    base::Json info = {{"apiVersion", plugin.apiVersion},
                       {"kind", "ExecCredential"},
                       {"spec", {{"interactive", false}}}};
    if (plugin.provideClusterInfo) {
        base::Json about = {{"server", cluster.server}};
        if (!cluster.tlsServerName.empty()) {
            about["tls-server-name"] = cluster.tlsServerName;
        }
        if (cluster.insecureSkipTlsVerify) {
            about["insecure-skip-tls-verify"] = true;
        }
        if (!cluster.proxyUrl.empty()) {
            about["proxy-url"] = cluster.proxyUrl;
        }
        if (cluster.disableCompression) {
            about["disable-compression"] = true;
        }
        if (auto extension = base::parseJson(cluster.execExtension); extension) {
            about["config"] = std::move(*extension);
        }
        const auto& ca = cluster.certificateAuthority;
        auto pem = ca.data.empty() && !ca.file.empty() ? readFile(ca.file) : ca.data;
        if (pem && !pem->empty()) {
            about["certificate-authority-data"] = base64Encode(*pem);
        }
        info["spec"]["cluster"] = about;
    }
    return base::dumpJson(info);
}

std::vector<std::string> childEnvironment(const ExecPlugin& plugin, const ClusterConfig& cluster) {
    auto variables = originalEnvironment();
    for (const auto& [name, value] : plugin.env) {
        variables[name] = value;
    }
    variables["KUBERNETES_EXEC_INFO"] = execInfo(plugin, cluster);
    std::vector<std::string> out;
    for (const auto& [name, value] : variables) {
        out.push_back(name + "=" + value);
    }
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

// Standard output goes to us, standard error to where ours goes: plug-ins explain themselves there.
// A process group of its own, so that what it starts ends with it; signals as a program expects
// them.
int spawn(const ExecPlugin& plugin, const ClusterConfig& cluster, int output, pid_t& child) {
    std::vector<std::string> words{plugin.command};
    words.insert(words.end(), plugin.args.begin(), plugin.args.end());
    auto variables = childEnvironment(plugin, cluster);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(&child, plugin.command.c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// Until when to wait, in slices short enough to hear a stop.
class Patience {
  public:
    Patience(std::chrono::milliseconds timeout, std::stop_token stop)
        : until_(std::chrono::steady_clock::now() + timeout), stop_(std::move(stop)) {}

    bool over() const {
        return stop_.stop_requested() || std::chrono::steady_clock::now() >= until_;
    }
    bool stopped() const { return stop_.stop_requested(); }

  private:
    std::chrono::steady_clock::time_point until_;
    std::stop_token stop_;
};

// False: too much, too late, or stopped.
bool readAll(int pipe, const Patience& patience, std::string& out) {
    constexpr int kSliceMs = 100;
    char block[4096];
    while (!patience.over() && out.size() <= kMaxOutput) {
        pollfd ready{pipe, POLLIN, 0};
        if (::poll(&ready, 1, kSliceMs) <= 0) {
            continue;
        }
        const ssize_t n = ::read(pipe, block, sizeof block);
        if (n == 0) {
            return true;
        }
        out.append(block, n > 0 ? static_cast<size_t>(n) : 0);
    }
    return false;
}

// False: it did not end by itself, and was killed with all it started.
bool awaitExit(pid_t child, bool kill, const Patience& patience, int& status) {
    constexpr int kSliceMs = 5;
    while (!kill && ::waitpid(child, &status, WNOHANG) == 0) {
        ::poll(nullptr, 0, kSliceMs);
        kill = patience.over();
    }
    if (!kill) {
        return true;
    }
    ::kill(-child, SIGKILL);
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return false;
}

base::Result<std::string> runForOutput(const ExecPlugin& plugin, const ClusterConfig& cluster,
                                       const std::stop_token& stop,
                                       std::chrono::milliseconds timeout) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return base::fail(std::strerror(errno));
    }
    pid_t child = 0;
    const int error = spawn(plugin, cluster, ends[1], child);
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        return base::fail(std::string("cannot be started: ") + std::strerror(error));
    }
    const Patience patience(timeout, stop);
    std::string output;
    const bool complete = readAll(ends[0], patience, output);
    ::close(ends[0]);
    int status = 0;
    if (!awaitExit(child, !complete, patience, status)) {
        return base::fail(patience.stopped() ? "was stopped"
                                             : "gave no credential within " +
                                                   std::to_string(timeout.count()) + " ms");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return base::fail(WIFEXITED(status)
                              ? "ended with code " + std::to_string(WEXITSTATUS(status))
                              : "was ended by signal " + std::to_string(WTERMSIG(status)));
    }
    return output;
}

}  // namespace

base::Result<ExecCredential> parseExecCredential(const std::string& text,
                                                 const std::string& apiVersion) {
    auto tree = base::parseJson(text);
    if (!tree || base::stringAt(*tree, "/kind") != "ExecCredential") {
        return base::fail("printed no ExecCredential");
    }
    if (base::stringAt(*tree, "/apiVersion") != apiVersion) {
        return base::fail("printed an ExecCredential of another version than " + apiVersion);
    }
    ExecCredential out;
    out.token = base::stringAt(*tree, "/status/token").value_or("");
    out.clientCertificate = base::stringAt(*tree, "/status/clientCertificateData").value_or("");
    out.clientKey = base::stringAt(*tree, "/status/clientKeyData").value_or("");
    if (out.token.empty() && (out.clientCertificate.empty() || out.clientKey.empty())) {
        return base::fail("printed neither status.token nor a client certificate with its key");
    }
    if (auto expires = base::stringAt(*tree, "/status/expirationTimestamp"); expires) {
        base::WallTime time{};
        if (!base::parseTime(*expires, time)) {
            return base::fail("printed a status.expirationTimestamp that is no time");
        }
        out.expires = time;
    }
    return out;
}

base::Result<ExecCredential> runExecPlugin(const ExecPlugin& plugin, const ClusterConfig& cluster,
                                           std::stop_token stop,
                                           std::chrono::milliseconds timeout) {
    auto named = [&](const std::string& cause) {
        return base::fail("exec plug-in " + plugin.command + " " + cause +
                          (plugin.installHint.empty() ? "" : ": " + plugin.installHint));
    };
    auto output = runForOutput(plugin, cluster, stop, timeout);
    if (!output) {
        return named(output.error().message);
    }
    auto credential = parseExecCredential(*output, plugin.apiVersion);
    if (!credential) {
        return named(credential.error().message);
    }
    return credential;
}

}  // namespace kube
