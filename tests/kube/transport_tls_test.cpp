#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fake_names.h"
#include "kube/encoding.h"
#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;
using support::Authority;

void greet(const StubRequest&, StubReply& reply) {
    reply.send(200, "{}");
}

class Tls : public TransportTest {
  protected:
    Authority authority_{"cluster-ca"};
    support::StubTls forLoopback(const std::string& clientAuthority = "") {
        return {authority_.issue({.commonName = "api", .addresses = {"127.0.0.1"}}),
                clientAuthority};
    }
    kube::ClusterConfig trusting(const HttpStub& server) {
        auto config = configFor(server);
        config.certificateAuthority.data = authority_.pem();
        return config;
    }
};
EVERY_TRANSPORT(Tls);

TEST_P(Tls, TheClustersAuthorityIsTrusted) {
    HttpStub server(greet, forLoopback());
    auto got = make(trusting(server))->send(get("/x"), {});
    EXPECT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(server.requests().at(0).serverName, "") << "an address is no SNI";
}

TEST_P(Tls, AnotherAuthorityIsRefusedAndTheReasonSaid) {
    HttpStub server(greet, forLoopback());
    auto config = configFor(server);
    config.certificateAuthority.data = Authority("other").pem();
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
    EXPECT_NE(got.error().message.find("not trusted"), std::string::npos) << got.error().message;
    EXPECT_TRUE(server.requests().empty());
}

TEST_P(Tls, WithoutAnAuthorityTheSystemsIsTrustedAndOursIsNot) {
    HttpStub server(greet, forLoopback());
    auto got = make(configFor(server))->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_NE(got.error().message.find("not trusted"), std::string::npos) << got.error().message;
}

TEST_P(Tls, AnotherNameInTheCertificateIsRefused) {
    HttpStub server(
        greet, support::StubTls{
                   authority_.issue({.commonName = "127.0.0.1", .names = {"api.example"}}), ""});
    auto got = make(trusting(server))->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_NE(got.error().message.find("not trusted"), std::string::npos) << got.error().message;
}

TEST_P(Tls, TlsServerNameIsCheckedAndSentInstead) {
    HttpStub server(
        greet,
        support::StubTls{authority_.issue({.commonName = "api", .names = {"api.example"}}), ""});
    auto config = trusting(server);
    config.tlsServerName = "api.example";
    auto got = make(config)->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(server.requests().at(0).serverName, "api.example");
    EXPECT_EQ(server.requests().at(0).header("host").rfind("127.0.0.1", 0), 0U);
    config.tlsServerName = "other.example";
    EXPECT_FALSE(make(config)->send(get("/x"), {}).ok());
}

TEST_P(Tls, InsecureWorksAndWarnsOnce) {
    HttpStub server(greet, forLoopback());
    auto config = configFor(server);
    config.insecureSkipTlsVerify = true;
    testing::internal::CaptureStderr();
    auto transport = make(config);
    auto first = transport->send(get("/x"), {});
    auto second = transport->send(get("/y"), {});
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(first.ok()) << first.error().str();
    EXPECT_TRUE(second.ok());
    const size_t warning = log.find("NOT verified");
    ASSERT_NE(warning, std::string::npos) << log;
    EXPECT_EQ(log.find("NOT verified", warning + 1), std::string::npos);
}

TEST_P(Tls, AClientCertificateIsShown) {
    HttpStub server(greet, forLoopback(authority_.pem()));
    auto config = trusting(server);
    auto bare = make(config)->send(get("/x"), {});
    EXPECT_FALSE(bare.ok()) << "the server asks for a certificate";
    auto alice = authority_.issue({.commonName = "alice"});
    config.clientCertificate.data = alice.certificate;
    config.clientKey.data = alice.key;
    auto got = make(config)->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(server.requests().at(0).peerCommonName, "alice");
}

TEST_P(Tls, WatchesRunOverTls) {
    HttpStub server(
        [](const StubRequest&, StubReply& reply) {
            reply.begin();
            reply.chunk("{\"a\":");
            reply.chunk("1}\n");
            reply.end();
        },
        forLoopback());
    auto seen = watch(*make(trusting(server)), get("/watch"));
    EXPECT_TRUE(seen.end.ok());
    EXPECT_EQ(seen.lines, std::vector<std::string>{"{\"a\":1}"});
}

TEST_P(Tls, ClientCertificateAndAuthorityRotateWithTheirFiles) {
    const auto folder =
        std::filesystem::path(testing::TempDir()) / ("rotation-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    auto put = [&](const char* name, const std::string& text) {
        std::ofstream(folder / name) << text;
        return (folder / name).string();
    };
    HttpStub server(greet, forLoopback(authority_.pem()));
    auto config = configFor(server);
    auto alice = authority_.issue({.commonName = "alice"});
    config.certificateAuthority.file = put("ca", Authority("old").pem());
    config.clientCertificate.file = put("cert", alice.certificate);
    config.clientKey.file = put("key", alice.key);
    auto transport = make(config);
    EXPECT_FALSE(transport->send(get("/x"), {}).ok()) << "the authority is not the server's yet";
    put("ca", authority_.pem());
    EXPECT_TRUE(transport->send(get("/x"), {}).ok());
    auto bob = authority_.issue({.commonName = "bob"});
    put("cert", bob.certificate);
    put("key", bob.key);
    server.dropConnections();
    EXPECT_TRUE(transport->send(get("/y"), {}).ok());
    const auto seen = server.requests();
    EXPECT_EQ(seen.front().peerCommonName, "alice");
    EXPECT_EQ(seen.back().peerCommonName, "bob");
    std::filesystem::remove_all(folder);
}

