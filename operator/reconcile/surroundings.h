// What is so outside of an app and decides about the way in from outside: whether the cluster has
// the Gateway API, which class its Gateways have, and whether the app's certificate is there; and
// whether pods may be resized in place.
//
//   SurroundingsReader reader(client, settings, clock, [&] { startGatewayInformers(); });
//   observed.around = reader.look(app, object, stop);
//
// Only an app that asks for it costs requests; what concerns the cluster is asked once in ten
// seconds at most, what only an upgrade of it changes once in ten minutes, however many apps there
// are. Thread safety: all members from any thread. Blocking: for up to four requests.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "api/scalable_app.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "kube/client.h"
#include "plan/plan.h"

namespace reconcile {

// As the operator was started.
struct ExposureSettings {
    std::string ingressClass = {};   // empty: the cluster's default
    std::string gatewayClass = {};   // empty: the only one there is
    std::string sharedGateway = {};  // "namespace/name"; empty: each app has its own
    int64_t operatorReplicas = 0;
};

// Whether what the cluster has or lacks decides about the app as it is; `object` as in look().
bool dependsOnSurroundings(const api::ScalableApp& app, const base::Json& object);

class SurroundingsReader {
  public:
    // `onGatewayApi` is called once, when the Gateway API is found for the first time.
    SurroundingsReader(kube::Client& client, ExposureSettings settings, const base::Clock& clock,
                       std::function<void()> onGatewayApi = {});

    // `object`: the app as the API server has it, whose status tells what it was exposed by before.
    // Error: the cluster could not be asked and never was before; nothing is known then, least of
    // all that something is missing.
    kube::ApiResult<plan::Surroundings> look(const api::ScalableApp& app, const base::Json& object,
                                             std::stop_token stop);

  private:
    struct ClusterFacts {
        bool gatewayApi = false;
        std::string gatewayClass;
        std::string gatewayClassProblem;
    };
    kube::ApiResult<ClusterFacts> clusterFacts(std::stop_token stop);
    kube::ApiResult<ClusterFacts> ask(std::stop_token stop) const;
    kube::ApiResult<void> chooseClass(ClusterFacts& facts, std::stop_token stop) const;
    bool resizeInPlace(std::stop_token stop);
    plan::Presence tlsSecret(const api::ScalableApp& app, std::stop_token stop) const;

    kube::Client& client_;
    ExposureSettings settings_;
    const base::Clock& clock_;
    std::function<void()> onGatewayApi_;

    std::mutex mutex_;
    std::optional<ClusterFacts> facts_;
    base::SteadyTime askedAt_;
    std::optional<bool> resizeInPlace_;
    base::SteadyTime resizeAskedAt_;
};

}  // namespace reconcile
