#include "cli/check_command.h"

#include <iostream>
#include <optional>

#include "base/json.h"
#include "chaos/kinds.h"
#include "cli/checks.h"
#include "reconcile/resources.h"

namespace cli {
namespace {

using Answer = kube::ApiResult<std::optional<base::Json>>;

const kube::ResourceType kDeployments{"apps", "v1", "deployments", "Deployment", true};
const kube::ResourceType kApiServices{"apiregistration.k8s.io", "v1", "apiservices", "APIService",
                                      false};
const kube::ResourceType kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                      "CustomResourceDefinition", false};
const kube::ResourceType kReviews{"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                  "SelfSubjectAccessReview", false};
constexpr const char* kGroup = "scalableapp.dev";

// Asks and adds up; the first error ends the questions.
class Questions {
  public:
    explicit Questions(kube::Client& client) : client_(client) {}

    std::vector<Check> checks;
    std::optional<kube::ApiError> error;

    void add(Check check) {
        if (!error) {
            checks.push_back(std::move(check));
        }
    }

    base::Json raw(const std::string& target) {
        auto text = error ? kube::ApiResult<std::string>(base::failWith(*error))
                          : client_.getRaw(target, {});
        if (!text) {
            error = text.error();
            return {};
        }
        auto value = base::parseJson(*text);
        return value ? *value : base::Json();
    }

    // Nothing: it is not there.
    std::optional<base::Json> find(const kube::ResourceType& type, const std::string& name) {
        auto object = error ? kube::ApiResult<kube::ObjectPtr>(base::failWith(*error))
                            : client_.get(type, {"", name}, {});
        if (object) {
            return (*object)->json();
        }
        if (!object.error().is(kube::ErrorKind::NotFound)) {
            error = object.error();
        }
        return std::nullopt;
    }

    std::vector<base::Json> list(const kube::ResourceType& type, const std::string& selector) {
        std::vector<base::Json> out;
        auto found = error ? kube::ApiResult<kube::ObjectList>(base::failWith(*error))
                           : client_.list(type, {.labelSelector = selector}, {});
        if (!found) {
            error = found.error();
            return out;
        }
        for (const auto& item : found->items) {
            out.push_back(item->json());
        }
        return out;
    }

    bool allowed(const std::string& group, const std::string& resource) {
        auto review =
            error ? kube::ApiResult<kube::ObjectPtr>(base::failWith(*error))
                  : client_.create(
                        kReviews,
                        {{"apiVersion", kReviews.apiVersion()},
                         {"kind", kReviews.kind},
                         {"spec",
                          {{"resourceAttributes",
                            {{"group", group}, {"resource", resource}, {"verb", "create"}}}}}},
                        {});
        if (!review) {
            error = review.error();
            return false;
        }
        return base::boolAt((*review)->json(), "/status/allowed") == true;
    }

  private:
    kube::Client& client_;
};

const base::Json* orNull(const std::optional<base::Json>& value) {
    return value ? &*value : nullptr;
}

void askForInstallation(Questions& ask) {
    ask.add(rightsCheck(ask.allowed("apiextensions.k8s.io", "customresourcedefinitions") &&
                        ask.allowed("rbac.authorization.k8s.io", "clusterroles")));
}

void askForCluster(Questions& ask) {
    ask.add(serverCheck(ask.raw("/version")));
    ask.add(nodesCheck(ask.list(chaos::kNodes, "")));
    ask.add(metricsCheck(orNull(ask.find(kApiServices, "v1beta1.metrics.k8s.io"))));
}

void askForInstalled(Questions& ask) {
    for (const char* plural : {"scalableapps", "chaosexperiments", "chaosruns", "chaosschedules"}) {
        std::string name = std::string(plural) + "." + kGroup;
        ask.add(definitionCheck(name, orNull(ask.find(kDefinitions, name))));
    }
    for (const char* component : {"operator", "chaos"}) {
        ask.add(processCheck(
            component, ask.list(kDeployments, std::string("app.kubernetes.io/name=scalableapp,"
                                                          "app.kubernetes.io/component=") +
                                                  component)));
    }
    if (allWell(ask.checks)) {
        ask.add(appsCheck(ask.list(reconcile::scalableApps(), "")));
    }
}

}  // namespace

int checkCommand(const Globals& globals, const CheckFlags& flags) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    Questions ask(*session->client);
    askForCluster(ask);
    if (flags.pre) {
        askForInstallation(ask);
    } else {
        askForInstalled(ask);
    }
    std::cout << (globals.output == "text" ? text(ask.checks)
                                           : render(json(ask.checks), globals.output));
    if (ask.error) {
        return complain(ask.error->str(), kFailed);
    }
    return allWell(ask.checks) ? kOk : kFailed;
}

}  // namespace cli
