// The API server requests a client certificate and demands none: who shows none is let in as
// nobody. Whoever has one to show must not become nobody while its files are rotated.
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;
using support::Authority;
using support::Identity;

template <class Write>
std::string pemOf(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    write(bio);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<size_t>(size));
    BIO_free(bio);
    return out;
}

// A pair that fits, with a key that OpenSSL takes for too short at any level of security.
Identity weak() {
    constexpr unsigned kBits = 512;
    EVP_PKEY* key = EVP_RSA_gen(kBits);
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    Identity out{pemOf([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); }),
                 pemOf([&](BIO* bio) {
                     PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
                 })};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return out;
}

class OptionalCertificate : public TransportTest {
  protected:
    OptionalCertificate()
        : folder_(std::filesystem::path(testing::TempDir()) /
                  ("optional-" + std::to_string(::getpid()))),
          server_(
              [](const StubRequest&, StubReply& reply) { reply.send(200, "{}"); },
              support::StubTls{authority_.issue({.commonName = "api", .addresses = {"127.0.0.1"}}),
                               authority_.pem(), true}) {
        std::filesystem::create_directories(folder_);
        config_ = configFor(server_);
        config_.certificateAuthority.data = authority_.pem();
    }
    ~OptionalCertificate() override { std::filesystem::remove_all(folder_); }

    void useFiles() {
        config_.clientCertificate.file = folder_ / "cert";
        config_.clientKey.file = folder_ / "key";
    }
    void put(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    Identity issue(const std::string& name) const { return authority_.issue({.commonName = name}); }
    // As whom a request on a new connection arrives.
    std::string whoArrives(kube::Transport& transport) {
        server_.dropConnections();
        auto got = transport.send(get("/x"), {});
        EXPECT_TRUE(got.ok()) << got.error().str();
        return server_.requests().back().peerCommonName;
    }
    void expectRefusal(const std::string& why) {
        auto got = make(config_)->send(get("/x"), {});
        ASSERT_FALSE(got.ok()) << "we are nobody";
        EXPECT_EQ(got.error().kind, ErrorKind::Unreachable);
        EXPECT_NE(got.error().message.find(why), std::string::npos) << got.error().message;
        EXPECT_TRUE(server_.requests().empty());
    }

    Authority authority_{"cluster-ca"};
    const std::filesystem::path folder_;
    HttpStub server_;
    kube::ClusterConfig config_;
};
EVERY_TRANSPORT(OptionalCertificate);

TEST_P(OptionalCertificate, WhoHasNoneIsLetInAsNobody) {
    EXPECT_EQ(whoArrives(*make(config_)), "");
}

TEST_P(OptionalCertificate, AKeyOfAnotherCertificateIsNoReasonToBeNobody) {
    config_.clientCertificate.data = issue("alice").certificate;
    config_.clientKey.data = issue("bob").key;
    expectRefusal("do not belong together");
}

TEST_P(OptionalCertificate, NorAreFilesThatCannotBeRead) {
    useFiles();
    put("cert", issue("alice").certificate);
    expectRefusal("client key");
    put("key", "");
    expectRefusal("is empty");
    put("key", "-----BEGIN PRIVATE KEY-----\n");
    expectRefusal("no unencrypted PEM private key");
}

TEST_P(OptionalCertificate, NorIsACertificateThatOpensslTakesForTooWeak) {
    const auto pair = weak();
    config_.clientCertificate.data = pair.certificate;
    config_.clientKey.data = pair.key;
    expectRefusal("OpenSSL refuses it");
}

TEST_P(OptionalCertificate, InTheMidstOfARotationTheOldPairGoesOn) {
    useFiles();
    const auto alice = issue("alice");
    const auto bob = issue("bob");
    put("cert", alice.certificate);
    put("key", alice.key);
    auto transport = make(config_);
    EXPECT_EQ(whoArrives(*transport), "alice");
    put("cert", "");
    EXPECT_EQ(whoArrives(*transport), "alice") << "the file is being written";
    put("cert", bob.certificate);
    EXPECT_EQ(whoArrives(*transport), "alice") << "the key has yet to follow";
    std::filesystem::remove(folder_ / "key");
    EXPECT_EQ(whoArrives(*transport), "alice");
    put("key", bob.key);
    EXPECT_EQ(whoArrives(*transport), "bob");
}

}  // namespace
}  // namespace kube_test
