#include "kube/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "kube/encoding.h"

namespace {

namespace fs = std::filesystem;

// Sets a variable for one test; nullopt: unset.
class Variable {
  public:
    Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
        if (const char* old = std::getenv(name)) {
            old_ = old;
        }
        put(value);
    }
    ~Variable() { put(old_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    void put(const std::optional<std::string>& value) {
        value ? ::setenv(name_, value->c_str(), 1) : ::unsetenv(name_);
    }
    const char* name_;
    std::optional<std::string> old_;
};

class Config : public testing::Test {
  protected:
    Config() : folder_(fs::path(testing::TempDir()) / ("config-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
    }
    ~Config() override { fs::remove_all(folder_); }
    std::string put(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    fs::path folder_;
    Variable kubeconfig_{"KUBECONFIG", std::nullopt};
    Variable host_{"KUBERNETES_SERVICE_HOST", std::nullopt};
    Variable port_{"KUBERNETES_SERVICE_PORT", std::nullopt};
    Variable home_{"HOME", std::nullopt};
    Variable transport_{"KUBE_TRANSPORT", std::nullopt};
};

std::string kubeconfig(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
           "clusters:\n- name: c\n  cluster: {" +
           cluster +
           "}\n"
           "users:\n- name: u\n  user: {" +
           user +
           "}\n"
           "contexts:\n- name: dev\n  context: {cluster: c, user: u, namespace: shop}\n"
           "- name: other\n  context: {cluster: c, user: u}\n";
}

std::string errorOf(const base::Result<kube::ClusterConfig>& result) {
    return result ? "no error" : result.error().message;
}

TEST_F(Config, ReadsDataInPlace) {
    auto config = kube::parseKubeconfig(
        kubeconfig("server: 'https://10.0.0.1:6443/', certificate-authority-data: " +
                       kube::base64Encode("CA") + ", tls-server-name: api, proxy-url: 'http://p:1'",
                   "client-certificate-data: " + kube::base64Encode("CERT") +
                       ", client-key-data: " + kube::base64Encode("KEY") +
                       ", token: t, as: alice, as-uid: u-1, as-groups: [g, h], "
                       "as-user-extra: {team: [web, db], 'a/b': [c]}"),
        "/", "");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->server, "https://10.0.0.1:6443");
    EXPECT_EQ(config->certificateAuthority.data, "CA");
    EXPECT_EQ(config->tlsServerName, "api");
    EXPECT_EQ(config->proxyUrl, "http://p:1");
    EXPECT_EQ(config->clientCertificate.data, "CERT");
    EXPECT_EQ(config->clientKey.data, "KEY");
    EXPECT_EQ(config->token.data, "t");
    EXPECT_EQ(config->impersonate.user, "alice");
    EXPECT_EQ(config->impersonate.uid, "u-1");
    EXPECT_EQ(config->impersonate.groups, (std::vector<std::string>{"g", "h"}));
    EXPECT_EQ(config->impersonate.extra, (std::map<std::string, std::vector<std::string>>{
                                             {"team", {"web", "db"}}, {"a/b", {"c"}}}));
    EXPECT_EQ(config->defaultNamespace, "shop");
    EXPECT_EQ(config->contextName, "dev");
    EXPECT_FALSE(config->insecureSkipTlsVerify);
}

TEST_F(Config, FilesAreRelativeToTheKubeconfig) {
    put("ca.crt", "CA");
    put("token", "t");
    const auto path = put("config", kubeconfig("server: 'https://x', certificate-authority: ca.crt",
                                               "tokenFile: ./token"));
    auto config = kube::loadConfig({.kubeconfigPath = path});
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->certificateAuthority.file, (folder_ / "ca.crt").string());
    EXPECT_EQ(config->token.file, (folder_ / "token").string());
}

TEST_F(Config, AnotherContextCanBeChosen) {
    auto config = kube::parseKubeconfig(kubeconfig("server: 'https://x'", ""), "/", "other");
    ASSERT_TRUE(config.ok());
    EXPECT_EQ(config->contextName, "other");
    EXPECT_EQ(config->defaultNamespace, "default");
}

TEST_F(Config, JsonIsYamlToo) {
    auto config = kube::parseKubeconfig(
        R"({"current-context":"d","clusters":[{"name":"c","cluster":{"server":"https://x","insecure-skip-tls-verify":true}}],)"
        R"("users":[{"name":"u","user":{"token":"t"}}],"contexts":[{"name":"d","context":{"cluster":"c","user":"u"}}]})",
        "/", "");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_TRUE(config->insecureSkipTlsVerify);
    EXPECT_EQ(config->token.data, "t");
}

TEST_F(Config, WhatAClusterHoldsForTheExecPluginIsKeptWithItsTypes) {
    auto config = kube::parseKubeconfig(
        kubeconfig("server: 'https://x', extensions: ["
                   "{name: other, extension: {a: 1}}, "
                   "{name: client.authentication.k8s.io/exec, extension: {audience: \"06e3\", "
                   "count: 3, share: 0.5, strict: true, word: \"true\", none: null, "
                   "list: [a, {b: c}]}}]",
                   ""),
        "/", "");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->execExtension,
              R"({"audience":"06e3","count":3,"share":0.5,"strict":true,"word":"true","none":null,)"
              R"("list":["a",{"b":"c"}]})");
    config = kube::parseKubeconfig(
        kubeconfig("server: 'https://x', extensions: [{name: other, extension: {a: 1}}, 7, "
                   "{name: client.authentication.k8s.io/exec}]",
                   ""),
        "/", "");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->execExtension, "");
}

