#include "api/chaos.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "cli/yaml.h"

namespace {

using base::Json;

Json schemaOf(const std::string& file) {
    std::ifstream in(std::string(CRDS) + "/" + file);
    std::stringstream text;
    text << in.rdbuf();
    auto documents = cli::parseYaml(text.str());
    EXPECT_TRUE(documents);
    return documents->front().value["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
                                   ["properties"]["spec"]["properties"];
}

TEST(ChaosSpec, DefaultsAreThoseOfTheDefinition) {
    auto parsed =
        api::parseChaosSpec({{"spec", {{"app", "shop"}, {"fault", {{"type", "PodKill"}}}}}});
    ASSERT_TRUE(parsed);
    Json ours{
        {"target",
         {{"tier", parsed->target.tier},
          {"role", parsed->target.role},
          {"zone", parsed->target.zone},
          {"count", parsed->target.count}}},
        {"steadyState",
         {{"webErrorPercent", parsed->steadyState.webErrorPercent},
          {"minimumReady", parsed->steadyState.minimumReady},
          {"holdSeconds", parsed->steadyState.holdSeconds}}},
        {"load",
         {{"requestsPerSecond", parsed->load.requestsPerSecond}, {"path", parsed->load.path}}},
        {"safety",
         {{"dryRun", parsed->safety.dryRun},
          {"maxTargets", parsed->safety.maxTargets},
          {"maxTargetsPercent", parsed->safety.maxTargetsPercent},
          {"expectOutage", parsed->safety.expectOutage},
          {"allowSharedNodes", parsed->safety.allowSharedNodes},
          {"abortAfterSeconds", parsed->safety.abortAfterSeconds}}}};
    auto schema = schemaOf("chaosexperiments.yaml");
    for (const auto& [block, fields] : ours.items()) {
        for (const auto& [name, value] : fields.items()) {
            EXPECT_EQ(schema[block]["properties"][name]["default"], value) << block << "." << name;
        }
        // A field without a default is one that may be left out.
        size_t defaults = 0;
        for (const auto& [name, field] : schema[block]["properties"].items()) {
            defaults += field.contains("default") ? 1U : 0U;
        }
        EXPECT_EQ(defaults, fields.size()) << block;
    }
}

TEST(ChaosSpec, ARunHoldsEveryFieldOfItsExperiment) {
    auto experiment = schemaOf("chaosexperiments.yaml");
    auto run = schemaOf("chaosruns.yaml");
    experiment.erase("runsHistoryLimit");  // of the experiment alone
    for (const auto& [name, schema] : experiment.items()) {
        EXPECT_EQ(run[name], schema) << name;
    }
    EXPECT_EQ(run.size(), experiment.size() + 6);  // of which experiment and of which generation
}

TEST(ChaosSpec, NonsenseIsNamed) {
    auto none = api::parseChaosSpec({{"spec", Json::object()}});
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("spec.app"), std::string::npos);
    auto zero = api::parseChaosSpec({{"spec", {{"app", "a"}, {"target", {{"count", 0}}}}}});
    ASSERT_FALSE(zero);
    EXPECT_NE(zero.error().message.find("spec.target.count"), std::string::npos);
}

}  // namespace
