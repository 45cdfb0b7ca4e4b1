#include "kube/server_url.h"

#include <gtest/gtest.h>

namespace {

std::string proxy(const std::string& server, std::map<std::string, std::string> environment,
                  const std::string& explicitProxy = "") {
    kube::ClusterConfig config;
    config.server = server;
    config.proxyUrl = explicitProxy;
    return kube::proxyFor(config, environment);
}

TEST(ServerUrl, HostAndPort) {
    EXPECT_EQ(kube::hostOf("https://10.0.0.1:6443"), "10.0.0.1");
    EXPECT_EQ(kube::hostOf("https://api.example/prefix:x"), "api.example");
    EXPECT_EQ(kube::hostOf("https://[fd00::1]:6443/p"), "fd00::1");
    EXPECT_EQ(kube::hostOf("https://user@api:1"), "api");
    EXPECT_EQ(kube::portOf("https://api"), 443);
    EXPECT_EQ(kube::portOf("http://api"), 80);
    EXPECT_EQ(kube::portOf("https://[fd00::1]:6443"), 6443);
    EXPECT_EQ(kube::portOf("https://[fd00::1]"), 443);
}

TEST(ServerUrl, AuthorityPathAndUser) {
    EXPECT_EQ(kube::authorityOf("https://u:p@[::1]:6443/prefix"), "[::1]:6443");
    EXPECT_EQ(kube::pathOf("https://api/clusters/one"), "/clusters/one");
    EXPECT_EQ(kube::pathOf("https://api"), "");
    EXPECT_EQ(kube::userOf("http://user:p%40ss@proxy:1/x@y"), "user:p@ss");
    EXPECT_EQ(kube::userOf("http://proxy:1/x@y"), "");
}

TEST(Proxy, OnlyPlainOnesAreSpokenTo) {
    EXPECT_TRUE(kube::supportedProxy("http://proxy:3128"));
    for (const char* url : {"https://proxy:3128", "socks5://proxy", "proxy:3128", "http://", ""}) {
        EXPECT_FALSE(kube::supportedProxy(url)) << url;
    }
}

TEST(Proxy, TheKubeconfigsComesFirst) {
    EXPECT_EQ(proxy("https://api:6443", {{"HTTPS_PROXY", "http://env:1"}, {"NO_PROXY", "*"}},
                    "http://own:1"),
              "http://own:1");
    EXPECT_EQ(proxy("https://api:6443", {}), "");
}

TEST(Proxy, OfTheEnvironmentByScheme) {
    const std::map<std::string, std::string> both = {{"HTTPS_PROXY", "http://s:1"},
                                                     {"HTTP_PROXY", "http://p:1"}};
    EXPECT_EQ(proxy("https://api", both), "http://s:1");
    EXPECT_EQ(proxy("http://api", both), "http://p:1");
    EXPECT_EQ(proxy("https://api", {{"https_proxy", "lower:1"}}), "http://lower:1");
    EXPECT_EQ(proxy("https://api", {{"HTTP_PROXY", "http://p:1"}}), "");
}

TEST(Proxy, LoopbackIsNeverProxiedByTheEnvironment) {
    for (const char* server : {"https://127.0.0.1:6443", "https://localhost", "https://[::1]:6443",
                               "https://127.1.2.3"}) {
        EXPECT_EQ(proxy(server, {{"HTTPS_PROXY", "http://p:1"}}), "") << server;
    }
}

TEST(Proxy, NoProxyNamesExceptions) {
    struct Case {
        const char* server;
        const char* list;
        bool proxied;
    };
    for (const Case& c : {
             Case{"https://api.example", "*", false},
             Case{"https://api.example", "api.example", false},
             Case{"https://api.example", "example", false},
             Case{"https://api.example", ".example", false},
             Case{"https://api.example", "a, .example ,b", false},
             Case{"https://api.example", "xample", true},
             Case{"https://api.example", "api.example:6443", true},
             Case{"https://api.example:6443", "api.example:6443", false},
             Case{"https://10.1.2.3", "10.1.2.3", false},
             Case{"https://10.1.2.3", "10.0.0.0/8", false},
             Case{"https://11.1.2.3", "10.0.0.0/8", true},
             Case{"https://10.1.2.3", "10.1.2.0/31", true},
             Case{"https://10.1.2.3", "0.0.0.0/0", false},
             Case{"https://10.1.2.3", "10.0.0.0/33", true},
             Case{"https://10.1.2.3", "10.0.0.0/x", true},
             Case{"https://[fd00::5]", "fd00::/8", false},
             Case{"https://10.1.2.3", "2.3", true},
             Case{"https://api.example", "", true},
         }) {
        EXPECT_EQ(proxy(c.server, {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", c.list}}).empty(),
                  !c.proxied)
            << c.server << " with NO_PROXY=" << c.list;
    }
}

}  // namespace