TEST_F(Config, AnExtensionThatUnfoldsWithoutAnEndIsRefused) {
    std::string doubled = "a0: &a0 [x, x]";
    for (int i = 1; i < 20; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        doubled += ", a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " +
                   before + "]";
    }
    for (const std::string& endless : {"{" + doubled + "}", std::string("&me [*me]")}) {
        auto config = kube::parseKubeconfig(
            kubeconfig(
                "server: 'https://x', extensions: [{name: client.authentication.k8s.io/exec, "
                "extension: " +
                    endless + "}]",
                ""),
            "/", "");
        EXPECT_NE(errorOf(config).find("field extensions: client.authentication.k8s.io/exec "
                                       "unfolds into too much"),
                  std::string::npos)
            << errorOf(config);
    }
}

TEST_F(Config, ExecPlugin) {
    auto config = kube::parseKubeconfig(
        kubeconfig("server: 'https://x'",
                   "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, "
                   "args: [get, token], env: [{name: A, value: b}], provideClusterInfo: true, "
                   "installHint: install it}"),
        "/etc/kube", "");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->exec.command, "/etc/kube/login");
    EXPECT_EQ(config->exec.args, (std::vector<std::string>{"get", "token"}));
    EXPECT_EQ(config->exec.env.at("A"), "b");
    EXPECT_TRUE(config->exec.provideClusterInfo);
    EXPECT_EQ(config->exec.installHint, "install it");
}

TEST_F(Config, EveryMistakeNamesFieldAndRemedy) {
    struct Case {
        std::string cluster;
        std::string user;
        std::string message;
    };
    const std::string server = "server: 'https://x'";
    for (
        const Case& c : {
            Case{
                "", "",
                R"(kubeconfig: cluster "c": field server: is missing: want a URL like https://10.0.0.1:6443)"},
            Case{
                "server: '10.0.0.1:6443'", "",
                R"(kubeconfig: cluster "c": field server: "10.0.0.1:6443" has no scheme: want https://HOST:PORT)"},
            Case{server + ", certificate-authority-data: '%%%'", "",
                 R"(kubeconfig: cluster "c": field certificate-authority-data: is not base64)"},
            Case{
                server + ", certificate-authority: /nowhere/ca", "",
                R"(kubeconfig: cluster "c": field certificate-authority: /nowhere/ca cannot be read: No such file or directory)"},
            Case{
                server + ", insecure-skip-tls-verify: true, certificate-authority-data: QQ==", "",
                R"(kubeconfig: cluster "c": field insecure-skip-tls-verify: contradicts certificate-authority: remove one of the two)"},
            Case{
                server + ", proxy-url: 'socks5://p'", "",
                R"(kubeconfig: cluster "c": field proxy-url: only http:// proxies are supported: want http://HOST:PORT)"},
            Case{
                server, "client-certificate-data: QQ==",
                R"(kubeconfig: user "u": field client-key: is missing: a client certificate needs both)"},
            Case{
                server, "tokenFile: /nowhere/t",
                R"(kubeconfig: user "u": field tokenFile: /nowhere/t cannot be read: No such file or directory)"},
            Case{
                server, "username: a, password: b",
                R"(kubeconfig: user "u": field username: basic authentication is not supported by Kubernetes since 1.19: use a token, a client certificate or an exec plug-in)"},
            Case{
                server, "auth-provider: {name: gcp}",
                R"(kubeconfig: user "u": field auth-provider: is no longer supported by Kubernetes: use an exec plug-in)"},
            Case{
                server, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}",
                R"(kubeconfig: user "u": field exec.apiVersion: "client.authentication.k8s.io/v1alpha1" is not supported: use client.authentication.k8s.io/v1)"},
            Case{
                server, "exec: {apiVersion: client.authentication.k8s.io/v1}",
                R"(kubeconfig: user "u": field exec.command: is missing: name the program that prints the credential)"},
            Case{
                server, "as-groups: [g, h]",
                R"(kubeconfig: user "u": field as: is missing: as-uid, as-groups and as-user-extra need a user)"},
            Case{server, "as: a, as-groups: g",
                 R"(kubeconfig: user "u": field as-groups: want a list)"},
            Case{server, "as: a, as-user-extra: [g]",
                 R"(kubeconfig: user "u": field as-user-extra: want a map of lists)"},
            Case{server, "as: a, as-user-extra: {team: web}",
                 R"(kubeconfig: user "u": field as-user-extra.team: want a list)"},
            Case{
                server + ", proxy-url: 'https://p:3128'", "",
                R"(kubeconfig: cluster "c": field proxy-url: only http:// proxies are supported: want http://HOST:PORT)"},
            Case{
                server + ", insecure-skip-tls-verify: perhaps", "",
                R"(kubeconfig: cluster "c": field insecure-skip-tls-verify: "perhaps": want true or false)"},
            Case{
                server,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: "
                "Always}",
                R"(kubeconfig: user "u": field exec.interactiveMode: Always cannot be met: nobody types here: use a plug-in that asks nothing)"},
        }) {
        EXPECT_EQ(errorOf(kube::parseKubeconfig(kubeconfig(c.cluster, c.user), "/", "")),
                  c.message);
    }
}

