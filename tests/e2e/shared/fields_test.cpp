// Every field of the spec on a real API server: set, changed, and taken away again. Read off the
// schema, so that a new field is covered by itself; tests/reconcile/fields_test.cpp does it with
// pods that get ready. Here none may start, so that a hundred applications cost nothing.
#include <map>

#include "e2e/support/cluster.h"
#include "support/spec_fields.h"

namespace {

using namespace e2e;
using base::Json;

constexpr const char* kKinds =
    "deployments,services,horizontalpodautoscalers,poddisruptionbudgets,ingresses,configmaps";

std::vector<test::SpecField> fields() {
    return test::specFields(test::specSchema(E2E_CRDS));
}

// Back only as pods get ready elsewhere, or as the autoscaler takes some away.
bool waitsForPods(const test::SpecField& field) {
    return field.path.starts_with("zones") || field.path == "web.autoscaling.minReplicas";
}

class Fields : public ClusterTest {
  protected:
    static std::string appOf(size_t index) { return "f" + std::to_string(index); }

    void applyAll(const std::vector<Json>& specs) const {
        Json all{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
        for (size_t i = 0; i < specs.size(); ++i) {
            all["items"].push_back({{"apiVersion", "scalableapp.dev/v1alpha1"},
                                    {"kind", "ScalableApp"},
                                    {"metadata", {{"name", appOf(i)}}},
                                    {"spec", specs[i]}});
        }
        auto done = kubectl({"apply", "-f", "-"}, base::dumpJson(all), 120s);
        ASSERT_TRUE(done.ok()) << done.err;
    }

    bool allAreSeen() const {
        for (const auto& app : list("scalableapps")) {
            if (base::intAt(app, "/status/observedGeneration") !=
                base::intAt(app, "/metadata/generation")) {
                return false;
            }
        }
        return true;
    }

    // What is asked for: not what the server gave out, nor what other controllers wrote.
    static Json intended(const Json& object) {
        Json out{{"labels", object["metadata"].value("labels", Json::object())},
                 {"annotations", object["metadata"].value("annotations", Json::object())}};
        for (const auto& [key, value] : object.items()) {
            if (key != "metadata" && key != "status") {
                out[key] = value;
            }
        }
        out["annotations"].erase("deployment.kubernetes.io/revision");
        if (out.contains("spec")) {
            for (const char* given : {"clusterIP", "clusterIPs", "healthCheckNodePort"}) {
                out["spec"].erase(given);
            }
        }
        if (out["kind"] == "Service") {
            for (auto& port : out["spec"]["ports"]) {
                port.erase("nodePort");
            }
        }
        return out;
    }

    // By application: its children, by kind and name.
    using Children = std::map<std::string, std::map<std::string, Json>>;

    Children children() const {
        Children out;
        for (const auto& object : list(kKinds, "scalableapp.dev/app")) {
            auto app = base::stringAt(object, "/metadata/labels/scalableapp.dev~1app").value_or("");
            out[app][object.value("kind", "") + "/" +
                     base::stringAt(object, "/metadata/name").value_or("")] = intended(object);
        }
        return out;
    }

    Children settled() const {
        EXPECT_TRUE(eventually(120s, "every spec is seen", [&] { return allAreSeen(); }));
        Children last;
        int same = 0;
        EXPECT_TRUE(eventually(120s, "the children stay as they are", [&] {
            auto now = children();
            same = now == last ? same + 1 : 0;
            last = std::move(now);
            return same == 6;
        }));
        return last;
    }

    static std::string difference(const std::map<std::string, Json>& before,
                                  const std::map<std::string, Json>& after) {
        std::string out;
        for (const auto& [name, object] : before) {
            auto other = after.find(name);
            out += other == after.end() ? name + " is gone\n"
                   : other->second == object
                       ? ""
                       : name + ": " + base::dumpJson(Json::diff(object, other->second)) + "\n";
        }
        for (const auto& [name, object] : after) {
            out += before.count(name) == 0 ? name + " is new\n" : "";
        }
        return out;
    }
};

TEST_F(Fields, SetChangedAndUnsetGivesTheSameChildren) {
    apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none}\nspec: {hard: {pods: '0'}}\n");
    auto all = fields();
    std::vector<Json> without;  // with its first value, where it cannot be without
    std::vector<Json> a;
    std::vector<Json> b;
    for (const auto& field : all) {
        without.push_back(field.without.value_or(field.specs[0]));
        a.push_back(field.specs[0]);
        b.push_back(field.specs[1]);
    }
    applyAll(without);
    auto first = settled();
    applyAll(a);
    EXPECT_TRUE(eventually(120s, "every spec is seen", [&] { return allAreSeen(); }));
    applyAll(b);
    auto changed = settled();
    applyAll(without);
    auto back = settled();
    std::cout << all.size() << " fields, " << list(kKinds, "scalableapp.dev/app").size()
              << " children\n";
    for (size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(waitsForPods(all[i]) || difference(first[appOf(i)], back[appOf(i)]).empty())
            << all[i].path << ": " << difference(first[appOf(i)], back[appOf(i)]);
        if (test::isAboutChildren(all[i])) {
            EXPECT_NE(difference(first[appOf(i)], changed[appOf(i)]), "")
                << all[i].path << " changes nothing";
        }
    }
}

}  // namespace
