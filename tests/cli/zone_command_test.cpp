// Draining a zone by its weight, and back to the weight it had.
#include "cli/zone_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using base::Json;
using testing::HasSubstr;

Json zonedApp(const std::string& zones) {
    return {{"metadata", {{"name", "shop"}, {"resourceVersion", "7"}}},
            {"spec", {{"zones", *base::parseJson(zones)}}}};
}

TEST(ZoneCommand, DrainAndUndrainGiveTheWeightBack) {
    auto before = zonedApp(R"([{"name":"z1"},{"name":"z2","weight":50}])");
    auto drained = before;
    auto patch = cli::drainPatch(before, "z2");
    ASSERT_TRUE(patch) << patch.error().message;
    EXPECT_EQ((*patch)["metadata"]["resourceVersion"], "7");
    drained.merge_patch(*patch);
    EXPECT_EQ(drained["spec"]["zones"],
              *base::parseJson(R"([{"name":"z1"},{"name":"z2","weight":0}])"));
    // Twice is as good as once.
    drained.merge_patch(*cli::drainPatch(drained, "z2"));
    drained.merge_patch(*cli::undrainPatch(drained, "z2"));
    EXPECT_EQ(drained["spec"], before["spec"]);
    EXPECT_TRUE(drained["metadata"]["annotations"].empty());
}

TEST(ZoneCommand, AWeightThatNobodyRememberedIsTheDefault) {
    auto drained = zonedApp(R"([{"name":"z1"},{"name":"z2","weight":0}])");
    drained.merge_patch(*cli::undrainPatch(drained, "z2"));
    EXPECT_EQ(drained["spec"]["zones"][1]["weight"], 100);
}

TEST(ZoneCommand, RefusesWhatWouldLeaveNothingAndWhatIsNotThere) {
    auto last = cli::drainPatch(zonedApp(R"([{"name":"z1"},{"name":"z2","weight":0}])"), "z1");
    ASSERT_FALSE(last);
    EXPECT_THAT(last.error().message, HasSubstr("zone \"z1\" is the last one"));
    auto unknown = cli::drainPatch(zonedApp(R"([{"name":"z1"},{"name":"z2"}])"), "z9");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("names no zone \"z9\": it has z1, z2"));
    EXPECT_FALSE(cli::undrainPatch(zonedApp("[]"), "z1"));
}

}  // namespace
