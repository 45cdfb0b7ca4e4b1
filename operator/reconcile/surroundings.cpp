#include "reconcile/surroundings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "plan/exposure.h"
#include "reconcile/resources.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 10s;
constexpr auto kLasting = 10min;

const kube::ResourceType kSecrets{"", "v1", "secrets", "Secret", true};
const kube::ResourceType kGatewayClasses{plan::kGatewayGroup, "v1", "gatewayclasses",
                                         "GatewayClass", false};

// Whether the answer of discovery has that resource.
bool lists(const std::string& discovery, const std::string& name) {
    auto answer = base::parseJson(discovery);
    if (!answer) {
        return false;
    }
    const auto& resources = base::arrayAt(*answer, "/resources");
    return std::any_of(resources.begin(), resources.end(), [&](const base::Json& resource) {
        return base::stringAt(resource, "/name") == name;
    });
}

// Whether it has every kind that is needed.
bool listsAll(const std::string& discovery) {
    return std::all_of(optionalTypes().begin(), optionalTypes().end(),
                       [&](const auto& type) { return lists(discovery, type.plural); });
}

// What an earlier spec asked for has to be found to be taken away.
bool concernsGateway(const api::ScalableApp& app, const base::Json& object) {
    return app.loadBalancer.exposure == api::Exposure::Gateway ||
           base::stringAt(object, "/status/exposure/type") == "Gateway";
}

// The spec is another than that which the status tells of, or the way there is not at its end.
bool isChanging(const api::ScalableApp& app, const base::Json& object) {
    auto told = base::intAt(object, "/status/observedGeneration");
    return told && (*told != app.generation ||
                    api::findCondition(app.conditions, "Reconciling") != nullptr);
}

kube::ApiError asking(const std::string& what, kube::ApiError error) {
    error.message = what + " cannot be told: " + error.message;
    return error;
}

}  // namespace

bool dependsOnSurroundings(const api::ScalableApp& app, const base::Json& object) {
    return concernsGateway(app, object) || !app.loadBalancer.tlsSecretName.empty() ||
           isChanging(app, object);
}

SurroundingsReader::SurroundingsReader(kube::Client& client, ExposureSettings settings,
                                       const base::Clock& clock, std::function<void()> onGatewayApi)
    : client_(client),
      settings_(std::move(settings)),
      clock_(clock),
      onGatewayApi_(std::move(onGatewayApi)) {}

kube::ApiResult<plan::Surroundings> SurroundingsReader::look(const api::ScalableApp& app,
                                                             const base::Json& object,
                                                             std::stop_token stop) {
    plan::Surroundings out;
    out.operatorReplicas = settings_.operatorReplicas;
    out.ingressClass = settings_.ingressClass;
    out.sharedGateway = settings_.sharedGateway;
    if (concernsGateway(app, object)) {
        auto facts = clusterFacts(stop);
        if (!facts) {
            return base::failWith(facts.error());
        }
        out.gatewayApi = facts->gatewayApi;
        out.gatewayClass = facts->gatewayClass;
        out.gatewayClassProblem = facts->gatewayClassProblem;
    }
    out.tlsSecret = tlsSecret(app, stop);
    out.resizeInPlace = isChanging(app, object) && resizeInPlace(stop);
    return out;
}

// Where it cannot be asked it is asked again by the next app.
bool SurroundingsReader::resizeInPlace(std::stop_token stop) {
    const std::lock_guard lock(mutex_);
    if (!resizeInPlace_ || clock_.steady() - resizeAskedAt_ >= kLasting) {
        auto discovery = client_.getRaw("/api/v1", stop);
        resizeAskedAt_ = clock_.steady();
        resizeInPlace_.reset();
        if (discovery) {
            resizeInPlace_ = lists(*discovery, "pods/resize");
        }
    }
    return resizeInPlace_.value_or(false);
}

// Where the server cannot say, what it said before goes on.
kube::ApiResult<SurroundingsReader::ClusterFacts> SurroundingsReader::clusterFacts(
    std::stop_token stop) {
    const std::lock_guard lock(mutex_);
    if (facts_ && clock_.steady() - askedAt_ < kFresh) {
        return *facts_;
    }
    auto facts = ask(stop);
    if (!facts && !facts_) {
        return facts;
    }
    if (facts) {
        facts_ = std::move(facts).value();
    }
    askedAt_ = clock_.steady();
    if (facts_->gatewayApi && onGatewayApi_) {
        std::exchange(onGatewayApi_, {})();
    }
    return *facts_;
}

kube::ApiResult<SurroundingsReader::ClusterFacts> SurroundingsReader::ask(
    std::stop_token stop) const {
    ClusterFacts out;
    auto discovery = client_.getRaw(std::string("/apis/") + plan::kGatewayGroup + "/v1", stop);
    const bool absent = !discovery && (discovery.error().is(kube::ErrorKind::NotFound) ||
                                       discovery.error().is(kube::ErrorKind::Forbidden));
    if (!discovery && !absent) {
        return base::failWith(asking("whether the cluster has the Gateway API", discovery.error()));
    }
    out.gatewayApi = discovery && listsAll(*discovery);
    if (out.gatewayApi && settings_.sharedGateway.empty()) {
        if (auto chosen = chooseClass(out, stop); !chosen) {
            return base::failWith(chosen.error());
        }
    }
    return out;
}

kube::ApiResult<void> SurroundingsReader::chooseClass(ClusterFacts& facts,
                                                      std::stop_token stop) const {
    if (!settings_.gatewayClass.empty()) {
        facts.gatewayClass = settings_.gatewayClass;
        return {};
    }
    constexpr const char* kRemedy = ": set `exposure.gatewayClassName` in the operator's chart";
    auto classes = client_.list(kGatewayClasses, {}, stop);
    if (!classes && !classes.error().is(kube::ErrorKind::Forbidden)) {
        return base::failWith(asking("which GatewayClasses the cluster has", classes.error()));
    }
    if (!classes) {
        facts.gatewayClassProblem = "the cluster's GatewayClasses cannot be listed (" +
                                    classes.error().str() + ")" + kRemedy;
    } else if (classes->items.size() == 1) {
        facts.gatewayClass = classes->items.front()->meta().key.name;
    } else if (classes->items.empty()) {
        facts.gatewayClassProblem =
            "the cluster has no GatewayClass: install a controller of the Gateway API";
    } else {
        facts.gatewayClassProblem = "the cluster has " + std::to_string(classes->items.size()) +
                                    " GatewayClasses and none is chosen" + kRemedy;
    }
    return {};
}

plan::Presence SurroundingsReader::tlsSecret(const api::ScalableApp& app,
                                             std::stop_token stop) const {
    const auto& name = app.loadBalancer.tlsSecretName;
    if (name.empty()) {
        return plan::Presence::Unknown;
    }
    // Of the answer nothing is kept but that there is one.
    auto there = client_.getRaw(kSecrets.path({app.namespace_, name}), stop);
    if (there) {
        return plan::Presence::There;
    }
    bool missing = there.error().is(kube::ErrorKind::NotFound);
    return missing ? plan::Presence::Missing : plan::Presence::Unknown;
}

}  // namespace reconcile
