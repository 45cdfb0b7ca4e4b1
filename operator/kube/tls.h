// How every connection to the API server is secured, whichever HTTP library makes it: trust in the
// cluster's authority only (the system's when none is given), the server's name or address checked by
// OpenSSL itself, our certificate, SNI.
//
//   auto tls = std::make_shared<TlsSetup>(config, credentials);
//   tls->configure(nativeSslContext);           // once per connection, before the handshake
//   ... handshake failed ...  tls->takeError()  // "certificate of the API server: ..."
//
// Authority and client certificate are read again for each connection, so rotation needs no restart.
// Thread safety: all members, any thread. Blocking: reads small files.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "kube/config.h"
#include "kube/credentials.h"

namespace kube {

class TlsSetup : public std::enable_shared_from_this<TlsSetup> {
  public:
    TlsSetup(const ClusterConfig& config, std::shared_ptr<Credentials> credentials);

    // Never fails: what is wrong makes the handshake fail and is kept for lastError().
    void configure(SSL_CTX* context);
    // Why the last handshake was refused; "" when none was. Taken: the next call says "".
    std::string takeError();

  private:
    struct StoreFree {
        void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    };

    void setTrust(SSL_CTX* context);
    void setIdentity(SSL_CTX* context);
    void note(const std::string& error);
    bool rebuildStore(const std::string& pem);
    int verify(X509_STORE_CTX* chain);
    static int verifyCallback(X509_STORE_CTX* chain, void* self);
    static void infoCallback(const SSL* connection, int where, int value);

    const ClusterConfig config_;
    const std::shared_ptr<Credentials> credentials_;
    std::string name_;  // that the server's certificate must carry
    bool nameIsAddress_ = false;
    std::mutex mutex_;
    std::string authority_;  // the PEM that store_ was made of
    std::unique_ptr<X509_STORE, StoreFree> store_;
    std::string error_;
};

}  // namespace kube
