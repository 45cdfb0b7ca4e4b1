#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace support {
namespace {

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

void require(bool good, const char* what) {
    if (!good) {
        throw std::runtime_error(std::string("OpenSSL: ") + what);
    }
}

Owned<EVP_PKEY> makeKey() {
    Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    require(key != nullptr, "key");
    return key;
}

template <class Write>
std::string pemOf(Write write) {
    Owned<BIO> bio(BIO_new(BIO_s_mem()));
    require(write(bio.get()) == 1, "PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<size_t>(size)};
}

std::string pemOf(X509* certificate) {
    return pemOf([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string pemOf(EVP_PKEY* key) {
    return pemOf([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension != nullptr, value.c_str());
    X509_add_ext(certificate, extension.get(), -1);
}

Owned<X509> makeCertificate(const std::string& commonName, EVP_PKEY* key) {
    constexpr long kDay = 24L * 3600;
    Owned<X509> certificate(X509_new());
    uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(commonName.c_str()), -1, -1,
                               0);
    return certificate;
}

std::string alternativeNames(const Subject& subject) {
    std::string out;
    for (const auto& name : subject.names) {
        out += (out.empty() ? "DNS:" : ",DNS:") + name;
    }
    for (const auto& address : subject.addresses) {
        out += (out.empty() ? "IP:" : ",IP:") + address;
    }
    return out;
}

}  // namespace

struct Authority::Impl {
    Owned<EVP_PKEY> key;
    Owned<X509> certificate;
    std::string pem;
};

Authority::Authority(const std::string& commonName) : impl_(std::make_unique<Impl>()) {
    impl_->key = makeKey();
    impl_->certificate = makeCertificate(commonName, impl_->key.get());
    X509* own = impl_->certificate.get();
    X509_set_issuer_name(own, X509_get_subject_name(own));
    extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
    extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(own, own, NID_subject_key_identifier, "hash");
    require(X509_sign(own, impl_->key.get(), EVP_sha256()) > 0, "sign");
    impl_->pem = pemOf(own);
}

Authority::~Authority() = default;

const std::string& Authority::pem() const {
    return impl_->pem;
}

Identity Authority::issue(const Subject& subject) const {
    auto key = makeKey();
    auto certificate = makeCertificate(subject.commonName, key.get());
    X509* issuer = impl_->certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
    extend(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    extend(certificate.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    if (const std::string names = alternativeNames(subject); !names.empty()) {
        extend(certificate.get(), issuer, NID_subject_alt_name, names);
    }
    require(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) > 0, "sign");
    return {pemOf(certificate.get()), pemOf(key.get())};
}

}  // namespace support
