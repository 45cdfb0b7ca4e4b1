#include "cli/lookup.h"

#include <memory>

#include "api/labels.h"
#include "reconcile/observe.h"
#include "reconcile/resources.h"
#include "runtime/store.h"

namespace cli {
namespace {

// Authorization comes before routing: of a kind that the cluster does not have, whoever may not
// read it hears that it is forbidden.
bool isHidden(const kube::ApiError& error) {
    return error.is(kube::ErrorKind::NotFound) || error.is(kube::ErrorKind::Forbidden);
}

}  // namespace

kube::ApiResult<std::vector<base::Json>> childrenOf(kube::Client& client, const kube::Meta& app) {
    std::vector<std::unique_ptr<runtime::Store>> stores;
    reconcile::Observer observer;
    kube::ListOptions options;
    options.namespace_ = app.key.namespace_;
    options.labelSelector = std::string(api::kAppLabel) + "=" + app.key.name;
    for (const auto* types : {&reconcile::childTypes(), &reconcile::optionalTypes()}) {
        bool optional = types == &reconcile::optionalTypes();
        for (const auto& type : *types) {
            auto list = client.list(type, options, {});
            if (!list && optional && isHidden(list.error())) {
                continue;
            }
            if (!list) {
                return base::failWith(list.error());
            }
            auto& store = stores.emplace_back(std::make_unique<runtime::Store>());
            observer.watch(type, "", *store);
            store->replace(list->items, list->resourceVersion);
        }
    }
    return reconcile::treesOf(observer.family(app));
}

int complainOfApp(const kube::ObjectKey& key, const kube::ApiError& error) {
    if (error.is(kube::ErrorKind::NotFound)) {
        return complain("no ScalableApp \"" + key.name + "\" in namespace " + key.namespace_ +
                            ": choose another with -n, or see: kubectl get scalableapps -A",
                        kFailed);
    }
    return complain(error.str(), kFailed);
}

kube::ApiResult<kube::ObjectPtr> NamedApp::merge(const base::Json& patch) const {
    return client.patch(reconcile::scalableApps(), key, kube::PatchType::MergePatch, patch, {});
}

kube::ApiResult<kube::ObjectPtr> NamedApp::again() const {
    return client.get(reconcile::scalableApps(), key, {});
}

int withApp(const Globals& globals, const std::string& name,
            const std::function<int(const NamedApp&)>& use) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    NamedApp app{.client = *session->client, .key = {session->namespace_, name}, .json = {}};
    auto found = app.again();
    if (!found) {
        return complainOfApp(app.key, found.error());
    }
    app.json = (*found)->json();
    return use(app);
}

}  // namespace cli
