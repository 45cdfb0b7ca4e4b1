#include "kube/config.h"

#include <cstdlib>
#include <filesystem>

#include "kube/encoding.h"
#include "kube/environment.h"
#include "kube/kubeconfig.h"
#include "kube/server_url.h"

namespace kube {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

base::Result<ClusterConfig> findConfig(const ConfigOptions& options) {
    if (!options.kubeconfigPath.empty()) {
        return loadKubeconfigFile(options.kubeconfigPath, options.context);
    }
    if (std::string list = environment("KUBECONFIG"); !list.empty()) {
        return loadKubeconfigList(list, options.context);
    }
    if (!environment("KUBERNETES_SERVICE_HOST").empty()) {
        return inClusterConfig();
    }
    const std::string home = environment("HOME");
    std::error_code ignored;
    if (home.empty() || !std::filesystem::exists(home + "/.kube/config", ignored)) {
        return base::fail(
            "no cluster: --kubeconfig and KUBECONFIG are not set, this is no pod "
            "(KUBERNETES_SERVICE_HOST is not set) and ~/.kube/config does not exist");
    }
    return loadKubeconfigFile(home + "/.kube/config", options.context);
}

}  // namespace

std::string ClusterConfig::str() const {
    std::string credential = !exec.command.empty()        ? "exec plug-in " + exec.command
                             : !token.empty()             ? "token"
                             : !clientCertificate.empty() ? "client certificate"
                                                          : "no credential";
    std::string out = server + " (";
    out += contextName.empty() ? "in cluster" : "context " + contextName;
    return out + ", " + credential + ")";
}

base::Result<ClusterConfig> loadConfig(const ConfigOptions& options) {
    auto config = findConfig(options);
    if (!config) {
        return config;
    }
    const std::string transport = environment("KUBE_TRANSPORT");
    if (transport == "beast") {
        config->transport = TransportKind::Beast;
    } else if (!transport.empty() && transport != "cpprestsdk") {
        return base::fail("KUBE_TRANSPORT=" + transport + ": want cpprestsdk or beast");
    }
    const std::string proxy = proxyFor(*config, originalEnvironment());
    if (!proxy.empty() && !supportedProxy(proxy)) {
        return base::fail(
            "the proxy of the environment (HTTPS_PROXY or HTTP_PROXY) for " + config->server +
            " is no http:// proxy: set http://HOST:PORT, or name the server in NO_PROXY");
    }
    return config;
}

base::Result<ClusterConfig> inClusterConfig(const std::string& directory) {
    const std::string host = environment("KUBERNETES_SERVICE_HOST");
    const std::string port = environment("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty()) {
        return base::fail(
            "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
            "set: use --kubeconfig");
    }
    ClusterConfig out;
    out.server =
        "https://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
    out.token.file = directory + "/token";
    out.certificateAuthority.file = directory + "/ca.crt";
    for (const auto& file : {out.token.file, out.certificateAuthority.file}) {
        if (auto content = readFile(file); !content) {
            return base::fail("service account: " + file +
                              " cannot be read: " + content.error().message +
                              ": the pod needs automountServiceAccountToken");
        }
    }
    if (auto content = readFile(directory + "/namespace"); content) {
        out.defaultNamespace = std::string(trim(*content));
    }
    return out;
}

}  // namespace kube