TEST_P(Tls, AKeyOfAnotherCertificateIsNamed) {
    HttpStub server(greet, forLoopback(authority_.pem()));
    auto config = trusting(server);
    config.clientCertificate.data = authority_.issue({.commonName = "alice"}).certificate;
    config.clientKey.data = authority_.issue({.commonName = "bob"}).key;
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_NE(got.error().message.find("do not belong together"), std::string::npos)
        << got.error().message;
}

TEST_P(Tls, TheProxyOfTheConfigurationIsUsed) {
    HttpStub server(greet, forLoopback());
    HttpStub proxy([&](const StubRequest& request, StubReply& reply) {
        request.method == "CONNECT" ? reply.tunnelTo(server.port()) : reply.send(400, "");
    });
    auto config = trusting(server);
    config.proxyUrl = proxy.url();
    config.token.data = "secret";
    auto got = make(config)->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_EQ(proxy.requests()[0].method, "CONNECT");
    EXPECT_EQ(proxy.requests()[0].header("authorization"), "") << "the token is not for the proxy";
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_P(Tls, TheProxyGetsItsPassword) {
    HttpStub server(greet, forLoopback());
    HttpStub proxy([&](const StubRequest&, StubReply& reply) { reply.tunnelTo(server.port()); });
    auto config = trusting(server);
    config.proxyUrl = "http://user:p%40ss@127.0.0.1:" + std::to_string(proxy.port());
    auto got = make(config)->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(proxy.requests()[0].header("proxy-authorization"),
              "Basic " + kube::base64Encode("user:p@ss"));
}

TEST_P(Tls, ConnectionsAreKeptAlive) {
    for (bool secure : {false, true}) {
        HttpStub server(greet, secure ? std::optional(forLoopback()) : std::nullopt);
        auto transport = make(trusting(server));
        ASSERT_TRUE(transport->send(get("/x"), {}).ok());
        EXPECT_EQ(keptAlive(server.port()), 1) << (secure ? "https" : "http");
    }
}

TEST_P(Tls, TheProxyOfTheEnvironmentIsUsedUnlessItIsToldNotTo) {
    FakeName api("api.test", "127.0.0.1");
    HttpStub server(greet, support::StubTls{
                               authority_.issue({.commonName = "api", .names = {"api.test"}}), ""});
    HttpStub proxy([&](const StubRequest&, StubReply& reply) { reply.tunnelTo(server.port()); });
    auto config = trusting(server);
    config.server = "https://api.test:" + std::to_string(server.port());
    ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
    auto through = make(config)->send(get("/through"), {});
    ::setenv("NO_PROXY", "api.test", 1);
    auto straight = make(config)->send(get("/straight"), {});
    ::unsetenv("HTTPS_PROXY");
    ::unsetenv("NO_PROXY");
    EXPECT_TRUE(through.ok()) << through.error().str();
    EXPECT_TRUE(straight.ok()) << straight.error().str();
    EXPECT_EQ(proxy.requests().size(), 1U);
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_P(Tls, AProxyThatRefusesIsSaid) {
    HttpStub proxy([](const StubRequest&, StubReply& reply) { reply.send(407, ""); });
    kube::ClusterConfig config;
    config.server = "https://api.example:6443";
    config.proxyUrl = proxy.url();
    auto got = make(config)->send(get("/x"), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
    EXPECT_NE(got.error().message.find("407"), std::string::npos) << got.error().message;
    EXPECT_NE(got.error().message.find("proxy"), std::string::npos) << got.error().message;
}

TEST_P(Tls, APlainServersRequestsAreHandedToTheProxy) {
    HttpStub proxy(greet);
    kube::ClusterConfig config;
    config.server = "http://api.example:8080/base";
    config.proxyUrl = "http://user:word@127.0.0.1:" + std::to_string(proxy.port());
    auto got = make(config)->send(get("/x?y=z"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    const auto seen = proxy.requests().at(0);
    EXPECT_EQ(seen.target, "http://api.example:8080/base/x?y=z");
    EXPECT_EQ(seen.header("host"), "api.example:8080");
    EXPECT_EQ(seen.header("proxy-authorization"), "Basic " + kube::base64Encode("user:word"));
}

TEST_P(Tls, ANameGivenThroughAProxyIsSentAsSni) {
    HttpStub server(
        greet,
        support::StubTls{authority_.issue({.commonName = "api", .names = {"api.example"}}), ""});
    HttpStub proxy([&](const StubRequest&, StubReply& reply) { reply.tunnelTo(server.port()); });
    auto config = trusting(server);
    config.server = "https://api.example:6443";  // resolved by the proxy only
    config.proxyUrl = proxy.url();
    auto got = make(config)->send(get("/x"), {});
    ASSERT_TRUE(got.ok()) << got.error().str();
    EXPECT_EQ(proxy.requests()[0].target, "api.example:6443");
    EXPECT_EQ(server.requests()[0].serverName, "api.example");
}

}  // namespace
}  // namespace kube_test
