// Where the API server is and who we are: from a kubeconfig or from the pod we run in.
//
//   auto config = kube::loadConfig({.kubeconfigPath = flag, .context = contextFlag});
//   if (!config) { die(config.error().message); }   // names the file, the field and the remedy
//
// Secrets (tokens, keys) are held here and go to the transport only; str() never shows them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace kube {

// A PEM or token given in place or as a file that is read again when it changes.
struct Material {
    std::string data{};
    std::string file{};
    bool empty() const { return data.empty() && file.empty(); }
};

// client.authentication.k8s.io/v1 exec plug-in.
struct ExecPlugin {
    std::string command{};
    std::vector<std::string> args{};
    std::map<std::string, std::string> env{};
    std::string apiVersion{};
    bool provideClusterInfo = false;
    std::string installHint{};
};

// Whom the requests are made for, when not for ourselves.
struct Impersonation {
    std::string user{};
    std::string uid{};
    std::vector<std::string> groups{};
    std::map<std::string, std::vector<std::string>> extra{};
};

// The library below kube::Transport. Both keep the same promises (kube/transport.h).
enum class TransportKind { Cpprest, Beast };

struct ClusterConfig {
    std::string server{};  // "https://10.0.0.1:6443", no trailing slash, may carry a path prefix
    Material certificateAuthority{};
    std::string tlsServerName{};
    bool disableCompression = false;
    bool insecureSkipTlsVerify = false;
    std::string proxyUrl{};
    Material clientCertificate{};
    Material clientKey{};
    Material token{};
    ExecPlugin exec{};  // command empty: none
    std::string
        execExtension{};  // JSON, what the cluster's entry holds for the plug-in; "": nothing
    Impersonation impersonate{};
    std::string userAgent{};  // empty: "<program>/<version>"
    std::string defaultNamespace = "default";
    std::string contextName{};
    TransportKind transport = TransportKind::Cpprest;

    // Server, context and the kind of credential; never the credential.
    std::string str() const;
};

struct ConfigOptions {
    std::string kubeconfigPath{};  // --kubeconfig; empty: $KUBECONFIG (may list several), then
                                   // in-cluster, then ~/.kube/config
    std::string context{};         // --context; empty: current-context
};

// Also takes KUBE_TRANSPORT from the environment: `cpprestsdk` (the default) or `beast`.
base::Result<ClusterConfig> loadConfig(const ConfigOptions& options);

// Parses one kubeconfig text (YAML or JSON); relative file names are resolved against `directory`.
// `context` empty: its current-context.
base::Result<ClusterConfig> parseKubeconfig(const std::string& yaml, const std::string& directory,
                                            const std::string& context);

// The service account mounted into a pod at `directory`. Errors name what is missing.
base::Result<ClusterConfig> inClusterConfig(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace kube
