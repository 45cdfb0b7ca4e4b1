#include "kube/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "kube/encoding.h"
#include "kube/server_url.h"

namespace kube {
namespace {

namespace fs = std::filesystem;

// One kubeconfig file, its named parts still YAML: only the parts that the context selects are
// read.
struct Named {
    YAML::Node node;
    std::string source;     // for messages: "kubeconfig /x"
    std::string directory;  // for relative file names
};
struct Kubeconfig {
    std::map<std::string, Named> clusters;
    std::map<std::string, Named> users;
    std::map<std::string, Named> contexts;
    std::string currentContext;
    std::string sources;
};

std::string text(const YAML::Node& node, const char* field) {
    if (!node.IsMap() || !node[field] || !node[field].IsScalar()) {
        return "";
    }
    return node[field].Scalar();
}

std::string listNames(const std::map<std::string, Named>& parts) {
    std::string out;
    for (const auto& [name, part] : parts) {
        out += (out.empty() ? "" : ", ") + name;
    }
    return out.empty() ? "none is defined" : "use one of " + out;
}

void collect(const YAML::Node& root, const char* list, const char* part, const Named& origin,
             std::map<std::string, Named>& out) {
    for (const auto& entry : root[list]) {
        if (entry.IsMap() && entry["name"] && entry["name"].IsScalar()) {
            Named named = origin;
            named.node = entry[part] ? entry[part] : YAML::Node(YAML::NodeType::Map);
            out.emplace(entry["name"].Scalar(), named);  // the first file that names it wins
        }
    }
}

base::Status merge(const std::string& yaml, const std::string& source, const std::string& directory,
                   Kubeconfig& config) {
    YAML::Node root;
    try {
        root = YAML::Load(yaml);
        if (!root.IsMap()) {
            return base::fail(
                source + ": no kubeconfig: want a YAML map with clusters, users and " + "contexts");
        }
        const Named origin{{}, source, directory};
        for (const char* list : {"clusters", "users", "contexts"}) {
            if (root[list] && !root[list].IsSequence() && !root[list].IsNull()) {
                return base::fail(source + ": field " + list + ": want a list");
            }
        }
        collect(root, "clusters", "cluster", origin, config.clusters);
        collect(root, "users", "user", origin, config.users);
        collect(root, "contexts", "context", origin, config.contexts);
        if (config.currentContext.empty()) {
            config.currentContext = text(root, "current-context");
        }
    } catch (const YAML::Exception& e) {
        return base::fail(source + ": not valid YAML: " + e.what());
    }
    config.sources += (config.sources.empty() ? "" : ", ") + source;
    return {};
}

// Reads the fields of one named part; the first thing wrong is kept.
class Reader {
  public:
    Reader(const Named& part, std::string what) : part_(part), what_(std::move(what)) {}

    std::string string(const char* field) const { return text(part_.node, field); }
    bool boolean(const char* field) { return boolean(part_.node, field, field); }
    // `name` is what messages call it.
    bool boolean(const YAML::Node& node, const char* field, const char* name) {
        const std::string value = text(node, field);
        bool out = false;
        if (!value.empty() && !YAML::convert<bool>::decode(node[field], out)) {
            fail(name, "\"" + value + "\": want true or false");
        }
        return out;
    }
    std::vector<std::string> strings(const char* field) {
        std::vector<std::string> out;
        readList(node(field), field, out);
        return out;
    }
    std::map<std::string, std::vector<std::string>> lists(const char* field) {
        std::map<std::string, std::vector<std::string>> out;
        const YAML::Node map = node(field);
        if (map && !map.IsNull() && !map.IsMap()) {
            fail(field, "want a map of lists");
            return out;
        }
        for (const auto& entry : map) {
            const std::string key = entry.first.as<std::string>("");
            readList(entry.second, field + ("." + key), out[key]);
        }
        return out;
    }
    YAML::Node node(const char* field) const { return part_.node[field]; }

