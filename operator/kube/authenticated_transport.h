// What every transport does around an exchange, whichever library makes it: who we are in every
// request, a second try when a 401 says that this has changed, and errors that name the server.
//
//   class MyTransport final : public AuthenticatedTransport {
//       ApiResult<HttpResponse> sendOnce(const HttpRequest&, const Headers&, stop) override;
//       ...
//   };
//
// Thread safety and blocking: as kube/transport.h promises.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/credentials.h"
#include "kube/tls.h"
#include "kube/transport.h"

namespace kube {

class AuthenticatedTransport : public Transport {
  public:
    ApiResult<HttpResponse> send(const HttpRequest& request, std::stop_token stop) final;
    ApiResult<void> stream(const HttpRequest& request, const LineHandler& onLine,
                           std::stop_token stop) final;

  protected:
    // In the order in which they are sent; several of one name stay several.
    using Headers = std::vector<std::pair<std::string, std::string>>;

    // The clock outlives the transport. Warns when the configuration trusts everybody.
    AuthenticatedTransport(const ClusterConfig& config, const base::Clock& clock);

    virtual ApiResult<HttpResponse> sendOnce(const HttpRequest& request, const Headers& headers,
                                             const std::stop_token& stop) = 0;
    virtual ApiResult<void> streamOnce(const HttpRequest& request, const Headers& headers,
                                       const LineHandler& onLine, const std::stop_token& stop) = 0;
    // The certificate changed: idle connections still show the old one. May be called at any time.
    virtual void dropIdleConnections() = 0;

    const ClusterConfig& config() const { return config_; }
    const std::shared_ptr<TlsSetup>& tls() const { return tls_; }

  private:
    // Who a request says that it comes from.
    struct Sender {
        std::string token;
        int identity = 0;  // of the connections that may be used for it
    };

    ApiResult<Sender> sender(const HttpRequest& request, const std::stop_token& stop);
    ApiResult<Headers> headersOf(const HttpRequest& request, const std::string& token) const;
    // After a 401: whether another try would come from somebody else.
    bool changedSince(const Sender& refused, const HttpRequest& request,
                      const std::stop_token& stop);
    // Connections of an old certificate are not used again.
    int followIdentity();
    void followRotation();
    ApiError explain(ApiError error) const;

    const ClusterConfig config_;
    const base::Clock& clock_;
    const std::shared_ptr<Credentials> credentials_;
    const std::shared_ptr<TlsSetup> tls_;
    std::mutex mutex_;
    base::SteadyTime nextLook_;
    int identity_ = 0;  // of the idle connections
};

}  // namespace kube
