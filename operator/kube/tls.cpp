#include "kube/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "kube/environment.h"
#include "kube/server_url.h"

namespace kube {
namespace {

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateFree {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

// Our certificate as OpenSSL wants it; nobody's when it is empty.
struct Identity {
    Certificate certificate;
    Key key;
    std::vector<Certificate> chain;  // between the certificate and its authority
};

Bio bioOf(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate readCertificate(BIO* bio) {
    return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

bool isAddress(const std::string& host) {
    unsigned char address[16];
    return inet_pton(AF_INET, host.c_str(), address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// A password prompt would hang a service for ever.
int noPassword(char*, int, int, void*) {
    return 0;
}

base::Result<Identity> identityOf(const KeyPair& pair) {
    Identity out;
    if (pair.empty()) {
        return out;
    }
    Bio certificates = bioOf(pair.certificate);
    out.certificate = readCertificate(certificates.get());
    Bio keyText = bioOf(pair.key);
    out.key.reset(PEM_read_bio_PrivateKey(keyText.get(), nullptr, &noPassword, nullptr));
    if (!out.certificate) {
        return base::fail("client certificate: no PEM certificate in it");
    }
    if (!out.key) {
        return base::fail("client key: no unencrypted PEM private key in it");
    }
    if (X509_check_private_key(out.certificate.get(), out.key.get()) != 1) {
        return base::fail("client certificate and key do not belong together");
    }
    while (Certificate next = readCertificate(certificates.get())) {
        out.chain.push_back(std::move(next));
    }
    return out;
}

// False: it is too weak for OpenSSL's level of security.
bool show(const Identity& own, SSL_CTX* context) {
    bool good = SSL_CTX_use_certificate(context, own.certificate.get()) == 1 &&
                SSL_CTX_use_PrivateKey(context, own.key.get()) == 1;
    for (const auto& one : own.chain) {
        good = good && SSL_CTX_add1_chain_cert(context, one.get()) == 1;
    }
    return good;
}

}  // namespace

class TlsSetup::Impl {
  public:
    Impl(const ClusterConfig& config, std::shared_ptr<Credentials> credentials)
        : config_(config), credentials_(std::move(credentials)) {
        name_ = config.tlsServerName.empty() ? hostOf(config.server) : config.tlsServerName;
        nameIsAddress_ = isAddress(name_);
    }

    static void configure(const std::shared_ptr<Impl>& self, SSL_CTX* context) {
        SSL_CTX_set_ex_data(context, ownerIndex(), new std::shared_ptr<Impl>(self));
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_info_callback(context, &infoCallback);
        static_cast<void>(self->takeError());
        SSL_CTX_set_verify(context,
                           self->config_.insecureSkipTlsVerify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                           nullptr);
        if (!self->config_.insecureSkipTlsVerify) {
            self->setTrust(context);
            SSL_CTX_set_cert_verify_callback(context, &verifyCallback, self.get());
        }
        self->setIdentity(context);
        ERR_clear_error();
    }

    std::string takeError() {
        const std::lock_guard lock(mutex_);
        return std::exchange(error_, {});
    }

    int identity() {
        static_cast<void>(followPair());
        const std::lock_guard lock(mutex_);
        return identity_;
    }

  private:
    struct StoreFree {
        void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    };
    using Store = std::unique_ptr<X509_STORE, StoreFree>;

    static int ownerIndex() {
        static const int index =
            SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                     [](void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) {
                                         delete static_cast<std::shared_ptr<Impl>*>(owner);
                                     });
        return index;
    }

    // SNI is set here: the library would send an address, or the wrong name under tls-server-name.
    static void infoCallback(const SSL* connection, int where, int) {
        auto* owner = static_cast<std::shared_ptr<Impl>*>(
            SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), ownerIndex()));
        const bool starting = (where & SSL_CB_HANDSHAKE_START) != 0;
        if (starting && owner != nullptr && !(*owner)->nameIsAddress_) {
            SSL_set_tlsext_host_name(const_cast<SSL*>(connection), (*owner)->name_.c_str());
        }
    }

    static int verifyCallback(X509_STORE_CTX* chain, void* self) {
        return static_cast<Impl*>(self)->verify(chain);
    }

    void setTrust(SSL_CTX* context);
    bool rebuildStore(const std::string& pem);
    void setIdentity(SSL_CTX* context);
    int verify(X509_STORE_CTX* chain);

    base::Status followPair();

    void note(const std::string& error) {
        const std::lock_guard lock(mutex_);
        if (error_.empty()) {  // the first is the cause, the rest follow from it
            error_ = error;
        }
    }

    const ClusterConfig config_;
    const std::shared_ptr<Credentials> credentials_;
    std::string name_;  // that the server's certificate must carry
    bool nameIsAddress_ = false;
    std::mutex mutex_;
    std::string authority_;  // the PEM that store_ was made of
    Store store_;
    std::optional<KeyPair> pair_;  // the newest of ours that was fit for use
    Identity own_;                 // made of it
    int identity_ = 0;
    std::string error_;
};

TlsSetup::TlsSetup(const ClusterConfig& config, std::shared_ptr<Credentials> credentials)
    : impl_(std::make_shared<Impl>(config, std::move(credentials))) {}

void TlsSetup::configure(SSL_CTX* context) {
    Impl::configure(impl_, context);
}

std::string TlsSetup::takeError() {
    return impl_->takeError();
}

int TlsSetup::identity() {
    return impl_->identity();
}

void TlsSetup::Impl::setTrust(SSL_CTX* context) {
    std::string pem;
    if (!config_.certificateAuthority.empty()) {
        auto content = readMaterial(config_.certificateAuthority);
        if (content) {
            pem = *content;
        } else {
            note("certificate authority " + content.error().message);
        }
    }
    const std::lock_guard lock(mutex_);
    // While a rotation has the file half written, the authority that worked goes on.
    const bool stale = !store_ || (!pem.empty() && pem != authority_);
    if (stale && !rebuildStore(pem)) {
        error_ = error_.empty() ? "certificate authority: no PEM certificate in it" : error_;
    }
    if (store_) {
        SSL_CTX_set1_cert_store(context, store_.get());
    }
}

// False: the text holds no authority. A store that worked stays, else an empty one trusts nobody.
bool TlsSetup::Impl::rebuildStore(const std::string& pem) {
    Store store(X509_STORE_new());
    bool found = true;
    if (config_.certificateAuthority.empty()) {
        X509_STORE_load_file(store.get(), systemTrustFile().c_str());
        X509_STORE_load_path(store.get(), X509_get_default_cert_dir());
    } else {
        Bio bio = bioOf(pem);
        found = false;
        while (Certificate one = readCertificate(bio.get())) {
            X509_STORE_add_cert(store.get(), one.get());
            found = true;
        }
    }
    if (found || !store_) {
        store_ = std::move(store);
        authority_ = pem;
    }
    return found;
}

// Takes what the credentials hold now, if it is fit for use. Else the pair that was stays.
base::Status TlsSetup::Impl::followPair() {
    auto pair = credentials_->keyPair();
    if (!pair) {
        return base::fail(pair.error().message);
    }
    const std::lock_guard lock(mutex_);
    if (pair_ == *pair) {
        return {};
    }
    auto fresh = identityOf(*pair);
    ERR_clear_error();
    if (!fresh) {
        return base::fail(fresh.error().message);
    }
    identity_ += pair_ ? 1 : 0;
    pair_ = std::move(pair).value();
    own_ = std::move(fresh).value();
    return {};
}

void TlsSetup::Impl::setIdentity(SSL_CTX* context) {
    const auto followed = followPair();
    std::string problem = followed ? "" : followed.error().message;
    bool nobody = !followed;
    {
        const std::lock_guard lock(mutex_);
        if (own_.certificate) {
            nobody = !show(own_, context);
            problem = nobody ? "client certificate: OpenSSL refuses it" : problem;
        }
    }
    if (!problem.empty()) {
        note(problem);
    }
    if (nobody) {
        // Asked when the server wants to know who we are: "nobody" is not the answer.
        SSL_CTX_set_cert_cb(
            context, [](SSL*, void*) { return 0; }, nullptr);
    }
}

int TlsSetup::Impl::verify(X509_STORE_CTX* chain) {
    X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(chain);
    const int set = nameIsAddress_ ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name_.c_str())
                                   : X509_VERIFY_PARAM_set1_host(wanted, name_.c_str(), 0);
    // The library's own check of the name is replaced: it knows no tls-server-name.
    X509_STORE_CTX_set_verify_cb(chain, [](int good, X509_STORE_CTX*) { return good; });
    const int good = set == 1 ? X509_verify_cert(chain) : 0;
    if (good <= 0) {
        note("certificate of " + name_ +
             " is not trusted: " + X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
    }
    return good > 0 ? 1 : 0;
}

}  // namespace kube