    std::string path(const char* field) {
        std::string value = string(field);
        if (!value.empty() && fs::path(value).is_relative()) {
            value = (fs::path(part_.directory) / value).lexically_normal().string();
        }
        return value;
    }
    // `<field>-data` (base64) before `<field>` (a file).
    Material material(const std::string& field) {
        Material out;
        const std::string dataField = field + "-data";
        const std::string data = string(dataField.c_str());
        if (!data.empty()) {
            auto decoded = base64Decode(data);
            if (!decoded) {
                fail(dataField, "is not base64");
            }
            out.data = decoded.value_or("");
        } else {
            out.file = readable(field.c_str());
        }
        return out;
    }
    std::string readable(const char* field) {
        std::string value = path(field);
        if (!value.empty()) {
            auto content = readFile(value);
            if (!content) {
                fail(field, value + " cannot be read: " + content.error().message);
            }
        }
        return value;
    }
    void fail(const std::string& field, const std::string& message) {
        if (!error_) {
            error_ = part_.source + ": " + what_ + ": field " + field + ": " + message;
        }
    }
    const std::optional<std::string>& error() const { return error_; }

  private:
    void readList(const YAML::Node& list, const std::string& field, std::vector<std::string>& out) {
        if (list && !list.IsNull() && !list.IsSequence()) {
            fail(field, "want a list");
            return;
        }
        for (const auto& item : list) {
            out.push_back(item.as<std::string>(""));
        }
    }

    const Named& part_;
    std::string what_;
    std::optional<std::string> error_;
};

// Of what a cluster's entry holds for the exec plug-in: as JSON, in the types that YAML 1.1 gives
// plain words, as kubectl hands it on. Aliases can unfold without an end.
class JsonOfYaml {
  public:
    base::Json convert(const YAML::Node& node, int depth = 0) {
        if (++count_ > kMostValues || depth > kMostDepth) {
            tooLarge_ = true;
            return nullptr;
        }
        if (node.IsSequence()) {
            base::Json out = base::Json::array();
            for (size_t i = 0; i < node.size() && !tooLarge_; ++i) {
                out.push_back(convert(node[i], depth + 1));
            }
            return out;
        }
        if (node.IsMap()) {
            base::Json out = base::Json::object();
            for (const auto& entry : node) {
                if (tooLarge_) {
                    break;
                }
                out[entry.first.as<std::string>("")] = convert(entry.second, depth + 1);
            }
            return out;
        }
        return node.IsScalar() ? scalar(node) : base::Json(nullptr);
    }
    bool tooLarge() const { return tooLarge_; }

  private:
    static constexpr int kMostValues = 10'000;
    static constexpr int kMostDepth = 100;

    static base::Json scalar(const YAML::Node& node) {
        const bool plain = node.Tag().empty() || node.Tag() == "?";
        bool truth = false;
        int64_t integer = 0;
        double real = 0;
        if (plain && YAML::convert<bool>::decode(node, truth)) {
            return truth;
        }
        if (plain && YAML::convert<int64_t>::decode(node, integer)) {
            return integer;
        }
        if (plain && YAML::convert<double>::decode(node, real) && std::isfinite(real)) {
            return real;
        }
        return node.Scalar();
    }

