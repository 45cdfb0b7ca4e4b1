// The definitions keep the conventions, and the lint finds each breach that is planted.
#include "api/crd_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/json.h"
#include "cli/yaml.h"
#include "support/files.h"

namespace {

using base::Json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

Json crdIn(const fs::path& path) {
    auto documents = cli::parseYaml(support::contentOf(path));
    EXPECT_TRUE(documents) << path;
    return documents->front().value;
}

TEST(CrdLint, OurDefinitionsPass) {
    int seen = 0;
    for (const auto& entry : fs::directory_iterator(CRDS)) {
        auto text = support::contentOf(entry.path());
        EXPECT_THAT(lint::lintCrd(crdIn(entry.path()), text.size()), IsEmpty()) << entry.path();
        ++seen;
    }
    EXPECT_EQ(seen, 4);
}

// kstatus (helm --wait, Argo CD, Flux) takes a resource without conditions for ready, unless it
// says that its generation has not been seen.
TEST(Definition, AnAppThatNobodyHasLookedAtIsNotReady) {
    auto crd = crdIn(fs::path(CRDS) / "scalableapps.yaml");
    const auto* status = base::at(crd, "/spec/versions/0/schema/openAPIV3Schema/properties/status");
    ASSERT_NE(status, nullptr);
    EXPECT_EQ(base::intAt(*status, "/default/observedGeneration"), -1);
    EXPECT_EQ(base::intAt(*status, "/properties/observedGeneration/minimum"), -1);
}

Json& statusOf(Json& version) {
    return version["schema"]["openAPIV3Schema"]["properties"]["status"];
}

struct Defect {
    const char* name;
    std::function<void(Json& version, Json& web)> plant;
    const char* breach;
};

class Planted : public testing::TestWithParam<Defect> {};

TEST_P(Planted, IsFound) {
    Json crd = crdIn(fs::path(CRDS) / "scalableapps.yaml");
    Json& version = crd["spec"]["versions"][0];
    Json& web = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["web"]
                       ["properties"];
    GetParam().plant(version, web);
    EXPECT_THAT(lint::lintCrd(crd, 1000), Contains(HasSubstr(GetParam().breach)));
}

INSTANTIATE_TEST_SUITE_P(
    Defects, Planted,
    testing::Values(
        Defect{"unbounded string", [](Json&, Json& web) { web["image"].erase("maxLength"); },
               "spec.web.image: a string needs `maxLength`"},
        Defect{"unbounded list", [](Json&, Json& web) { web["env"].erase("maxItems"); },
               "spec.web.env: a list needs `maxItems`"},
        Defect{"list without type",
               [](Json&, Json& web) { web["args"].erase("x-kubernetes-list-type"); },
               "spec.web.args: a list needs `x-kubernetes-list-type`"},
        Defect{"optional key", [](Json&, Json& web) { web["env"]["items"].erase("required"); },
               "spec.web.env: the key of a list-map must be required"},
        Defect{"no maximum", [](Json&, Json& web) { web["port"].erase("maximum"); },
               "spec.web.port: an integer needs"},
        Defect{"float", [](Json&, Json& web) { web["port"]["type"] = "number"; },
               "spec.web.port: may not be a floating-point number"},
        Defect{"nullable", [](Json&, Json& web) { web["port"]["nullable"] = true; },
               "spec.web.port: may not be nullable"},
        Defect{"no description", [](Json&, Json& web) { web["port"].erase("description"); },
               "spec.web.port: needs a description"},
        Defect{"map of objects",
               [](Json&, Json& web) {
                   web["overrides"]["properties"]["nodeSelector"]["additionalProperties"]["type"] =
                       "object";
               },
               "nodeSelector: may not be a map of objects"},
        Defect{"unbounded map",
               [](Json&, Json& web) {
                   web["overrides"]["properties"]["nodeSelector"].erase("maxProperties");
               },
               "nodeSelector: a map needs `maxProperties`"},
        Defect{
            "default in a list",
            [](Json&, Json& web) { web["env"]["items"]["properties"]["value"]["default"] = "x"; },
            "spec.web.env[].value: may not have a default within a list"},
        Defect{"rule without message",
               [](Json&, Json& web) {
                   web["autoscaling"]["x-kubernetes-validations"][0].erase("message");
               },
               "spec.web.autoscaling: every rule needs a message"},
        Defect{
            "unknown fields",
            [](Json&, Json& web) { web["health"]["x-kubernetes-preserve-unknown-fields"] = true; },
            "spec.web.health: may not take unknown fields"},
        Defect{"enum in lower case",
               [](Json&, Json& web) {
                   web["health"]["properties"]["path"]["enum"] = Json::array({"fast"});
               },
               "values of an enum are PascalCase"},
        Defect{"rule that only complains",
               [](Json&, Json& web) {
                   web["autoscaling"]["x-kubernetes-validations"][0]["message"] =
                       "`minReplicas` is greater than `maxReplicas`";
               },
               "spec.web.autoscaling: every rule needs a message"},
        Defect{"enum with a dash",
               [](Json&, Json& web) {
                   web["health"]["properties"]["path"]["enum"] = Json::array({"Very-fast"});
               },
               "values of an enum are PascalCase"},
        Defect{"name with an underscore",
               [](Json&, Json& web) { web["drain_seconds"] = web["drainSeconds"]; },
               "spec.web.drain_seconds: names are camelCase"},
        Defect{"timestamp", [](Json&, Json& web) { web["startTimestamp"] = web["image"]; },
               "spec.web.startTimestamp: a point in time ends with `Time`"},
        Defect{"long reference", [](Json&, Json& web) { web["configReference"] = web["image"]; },
               "spec.web.configReference: a reference ends with `Ref`"},
        Defect{"bounds that nothing meets",
               [](Json&, Json& web) { web["port"]["minimum"] = 70000; },
               "spec.web.port: `minimum` is above `maximum`"},
        Defect{"default out of bounds", [](Json&, Json& web) { web["port"]["default"] = 0; },
               "spec.web.port: the default is none of the values"},
        Defect{"default that is too long",
               [](Json&, Json& web) { web["health"]["properties"]["path"]["maxLength"] = 3; },
               "spec.web.health.path: the default is none of the values"},
        Defect{"default of an enum",
               [](Json&, Json& web) {
                   web["health"]["properties"]["path"]["enum"] = Json::array({"Fast"});
               },
               "spec.web.health.path: the default is none of the values"},
        Defect{"required with a default", [](Json&, Json& web) { web["image"]["default"] = "x"; },
               "spec.web.image: is required, so a default is never used"},
        Defect{"required that is no field",
               [](Json&, Json& web) { web["autoscaling"]["required"] = Json::array({"most"}); },
               "spec.web.autoscaling: `required` names most"},
        Defect{"list map without keys",
               [](Json&, Json& web) { web["env"].erase("x-kubernetes-list-map-keys"); },
               "spec.web.env: a list-map needs `x-kubernetes-list-map-keys`"},
        Defect{"key that is no field",
               [](Json&, Json& web) { web["env"]["items"]["properties"].erase("name"); },
               "spec.web.env: the key of a list-map must be a plain field"},
        Defect{"named objects replaced whole",
               [](Json&, Json& web) {
                   web["env"]["x-kubernetes-list-type"] = "atomic";
                   web["env"].erase("x-kubernetes-list-map-keys");
               },
               "spec.web.env: a list of named objects is a list-map"},
        Defect{"scale that leads nowhere",
               [](Json& version, Json&) {
                   version["subresources"]["scale"]["labelSelectorPath"] = ".status.web.replicas";
               },
               "subresources.scale.labelSelectorPath: must lead to a field of type string"},
        Defect{"column without description",
               [](Json& version, Json&) {
                   version["additionalPrinterColumns"][0].erase("description");
               },
               "additionalPrinterColumns.Ready: needs a description"},
        Defect{"duration", [](Json&, Json& web) { web["drainTimeout"] = web["drainSeconds"]; },
               "spec.web.drainTimeout: a duration is an integer with its unit"},
        Defect{"no status", [](Json& version, Json&) { version["subresources"].erase("status"); },
               "subresources: `status` is missing"},
        Defect{"no age",
               [](Json& version, Json&) { version["additionalPrinterColumns"] = Json::array(); },
               "the age is missing"},
        Defect{"phase",
               [](Json& version, Json&) {
                   auto& status = statusOf(version);
                   status["properties"]["appPhase"] = status["properties"]["stage"];
               },
               "status.appPhase: use conditions"},
        Defect{"phase in the spec", [](Json&, Json& web) { web["phase"] = web["image"]; },
               "spec.web.phase: use conditions"},
        Defect{"required in the status",
               [](Json& version, Json&) {
                   statusOf(version)["required"] = Json::array({"stage"});
               },
               "status: its fields may not be required"},
        Defect{"items that may be empty",
               [](Json& version, Json&) {
                   statusOf(version)["properties"]["endpoints"]["items"].erase("required");
               },
               "status.endpoints: items of a list need a required field"},
        Defect{"exception that is needed no longer",
               [](Json&, Json& web) {
                   web["overrides"]["properties"]["tolerations"]["items"]["required"] =
                       Json::array({"key"});
               },
               "spec.web.overrides.tolerations: needs no exception from: items of a list"},
        Defect{"string of any size", [](Json&, Json& web) { web["image"].erase("minLength"); },
               "spec.web.image: needs `minLength`, `minItems` or"},
        Defect{"list of any size", [](Json&, Json& web) { web["env"].erase("minItems"); },
               "spec.web.env: needs `minLength`, `minItems` or"},
        Defect{"map of any size",
               [](Json&, Json& web) {
                   web["overrides"]["properties"]["nodeSelector"].erase("minProperties");
               },
               "nodeSelector: needs `minLength`, `minItems` or"},
        Defect{"object that may be empty",
               [](Json&, Json& web) { web["health"].erase("minProperties"); },
               "spec.web.health: needs `minLength`, `minItems` or"},
        Defect{"no conditions",
               [](Json& version, Json&) {
                   statusOf(version)["properties"].erase("conditions");
               },
               "status.conditions: are missing"},
        Defect{"condition without reason",
               [](Json& version, Json&) {
                   statusOf(version)["properties"]["conditions"]["items"]["properties"].erase(
                       "reason");
               },
               "status.conditions: must have `reason`"}),
    [](const auto& tested) {
        std::string out = tested.param.name;
        std::replace(out.begin(), out.end(), ' ', '_');
        return out;
    });

TEST(CrdLint, TooLargeAFileIsFound) {
    auto crd = crdIn(fs::path(CRDS) / "scalableapps.yaml");
    EXPECT_THAT(lint::lintCrd(crd, 200'000), Contains(HasSubstr("200 kB")));
}

}  // namespace
