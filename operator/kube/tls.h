// How every connection to the API server is secured, whichever HTTP library makes it: trust in the
// cluster's authority only (the system's when none is given), the server's name or address checked
// by OpenSSL itself, our certificate, SNI.
//
//   auto tls = std::make_shared<TlsSetup>(config, credentials);
//   tls->configure(nativeSslContext);           // once per connection, before the handshake
//   ... handshake failed ...  tls->takeError()  // "certificate of the API server: ..."
//
// Authority and client certificate are read again for each connection, so rotation needs no
// restart. What a rotation has half written is not used: what worked before goes on. Without that
// the handshake fails: a server that only requests certificates would take us for nobody and answer
// 403 to everything. Thread safety: all members, any thread. Blocking: reads small files.
#pragma once

#include <memory>
#include <string>

#include "kube/config.h"
#include "kube/credentials.h"

struct ssl_ctx_st;  // SSL_CTX

namespace kube {

class TlsSetup {
  public:
    TlsSetup(const ClusterConfig& config, std::shared_ptr<Credentials> credentials);

    // Never fails: what is wrong makes the handshake fail and is kept for takeError().
    void configure(ssl_ctx_st* context);
    // Why the last handshake was refused; "" when none was. Taken: the next call says "".
    std::string takeError();
    // Rises whenever our client certificate is found to be another than before, and fit for use;
    // connections made at a lower number show an old one.
    int identity();

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared with every context: connections may outlive us
};

}  // namespace kube