TEST_F(Config, WhatDoesNotExistIsNamedWithWhatDoes) {
    const auto text = kubeconfig("server: 'https://x'", "");
    EXPECT_EQ(errorOf(kube::parseKubeconfig(text, "/", "prod")),
              "kubeconfig: context \"prod\" does not exist: use one of dev, other");
    EXPECT_EQ(errorOf(kube::parseKubeconfig(
                  "current-context: a\ncontexts:\n- name: a\n  context: {cluster: x}\n", "/", "")),
              "kubeconfig: context \"a\": cluster \"x\" does not exist: none is defined");
    EXPECT_EQ(errorOf(kube::parseKubeconfig("contexts:\n- name: a\n  context: {}\n", "/", "")),
              "kubeconfig: field current-context is empty: use one of a (--context)");
}

TEST_F(Config, TextThatIsNoKubeconfig) {
    EXPECT_NE(errorOf(kube::parseKubeconfig("a: [", "/", "")).find("kubeconfig: not valid YAML"),
              std::string::npos);
    for (const char* text : {"", "just text", "[1, 2]", "clusters: 7", "contexts: {a: b}"}) {
        EXPECT_NE(errorOf(kube::parseKubeconfig(text, "/", "")), "no error") << text;
    }
}

TEST_F(Config, AFileThatCannotBeRead) {
    EXPECT_EQ(
        errorOf(kube::loadConfig({.kubeconfigPath = "/nowhere/config"})),
        "kubeconfig /nowhere/config: cannot be read: No such file or directory: name an existing "
        "file with --kubeconfig or KUBECONFIG");
    EXPECT_NE(
        errorOf(kube::loadConfig({.kubeconfigPath = folder_.string()})).find("it is a folder"),
        std::string::npos);
}

TEST_F(Config, SeveralFilesAreMergedAndTheFirstWins) {
    const auto first =
        put("first",
            "current-context: a\nclusters:\n- name: c\n  cluster: {server: 'https://first'}\n");
    const auto second =
        put("second",
            "current-context: b\nclusters:\n- name: c\n  cluster: {server: 'https://second'}\n"
            "users:\n- name: u\n  user: {token: t}\n"
            "contexts:\n- name: a\n  context: {cluster: c, user: u}\n");
    Variable list("KUBECONFIG", first + ":" + (folder_ / "absent").string() + "::" + second);
    auto config = kube::loadConfig({});
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->server, "https://first");
    EXPECT_EQ(config->contextName, "a");
    EXPECT_EQ(config->token.data, "t");
    Variable none("KUBECONFIG", "/nowhere/a:/nowhere/b");
    EXPECT_EQ(
        errorOf(kube::loadConfig({})),
        "KUBECONFIG=/nowhere/a:/nowhere/b: none of these files exists: set it to a kubeconfig or "
        "use --kubeconfig");
}