    int count_ = 0;
    bool tooLarge_ = false;
};

std::string inQuotes(const std::string& name) {
    return "\"" + name + "\"";
}

void readServer(Reader& cluster, ClusterConfig& out) {
    out.server = cluster.string("server");
    while (!out.server.empty() && out.server.back() == '/') {
        out.server.pop_back();
    }
    if (out.server.empty()) {
        cluster.fail("server", "is missing: want a URL like https://10.0.0.1:6443");
    } else if (!out.server.starts_with("https://") && !out.server.starts_with("http://")) {
        cluster.fail("server", inQuotes(out.server) + " has no scheme: want https://HOST:PORT");
    }
}

void readProxy(Reader& cluster, ClusterConfig& out) {
    out.proxyUrl = cluster.string("proxy-url");
    if (!out.proxyUrl.empty() && !supportedProxy(out.proxyUrl)) {
        cluster.fail("proxy-url", "only http:// proxies are supported: want http://HOST:PORT");
    }
}

void readExtension(Reader& cluster, ClusterConfig& out) {
    const YAML::Node extensions = cluster.node("extensions");
    if (!extensions || !extensions.IsSequence()) {
        return;
    }
    for (const auto& entry : extensions) {
        if (text(entry, "name") != "client.authentication.k8s.io/exec" || !entry["extension"] ||
            entry["extension"].IsNull()) {
            continue;
        }
        JsonOfYaml json;
        out.execExtension = base::dumpJson(json.convert(entry["extension"]));
        if (json.tooLarge()) {
            cluster.fail("extensions",
                         "client.authentication.k8s.io/exec unfolds into too much: "
                         "write it without aliases, with less in it");
        }
    }
}

void readCluster(Reader& cluster, ClusterConfig& out) {
    readServer(cluster, out);
    readProxy(cluster, out);
    out.certificateAuthority = cluster.material("certificate-authority");
    out.tlsServerName = cluster.string("tls-server-name");
    out.disableCompression = cluster.boolean("disable-compression");
    out.insecureSkipTlsVerify = cluster.boolean("insecure-skip-tls-verify");
    readExtension(cluster, out);
    if (out.insecureSkipTlsVerify && !out.certificateAuthority.empty()) {
        cluster.fail("insecure-skip-tls-verify",
                     "contradicts certificate-authority: remove one of the two");
    }
}

void readExec(Reader& user, const Named& part, ClusterConfig& out) {
    const YAML::Node exec = user.node("exec");
    if (!exec || !exec.IsMap()) {
        return;
    }
    out.exec.command = text(exec, "command");
    out.exec.apiVersion = text(exec, "apiVersion");
    out.exec.installHint = text(exec, "installHint");
    out.exec.provideClusterInfo =
        user.boolean(exec, "provideClusterInfo", "exec.provideClusterInfo");
    if (text(exec, "interactiveMode") == "Always") {
        user.fail("exec.interactiveMode",
                  "Always cannot be met: nobody types here: use a plug-in that asks nothing");
    }
    if (out.exec.command.empty()) {
        user.fail("exec.command", "is missing: name the program that prints the credential");
    }
    if (out.exec.apiVersion != "client.authentication.k8s.io/v1" &&
        out.exec.apiVersion != "client.authentication.k8s.io/v1beta1") {
        user.fail("exec.apiVersion", inQuotes(out.exec.apiVersion) +
                                         " is not supported: use client.authentication.k8s.io/v1");
    }
    // A bare name is looked up in PATH; anything with a slash belongs to the file it stands in.
    if (out.exec.command.find('/') != std::string::npos &&
        fs::path(out.exec.command).is_relative()) {
        out.exec.command =
            (fs::path(part.directory) / out.exec.command).lexically_normal().string();
    }
    for (const auto& arg : exec["args"]) {
        out.exec.args.push_back(arg.as<std::string>(""));
    }
    for (const auto& variable : exec["env"]) {
        out.exec.env[text(variable, "name")] = text(variable, "value");
    }
}

void readImpersonation(Reader& user, Impersonation& out) {
    out.user = user.string("as");
    out.uid = user.string("as-uid");
    out.groups = user.strings("as-groups");
    out.extra = user.lists("as-user-extra");
    if (out.user.empty() && !(out.uid.empty() && out.groups.empty() && out.extra.empty())) {
        user.fail("as", "is missing: as-uid, as-groups and as-user-extra need a user");
    }
}

void readUser(Reader& user, const Named& part, ClusterConfig& out) {
    out.clientCertificate = user.material("client-certificate");
    out.clientKey = user.material("client-key");
    if (out.clientCertificate.empty() != out.clientKey.empty()) {
        user.fail(out.clientKey.empty() ? "client-key" : "client-certificate",
                  "is missing: a client certificate needs both");
    }
    out.token.data = user.string("token");
    out.token.file = user.readable("tokenFile");
    readExec(user, part, out);
    readImpersonation(user, out.impersonate);
    if (user.node("auth-provider")) {
        user.fail("auth-provider", "is no longer supported by Kubernetes: use an exec plug-in");
    }
    if (!user.string("username").empty()) {
        user.fail("username",
                  "basic authentication is not supported by Kubernetes since 1.19: use "
                  "a token, a client certificate or an exec plug-in");
    }
}

base::Result<ClusterConfig> select(const Kubeconfig& config, const std::string& wanted) {
    const std::string name = wanted.empty() ? config.currentContext : wanted;
    if (name.empty()) {
        return base::fail(config.sources + ": field current-context is empty: " +
                          listNames(config.contexts) + " (--context)");
    }
    auto context = config.contexts.find(name);
    if (context == config.contexts.end()) {
        return base::fail(config.sources + ": context " + inQuotes(name) +
                          " does not exist: " + listNames(config.contexts));
    }
    const YAML::Node& node = context->second.node;
    const std::string at = context->second.source + ": context " + inQuotes(name);
    ClusterConfig out;
    out.contextName = name;
    auto cluster = config.clusters.find(text(node, "cluster"));
    if (cluster == config.clusters.end()) {
        return base::fail(at + ": cluster " + inQuotes(text(node, "cluster")) +
                          " does not exist: " + listNames(config.clusters));
    }
    Reader clusterReader(cluster->second, "cluster " + inQuotes(cluster->first));
    readCluster(clusterReader, out);
    if (clusterReader.error()) {
        return base::fail(*clusterReader.error());
    }
    if (!text(node, "user").empty()) {
        auto user = config.users.find(text(node, "user"));
        if (user == config.users.end()) {
            return base::fail(at + ": user " + inQuotes(text(node, "user")) +
                              " does not exist: " + listNames(config.users));
        }
        Reader userReader(user->second, "user " + inQuotes(user->first));
        readUser(userReader, user->second, out);
        if (userReader.error()) {
            return base::fail(*userReader.error());
        }
    }
    if (!text(node, "namespace").empty()) {
        out.defaultNamespace = text(node, "namespace");
    }
    return out;
}

base::Result<ClusterConfig> selectSafely(const Kubeconfig& config, const std::string& context) {
    try {
        auto out = select(config, context);
        // Names in a file may hold anything.
        return out ? std::move(out) : base::fail(base::oneLine(out.error().message));
    } catch (const YAML::Exception& e) {
        return base::fail(base::oneLine(config.sources + ": not a kubeconfig: " + e.what()));
    }
}

base::Status mergeFile(const std::string& path, Kubeconfig& config) {
    auto content = readFile(path);
    if (!content) {
        return base::fail("kubeconfig " + path + ": cannot be read: " + content.error().message +
                          ": name an existing file with --kubeconfig or KUBECONFIG");
    }
    return merge(*content, "kubeconfig " + path,
                 fs::absolute(fs::path(path)).parent_path().string(), config);
}

}  // namespace

base::Result<ClusterConfig> loadKubeconfigList(const std::string& list,
                                               const std::string& context) {
    Kubeconfig config;
    for (size_t start = 0; start <= list.size();) {
        const size_t end = std::min(list.find(':', start), list.size());
        const std::string path = list.substr(start, end - start);
        start = end + 1;
        std::error_code ignored;
        if (path.empty() || !fs::exists(path, ignored)) {
            continue;
        }
        if (auto merged = mergeFile(path, config); !merged) {
            return base::fail(base::oneLine(merged.error().message));
        }
    }
    if (config.sources.empty()) {
        return base::fail("KUBECONFIG=" + list + ": none of these files exists: set it to a " +
                          "kubeconfig or use --kubeconfig");
    }
    return selectSafely(config, context);
}

base::Result<ClusterConfig> loadKubeconfigFile(const std::string& path,
                                               const std::string& context) {
    Kubeconfig config;
    if (auto merged = mergeFile(path, config); !merged) {
        return base::fail(base::oneLine(merged.error().message));
    }
    return selectSafely(config, context);
}

base::Result<ClusterConfig> parseKubeconfig(const std::string& yaml, const std::string& directory,
                                            const std::string& context) {
    Kubeconfig config;
    if (auto merged = merge(yaml, "kubeconfig", directory, config); !merged) {
        return base::fail(base::oneLine(merged.error().message));
    }
    return selectSafely(config, context);
}

}  // namespace kube
