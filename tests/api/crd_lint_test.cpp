// The definitions keep the conventions, and the lint finds each breach that is planted.
#include "api/crd_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/json.h"
#include "cli/yaml.h"

namespace {

using base::Json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

Json crdIn(const fs::path& path) {
    auto documents = cli::parseYaml(slurp(path));
    EXPECT_TRUE(documents) << path;
    return documents->front().value;
}

TEST(CrdLint, OurDefinitionsPass) {
    int seen = 0;
    for (const auto& entry : fs::directory_iterator(CRDS)) {
        auto text = slurp(entry.path());
        EXPECT_THAT(lint::lintCrd(crdIn(entry.path()), text.size()), IsEmpty()) << entry.path();
        ++seen;
    }
    EXPECT_EQ(seen, 4);
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
        Defect{"duration", [](Json&, Json& web) { web["drainTimeout"] = web["drainSeconds"]; },
               "spec.web.drainTimeout: a duration is an integer with its unit"},
        Defect{"no status", [](Json& version, Json&) { version["subresources"].erase("status"); },
               "subresources: `status` is missing"},
        Defect{"no age",
               [](Json& version, Json&) { version["additionalPrinterColumns"] = Json::array(); },
               "the age is missing"},
        Defect{"no conditions",
               [](Json& version, Json&) {
                   version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"].erase(
                       "conditions");
               },
               "status.conditions: are missing"},
        Defect{"condition without reason",
               [](Json& version, Json&) {
                   version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
                          ["conditions"]["items"]["properties"]
                              .erase("reason");
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