TEST_F(Config, FlagBeforeVariableBeforePodBeforeHome) {
    fs::create_directories(folder_ / ".kube");
    put(".kube/config", kubeconfig("server: 'https://home'", ""));
    Variable home("HOME", folder_.string());
    EXPECT_EQ(kube::loadConfig({})->server, "https://home");
    {
        Variable host("KUBERNETES_SERVICE_HOST", "10.96.0.1");
        EXPECT_NE(errorOf(kube::loadConfig({})).find("KUBERNETES_SERVICE_PORT"), std::string::npos);
        Variable list("KUBECONFIG", put("var", kubeconfig("server: 'https://variable'", "")));
        EXPECT_EQ(kube::loadConfig({})->server, "https://variable");
        EXPECT_EQ(kube::loadConfig(
                      {.kubeconfigPath = put("flag", kubeconfig("server: 'https://flag'", ""))})
                      ->server,
                  "https://flag");
    }
    Variable nobody("HOME", "/nowhere");
    EXPECT_EQ(errorOf(kube::loadConfig({})).find("no cluster: "), 0U);
}

TEST_F(Config, InClusterReadsTheServiceAccount) {
    put("token", "secret");
    put("ca.crt", "CA");
    put("namespace", "operators\n");
    Variable host("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    Variable port("KUBERNETES_SERVICE_PORT", "443");
    auto config = kube::inClusterConfig(folder_.string());
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->server, "https://10.96.0.1:443");
    EXPECT_EQ(config->token.file, (folder_ / "token").string());
    EXPECT_EQ(config->certificateAuthority.file, (folder_ / "ca.crt").string());
    EXPECT_EQ(config->defaultNamespace, "operators");
    Variable six("KUBERNETES_SERVICE_HOST", "fd00::1");
    EXPECT_EQ(kube::inClusterConfig(folder_.string())->server, "https://[fd00::1]:443");
    fs::remove(folder_ / "token");
    EXPECT_EQ(errorOf(kube::inClusterConfig(folder_.string())),
              "service account: " + (folder_ / "token").string() +
                  " cannot be read: No such file or directory: the pod needs "
                  "automountServiceAccountToken");
}

TEST_F(Config, TheTransportIsChosenByTheEnvironment) {
    const auto path = put("config", kubeconfig("server: 'https://x'", ""));
    for (const auto& [value, kind] : {std::pair{"", kube::TransportKind::Cpprest},
                                      {"cpprestsdk", kube::TransportKind::Cpprest},
                                      {"beast", kube::TransportKind::Beast}}) {
        Variable variable("KUBE_TRANSPORT", value);
        EXPECT_EQ(kube::loadConfig({.kubeconfigPath = path})->transport, kind) << value;
    }
    Variable variable("KUBE_TRANSPORT", "curl");
    EXPECT_EQ(errorOf(kube::loadConfig({.kubeconfigPath = path})),
              "KUBE_TRANSPORT=curl: want cpprestsdk or beast");
}

TEST_F(Config, AProxyOfTheEnvironmentThatIsNotSpokenIsRefused) {
    const auto path = put("config", kubeconfig("server: 'https://api.example'", ""));
    Variable proxy("HTTPS_PROXY", "https://user:hush@p:3128");
    Variable none("NO_PROXY", std::nullopt);
    EXPECT_EQ(errorOf(kube::loadConfig({.kubeconfigPath = path})),
              "the proxy of the environment (HTTPS_PROXY or HTTP_PROXY) for https://api.example is "
              "no http:// proxy: set http://HOST:PORT, or name the server in NO_PROXY");
    Variable excepted("NO_PROXY", "api.example");
    EXPECT_TRUE(kube::loadConfig({.kubeconfigPath = path}).ok());
}

TEST_F(Config, EverySpellingOfABooleanIsRead) {
    for (const char* yes : {"true", "True", "yes", "on"}) {
        auto config = kube::parseKubeconfig(
            kubeconfig(std::string("server: 'https://x', disable-compression: ") + yes, ""), "/",
            "");
        ASSERT_TRUE(config.ok()) << config.error().message;
        EXPECT_TRUE(config->disableCompression) << yes;
    }
    EXPECT_FALSE(kube::parseKubeconfig(
                     kubeconfig("server: 'https://x', disable-compression: false", ""), "/", "")
                     ->disableCompression);
}

TEST_F(Config, ANameOfSeveralLinesDoesNotBreakItsMessage) {
    EXPECT_EQ(errorOf(kube::parseKubeconfig("current-context: \"a\\nb\"", "/", "")),
              "kubeconfig: context \"a\\nb\" does not exist: none is defined");
}

TEST_F(Config, StrShowsNoSecret) {
    auto config = kube::parseKubeconfig(kubeconfig("server: 'https://x'", "token: hush"), "/", "");
    EXPECT_EQ(config->str(), "https://x (context dev, token)");
}

}  // namespace
