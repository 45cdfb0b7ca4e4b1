// Two changes that undo each other happen without the operator being told: the state stays what it
// is. As a check of the check, the same happens in full view.
#include <gtest/gtest.h>

#include <iostream>

#include "api/labels.h"
#include "reconcile/resources.h"
#include "sieve/scenario.h"

namespace {

using base::Json;
using sieve::reference;
using sieve::Scenario;

const kube::ObjectKey kApp{"shop-ns", "shop"};

struct Pair {
    std::string name;
    std::function<void(test::ApiServer&)> run;
};

kube::ObjectKey nameOf(const kube::ResourceType& type) {
    return {kApp.namespace_, type.kind == "Service" ? "shop" : "shop-web"};
}

Pair changeAndBack(const kube::ResourceType& type, const kube::ObjectKey& key) {
    return {"change and back of " + type.kind, [=](test::ApiServer& server) {
                auto before = *server.find(type, key);
                server.edit(type, key, [](Json& object) {
                    object["metadata"]["labels"]["changed"] = "yes";
                    object["spec"]["changed"] = true;
                });
                server.edit(type, key, [&](Json& object) { object = before; });
            }};
}

Pair makeAndDelete(const kube::ResourceType& type) {
    return {"make and delete of " + type.kind, [=](test::ApiServer& server) {
                Json object{{"metadata",
                             {{"namespace", kApp.namespace_},
                              {"name", "stray"},
                              {"labels", {{api::kAppLabel, kApp.name}}}}},
                            {"spec", Json::object()}};
                if (type == reconcile::scalableApps()) {
                    object["spec"] = {{"web", {{"image", "stray:1"}}}};
                }
                server.put(type, object);
                server.drop(type, {kApp.namespace_, "stray"});
            }};
}

std::vector<Pair> pairs() {
    std::vector<Pair> out{changeAndBack(reconcile::scalableApps(), kApp),
                          makeAndDelete(reconcile::scalableApps())};
    for (const auto& type : reconcile::childTypes()) {
        // The application here has no Ingress.
        if (type.kind != "Pod" && type.kind != "ReplicaSet" && type.kind != "Ingress") {
            out.push_back(changeAndBack(type, nameOf(type)));
        }
        out.push_back(makeAndDelete(type));
    }
    return out;
}

// The state but for what counts changes.
std::string comparable(const std::string& state) {
    auto out = nlohmann::json::parse(state);
    auto strip = [](auto& self, nlohmann::json& value) -> void {
        if (value.is_object()) {
            value.erase("generation");
            value.erase("observedGeneration");
        }
        if (value.is_structured()) {
            for (auto& inner : value) {
                self(self, inner);
            }
        }
    };
    strip(strip, out);
    return out.dump(1);
}

std::string pairRun(const Pair& pair, bool told) {
    Scenario run("unobserved");
    auto where = pair.name + (told ? ", told: " : ", not told: ");
    run.act(0);
    if (!run.settleAs(reference().states[0]) || !run.awaitWatching()) {
        return where + "it does not begin\n" + run.log();
    }
    auto before = run.counts();
    run.server().mute(!told);
    pair.run(run.server());
    run.server().mute(false);
    if (!run.settle()) {
        return where + "it does not come to rest";
    }
    auto wanted = comparable(reference().states[0]);
    if (comparable(run.state()) != wanted) {
        return where + "another state: " + sieve::difference(wanted, comparable(run.state()));
    }
    if (!told && run.counts() != before) {
        return where + "made and deleted" + run.counts().str() + ", before" + before.str();
    }
    // It still sees what comes: the next step has its usual end.
    run.act(1);
    wanted = comparable(reference().states[1]);
    if (!run.settleWhen([&] { return comparable(run.state()) == wanted; })) {
        return where + "another state after \"" + sieve::life()[1].name +
               "\": " + sieve::difference(wanted, comparable(run.state()));
    }
    return "";
}

TEST(Unobserved, PairsOfChangesThatUndoEachOther) {
    ASSERT_EQ(reference().problem, "");
    auto all = pairs();
    auto complaints = sieve::inParallel(2 * all.size(),
                                        [&](size_t i) { return pairRun(all[i / 2], i % 2 == 0); });
    for (const auto& complaint : complaints) {
        ADD_FAILURE() << complaint;
    }
    std::cout << all.size() << " pairs of events dropped\n";
}

TEST(Unobserved, AChangeThatStaysIsFound) {
    ASSERT_EQ(reference().problem, "");
    Pair half{"half a pair", [](test::ApiServer& server) {
                  server.drop(*reconcile::childType("v1", "Service"), kApp);
              }};
    EXPECT_NE(pairRun(half, false), "");
}

}  // namespace
