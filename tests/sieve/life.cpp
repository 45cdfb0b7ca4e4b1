#include "sieve/life.h"

#include <functional>

#include "reconcile/resources.h"

namespace sieve {
namespace {

using base::Json;

const kube::ResourceType& apps() {
    return reconcile::scalableApps();
}

Json app() {
    return {{"metadata", {{"namespace", shop().namespace_}, {"name", shop().name}}},
            {"spec",
             {{"web",
               {{"image", "shop:1"},
                {"port", 8080},
                {"resources", {{"requests", {{"cpu", "50m"}}}}},
                {"autoscaling", {{"minReplicas", 3}, {"maxReplicas", 9}}}}}}}};
}

void changeSpec(test::ApiServer& server, const std::function<void(Json&)>& change) {
    server.edit(apps(), shop(), [&](Json& object) { change(object["spec"]); });
}

void changeWeb(test::ApiServer& server, const std::function<void(Json&)>& change) {
    changeSpec(server, [&](Json& spec) { change(spec["web"]); });
}

}  // namespace

const kube::ObjectKey& shop() {
    static const kube::ObjectKey kShop{"shop-ns", "shop"};
    return kShop;
}

const std::vector<Step>& life() {
    static const std::vector<Step> kSteps{
        {"make it", [](test::ApiServer& server) { server.put(apps(), app()); }},
        {"another image",
         [](test::ApiServer& server) {
             changeWeb(server, [](Json& web) { web["image"] = "shop:2"; });
         }},
        {"replicas instead of autoscaling",
         [](test::ApiServer& server) {
             changeWeb(server, [](Json& web) {
                 web.erase("autoscaling");
                 web["replicas"] = 4;
             });
         }},
        {"one replica, no resources",
         [](test::ApiServer& server) {
             changeWeb(server, [](Json& web) {
                 web.erase("resources");
                 web["replicas"] = 1;
             });
         }},
        {"autoscaling again",
         [](test::ApiServer& server) {
             changeWeb(server, [](Json& web) {
                 web.erase("replicas");
                 web["autoscaling"] = {{"minReplicas", 2}, {"maxReplicas", 5}};
             });
         }},
        {"its Service deleted by hand",
         [](test::ApiServer& server) {
             server.drop(*reconcile::childType("v1", "Service"), shop());
         }},
        {"balancers, edges and an Ingress in front",
         [](test::ApiServer& server) {
             changeSpec(server, [](Json& spec) {
                 spec["loadBalancer"] = {{"algorithm", "LeastConnections"},
                                         {"exposure", "Ingress"},
                                         {"host", "shop.example"}};
                 spec["cdn"] = {{"paths", {{{"match", "/static/*"}, {"ttlSeconds", 60}}}}};
             });
         }},
        {"nothing in front",
         [](test::ApiServer& server) {
             changeSpec(server, [](Json& spec) {
                 spec.erase("loadBalancer");
                 spec.erase("cdn");
             });
         }},
        {"delete it", [](test::ApiServer& server) { server.drop(apps(), shop()); }}};
    return kSteps;
}

}  // namespace sieve
