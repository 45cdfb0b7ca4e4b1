#include "reconcile/world.h"

#include <gtest/gtest.h>

#include "api/labels.h"
#include "reconcile/resources.h"

namespace test {
namespace {

std::vector<kube::ResourceType> everyType() {
    auto types = reconcile::childTypes();
    const auto& optional = reconcile::optionalTypes();
    types.insert(types.end(), optional.begin(), optional.end());
    types.push_back(reconcile::chaosRuns());
    types.push_back(reconcile::scalableApps());
    return types;
}

void strip(base::Json& object) {
    auto& metadata = object["metadata"];
    for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "generation"}) {
        metadata.erase(field);
    }
}

// Real kinds forget a map that has become empty; the one server for every kind cannot know of
// which.
void dropEmptied(base::Json& value) {
    for (auto it = value.begin(); value.is_structured() && it != value.end();) {
        dropEmptied(*it);
        it = it->is_structured() && it->empty() ? value.erase(it) : std::next(it);
    }
}

}  // namespace

base::Json app(const base::Json& web, const std::string& name) {
    base::Json object = {{"apiVersion", "scalableapp.dev/v1alpha1"},
                         {"kind", "ScalableApp"},
                         {"metadata", {{"namespace", "ns"}, {"name", name}}},
                         {"spec", {{"web", {{"image", "shop:1"}, {"port", 8080}}}}}};
    object["spec"]["web"].update(web);
    return object;
}

base::Json autoscaled() {
    return app({{"autoscaling", {{"minReplicas", 3}, {"maxReplicas", 9}}}});
}

const kube::ResourceType& typeOf(const std::string& kind) {
    static const auto kTypes = everyType();
    for (const auto& type : kTypes) {
        if (type.kind == kind) {
            return type;
        }
    }
    ADD_FAILURE() << "no kind " << kind;
    return kTypes.front();
}

World::World(std::shared_ptr<ApiServer> onServer)
    : server(onServer ? std::move(onServer) : std::make_shared<ApiServer>()),
      client(server, {.fieldManager = "scalableapp-operator"}),
      reconciler(
          client, observer, [this](runtime::Event event) { events.push_back(std::move(event)); },
          metrics_, clock, [this](const auto&...) { return circuits; },
          [this](const auto&...) { return edges; },
          [this](const auto&...) {
              ++looks;
              return around;
          }) {
    for (const auto& type : everyType()) {
        stores_.push_back(std::make_unique<runtime::Store>());
        observer.watch(type, "", *stores_.back());
    }
}

base::Json World::put(const base::Json& object) {
    return server->put(typeOf(object["kind"].get<std::string>()), object);
}

std::optional<base::Json> World::find(const std::string& kind, const std::string& name) const {
    return server->find(typeOf(kind), {"ns", name});
}

base::Json World::condition(const std::string& type) const {
    auto object = find("ScalableApp", "shop");
    for (const auto& condition : base::arrayAt(*object, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == type) {
            return condition;
        }
    }
    return base::Json::object();
}

void World::editApp(const std::function<void(base::Json&)>& change) {
    server->edit(reconcile::scalableApps(), {"ns", "shop"}, change);
}

void World::rollOut() {
    const auto& type = typeOf("Deployment");
    for (const auto& object : server->all(type)) {
        auto count = base::intAt(object, "/spec/replicas").value_or(1);
        base::Json status{{"observedGeneration", object["metadata"]["generation"]},
                          {"replicas", count},
                          {"updatedReplicas", count},
                          {"readyReplicas", count},
                          {"availableReplicas", count}};
        if (object.value("status", base::Json()) != status) {
            server->edit(type, {"ns", object["metadata"]["name"]},
                         [&](base::Json& one) { one["status"] = status; });
        }
    }
}

void World::sync() {
    if (podsServe_) {
        rollOut();
    }
    size_t i = 0;
    for (const auto& type : everyType()) {
        kube::ListOptions options;
        options.labelSelector = type == reconcile::scalableApps() ? ""
                                : type == reconcile::chaosRuns()  ? api::kChaosLabel
                                                                  : api::kAppLabel;
        auto list = client.list(type, options, {});
        ASSERT_TRUE(list) << list.error().str();
        stores_[i++]->replace(list->items, list->resourceVersion);
    }
}

void World::see(const base::Json& app) {
    stores_.back()->replace({kube::Object::fromJson(app)},
                            *base::stringAt(app, "/metadata/resourceVersion"));
}

void World::putReplicaSet() {
    auto deployment = *find("Deployment", "shop-web");
    put({{"kind", "ReplicaSet"},
         {"metadata",
          {{"namespace", "ns"},
           {"name", "shop-web-1"},
           {"labels", deployment["metadata"]["labels"]},
           {"ownerReferences",
            {{{"apiVersion", "apps/v1"},
              {"kind", "Deployment"},
              {"name", "shop-web"},
              {"uid", deployment["metadata"]["uid"]},
              {"controller", true}}}}}}});
}

void World::bringToRest(const base::Json& object) {
    put(object);
    servePods();
    settle();
    putReplicaSet();
    settle();
    ASSERT_EQ(base::textAt(condition("Ready"), "/status"), "True");
    ASSERT_EQ(pass().kind(), runtime::Outcome::Kind::Done);
}

runtime::Outcome World::reconcile() {
    runtime::ReconcileContext context{
        .stop = stop.get_token(),
        .reconcileId = "test",
        .wrote = [this](const std::string& scope, const std::string& version) {
            written.emplace_back(scope, version);
        }};
    return reconciler.reconcile({"ns", "shop"}, context);
}

size_t World::statusWrites() const {
    return server->mutations("/scalableapps/shop/status");
}

runtime::Outcome World::pass() {
    sync();
    return reconcile();
}

int World::settle() {
    for (int passes = 0; passes < 10; ++passes) {
        size_t before = server->mutations();
        pass();
        if (server->mutations() == before) {
            return passes;
        }
    }
    auto requests = server->requests();
    ADD_FAILURE() << "still writing after ten passes, last: "
                  << (requests.empty() ? "" : requests.back().target + " " + requests.back().body);
    return 10;
}

std::vector<base::Json> World::children() const {
    std::vector<base::Json> out;
    for (const auto& type : reconcile::childTypes()) {
        for (auto object : server->all(type)) {
            strip(object);
            object.erase("status");
            dropEmptied(object);
            // The order of keys, which depends on what was there before, says nothing.
            out.emplace_back(nlohmann::json(object));
        }
    }
    return out;
}

}  // namespace test
